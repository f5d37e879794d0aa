"""The room on an object: one for each, whoever asks first, with a name of its own, part of the caller's transaction."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from copy import copy
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.apps import apps
from django.contrib.auth.models import AnonymousUser, Group, User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import connection, connections, transaction
from django.utils.functional import SimpleLazyObject

import teahouse
from teahouse import subjects, testing
from teahouse.models import Person, Room
from teahouse.models.rooms import slug_of
from tests.app.conftest import Database
from tests.app.journals import move_all


class Failed(Exception):
    pass


def test_one_room_for_each_object(database: Database) -> None:
    tea, cake = Group.objects.create(name="Tea"), Group.objects.create(name="Cake")
    room = teahouse.room_for(tea)
    assert (room.slug, room.title, room.kind) == (f"group-{tea.pk}", "Tea", "open")
    assert teahouse.room_for(Group.objects.get(pk=tea.pk)) == room
    assert teahouse.room_for(cake) != room
    assert async_to_sync(teahouse.aroom_for)(tea) == room


def test_a_user_as_the_request_has_it(database: Database) -> None:
    mei = User.objects.create_user("mei")
    lazy: Any = SimpleLazyObject(lambda: mei)
    room = teahouse.room_for(lazy)
    assert (room.slug, room) == (f"user-{mei.pk}", teahouse.room_for(mei))
    teahouse.post(lazy, "Tea?", by=lazy)
    assert testing.posted(lazy) == ["Tea?"]
    teahouse.rights_changed(lazy, lazy)
    nobody: Any = SimpleLazyObject(AnonymousUser)
    for asked in (teahouse.room_for, testing.posted):
        with pytest.raises(TypeError, match="object"):
            asked(nobody)


def test_kind_and_title_are_of_the_first_time(database: Database) -> None:
    group = Group.objects.create(name="Tea")
    room = teahouse.room_for(group, kind="private", title="  Buyers " + "x" * 200)
    assert room.kind == "private"
    assert room.title == ("Buyers " + "x" * 200)[:120]
    assert teahouse.room_for(group, kind="open", title="Else") == room
    assert Room.objects.get(pk=room.pk).title == room.title


def test_with_a_policy_nobody_reads_it_whom_the_policy_does_not_let(
    database: Database, settings: Any
) -> None:
    settings.TEAHOUSE = {"POLICY": "teahouse.Policy"}
    assert teahouse.room_for(Group.objects.create(name="Tea")).kind == "private"


@pytest.mark.parametrize(
    ("obj", "error", "said"),
    [
        ("main", TypeError, "on an object of a model"),
        (Group(name="new"), ValueError, "not saved yet"),
    ],
)
def test_what_has_no_room(obj: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        teahouse.room_for(obj)


def test_what_has_a_key_before_it_is_saved_has_no_room_until_then(database: Database) -> None:
    key = "5f2c8b0e7d544f0e9a516c1f0a1b2c3d"
    early = Session(session_key=key, expire_date=datetime.now(UTC))
    for use in (teahouse.room_for, partial(teahouse.post, text="Tea?")):
        with pytest.raises(ValueError, match="not saved yet"):
            use(early)
    assert not Room.objects.exists()
    by_hand = Session(session_key=key)
    with transaction.atomic():
        early.save()
        room = teahouse.room_for(early)
        assert room.slug == f"session-{key}"
    Room.objects.all().delete()
    assert teahouse.room_for(by_hand).slug == room.slug, "a row of this key is there"


def test_there_are_two_kinds(database: Database) -> None:
    with pytest.raises(ValueError, match="open or private, not 'direct'"):
        teahouse.room_for(Group.objects.create(name="Tea"), kind="direct")


def test_a_name_that_somebody_has_taken_is_not_the_room(database: Database) -> None:
    """A guest may have made `group-7` before there was a group of that number."""
    group = Group.objects.create(name="Tea")
    squatted = Room.objects.create(slug=f"group-{group.pk}", title="mine")
    room = teahouse.room_for(group)
    assert room != squatted
    assert room.slug.startswith(f"group-{group.pk}-")
    assert teahouse.room_for(group) == room


def test_models_of_one_name_in_two_apps(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    models = [*apps.get_models(), ContentType, Group]
    group = Group.objects.create(name="Tea")
    with monkeypatch.context() as patched:
        patched.setattr(apps, "get_models", lambda: models)
        assert teahouse.room_for(group).slug == f"auth-group-{group.pk}"


@pytest.mark.parametrize(
    ("pk", "begins"),
    [
        ("7", "7"),
        ("5f2c8b0e-7d54-4f0e-9a51-6c1f0a1b2c3d", "5f2c8b0e-7d54-4f0e-9a51-6c1f0a1b2c3d"),
        ("a/b", "a-b-"),
        ("ABC", "abc-"),
        ("x" * 200, "xxxxxxxxxxxx-"),
        ("../", "-"),
    ],
)
def test_any_key_gives_a_name_that_a_room_can_have(pk: str, begins: str) -> None:
    name = f"{'n' * 27}-{subjects._in_a_name(pk)}"
    assert slug_of(name) == name
    assert subjects._in_a_name(pk).startswith(begins) or begins == "-"
    assert subjects._in_a_name(pk) != subjects._in_a_name(pk + "!")


def test_keys_that_look_alike_have_rooms_of_their_own() -> None:
    assert len({subjects._in_a_name(key) for key in ("abc", "ABC", "a/b", "a.b", "a-b")}) == 5


def test_many_who_ask_first_at_once_get_one(database: Database) -> None:
    group = Group.objects.create(name="Tea")

    def ask(_: int) -> int:
        try:
            return teahouse.room_for(group).pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(ask, range(24)))) == 1
    assert Room.objects.filter(subject_id=str(group.pk)).count() == 1


def test_it_is_part_of_the_callers_transaction(database: Database) -> None:
    with suppress(Failed), transaction.atomic():
        group = Group.objects.create(name="Tea")
        teahouse.post(group, "A new group.")
        raise Failed
    assert not Room.objects.exists()
    with transaction.atomic():
        group = Group.objects.create(name="Tea")
        teahouse.post(group, "A new group.")
    move_all()
    assert testing.posted(f"group-{group.pk}") == ["A new group."]


def test_a_deleted_user_is_a_person_still(database: Database) -> None:
    from teahouse.actions.people import ensure_person

    user = User.objects.create_user("mei")
    person = ensure_person(user)
    User.objects.all().delete()
    assert Person.objects.get(pk=person.pk).user_id is None


def test_older_tables_lose_their_constraints_on_users(database: Database) -> None:
    """Users may be in another database; tables that were made before that was so have a constraint."""
    migration: Any = import_module("teahouse.migrations.0009_subjects")
    model: Any = Person

    def refers_to_users() -> bool:
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, "teahouse_person")
        return any(one["foreign_key"] and one["columns"] == ["user_id"] for one in found.values())

    field = model._meta.get_field("user")
    before = copy(field)
    before.db_constraint = True
    person = Person.objects.create(
        kind="user", name="mei", name_key="mei", user=User.objects.create_user("mei")
    )
    with connection.schema_editor() as editor:
        editor.alter_field(model, field, before)
    assert refers_to_users()
    with connection.schema_editor() as editor:
        migration.drop_constraints(apps, editor)
    assert not refers_to_users()
    assert Person.objects.get() == person
