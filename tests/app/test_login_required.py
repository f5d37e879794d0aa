"""A project that wants a login for every page, with Django's LoginRequiredMiddleware: what asks by itself who somebody
is answers all the same, and pages with rooms are behind the login."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User
from django.urls import URLPattern, URLResolver

from teahouse.actions import bots, people
from teahouse.actions.rooms import make_main
from teahouse.models import Room
from teahouse.testing import Server
from teahouse.urls import urlpatterns

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = {"home", "rooms", "room", "message", "say", "picture"}
"""What shows rooms and people to whoever has a login."""


@pytest.fixture
def server(settings: Any, transactional_db: None) -> Iterator[Server]:
    settings.ROOT_URLCONF = "tests.app.chat_urls"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    make_main()
    with Server() as server:
        yield server


def test_the_api_answers_by_itself(server: Server) -> None:
    api = f"{server.chat_url}api/v1"
    ada = {"Authorization": f"Bearer {server.token_for(User.objects.create_user('ada'))}"}
    assert httpx.get(f"{api}/me", headers=ada).json()["you"]["name"] == "ada"
    said = httpx.post(f"{api}/rooms/main/messages", headers=ada, json={"text": "by the API"})
    assert said.status_code == 201, said.text
    assert httpx.get(f"{api}/rooms/main/events?offset=-1", headers=ada).status_code == 200
    for headers, code in (({}, "no_credential"), ({"Authorization": "Bearer tok_x"}, "bad_token")):
        refused = httpx.get(f"{api}/me", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (401, code)
    assert httpx.get(f"{api}/nowhere", headers=ada).status_code == 404
    assert httpx.get(f"{api}/openapi.json").status_code == 200


def test_programs_speak_by_a_secret_address(server: Server) -> None:
    _, secret = bots.make_incoming(Room.objects.get(), people.make_bot("Deploy"), None)
    assert httpx.post(f"{server.chat_url}hooks/{secret}", data={"text": "deployed"}).text == "ok"
    assert httpx.post(f"{server.chat_url}hooks/wrong", data={"text": "deployed"}).status_code == 404


def test_a_browser_gets_what_it_asks_without_a_login(server: Server) -> None:
    for address in ("manifest.webmanifest", "worker.js", "offline/", "guest/"):
        assert httpx.get(f"{server.chat_url}{address}").status_code == 200, address
    assert httpx.get(f"{server.chat_url}metrics").status_code == 401


def test_pages_with_rooms_are_behind_the_login(server: Server) -> None:
    for address in ("", "rooms/", "rooms/main/", "rooms/main/1/", "people/1/x.webp"):
        answer = httpx.get(f"{server.chat_url}{address}")
        assert answer.headers["Location"].startswith("/accounts/login/?next=/chat/"), address


def test_of_every_address_it_is_said_on_which_side_it_is() -> None:
    behind = {view.name for view in _views(urlpatterns) if getattr(view.callback, "login_required", True)}
    assert behind == PAGES


def _views(patterns: Sequence[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns)
        else:
            yield pattern
