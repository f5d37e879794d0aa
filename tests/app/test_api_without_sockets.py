"""The API in a process that has no sockets and no event loop, as a project under WSGI: carried out there as well."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from teahouse.actions import people
from teahouse.api import home
from teahouse.live import runtime
from teahouse.models import Event, Message, Person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.app.chat_urls")]


@pytest.fixture
def bot() -> Iterator[Person]:
    assert runtime.current() is None
    yield people.make_bot("Deploy")
    home.close()


@pytest.fixture
def client(bot: Person) -> Client:
    return Client(headers={"Authorization": f"Bearer {people.make_token(bot)}"})


def told(client: Client, method: str, path: str, body: Any = None, **headers: str) -> Any:
    asked = getattr(client, method)
    more = {"content_type": "application/json"} if method != "get" else {}
    return asked(f"/chat/api/v1/{path}", body, headers=headers, **more)


def test_what_is_asked_is_done_and_numbered(client: Client, bot: Person) -> None:
    made = told(client, "post", "rooms", {"title": "Tea"})
    assert (made.status_code, made["Location"]) == (201, "/chat/api/v1/rooms/tea")
    for _ in range(2):
        said = told(client, "post", "rooms/tea/messages", {"text": "hello"}, **{"Idempotency-Key": "k"})
        assert said.status_code == 201, said.content
        assert said.json() == {"message": Message.objects.get().pk, "seq": 2}
    kinds = Event.objects.filter(room__slug="tea").order_by("seq").values_list("seq", "kind")
    assert list(kinds) == [(1, "member"), (2, "message")]
    page = told(client, "get", "rooms/tea/messages").json()
    assert [(one["text"], one["by"]["id"]) for one in page["messages"]] == [("hello", bot.pk)]
    refused = told(client, "post", "rooms/nowhere/messages", {"text": "x"})
    assert (refused.status_code, refused.json()["type"]) == (404, "/chat/api/v1/docs#not_found")


def test_who_cannot_wait_is_answered_at_once(client: Client) -> None:
    told(client, "post", "rooms", {"title": "Tea"})
    events = told(client, "get", "rooms/tea/events")
    assert [event["event"] for event in events.json()] == ["member"]
    offset = events["Stream-Next-Offset"]
    polled = told(client, "get", f"rooms/tea/events?offset={offset}&live=long-poll")
    assert (polled.status_code, polled.content) == (204, b"")
    streamed = told(client, "get", "rooms/tea/events?offset=-1&live=sse")
    assert streamed["Content-Type"] == "text/event-stream"
    assert streamed.content.startswith(b"event: data\ndata:[{")
    assert told(client, "get", "rooms/tea/events?offset=x").status_code == 400


def test_the_document_and_its_page_are_below_the_prefix(client: Client) -> None:
    document = Client().get("/chat/api/v1/openapi.json").json()
    assert document["servers"] == [{"url": "/chat/api/v1"}]
    page = Client().get("/chat/api/v1/docs")
    assert page.status_code == 200
    assert "/rooms/{room}/messages" in page.content.decode()
    loaded = re.findall(r'(?:src|href|action)="((?:https?:)?//[^"]*)', page.content.decode())
    assert [one for one in loaded if not one.startswith("http://testserver/")] == [], "no other host"
