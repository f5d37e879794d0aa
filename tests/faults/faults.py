"""What may go wrong, F1 to F20: all faults, from the modules in which each of them is made to happen."""

from __future__ import annotations

from tests.faults import (
    of_clocks,
    of_connections,
    of_databases,
    of_hosts,
    of_processes,
    of_redis,
    of_rights,
)
from tests.faults.fault import FAULTS, Fault

__all__ = [
    "FAULTS",
    "Fault",
    "of_clocks",
    "of_connections",
    "of_databases",
    "of_hosts",
    "of_processes",
    "of_redis",
    "of_rights",
]

FAULTS.sort(key=lambda fault: int(fault.number[1:]))
