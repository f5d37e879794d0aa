"""People with an account, for tests that need more than guests."""

from __future__ import annotations

import itertools
from typing import Any, Final, NamedTuple

from tests.clients import Client
from tests.servers import Teahouse

MAKE: Final = """
from django.contrib.auth import get_user_model
from teahouse.actions.people import ensure_person, make_token
from teahouse.models import Person
for name, owns in {names!r}:
    user = get_user_model().objects.create_user(name)
    person = ensure_person(user)
    Person.objects.filter(pk=person.pk).update(is_owner=owns)
    print("token", make_token(person))
"""
_numbers = itertools.count(1)


class Cast(NamedTuple):
    """Who takes part: three with an account, of whom Olga owns the site, and a guest."""

    alice: Client
    bob: Client
    charlie: Client
    olga: Client
    gina: Client


def accounts(server: Teahouse, *names: str, owner: str | None = None) -> list[str]:
    """Tokens of new users with these names; `owner` owns the site."""
    listed = [(name, name == owner) for name in names]
    status, said = server.command_line("manage", "shell", "--no-imports", "-c", MAKE.format(names=listed))
    assert status == 0, said
    return [line.split()[1] for line in said.splitlines() if line.startswith("token ")]


def fresh(word: str) -> str:
    """A name that no other test has."""
    return f"{word}-{next(_numbers)}"


def own(client: Client) -> dict[str, dict[str, object]]:
    """The rooms that the hello told, by name."""
    return {room["room"]: room for room in client.hello["rooms"]}


def made(client: Client, title: str = "Tea", **more: Any) -> str:
    return str(client.ok(do="make", title=title, **more)["room"]["room"])


def who(client: Client) -> int:
    return int(client.you["id"])


def may(client: Client, room: str) -> set[str]:
    return set(client.ok(do="subscribe", room=room)["may"])


def error(client: Client, **command: Any) -> dict[str, Any]:
    reply = client.ask(**command)
    assert "error" in reply, reply
    told: dict[str, Any] = reply["error"]
    return told
