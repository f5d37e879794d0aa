"""What the place is called: its owners say it, the database keeps it, every page shows it."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from teahouse import database
from teahouse.actions import site
from teahouse.actions.names import as_seen, line
from teahouse.live.protocol import Problem
from teahouse.models import Site
from teahouse.prepared import Prepared

DEFAULT: Final = site.DEFAULT
LONGEST: Final = 40

_site: Prepared[Site] = Prepared((), lambda: Site.objects.filter(pk=1).values_list("name"))
_last = DEFAULT


def name(request: HttpRequest | None = None) -> str:
    """The name as it is now, or as it was when this request asked first; while the database is away the one that was
    read last, so that the pages that say so need no other."""
    global _last
    try:
        known = database.known() if request is None else database.known_during(request)
        if "place" not in known:
            rows = _site.rows()
            known["place"] = (rows[0][0] if rows else "") or DEFAULT
        _last = known["place"]
    except (OperationalError, InterfaceError):
        pass  # Whatever the page is about asks the database as well, and is told.
    return _last


def last() -> str:
    """The name that this process read last, without asking the database."""
    return _last


def clean(given: str) -> str:
    """A name as it is kept; empty for the default.

    Raises:
        Problem: `invalid`.
    """
    given = line(given, "name", LONGEST)
    if given and not as_seen(given).strip():
        raise Problem("invalid", "name: at least one character that can be seen.")
    return given


def rename(given: str) -> None:
    """The place is called this from now on, in open pages too; `given` is clean."""
    site.rename(given)


def context(request: HttpRequest) -> dict[str, Any]:
    """For templates: `place`, read where one of them shows it."""
    return {"place": SimpleLazyObject(partial(name, request))}
