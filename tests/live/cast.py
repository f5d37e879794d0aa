"""People with an account, for tests that need more than guests."""

from __future__ import annotations

import itertools
from typing import Final

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
