"""Faults between hosts, F20: links cut, one frozen."""

from __future__ import annotations

import asyncio

from tests.faults.fault import LOST, fault
from tests.faults.hosts import Hosts


@fault("F20", "a host's link to Redis cut for 4 s", Hosts)
async def link_to_redis_cut(world: Hosts) -> None:
    await world.without("redis", 0, 4)


@fault("F20", "a host's link to PostgreSQL cut for 4 s", Hosts)
async def link_to_postgres_cut(world: Hosts) -> None:
    await world.without("postgres", 0, 4)


@fault("F20", "the data host unplugged for 5 s: neither PostgreSQL nor Redis", Hosts)
async def data_host_gone(world: Hosts) -> None:
    await world.without_data_host(5)


@fault("F20", "a host cut off from its clients for 8 s", Hosts, closes=LOST)
async def link_to_clients_cut(world: Hosts) -> None:
    await world.without("clients", -1, 8)


@fault("F20", "a host frozen for 5 s", Hosts, closes=LOST)
async def host_frozen(world: Hosts) -> None:
    with world.servers[0].frozen():
        await asyncio.sleep(5)
