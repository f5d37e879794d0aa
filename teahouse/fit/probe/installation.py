"""What is installed for the interpreter that runs this, and whether it can be imported."""
# ruff: noqa  Old Pythons read this too: no annotations, no f-strings, no pathlib.

import os
import re
import sys
import traceback

MYPY = False
if MYPY:
    from typing import Any

    Facts = dict[str, Any]

# What is imported to see whether it starts; each in this order, since the later need the earlier.
MODULES = (
    "django",
    "asgiref",
    "channels",
    "channels.routing",
    "channels.generic.websocket",
    "channels.auth",
    "channels.layers",
    "daphne",
    "daphne.server",
    "uvicorn",
    "channels_redis",
    "channels_redis.core",
    "redis",
)
APPS = ("django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions")


def error_facts(error):
    # type: (BaseException) -> Facts
    """Kind, message and place of an error; `frames` are [file, line, function, source], the last is the place."""
    frames = []
    for item in traceback.extract_tb(sys.exc_info()[2]):
        filename, line, function, source = item[0], item[1], item[2], item[3]
        if filename.startswith("<frozen") or function in ("try_import", "_gcd_import"):
            continue
        if filename == "<stdin>" or os.path.basename(os.path.dirname(filename)) == "importlib":
            continue
        frames.append([filename, line, function, source or ""])
    if isinstance(error, SyntaxError) and error.filename:
        frames.append([error.filename, error.lineno or 0, "", (error.text or "").strip()])
    try:
        message = str(error)
    except Exception:
        message = repr(error)
    facts = {"type": type(error).__name__, "message": message, "frames": frames[-12:]}  # type: Facts
    missing = getattr(error, "name", None)
    if isinstance(error, ImportError) and missing is None:
        found = re.match(r"No module named '?([\w.]+)'?", message)
        missing = found.group(1) if found else None
    facts["missing"] = missing if type(error).__name__ in ("ModuleNotFoundError", "ImportError") else None
    return facts


def try_import(name):
    # type: (str) -> Facts
    """Imports a module: its version and file, or the error."""
    try:
        __import__(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: a module may do anything
        return {"error": error_facts(error)}
    module = sys.modules[name]
    version = getattr(module, "__version__", None)
    folders = list(getattr(module, "__path__", ()))  # of a package without __init__.py
    return {
        "version": version if isinstance(version, str) else None,
        "file": getattr(module, "__file__", None) or (folders[0] if folders else None),
    }


def python_facts():
    # type: () -> Facts
    base = getattr(sys, "base_prefix", getattr(sys, "real_prefix", sys.prefix))
    return {
        "version": list(sys.version_info[:3]),
        "implementation": getattr(getattr(sys, "implementation", None), "name", "cpython"),
        "executable": sys.executable,
        "prefix": sys.prefix,
        "virtual": base != sys.prefix,
    }


def _read_metadata(path):
    # type: (str) -> Facts
    """Name, version and requirements from METADATA or PKG-INFO; only the headers are read."""
    facts = {"name": "", "version": "", "requires": []}  # type: Facts
    with open(path, "rb") as file:
        text = file.read().decode("utf-8", "replace")
    for line in text.splitlines():
        if not line.strip():
            break
        key, _, value = line.partition(":")
        if key in ("Name", "Version"):
            facts[key.lower()] = value.strip()
        elif key == "Requires-Dist" and "extra" not in value.partition(";")[2]:
            facts["requires"].append(value.strip())
    return facts


def _metadata_files(folder):
    # type: (str) -> list[str]
    if folder.endswith(".egg"):
        return [os.path.join(folder, "EGG-INFO", "PKG-INFO")]
    found = []
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    for name in names:
        path = os.path.join(folder, name)
        if name.endswith(".dist-info"):
            found.append(os.path.join(path, "METADATA"))
        elif name.endswith(".egg-info"):
            found.append(os.path.join(path, "PKG-INFO") if os.path.isdir(path) else path)
    return found


def package_facts():
    # type: () -> Facts
    """Installed distributions by normalised name: version, requirements, folder. The first on the path wins."""
    packages = {}  # type: Facts
    for folder in sys.path:
        if not folder or not os.path.isdir(folder):
            continue
        for path in _metadata_files(folder):
            try:
                facts = _read_metadata(path)
            except (IOError, OSError):
                continue
            name = re.sub(r"[-_.]+", "-", facts.pop("name")).lower()
            facts["folder"] = folder
            if not name:
                continue
            if name in packages:
                packages[name].setdefault("also", []).append(facts["version"])
            else:
                packages[name] = facts
    return packages


def hidden_facts(folder):
    # type: (str) -> dict[str, str]
    """Packages that a file or folder of the project hides, since it comes first on the path; with that file."""
    found = {}
    for name in sorted(set(module.partition(".")[0] for module in MODULES)):
        for path in (os.path.join(folder, name, "__init__.py"), os.path.join(folder, name + ".py")):
            if os.path.exists(path):
                found[name] = path
    return found


def bare_facts():
    # type: () -> Facts
    """Whether Django, Channels and the servers start together, without any project."""
    seen = try_import("django")
    if "error" not in seen:
        try:
            _configure_bare()
        except Exception as error:
            seen = {"error": error_facts(error)}
    return import_facts(seen)


def import_facts(django=None):
    # type: (Facts | None) -> Facts
    """What importing each of MODULES gives. Django must be set up before, or its error be given."""
    imports = {"django": django or try_import("django")}
    if "error" not in imports["django"]:
        imports["django"]["version"] = sys.modules["django"].get_version()
    for name in MODULES[1:]:
        package = name.partition(".")[0]
        if package != name and "error" in imports[package]:
            continue  # one cause, one error
        imports[name] = try_import(name)
    return imports


def _configure_bare():
    # type: () -> None
    from django.conf import settings

    settings.configure(SECRET_KEY="probe", INSTALLED_APPS=APPS, LOGGING_CONFIG=None, USE_TZ=True)
    import django

    django.setup()
