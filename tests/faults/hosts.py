"""Two hosts and a data host: each server in a network namespace of its own, with real links that can be cut.

The namespace of the thread is the data host, and where the clients are. A cut link tells nobody: packets are lost, and
TCP waits, as behind a pulled cable.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import subprocess
from typing import Final

from tests.faults.worlds import SECRET, Server, Two, at

LINKS: Final = ("clients", "postgres", "redis")
CLONE_NEWNET: Final = 0x40000000
"""`os.CLONE_NEWNET` of Python 3.12."""
NET: Final = "10.77"
"""Addresses of the links: 10.77.(10 × host + link).1 here and .2 there."""


class Host(Server):
    """A server in a namespace. It listens on all of its addresses, as a host of its own does."""

    def __init__(self, number: int, env: dict[str, str]) -> None:
        super().__init__(env=env, host="0.0.0.0")
        self.number = number
        self.namespace = f"teahouse-{os.getpid()}-{number}"
        self.within = ("ip", "netns", "exec", self.namespace)

    def link(self, to: str) -> str:
        """The name of our end of a link; at most 15 characters."""
        return f"th{os.getpid() % 1_000_000}{self.number}{to[0]}"

    def address(self, to: str, end: int) -> str:
        return f"{NET}.{10 * self.number + LINKS.index(to)}.{end}"

    def make(self) -> None:
        ip("netns", "add", self.namespace)
        ip("-n", self.namespace, "link", "set", "lo", "up")
        for to in LINKS:
            here, there = self.link(to), self.link(to) + "x"
            ip("link", "add", here, "type", "veth", "peer", "name", there)
            ip("link", "set", there, "netns", self.namespace)
            ip("addr", "add", f"{self.address(to, 1)}/24", "dev", here)
            ip("link", "set", here, "up")
            ip("-n", self.namespace, "addr", "add", f"{self.address(to, 2)}/24", "dev", there)
            ip("-n", self.namespace, "link", "set", there, "up")

    def remove(self) -> None:
        """The links go with it."""
        ip("netns", "del", self.namespace)


class Hosts(Two):
    """Two hosts on PostgreSQL and Redis of a third."""

    name = "two hosts and a data host"
    listens = "0.0.0.0"

    @classmethod
    def is_possible(cls) -> bool:
        """Root may make namespaces, where no container forbids it."""
        if os.geteuid() != 0 or shutil.which("ip") is None:
            return False
        name = f"teahouse-{os.getpid()}-try"
        made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False)
        if made.returncode == 0:
            ip("netns", "del", name)
        return made.returncode == 0

    def take_thread(self) -> None:
        """A namespace for this thread, and for what it starts: Chromium breaks off what it loads (ERR_NETWORK_CHANGED)
        whenever a link of its own namespace comes or goes, be it that of a browser test or of whoever works here."""
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWNET)")
        ip("link", "set", "lo", "up")

    async def _open_servers(self) -> None:
        self.hosts = [Host(number, {}) for number in range(2)]
        for host in self.hosts:
            await asyncio.to_thread(host.make)
            self._exit.push_async_callback(asyncio.to_thread, host.remove)
        await super()._open_servers()

    def new_server(self, number: int) -> Server:
        host = self.hosts[number]
        host.env |= {
            "DATABASE_URL": at(self.url, self.to_postgres.port, host.address("postgres", 1)),
            "REDIS_URL": at(self.redis.url, self.to_redis.port, host.address("redis", 1)),
            "TEAHOUSE_LIMITS": "off",
            "TEAHOUSE_SECRET_KEY": SECRET,
        }
        return host

    def host_of(self, server: Server) -> str:
        assert isinstance(server, Host)
        return server.address("clients", 2)

    async def without(self, link: str, number: int, seconds: float) -> None:
        """A host without one of its links, for so long."""
        await self._without([self.hosts[number].link(link)], seconds)

    async def without_data_host(self, seconds: float) -> None:
        """No host reaches PostgreSQL or Redis, for so long."""
        await self._without([host.link(to) for host in self.hosts for to in ("postgres", "redis")], seconds)

    async def _without(self, links: list[str], seconds: float) -> None:
        for state, wait in (("down", seconds), ("up", 0.0)):
            for link in links:
                await asyncio.to_thread(ip, "link", "set", link, state)
            await asyncio.sleep(wait)


def ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"
