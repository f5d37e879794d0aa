"""Where the server listens, what people type to reach it, and who has a port that is taken."""

from __future__ import annotations

import errno
import ipaddress
import socket
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

from teahouse.server.words import Refused, program, say

# Addresses for documentation (RFC 5737, RFC 3849): no packet is sent, the system only picks the way there.
FAR_AWAY: Final = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
SIOCGIFADDR: Final = 0x8915


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens on this address; who comes before the server is ready waits.

    Bound alone, two sockets can have one port, and uvloop says nothing where it cannot listen then: the program
    would call itself open while somebody else answers.

    Raises:
        Refused: the port is taken, not ours to take, or the address is none of this machine's.
    """
    try:
        family, _, _, _, where = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError:
        raise Refused(_no_such_host(host), status=2) from None
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6 and host == "::":
        # Everyone, whichever protocol they speak.
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    try:
        bound.bind(where)
        bound.listen(socket.SOMAXCONN)
        return bound
    except OSError as error:
        bound.close()
        raise Refused(_cannot_bind(host, port, error)) from None


def _no_such_host(host: str) -> str:
    return say(
        f"{host} is no address of this machine. "
        "--host 127.0.0.1 is for this machine only, --host 0.0.0.0 for everyone.",
        f"{host} 不是本机地址。--host 127.0.0.1 仅供本机，--host 0.0.0.0 供所有人。",
    )


def _cannot_bind(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return port_taken(host, port)
    if error.errno == errno.EACCES:
        return say(
            f"Port {port} is not yours to take; ports below 1024 need rights. Take another one: --port 8000, and "
            "let a proxy stand in front.",
            f"没有权限使用端口 {port}；1024 以下的端口需要特权。换一个端口：--port 8000，前面可放代理。",
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return _no_such_host(host)
    return say(
        f"{host}:{port} cannot be listened on: {error.strerror}.",
        f"无法监听 {host}:{port}：{error.strerror}。",
    )


def port_taken(host: str, port: int) -> str:
    who = port_owner(port)
    by = say(f" by {who}", f"（{who}）") if who else ""
    free = _free_port_after(host, port)
    return say(
        f"Port {port} is in use{by}. Stop that, or take another port: {program()} serve --port {free}",
        f"端口 {port} 已被占用{by}。停止它，或换一个端口：{program()} serve --port {free}",
    )


def _free_port_after(host: str, port: int) -> int:
    for other in range(port + 1, min(port + 100, 65536)):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind((host, other))
                return other
    return 0


def port_owner(port: int) -> str | None:
    """`name (pid 123)` of who listens on the port, where the system tells it (Linux, and the process is ours)."""
    listening = {
        fields[9]
        for table in ("tcp", "tcp6")
        for fields in _proc_net(table)
        if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port
    }
    wanted = {f"socket:[{inode}]" for inode in listening}
    for folder in Path("/proc").glob("[0-9]*") if wanted else ():
        with suppress(OSError):
            if any(str(file.readlink()) in wanted for file in (folder / "fd").iterdir()):
                name = (folder / "comm").read_text().strip()
                return f"{name} (pid {folder.name})"
    return None


def _proc_net(table: str) -> list[list[str]]:
    try:
        return [line.split() for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
    except OSError:
        return []


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_everywhere(host: str) -> bool:
    """0.0.0.0 and ::, which are addresses to listen on, not to type."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def url(host: str, port: int) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}" if port == 80 else f"http://{shown}:{port}"


def lan_addresses(host: str) -> list[str]:
    """Addresses by which others reach what listens on `host`, the likeliest first; empty without a network.

    0.0.0.0 is everywhere in IPv4 alone; :: is everywhere in both.
    """
    found: list[str] = []
    for family, far in FAR_AWAY:
        with socket.socket(family, socket.SOCK_DGRAM) as probe, suppress(OSError):
            probe.connect((far, 9))
            found.append(probe.getsockname()[0].partition("%")[0])
    found += _interface_addresses()
    both = ":" in host
    return [one for one in dict.fromkeys(found) if _reaches_us(one) and (both or ":" not in one)]


def _reaches_us(address: str) -> bool:
    ip = ipaddress.ip_address(address)
    return not (ip.is_loopback or ip.is_link_local or ip.is_unspecified)


def _interface_addresses() -> list[str]:
    """IPv4 addresses of all interfaces, also where there is no way out of this network (netdevice(7), Linux)."""
    import fcntl

    found = []
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        for _, name in socket.if_nameindex():
            with suppress(OSError):
                answer: Any = fcntl.ioctl(probe, SIOCGIFADDR, name.encode().ljust(40, b"\0"))
                found.append(socket.inet_ntoa(answer[20:24]))
    return found


def raise_file_limit() -> None:
    """As many open files as the system lets us have: each session is one."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # "Unlimited" is refused by some systems; a million sockets will not fit into one process anyway.
    wanted = 1_048_576 if hard == resource.RLIM_INFINITY else hard
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def qr_code(text: str) -> str:
    """For a terminal, in half blocks."""
    import io

    import segno

    out = io.StringIO()
    segno.make(text, error="l").terminal(out, compact=True)
    # Terminals whose background is light show it inverted; readers of today take both.
    return out.getvalue()
