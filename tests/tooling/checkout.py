"""A small checkout for trying the scripts of `bin/` on a machine that has almost nothing.

The scripts are the real ones. What stands in for the world is a package index on 127.0.0.1 with one wheel in it:
a uv that is a shell script, writes down how it was called, and makes an environment of three small programs.
"""

import hashlib
import http.server
import io
import os
import platform
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
# All that the scripts may call on a machine without uv, pip or venv.
PROGRAMS = (
    "sh",
    "cat",
    "cksum",
    "dirname",
    "readlink",
    "id",
    "ls",
    "tr",
    "mkdir",
    "ln",
    "chmod",
    "sleep",
    "env",
)

FAKE_UV = """\
#!/bin/sh
if [ "$1" = --version ]; then echo "uv 9.9.9"; exit; fi
echo "$@" >> "$CALLS"
[ -z "${UV_CACHE_DIR-}" ] || echo "cache in $UV_CACHE_DIR" >> "$CALLS"
tries=0
# Not for ever: where a test fails, nobody opens the gate.
while [ -n "${GATE-}" ] && [ ! -e "$GATE" ] && [ $tries -lt 500 ]; do sleep 0.02; tries=$((tries + 1)); done
if [ "$1" = export ] && [ -n "${MIRROR_LACKS_SOMETHING-}" ]; then exit 1; fi
bin=${UV_PROJECT_ENVIRONMENT}/bin
mkdir -p "$bin"
ln -sf "$REAL_PYTHON" "$bin/python"
for program in teahouse pytest ruff mypy lint-imports uv; do
    ln -sf "$FAKE_PROGRAM" "$bin/$program"
done
"""

# Says what it was called with; fails where its name is in $FAILING.
FAKE_PROGRAM = """\
#!/bin/sh
echo "${0##*/} $*"
case " ${FAILING-} " in *" ${0##*/} "*) exit 1 ;; esac
"""


class Checkout:
    """A folder with `bin/`, a uv.lock of one package, and an environment for calling the scripts in it."""

    def __init__(self, folder: Path, index: str, wheel: bytes) -> None:
        self.root = folder / "tea house"
        self.calls = folder / "calls"
        self.path = folder / "path"
        self.path.mkdir()
        for program in PROGRAMS:
            self.provide(program, shutil.which(program) or f"/bin/{program}")
        python = python_for_everyone()
        self.provide("python3", python)
        fake = self.write_program(folder / "program", FAKE_PROGRAM)
        (self.root / "benchmarks").mkdir(parents=True)
        shutil.copytree(ROOT / "bin", self.root / "bin", ignore=shutil.ignore_patterns("__pycache__"))
        (self.root / "pyproject.toml").write_text('[project]\nname = "teahouse"\n')
        self.lock(index, hashlib.sha256(wheel).hexdigest())
        self.environment = {
            "PATH": str(self.path),
            "HOME": str(folder),
            "CALLS": str(self.calls),
            "REAL_PYTHON": str(python),
            "FAKE_PROGRAM": str(fake),
            "PYTHONDONTWRITEBYTECODE": "1",
            # The settings of the machine that runs the tests are not meant.
            "PIP_CONFIG_FILE": os.devnull,
        }

    def lock(self, index: str, digest: str) -> None:
        wheels = ",".join(
            f'{{ url = "{index}/files/{name}", hash = "sha256:{digest}" }}' for name in wheel_names()
        )
        text = f'[[package]]\nname = "uv"\nversion = "9.9.9"\nwheels = [{wheels}]\n'
        (self.root / "uv.lock").write_text(text)

    def provide(self, name: str, program: str | Path) -> None:
        link = self.path / name
        link.unlink(missing_ok=True)
        link.symlink_to(program)

    def write_program(self, path: Path, text: str) -> Path:
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def start(
        self, script: str, *arguments: str, cwd: Path | None = None, **extra: str
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.root / "bin" / script, *arguments],
            env={**self.environment, **extra},
            cwd=cwd or "/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self, script: str, *arguments: str, cwd: Path | None = None, **extra: str
    ) -> subprocess.CompletedProcess[str]:
        with self.start(script, *arguments, cwd=cwd, **extra) as process:
            out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def said_to_uv(self) -> list[str]:
        """One line for each call of uv so far."""
        return self.calls.read_text().splitlines() if self.calls.exists() else []


def python_for_everyone() -> Path:
    """A Python 3.11 or newer that any user may run: the tests' own may lie in root's home."""
    question = "import sys; sys.exit(sys.version_info < (3, 11))"
    stranger = "nobody" if os.geteuid() == 0 else None
    for python in (Path("/usr/bin/python3"), Path(sys.executable).resolve()):
        try:
            if subprocess.run([python, "-c", question], user=stranger).returncode == 0:
                return python
        except OSError:  # not there, or not for this user
            continue
    raise AssertionError("no Python here can be run by another user; on Debian: apt-get install python3")


def wheel_names() -> list[str]:
    machine = platform.machine().lower()
    systems = ("manylinux_2_17", "musllinux_1_1", "macosx_11_0")
    return [f"uv-9.9.9-py3-none-{system}_{machine}.whl" for system in systems]


def make_wheel() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("uv/__init__.py", "")
        archive.writestr("uv-9.9.9.data/scripts/uv", FAKE_UV)
    return content.getvalue()


class Index(NamedTuple):
    address: str
    """Without a path; the index is at /simple."""
    logins: list[str | None]
    """The Authorization header of each request so far."""


@contextmanager
def package_index(wheel: bytes) -> Iterator[Index]:
    """An index as PEP 503 describes it: /simple/uv/ links to /files/….whl."""
    logins: list[str | None] = []
    links = "".join(f'<a href="../../files/{name}#sha256=0">{name}</a>' for name in wheel_names())

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            logins.append(self.headers.get("Authorization"))
            body = {"/simple/uv/": links.encode()}.get(self.path)
            if self.path.startswith("/files/"):
                body = wheel
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *arguments: object) -> None:
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Index(f"http://127.0.0.1:{server.server_address[1]}", logins)
        finally:
            server.shutdown()
            thread.join()
