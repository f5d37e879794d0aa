"""The room on an object whose primary key is no number: it has several parts, or is written in more than one way."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, models
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.test.utils import isolate_apps

import teahouse
from teahouse import subjects, testing
from teahouse.models import Message, Room
from tests.app.conftest import Database


class OnlyOpenLines(teahouse.Policy):
    def may_see(self, user: Any, room: Room, line: Any) -> bool:
        return bool(line.open)


@contextmanager
def table_of(model: Any) -> Iterator[Any]:
    with connection.schema_editor() as editor:
        editor.create_model(model)
    yield model
    with connection.schema_editor() as editor:
        editor.delete_model(model)


@pytest.fixture
def line_model(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A model of the project's with its table."""
    with isolate_apps("django.contrib.auth") as apps:

        class Line(models.Model):
            pk = models.CompositePrimaryKey("order", "day", "number")
            order = models.UUIDField()
            day = models.DateField()
            number = models.IntegerField()
            open = models.BooleanField(default=True)

            class Meta:
                app_label = "auth"

            def __str__(self) -> str:
                return f"{self.number} of {self.order}"

        monkeypatch.setattr(subjects, "apps", apps)
        with table_of(Line):
            yield Line


@pytest.fixture
def doc_model(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with isolate_apps("django.contrib.auth") as apps:

        class Doc(models.Model):
            id = models.UUIDField(primary_key=True)

            class Meta:
                app_label = "auth"

            def __str__(self) -> str:
                return str(self.id)

        monkeypatch.setattr(subjects, "apps", apps)
        with table_of(Doc):
            yield Doc


ORDER = "5f2c8b0e-7d54-4f0e-9a51-6c1f0a1b2c3d"
DAY = datetime.date(2026, 7, 1)


@pytest.mark.parametrize("policy", [None, f"{__name__}.OnlyOpenLines"])
def test_it_is_found_and_seen_as_any_other(line_model: Any, settings: Any, policy: str | None) -> None:
    settings.ROOT_URLCONF = "tests.app.chat_urls"
    settings.TEAHOUSE = {"POLICY": policy}
    first, second = (line_model.objects.create(order=ORDER, day=DAY, number=number) for number in (1, 2))
    room = teahouse.room_for(first)
    assert teahouse.room_for(line_model.objects.get(number=1)) == room != teahouse.room_for(second)
    assert room.slug.startswith("line-5f2c8b0e-7d-")
    teahouse.post(first, "Two of these.")
    assert testing.posted(first) == ["Two of these."]
    client = Client()
    assert client.get(f"/chat/rooms/{room.slug}/").status_code == 200
    asked: Any = RequestFactory().get("/")
    asked.user = User.objects.create_user("mei")
    written = Template("{% load teahouse %}{% teahouse_room line %}{% teahouse_unread line %}")
    assert f'room="{room.slug}"' in written.render(Context({"request": asked, "line": first}))
    line_model.objects.filter(number=1).update(open=False)
    expected = 200 if policy is None else 404
    assert client.get(f"/chat/rooms/{room.slug}/").status_code == expected
    line_model.objects.filter(number=1).delete()
    assert client.get(f"/chat/rooms/{room.slug}/").status_code == 404
    assert not Message.objects.exists()


def test_each_part_has_to_be_there(line_model: Any) -> None:
    with pytest.raises(ValueError, match="not saved yet"):
        teahouse.room_for(line_model(order=ORDER, day=DAY))
    assert not Room.objects.exists()


@pytest.mark.parametrize("text", ["7", "(1, 2, 3)", '["1"]', '["no", "2026-07-01", "1"]', "{}"])
def test_a_key_from_before_the_model_had_this_one_is_nobodys(
    line_model: Any, settings: Any, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ROOT_URLCONF = "tests.app.chat_urls"
    Room.objects.create(slug="line-7", title="Old", subject_type="auth.line", subject_id=text)
    assert Client().get("/chat/rooms/line-7/").status_code == 404
    assert "The policy failed" not in caplog.text


def test_a_uuid_is_the_same_however_it_is_written(doc_model: Any) -> None:
    room = teahouse.room_for(doc_model.objects.create(pk=ORDER.upper().replace("-", "")))
    assert room.slug == f"doc-{ORDER}"
    assert teahouse.room_for(doc_model.objects.get()) == teahouse.room_for(doc_model(pk=ORDER)) == room
