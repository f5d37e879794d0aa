"""Every command and every address, tried by every role, in every kind of room where that matters: the table of
`rights.py`, cell by cell, against one real server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from typing import Any

import pytest

from teahouse.live.protocol import COMMANDS
from tests.clients import Plain
from tests.security import rights
from tests.security.api_rights import CALLS
from tests.security.asking import Site
from tests.security.table import INSIDE, KINDS, OUTSIDE, ROLES, Page, Row
from tests.servers import ROOT

COMMAND_ROWS = (*rights.COMMANDS, *rights.ANYWHERE)


def cells(asked: Iterable[Row | Page]) -> list[Any]:
    return [
        pytest.param(one, kind, role, outcome, id=f"{row.name}-{kind}-{role}")
        for one in asked
        for row in [one.row if isinstance(one, Page) else one]
        for kind, outcomes in row.rules.items()
        for role, outcome in outcomes.items()
    ]


# That nothing is missing


def test_every_command_has_a_row() -> None:
    assert {row.do for row in (*COMMAND_ROWS, *rights.HELLO)} == set(COMMANDS)


@pytest.mark.parametrize("row", [*rights.COMMANDS, *rights.PLAIN], ids=lambda row: row.name)
def test_every_row_says_it_for_every_kind_of_room_and_every_role(row: Row) -> None:
    assert set(row.rules) == set(KINDS)
    assert all(set(outcomes) == set(ROLES) for outcomes in row.rules.values())


def test_every_address_has_a_row(site: Site) -> None:
    told = {page.pattern for page in rights.PAGES} | {call.address for call in CALLS}
    there = set(site.made["addresses"])
    assert {address for address in there if not address.startswith("admin/")} == {
        address for address in told if not address.startswith("admin/")
    }
    assert {address for address in told if address.startswith("admin/")} <= there
    assert set(site.made["sockets"]) == set(rights.SOCKETS)


def test_the_page_is_as_the_table_is() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "bin" / "rights", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


# The cells


@pytest.mark.parametrize("role", INSIDE)
@pytest.mark.parametrize("row", COMMAND_ROWS, ids=lambda row: row.name)
def test_a_command(site: Site, row: Row, role: str) -> None:
    """In all kinds of rooms at once; the difference that a failure shows is of cells."""
    assert site.ask(role, row) == {kind: outcomes[role] for kind, outcomes in row.rules.items()}


@pytest.mark.parametrize("role", OUTSIDE)
def test_who_does_not_get_in(site: Site, role: str) -> None:
    rows = {row.name: {kind: outcomes[role] for kind, outcomes in row.rules.items()} for row in COMMAND_ROWS}
    assert site.ask_all(role, COMMAND_ROWS) == rows


@pytest.mark.parametrize("role", ROLES)
def test_what_is_refused_is_refused_over_http(site: Site, role: str) -> None:
    """Each cell of a command in which nothing may happen, once more; what is done is done by the same code."""
    refused = [
        (row, kind)
        for row in COMMAND_ROWS
        for kind in row.rules
        if row.rules[kind][role] not in ("ok", "same") and not row.before
    ]
    assert len(refused) > 60
    assert site.post_frames(role, refused) == [row.rules[kind][role] for row, kind in refused]


@pytest.mark.parametrize("role", INSIDE)
def test_what_is_read_is_read_over_http(site: Site, role: str) -> None:
    asked = [
        (row, kind)
        for row in COMMAND_ROWS
        if row.do in ("subscribe", "history", "rooms", "members") and not row.before
        for kind in row.rules
        if row.rules[kind][role] == "ok" and not row.stores
    ]
    assert len(asked) > 10
    assert site.post_frames(role, asked) == ["ok"] * len(asked)


@pytest.mark.parametrize(("row", "kind", "role", "outcome"), cells(rights.HELLO))
def test_who_one_is_over_http(site: Site, row: Row, kind: str, role: str, outcome: str) -> None:
    assert site.hello_over_http(role, kind) == outcome


@pytest.mark.parametrize(("row", "kind", "role", "outcome"), cells(rights.PLAIN))
def test_the_plain_protocol(site: Site, row: Row, kind: str, role: str, outcome: str) -> None:
    room = site.room(row, kind, role)
    before = site.number(room)
    assert site.plain(role, row, kind) == outcome
    if outcome == "ok" and row.stores:
        assert (site.number(room) or 0) > (before or 0), "it was done"
    elif kind != "absent":
        assert site.number(room) == before, "nothing was done"


@pytest.mark.parametrize(("row", "kind", "role", "outcome"), cells(rights.HELLO))
def test_who_one_is(site: Site, row: Row, kind: str, role: str, outcome: str) -> None:
    assert site.hello(role, kind) == outcome


@pytest.mark.parametrize(("page", "kind", "role", "outcome"), cells(rights.PAGES))
def test_a_page(site: Site, page: Page, kind: str, role: str, outcome: str) -> None:
    assert site.page(page, kind, role) == outcome


@pytest.mark.parametrize("role", ROLES)
def test_no_form_counts_without_its_token(site: Site, role: str) -> None:
    for page in rights.PAGES:
        # What is answered before Django, or takes no form at all, looks at no token.
        if page.method == "POST" and not page.path.startswith("{static}"):
            said = site.page(page, next(iter(page.row.rules)), role, token=False)
            if page.pattern == "frames/":
                assert said == "415", "no form can be frames"
                continue
            if page.pattern.startswith("hooks/"):
                assert said == "404", "the secret is what counts, and no browser sends it by itself"
                continue
            assert said == "403" or (page.pattern == "admin/login/" and said == "sign-in"), page.path
    if role in INSIDE and role in site.made["logins"]:
        assert role.replace(" ", "-") in site.request("GET", "/", site.cookie(role))[1], "still signed in"


@pytest.mark.parametrize("role", ROLES)
def test_every_page_of_the_admin(site: Site, role: str) -> None:
    """All that Django and the models bring: for the owner of the site, and for nobody else."""
    admin = [address for address in site.made["addresses"] if address.startswith("admin/")]
    assert len(admin) > 30
    for address in admin:
        path = "/" + address.replace("<path:object_id>", "1").replace("<id>", "1").replace(
            "(?P<url>.*)$", "x"
        )
        for name in ("<int:content_type_id>", "<path:object_id>", "<app_label>"):
            path = path.replace(name, "1")
        if address in ("admin/login/", "admin/logout/"):
            continue
        answer, _ = site.request("GET", path, site.cookie(role))
        if role == "site owner":
            assert answer.status in (200, 302, 403, 404), path
            assert "login" not in (answer.getheader("Location") or ""), path
        else:
            assert answer.status == 302, path
            assert (answer.getheader("Location") or "").startswith("/admin/login/"), path


@pytest.mark.parametrize("path", ["/nowhere", "/ws/main", "/wsmsg/a/b", "/", "/admin/"])
@pytest.mark.parametrize("role", ROLES)
def test_a_socket_to_nowhere(site: Site, path: str, role: str) -> None:
    request, _ = site.credentials(role)
    with Plain(site.server.url, path, **request) as plain:
        assert plain.closed() == (4004, "no such address")
