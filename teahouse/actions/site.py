"""What the site is called. In: a name. Out: a row, and word to all open pages."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from teahouse import database
from teahouse.actions.people import site_key
from teahouse.bus import tell_once
from teahouse.models import Site

log = logging.getLogger("teahouse.site")

DEFAULT: Final = "Teahouse"

on_name: list[Callable[[str], None]] = []
"""Called with what the site is called now; the runtime of a process that serves tells the sessions of all processes."""


def rename(name: str) -> None:
    """The site is called this from now on; empty for the default."""
    database.write(lambda: Site.objects.filter(pk=1).update(name=name))
    name = name or DEFAULT
    if not on_name:
        tell_once(site_key, {"place": name})
        return
    for hear in tuple(on_name):
        try:
            hear(name)
        except Exception:
            # Pages that are opened from now on show it; those that are open do within a minute.
            log.exception("Sessions could not be told that the site is called %s", name)


def name() -> str:
    """What its owners have called it; empty where they have not, as in a project, whose pages know it otherwise."""
    return Site.objects.using(database.alias()).filter(pk=1).values_list("name", flat=True).first() or ""
