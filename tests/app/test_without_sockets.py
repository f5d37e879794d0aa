"""A process of a project that has no sockets: what is said by its forms goes through the outbox."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from teahouse.actions.people import make_guest, ticket_for
from teahouse.live.handshake import GUEST_COOKIE
from teahouse.models import Outbox, Person, Room
from teahouse.web import saying

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.app.chat_urls")]


@pytest.fixture
def ada() -> Person:
    return make_guest("Ada")


def client_of(person: Person) -> Client:
    client = Client()
    client.cookies[GUEST_COOKIE] = ticket_for(person)
    return client


def test_it_is_left_to_be_said_once(ada: Person) -> None:
    Room.objects.create(slug="tea", title="Tea")
    client = client_of(ada)
    for _ in range(2):
        answer = client.post("/chat/rooms/tea/say/", {"text": "hello", "key": "form-1"})
        assert (answer.status_code, answer["Location"]) == (303, "/chat/rooms/tea/")
    rows = {(row.room.slug, row.person_id, row.key, row.text) for row in Outbox.objects.all()}
    assert rows == {("tea", ada.pk, "form-1", "hello")}


def test_who_may_not_speak_leaves_nothing(ada: Person) -> None:
    Room.objects.create(slug="news", title="News", speaking="moderators")
    Room.objects.create(slug="secret", title="Secret", kind="private")
    client = client_of(ada)
    told = [
        client.post(f"/chat/rooms/{room}/say/", {"text": "hello"}).status_code for room in ("news", "secret")
    ]
    assert told == [403, 404]
    assert not Outbox.objects.exists()


def test_the_rate_holds_here_too(ada: Person, settings: Any) -> None:
    settings.TEAHOUSE = {"LIMITS": {"per_second": 1, "burst": 3}}
    saying._sends.cache_clear()
    Room.objects.create(slug="tea", title="Tea")
    client = client_of(ada)
    told = [client.post("/chat/rooms/tea/say/", {"text": f"{n}"}) for n in range(8)]
    saying._sends.cache_clear()
    assert {answer.status_code for answer in told[:3]} == {303}
    refused = [answer for answer in told if answer.status_code == 429]
    assert refused
    assert int(refused[0]["Retry-After"]) >= 1
    assert Outbox.objects.count() == 8 - len(refused)


def test_it_answers_no_frames(ada: Person) -> None:
    frame, kind = '{"id":1,"do":"ping"}', "application/x-ndjson"
    answer = client_of(ada).post("/chat/frames/", frame, content_type=kind)
    assert answer.status_code == 503
    assert "sockets" in json.loads(answer.content)["error"]["message"]
