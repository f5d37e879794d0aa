"""Where the program uv comes from on a machine that may have none: Python's standard library and uv.lock only.

`find_uv(root)` gives the uv on PATH, where it is new enough, or else unpacks the very wheel that uv.lock names,
checked against the lock's SHA-256, into `.uv/` of the checkout. Of the package indexes that this machine's pip
or uv is set up for, the first that has the wheel is asked before the address in the lock.
"""

import base64
import configparser
import functools
import hashlib
import html.parser
import io
import os
import platform
import re
import shutil
import ssl
import subprocess
import sys
import tomllib
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# The first uv with all that pyproject.toml asks for; the same floor as its group "bootstrap".
OLDEST_UV = (0, 9)
INSTALL_IT_YOURSELF = "Or install uv yourself (https://docs.astral.sh/uv/) and start again."


class Failure(Exception):
    """Cannot go on; the text says why and what to do."""


def say(text: str) -> None:
    """To stderr: what a script prints to stdout belongs to the program that it starts."""
    print(text, file=sys.stderr, flush=True)


def find_uv(root: Path) -> Path:
    found = shutil.which("uv")
    if found is not None and version_of(found) >= OLDEST_UV:
        return Path(found)
    package = locked_uv(root)
    kept = root / ".uv" / f"uv-{package['version']}"
    if not kept.exists():
        wheel = wheel_for_this_machine(package["wheels"])
        say(
            f"Fetching uv {package['version']} ({wheel.get('size', 0) / 1e6:.0f} MB), which installs the rest."
        )
        unpack(fetch(wheel), kept)
    return kept


def version_of(uv: str) -> tuple[int, ...]:
    said = subprocess.run([uv, "--version"], capture_output=True, text=True).stdout
    numbers = re.search(r"(\d+)\.(\d+)", said)
    return tuple(map(int, numbers.groups())) if numbers else (0,)


def locked_uv(root: Path) -> dict[str, Any]:
    packages: list[dict[str, Any]] = tomllib.loads((root / "uv.lock").read_text())["package"]
    return next(package for package in packages if package["name"] == "uv")


def wheel_for_this_machine(wheels: list[dict[str, Any]]) -> dict[str, Any]:
    machine = platform.machine().lower()
    if sys.platform == "darwin":
        system = "macosx"
    else:
        system = "manylinux" if platform.libc_ver()[0] == "glibc" else "musllinux"
    for wheel in wheels:
        if system in file_name(wheel["url"]) and machine in file_name(wheel["url"]):
            return wheel
    raise Failure(f"uv.lock has no uv for this machine ({system}, {machine}).\n{INSTALL_IT_YOURSELF}")


def file_name(url: str) -> str:
    return urllib.parse.unquote(urllib.parse.urlsplit(url).path.rpartition("/")[2])


def fetch(wheel: dict[str, Any]) -> bytes:
    """The wheel's content, from whichever source has it with the lock's hash."""
    tried = []
    for name, find_address in sources(wheel["url"]):
        try:
            content = download(find_address())
        except OSError as error:  # URLError, TimeoutError and certificate errors are OSErrors
            tried.append(f"  {name}: {explain(error)}")
            continue
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        if digest == wheel["hash"]:
            return content
        tried.append(f"  {name}: not the file that uv.lock names ({digest} instead of {wheel['hash']})")
    raise Failure("uv could not be fetched:\n" + "\n".join(tried) + f"\n{INSTALL_IT_YOURSELF}")


def sources(url: str) -> Iterator[tuple[str, Callable[[], str]]]:
    """Each source with its name to show and a function that finds the wheel's address there."""
    wanted = file_name(url)
    for index in configured_indexes():
        yield without_password(index), functools.partial(address_in, index, wanted)
    yield url, lambda: url


def explain(error: OSError) -> str:
    text = str(getattr(error, "reason", error))
    if "CERTIFICATE_VERIFY_FAILED" in text:
        text += "\n    (are the certificates installed? On Debian: apt-get install ca-certificates)"
    return text


def download(url: str) -> bytes:
    request = urllib.request.Request(without_password(url))
    parts = urllib.parse.urlsplit(url)
    if parts.username is not None:
        login = f"{parts.username}:{parts.password or ''}"
        coded = base64.b64encode(urllib.parse.unquote(login).encode()).decode()
        # "Unredirected": a mirror that sends us elsewhere does not send the password along.
        request.add_unredirected_header("Authorization", f"Basic {coded}")
    with urllib.request.urlopen(request, timeout=30, context=trust()) as answer:
        content: bytes = answer.read()
    return content


def trust() -> ssl.SSLContext:
    """What Python trusts, and the certificates that pip is set up with."""
    context = ssl.create_default_context()
    for path in (os.environ.get("PIP_CERT"), *pip_settings("cert")):
        if path and Path(path).is_file():
            context.load_verify_locations(path)
    return context


def unpack(wheel: bytes, target: Path) -> None:
    """Writes the program beside its place and moves it there, so that half a file is never run."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        inside = next(name for name in archive.namelist() if name.endswith(".data/scripts/uv"))
        part = target.with_suffix(".part")
        part.write_bytes(archive.read(inside))
    part.chmod(0o755)
    part.replace(target)


# The package indexes that this machine is set up for


def configured_indexes() -> list[str]:
    """Addresses like https://mirror.example/simple, the most particular setting first; none is the rule."""
    names = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
    found = [os.environ.get(name, "") for name in names] + pip_settings("index-url")
    return list(dict.fromkeys(url.rstrip("/") for url in found if url))


def pip_settings(name: str) -> list[str]:
    """The values of one option in pip's configuration files, in pip's order from the most particular on."""
    found = []
    for path in pip_files():
        parser = configparser.RawConfigParser()
        try:
            parser.read(path)
        except (OSError, UnicodeDecodeError, configparser.Error):
            say(f"{path} could not be read and is left aside.")
        for section in ("install", "global"):
            found += [parser.get(section, option, fallback="") for option in (name, name.replace("-", "_"))]
    return [value for value in found if value]


def pip_files() -> list[Path]:
    if "PIP_CONFIG_FILE" in os.environ:
        return [Path(os.environ["PIP_CONFIG_FILE"])]
    files = [Path("/etc/xdg/pip/pip.conf"), Path("/etc/pip.conf")]
    try:
        home = Path.home()
    except RuntimeError:  # no HOME and no entry in the password file
        return files
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    return [settings / "pip" / "pip.conf", home / ".pip" / "pip.conf", *files]


def address_in(index: str, wanted: str) -> str:
    """The address of one of uv's files as an index of PEP 503 links it; OSError where it has none."""
    page = f"{index}/uv/"
    parser = Links()
    parser.feed(download(page).decode(errors="replace"))
    for link in parser.links:
        if file_name(link) == wanted:
            return urllib.parse.urljoin(page, link)
    raise OSError(f"has no {wanted}")


class Links(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links += [value for name, value in attrs if name == "href" and value]


def without_password(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//", url)
