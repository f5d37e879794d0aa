"""One server for all tests of the API, and who asks it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.http import Api, Asking
from tests.live.cast import accounts, fresh
from tests.scraped import TOKEN
from tests.servers import Teahouse

GUEST = """
from teahouse.actions.people import make_guest, ticket_for
print("ticket", ticket_for(make_guest("Gina")))
"""


OWNER = """
from django.contrib.auth import get_user_model
from teahouse.actions.people import ensure_person, make_token
from teahouse.models import Person
person = ensure_person(get_user_model().objects.create_user({name!r}))
Person.objects.filter(pk=person.pk).update(is_owner=True)
print("token", make_token(person, scopes={scopes!r}))
"""


def owner_token(server: Teahouse, *scopes: str) -> str:
    """Of a new owner of the site, for these scopes and `hooks`."""
    script = OWNER.format(name=fresh("olga"), scopes=["hooks", *scopes])
    status, said = server.command_line("manage", "shell", "--no-imports", "-c", script)
    assert status == 0, said
    return said.split()[-1]


@pytest.fixture(scope="package")
def server() -> Iterator[Teahouse]:
    env = {"TEAHOUSE_LIMITS": "off", "TEAHOUSE_HOOKS_INNER": "127.0.0.1/32", "TEAHOUSE_METRICS_TOKEN": TOKEN}
    with Teahouse(env=env) as server:
        yield server


@pytest.fixture(scope="package")
def tokens(server: Teahouse) -> list[str]:
    return accounts(server, "Alice", "Bob", "Charlie")


@pytest.fixture(scope="package")
def ticket(server: Teahouse) -> str:
    status, said = server.command_line("manage", "shell", "--no-imports", "-c", GUEST)
    assert status == 0, said
    return said.split()[1]


@pytest.fixture(scope="package")
def asking(server: Teahouse, tokens: list[str], ticket: str) -> Iterator[Asking]:
    with (
        Api(server.url, tokens[0]) as alice,
        Api(server.url, tokens[1]) as bob,
        Api(server.url, tokens[2]) as charlie,
        Api(server.url, ticket) as guest,
        Api(server.url) as nobody,
    ):
        yield Asking(alice, bob, charlie, guest, nobody)


@pytest.fixture
def room(asking: Asking) -> str:
    """A private room of Alice and Bob."""
    made = asking.alice.ok("POST", "rooms", {"title": fresh("Tea"), "kind": "private"})["room"]["room"]
    asking.alice.ok("POST", f"rooms/{made}/members", {"people": [asking.ids()["bob"]]})
    return str(made)
