"""What a project's settings say and what they lead to."""
# ruff: noqa  Old Pythons read this too: no annotations, no f-strings, no pathlib.

import sys

if __name__ != "__main__":  # In the program this file follows installation.py.
    from teahouse.fit.probe.installation import error_facts, try_import

MYPY = False
if MYPY:
    from typing import Any

    Facts = dict[str, Any]


def project_facts(language="en", connect=False):
    # type: (str, bool) -> Facts
    """What the settings say and what they lead to. DJANGO_SETTINGS_MODULE names them."""
    facts = {}  # type: Facts
    from django.conf import settings

    try:
        settings.INSTALLED_APPS  # noqa: B018  Reads the module.
        # Else django.setup() opens the log files of the project.
        settings.LOGGING_CONFIG = None
    except BaseException as error:
        facts["settings_error"] = error_facts(error)
        return facts
    facts["values"] = setting_values(settings)
    facts["databases"] = database_facts(settings)
    import django

    try:
        django.setup()
    except BaseException as error:
        facts["setup_error"] = error_facts(error)
        return facts
    facts["values"] = setting_values(settings)
    facts["asgi"] = asgi_facts(settings)
    facts["layers"] = layer_facts(settings)
    facts["checks"] = check_facts(language, connect)
    if connect:
        facts["connections"] = connection_facts()
    return facts


def setting_values(settings):
    # type: (Any) -> Facts
    """The few settings that matter here. None is a secret."""
    return {
        "ASGI_APPLICATION": _plain(getattr(settings, "ASGI_APPLICATION", None)),
        "INSTALLED_APPS": app_names(settings),
        "MIDDLEWARE": [str(name) for name in getattr(settings, "MIDDLEWARE", None) or ()],
        "DEBUG": bool(settings.DEBUG),
    }


def app_names(settings):
    # type: (Any) -> list[str]
    """What the apps are, also where a configuration of the project's own stands for one; before they are loaded, what
    is written."""
    from django.apps import apps

    if not apps.ready:
        return [str(app) for app in settings.INSTALLED_APPS]
    return [config.name for config in apps.get_app_configs()]


def _plain(value):
    # type: (Any) -> Any
    """The value if JSON can hold it, else its repr."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return repr(value)


def database_facts(settings):
    # type: (Any) -> Facts
    found = {}  # type: Facts
    for alias, given in (getattr(settings, "DATABASES", None) or {}).items():
        options = given.get("OPTIONS") or {}
        engine = str(given.get("ENGINE", ""))
        found[alias] = {
            "engine": engine,
            "conn_max_age": _plain(given.get("CONN_MAX_AGE", 0)),
            "transaction_mode": _plain(options.get("transaction_mode")),
            "init_command": _plain(options.get("init_command")),
            "pool": bool(options.get("pool")),
            "journal": sqlite_journal(given.get("NAME")) if engine.endswith("sqlite3") else None,
        }
    return found


def sqlite_journal(name):
    # type: (Any) -> str | None
    """ "wal" or "rollback", from the file's header; None where there is no file yet.

    Opening the database would make files next to it. Offsets 18 and 19 are the write and read version,
    2 means WAL (sqlite.org/fileformat2.html, section 1.3.3).
    """
    try:
        with open(str(name), "rb") as file:
            header = bytearray(file.read(20))
    except (IOError, OSError):
        return None
    if len(header) < 20 or not bytes(header).startswith(b"SQLite format 3"):
        return None
    return "wal" if header[18] == 2 else "rollback"


def asgi_facts(settings):
    # type: (Any) -> Facts
    """ASGI_APPLICATION imported as Channels does it, but with the true error."""
    path = getattr(settings, "ASGI_APPLICATION", None)
    facts = {"path": path if path is None or isinstance(path, str) else repr(path)}  # type: Facts
    if not isinstance(path, str) or "." not in path or ":" in path:
        facts["malformed"] = True
        return facts
    module_name, _, name = path.rpartition(".")
    seen = try_import(module_name)
    if "error" in seen:
        facts["error"] = seen["error"]
        return facts
    module = sys.modules[module_name]
    facts["file"] = seen["file"]
    if not hasattr(module, name):
        facts["no_attribute"] = name
        facts["candidates"] = sorted(key for key, value in vars(module).items() if _looks_like_asgi(value))
        return facts
    try:
        facts.update(router_facts(getattr(module, name)))
    except Exception as error:
        facts["unreadable"] = error_facts(error)
    return facts


def fresh_facts():
    # type: () -> Facts
    """The ASGI application as uvicorn and daphne import it: nothing has set Django up before."""
    from django.conf import settings

    try:
        settings.LOGGING_CONFIG = None
        return asgi_facts(settings)
    except BaseException as error:
        return {"path": None, "error": error_facts(error)}


def _looks_like_asgi(value):
    # type: (Any) -> bool
    kind = type(value).__name__
    return kind in ("ASGIHandler", "ProtocolTypeRouter", "ASGIStaticFilesHandler") or (
        type(value).__module__.startswith("channels.") and callable(value)
    )


def type_name(value):
    # type: (Any) -> str
    kind = value if isinstance(value, type) else type(value)
    return "%s.%s" % (kind.__module__, getattr(kind, "__qualname__", kind.__name__))


def router_facts(application):
    # type: (Any) -> Facts
    """The kind of the application; of a ProtocolTypeRouter its protocols and WebSocket routes."""
    facts = {"type": type_name(application)}  # type: Facts
    wrappers, application = unwrap(application, lambda value: hasattr(value, "application_mapping"))
    if application is None:
        facts["django"] = type(wrappers[-1]).__name__ in ("ASGIHandler", "ASGIStaticFilesHandler")
        return facts
    mapping = application.application_mapping
    facts["protocols"] = sorted(str(key) for key in mapping)
    websocket = mapping.get("websocket")
    if websocket is not None:
        chain, router = unwrap(websocket, lambda value: hasattr(value, "routes"))
        facts["chain"] = [type_name(value) for value in chain]
        facts["routes"] = None if router is None else route_facts(router, "")
    return facts


def unwrap(application, wanted):
    # type: (Any, Any) -> tuple[list[Any], Any]
    """Follows middlewares inwards until `wanted(application)`; returns what it passed, and the inner or None."""
    passed = []  # type: list[Any]
    while application is not None and len(passed) < 30:
        if wanted(application):
            return passed, application
        passed.append(application)
        inner = None
        for attribute in ("inner", "application", "app", "__wrapped__", "func"):
            inner = getattr(application, attribute, None)
            if inner is not None and inner is not application:
                break
        application = inner
    return passed, None


def route_facts(router, prefix):
    # type: (Any, str) -> list[Facts]
    """Every route of a URLRouter with those of routers inside it: pattern, consumer, and how it is given."""
    found = []  # type: list[Facts]
    for route in router.routes:
        pattern = getattr(route, "pattern", None)
        text = prefix + (str(pattern) if pattern is not None else str(getattr(route, "regex", "?")))
        callback = getattr(route, "callback", None)
        inside = unwrap(callback, lambda value: hasattr(value, "routes"))[1]
        if inside is not None:
            found.extend(route_facts(inside, text))
            continue
        consumer = getattr(callback, "consumer_class", callback)
        found.append(
            {
                "path": text,
                "consumer": type_name(consumer) if isinstance(consumer, type) else type_name(callback),
                "is_class": isinstance(callback, type) and hasattr(callback, "as_asgi"),
            }
        )
    return found


def layer_facts(settings):
    # type: (Any) -> Facts
    found = {}  # type: Facts
    for alias, given in (getattr(settings, "CHANNEL_LAYERS", None) or {}).items():
        backend = str(given.get("BACKEND", ""))
        facts = {"backend": backend}  # type: Facts
        module = backend.rpartition(".")[0]
        if module:
            seen = try_import(module)
            if "error" in seen:
                facts["error"] = seen["error"]
            elif not hasattr(sys.modules[module], backend.rpartition(".")[2]):
                facts["no_attribute"] = backend.rpartition(".")[2]
        config = given.get("CONFIG") or {}
        if isinstance(config.get("capacity"), int):
            facts["capacity"] = config["capacity"]
        hosts = config.get("hosts") or []
        # Without a time-out of its own the socket gets redis-py's default; only a mapping can say otherwise.
        facts["no_timeout"] = len(hosts) > 0 and all(
            isinstance(host, dict) and "socket_timeout" in host and host["socket_timeout"] is None
            for host in hosts
        )
        found[alias] = facts
    return found


def check_facts(language, connect):
    # type: (str, bool) -> list[Facts]
    """The messages of the project's own `manage.py check`; with `connect` also of the checks that ask the databases."""
    from django.core import checks
    from django.db import connections
    from django.utils import translation

    try:
        translation.activate("zh-hans" if language == "zh" else "en")
        # Before Django 3.1 there is no such parameter, and no check that wants to be told.
        messages = checks.run_checks(databases=list(connections)) if connect else checks.run_checks()
    except BaseException as error:
        return [{"failed": error_facts(error)}]
    found = []
    for message in messages:
        if message.is_silenced():
            continue
        found.append(
            {
                "id": str(message.id or ""),
                "level": message.level,
                "msg": str(message.msg),
                "hint": str(message.hint or ""),
                "obj": "" if message.obj is None else str(message.obj),
            }
        )
    return found


def connection_facts():
    # type: () -> Facts
    """Opens each database and sends one message through each channel layer: None where it works, else the error."""
    found = {"databases": {}, "layers": {}}  # type: Facts
    from django.db import connections

    for alias in connections:
        found["databases"][alias] = _attempt(lambda alias=alias: connections[alias].ensure_connection())
    try:
        from asgiref.sync import async_to_sync
        from channels.layers import channel_layers
    except ImportError:
        return found
    for alias in channel_layers.configs:
        found["layers"][alias] = _attempt(
            lambda alias=alias: async_to_sync(channel_layers[alias].group_send)("doctor", {"type": "probe"})
        )
    return found


def _attempt(action):
    # type: (Any) -> Facts | None
    try:
        action()
    except BaseException as error:
        return error_facts(error)
    return None
