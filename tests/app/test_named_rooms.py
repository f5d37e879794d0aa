"""`manage.py teahouse_room`: a room with a name, before anybody has opened its page."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

import teahouse
from teahouse import testing
from teahouse.models import Member, Room
from tests.app.conftest import Database
from tests.app.journals import move_all


def test_what_refuses_to_speak_says_how_the_room_is_made(database: Database) -> None:
    """In a project that has just been made, whose code speaks before anybody came."""
    status, told = database.manage("teahouse_post", "Main", "Deployed.")
    assert (status, told.count("\n")) == (1, 1)
    command, name = told.split()[-2:]
    assert database.manage(command, name.strip("'"), "--title", "The main room") == (0, "Made: main\n")
    assert database.manage("teahouse_post", "Main", "Deployed.") == (0, "")
    move_all()
    assert testing.posted("main") == ["Deployed."]


def test_it_is_made_once_and_stays_as_it_is(database: Database) -> None:
    call_command("teahouse_room", "main", title="Main", verbosity=0)
    first = Room.objects.get()
    assert (first.slug, first.title, first.kind, first.made_by_id) == ("main", "Main", "open", None)
    assert not Member.objects.exists()
    assert database.manage("teahouse_room", "main", "--title", "Another") == (0, "There already: main\n")
    again = Room.objects.get()
    assert (again.epoch, again.title) == (first.epoch, "Main")


def test_a_name_is_its_title_where_none_is_given(database: Database) -> None:
    call_command("teahouse_room", "Teegäste", verbosity=0)
    assert list(Room.objects.values_list("slug", "title")) == [("teegäste", "Teegäste")]


@pytest.mark.parametrize(
    ("name", "options", "right"),
    [
        ("two words", {}, "1 to 64 letters, digits, hyphens and underscores"),
        ("main", {"title": "x" * 121}, "at most 120 characters; this one has 121"),
        ("secret", {}, "of one that is not open"),
        ("user-7", {}, "the name of a room on an object"),
        ("user-1", {}, "the name of a room on an object"),
    ],
)
def test_what_it_refuses(database: Database, name: str, options: dict[str, str], right: str) -> None:
    from django.contrib.auth import get_user_model

    Room.objects.create(slug="secret", title="Secret", kind="private")
    user = get_user_model().objects.create_user("mei")
    on_object = teahouse.room_for(user)
    before = set(Room.objects.values_list("slug", "title"))
    name = on_object.slug if name == "user-1" else name
    with pytest.raises(CommandError, match=right):
        call_command("teahouse_room", name, **options)
    assert set(Room.objects.values_list("slug", "title")) == before
