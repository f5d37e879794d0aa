"""Every address of the HTTP API, tried by every role in every kind of room: it comes to what the command comes to."""

from __future__ import annotations

import json
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

import pytest

from teahouse.api.urls import api
from tests.clients import SECONDS
from tests.security import table
from tests.security.api_rights import CALLS, Call
from tests.security.asking import CSRF, Site
from tests.security.table import KINDS, ROLES

DONE = (200, 201, 204)


def test_every_method_of_every_address_has_a_row() -> None:
    there = {
        (method, f"api/v1/{path}")
        for _, router in api._routers
        for path, view in ((p.strip("/"), v) for p, v in router.path_operations.items())
        for operation in view.operations
        for method in operation.methods
    }
    there.add(("GET", "api/v1/rooms/{room}/events"))  # Stands before Django, and is none of ninja's.
    told = {(call.method, call.address.replace("<", "{").replace(">", "}")) for call in CALLS}
    assert there == told


def test_every_row_says_it_for_every_kind_of_room_and_every_role() -> None:
    for call in CALLS:
        kinds = set(KINDS) if "{room}" in call.path or call.like == "make" else {"-"}
        assert set(call.row.rules) == kinds, call.path
        assert all(set(outcomes) == set(ROLES) for outcomes in call.row.rules.values())


@pytest.mark.parametrize("role", ROLES)
def test_each_cell(site: Site, role: str) -> None:
    """All calls of a role; the difference that a failure shows is of cells."""
    cells = [(call, kind) for call in CALLS for kind in call.row.rules]
    rooms = [site.room(call.row, kind, role) for call, kind in cells]
    found, wanted = {}, {}
    with closing(HTTPConnection("127.0.0.1", site.server.port, timeout=SECONDS)) as connection:
        for (call, kind), room in zip(cells, rooms, strict=True):
            name = f"{call.row.name}, {kind}"
            before = site.number(room)
            said = _asked(site, connection, call, kind, role)
            after = site.number(room)
            wanted[name] = _outside(call.row.rules[kind][role])
            found[name] = _with_events(call, said, before, after)
    assert found == wanted


def _outside(outcome: str) -> str:
    return "no_credential" if outcome == "hello_first" else outcome


def _asked(site: Site, connection: HTTPConnection, call: Call, kind: str, role: str) -> str:
    fields = site.fields(call.row, kind, role)
    ids = site.fields(IDS, kind if kind != "-" else "open", role)
    messages = site.fields(_messages(call), kind, role)
    room = site.room(call.row, kind, role)
    path = call.path.format(room=room, **{**ids, **messages})
    headers, body = _headers(site, role), None
    if call.body is not None:
        headers["Content-Type"] = "application/json"
        body = json.dumps(fields).encode()
    connection.request(call.method, "/api/v1/" + quote(path, safe="/?=@"), body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()  # The server would, while nobody asks.
    if answer.status in DONE:
        return "ok"
    code: str = json.loads(text)["code"]
    return "-" if code == "not_found" else code


IDS = table.Row("ids", "", "", {"bystander": table.BYSTANDER, "newcomer": table.NEWCOMER})


def _messages(call: Call) -> table.Row:
    """Of the cell's own room."""
    row = call.row
    fields = {"own": table.OWN, "others": table.OTHERS}
    return table.Row(row.name, row.do, row.lines, fields, stores=row.stores, bystander=row.bystander)


def _headers(site: Site, role: str) -> dict[str, Any]:
    token = site.made["tokens"].get(role)
    if token is not None:
        return {"Authorization": f"Bearer {token}"}
    if role in site.made["logins"]:
        return {"Cookie": f"{site.cookie(role)}; teahouse_csrf={CSRF}", "X-CSRFToken": CSRF}
    return {}


def _with_events(call: Call, told: str, before: int | None, after: int | None) -> str:
    if told == "ok" and call.row.stores:
        return "ok" if after != before else "same"
    return told if after == before else f"{told}, and it was done"
