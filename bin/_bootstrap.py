"""Makes the environment that uv.lock describes. Called by `_environment` where it is missing or out of date.

    _bootstrap.py CHECKOUT ENVIRONMENT GROUP KEY

Needs Python's standard library only: no pip, no venv, no ensurepip, which Debian keeps in packages of their own.
Nothing is written outside of the checkout but uv's cache. All messages go to stderr.
"""

import contextlib
import fcntl
import getpass
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from _uv import Failure, configured_indexes, find_uv, say, without_password

STAMP = "teahouse.stamp"
# Without links: /usr/bin/python3 will be another Python after the system's next upgrade, and the environment broken
# without a sign; /usr/bin/python3.11 will be gone, which `_environment` notices.
PYTHON = str(Path(sys.executable).resolve())


def main() -> int:
    root, venv = Path(sys.argv[1]), Path(sys.argv[2])
    group, key = sys.argv[3:]
    try:
        refuse_foreign_checkout(root, venv)
        with only_one(root):
            if not is_current(venv, group, key):
                make_environment(root, venv, group, key)
    except Failure as failure:
        say(str(failure))
        return 1
    except KeyboardInterrupt:
        say("Stopped. The next start goes on from here.")
        return 130
    return 0


def refuse_foreign_checkout(root: Path, venv: Path) -> None:
    """A folder that we may not write to is named now, not by the tenth line of a traceback."""
    for folder in (root, venv if venv.exists() else venv.parent):
        if not os.access(folder, os.W_OK):
            raise Failure(
                f"{folder} cannot be written by {user_name()}, and the environment is to be made in {venv}.\n"
                f"Run this once as the owner of {folder}, or clone the project to a folder of your own."
            )


def user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in some containers
        return f"user {os.getuid()}"


@contextlib.contextmanager
def only_one(root: Path) -> Iterator[None]:
    """Two starts at the same time: the second waits for the first and finds its work done."""
    folder = root / ".uv"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another start is making the environment; waiting for it.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_current(venv: Path, group: str, key: str) -> bool:
    return (venv / "bin" / "python").exists() and read_stamp(venv) in {f"dev {key}", f"{group} {key}"}


def read_stamp(venv: Path) -> str:
    try:
        return (venv / STAMP).read_text().strip()
    except OSError:
        return ""


def make_environment(root: Path, venv: Path, group: str, key: str) -> None:
    stamp = read_stamp(venv)
    if stamp and not stamp.endswith(f" {root}"):
        say(f"{venv} was made for another folder; making it anew.")
        shutil.rmtree(venv)
    if stamp.startswith("dev "):
        group = "dev"  # what bin/test has made stays fit for bin/test
    (venv / STAMP).unlink(missing_ok=True)
    say(f"Making the environment in {venv} from uv.lock. The next start will skip this.")
    installer = Installer(root, venv, group)
    if not (installer.install_from_mirror() or installer.sync()):
        raise Failure("The environment could not be made; the reason stands above.")
    # Last of all: an environment without it is made again.
    (venv / STAMP).write_text(f"{group} {key}\n")


class Installer:
    """uv, with what it needs to know about this machine."""

    def __init__(self, root: Path, venv: Path, group: str) -> None:
        self.root, self.venv, self.group = root, venv, group
        self.uv = find_uv(root)
        self.environment = uv_environment(root, venv)

    def sync(self) -> bool:
        """What uv.lock says, from the addresses in it."""
        options = ["--frozen", *self._group()]
        if self.group != "dev":
            options.append("--inexact")  # what else a developer has installed there stays
        if not self._has_python():
            options += ["--python", PYTHON]
        return self._uv("sync", *options)

    def install_from_mirror(self) -> bool:
        """The same versions and hashes from the package index that this machine is set up for.

        `uv sync` takes each file from its address in uv.lock. Where a mirror is set up, those addresses tend
        to be slow or unreachable. False where none is set up, or it lacks something.
        """
        mirror = next(iter(configured_indexes()), None)
        if mirror is None:
            return False
        say(f"Taking packages from {without_password(mirror)}, for which this machine is set up.")
        self.environment |= {"UV_DEFAULT_INDEX": mirror, "VIRTUAL_ENV": str(self.venv)}
        with tempfile.TemporaryDirectory() as folder:
            pinned = str(Path(folder, "requirements.txt"))
            installed = (
                self._uv("export", "--frozen", "--no-emit-project", "--quiet", "-o", pinned, *self._group())
                and (self._has_python() or self._uv("venv", "--quiet", "--python", PYTHON, str(self.venv)))
                and self._uv("pip", "install", "--require-hashes", "-r", pinned)
                and self._uv("pip", "install", "--no-deps", "--editable", str(self.root))
            )
        if not installed:
            say("That did not work; taking packages from the addresses in uv.lock.")
            del self.environment["UV_DEFAULT_INDEX"], self.environment["VIRTUAL_ENV"]
        return installed

    def _has_python(self) -> bool:
        return (self.venv / "bin" / "python").exists()

    def _group(self) -> list[str]:
        return ["--group", "dev"] if self.group == "dev" else []

    def _uv(self, *arguments: str) -> bool:
        return subprocess.run([self.uv, *arguments], cwd=self.root, env=self.environment).returncode == 0


def uv_environment(root: Path, venv: Path) -> dict[str, str]:
    environment = dict(os.environ, UV_PROJECT_ENVIRONMENT=str(venv))
    # A virtual environment that happens to be active is not meant.
    environment.pop("VIRTUAL_ENV", None)
    # Trust what the system trusts: in many companies that includes a certificate of their own.
    if ssl.create_default_context().cert_store_stats()["x509_ca"]:
        environment.setdefault("UV_SYSTEM_CERTS", "true")
    if "UV_CACHE_DIR" not in environment and not home_cache_is_writable():
        environment["UV_CACHE_DIR"] = str(root / ".uv" / "cache")
    return environment


def home_cache_is_writable() -> bool:
    """Whether uv can keep its cache where it likes to: below XDG_CACHE_HOME or HOME."""
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "uv")
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return False
    return os.access(folder, os.W_OK)


if __name__ == "__main__":
    sys.exit(main())
