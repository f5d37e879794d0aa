"""Schemathesis makes requests from the OpenAPI document, right ones and wrong ones, and holds every answer against it.
A few seconds of them in each run; `TEAHOUSE_EXAMPLES=500 bin/test tests/security/test_api_document.py` for longer.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi import checks

from teahouse.api.document import described
from tests.api.http import Api
from tests.servers import Teahouse

EXAMPLES: Final = int(os.environ.get("TEAHOUSE_EXAMPLES", "5"))
MAKE: Final = """
from django.contrib.auth import get_user_model
from teahouse.actions.people import ensure_person, make_token
from teahouse.models import Person
for name in ("mei", "lan"):
    person = ensure_person(get_user_model().objects.create_user(name))
    Person.objects.filter(pk=person.pk).update(is_owner=name == "mei")
    print("token", make_token(person, scopes=["read", "write", "manage", "tokens", "hooks"]), person.pk)
    if name == "mei":
        from teahouse.followers import webhooks
        from teahouse.models import Delivery, Room
        hook = webhooks.make(person, "http://127.0.0.1:9/", ["closed"])
        delivery = Delivery.objects.create(hook=hook, room=Room.objects.get(slug="main"), seq=1, kind="closed")
        print("hook", hook.pk, delivery.pk)
"""

# Who asks for events may wait for a minute; tests/api/test_events.py and test_conformance.py ask for them.
schema = schemathesis.openapi.from_dict(described("/api/v1")).exclude(operation_id="events")
CHECKS: Final = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.missing_required_header,
    checks.unsupported_method,
    checks.ignored_auth,
]
"""All that look at one answer but `positive_data_acceptance`: that a text has a visible character, or that one of two
fields is given, no schema says."""


class World:
    """A server in which there is what requests could be about."""

    def __init__(self, server: Teahouse) -> None:
        status, said = server.command_line("manage", "shell", "--no-imports", "-c", MAKE)
        assert status == 0, said
        (self.token, _), (_, other) = [line.split()[1:] for line in said.splitlines() if line[:5] == "token"]
        hook, delivery = next(line.split()[1:] for line in said.splitlines() if line[:4] == "hook")
        self.base_url = f"{server.url}/api/v1"
        with Api(server.url, self.token) as api:
            self.own_token = api.ok("GET", "tokens")["tokens"][0]["id"]
            room = api.ok("POST", "rooms", {"title": "Tea"})["room"]["room"]
            message = api.ok("POST", f"rooms/{room}/messages", {"text": "tea"})["message"]
            token = api.ok("POST", "tokens", {"scopes": ["read"]})["id"]
        self.known: dict[str, Any] = {
            "room": room,
            "message": message,
            "person": int(other),
            "token": token,
            "emoji": "🍵",
            "hook": int(hook),
            "delivery": int(delivery),
        }


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    # Webhooks lead to a port of this machine at which nobody is.
    inner = {"TEAHOUSE_HOOKS_INNER": "127.0.0.1/32"}
    with Teahouse(env={"TEAHOUSE_LIMITS": "off", **inner}) as server:
        world = World(server)
        yield world
        with Api(server.url, world.token) as api:
            assert api.ask("GET", "me").status == 200, "it was asked as somebody all the time"


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
def test_every_answer_is_as_the_document_says(world: World, case: Any) -> None:
    if case.path_parameters and case.meta.generation.mode.is_positive:
        # Nobody guesses a room's name: what is right is about what there is.
        case.path_parameters.update({k: v for k, v in world.known.items() if k in case.path_parameters})
    if str((case.path_parameters or {}).get("token")) == str(world.own_token):
        return  # It is what all the others are asked with.
    headers = {"Authorization": f"Bearer {world.token}"}
    case.call_and_validate(base_url=world.base_url, headers=headers, checks=CHECKS)
