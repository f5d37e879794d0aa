"""A room's page is put together from what was drawn before, and yet never shows what is no more, nor to whom it must
not. Each test has the page drawn first, so that what could be kept is kept. On both databases."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import HttpRequest
from django.test import Client, override_settings

from teahouse import database as databases
from teahouse import history
from teahouse.access import Grant, Speaker, room, speaker_of
from teahouse.actions import messages, people
from teahouse.journal import Journal
from teahouse.live.handshake import GUEST_COOKIE
from teahouse.models import Member, Message, Person, Room
from teahouse.web import last, shell
from tests.app.conftest import Database
from tests.app.telling import done, said


@pytest.fixture(autouse=True)
def chat(database: Database) -> Iterator[None]:
    with override_settings(ROOT_URLCONF="tests.app.chat_urls"):
        yield


@pytest.fixture
def alice(database: Database) -> Person:
    return people.make_guest("Alice")


def client_of(person: Person | None = None) -> Client:
    client = Client()
    if person is not None:
        client.cookies[GUEST_COOKIE] = people.ticket_for(person)
    return client


class Page:
    """A room's page, as somebody gets it."""

    def __init__(self, client: Client, name: str = "tea", **headers: str) -> None:
        answer = client.get(f"/chat/rooms/{name}/", headers=headers)
        self.status = answer.status_code
        # What is another each time: the form's token, and the key of the message that may be written in it.
        self.text = re.sub(r'(<input type="hidden" name="\w+") value="[^"]*"', r"\1", answer.content.decode())
        found = re.search(r'<script type="application/json">(.*?)</script>', self.text, re.DOTALL)
        assert found is not None
        self.data: dict[str, Any] = json.loads(found[1])
        self.drawn = self.text.replace(found[0], "")


def rights(person: Person) -> tuple[Speaker, Grant]:
    speaker = speaker_of(person)
    return speaker, room(speaker, "tea")[1]


def edit(running: Journal, alice: Person, message: int) -> None:
    done(running, messages.edit(*rights(alice), message, "better", None))


def delete(running: Journal, alice: Person, message: int) -> None:
    done(running, messages.delete(*rights(alice), message))


def react(running: Journal, alice: Person, message: int) -> None:
    done(running, messages.react(*rights(alice), message, "🍵", True))


def rename(_: Journal, alice: Person, message: int) -> None:
    people.rename_guest(alice.pk, "Alicia")


def retitle(_: Journal, alice: Person, message: int) -> None:
    Room.objects.filter(slug="tea").update(title="Green tea")


def rewrite(_: Journal, alice: Person, message: int) -> None:
    """With SQL, as an administrator does who knows nothing of the journal."""
    Message.objects.filter(pk=message).update(text="rewritten")


@pytest.mark.parametrize(
    ("change", "shows", "no_more"),
    [
        (edit, "better", "first"),
        (delete, "This message was deleted.", "first"),
        (react, '<span class="reaction"><span>🍵</span> 1</span>', None),
        (rename, "Alicia", "Alice<"),
        (retitle, "<h1>Green tea</h1>", "<h1>Tea</h1>"),
        (rewrite, "rewritten", "first"),
    ],
)
@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "in another thread"])
def test_a_change_is_on_the_next_page(
    running: Journal,
    tea: Room,
    alice: Person,
    change: Callable[[Journal, Person, int], None],
    shows: str,
    no_more: str | None,
    elsewhere: bool,
) -> None:
    (message,) = said(running, tea, alice, "first")
    client = client_of()
    before = Page(client)
    assert Page(client).text == before.text
    assert shows not in before.drawn
    assert no_more is None or no_more in before.drawn
    apply(lambda: change(running, alice, message), elsewhere=elsewhere)
    after = Page(client)
    assert shows in after.drawn
    assert no_more is None or no_more not in after.text.replace("key first", "")
    assert Page(client).text == after.text
    position = Room.objects.get(pk=tea.pk).seq
    assert after.data["history"]["position"] == {"epoch": tea.epoch, "seq": position}


def apply(run: Callable[[], Any], *, elsewhere: bool) -> None:
    """Runs it here, or on a connection of its own."""
    if not elsewhere:
        run()
        return

    def on_thread() -> None:
        try:
            run()
        finally:
            connection.close()

    thread = threading.Thread(target=on_thread)
    thread.start()
    thread.join()


def test_what_is_said_is_there_and_the_first_goes(running: Journal, tea: Room, alice: Person) -> None:
    client = client_of()
    assert "Nothing has been said here yet" in Page(client).drawn
    for number in range(52):
        said(running, tea, alice, f"message {number}!")
        assert f"message {number}!" in Page(client).drawn
    assert "Nothing has been said" not in Page(client).drawn
    assert [m["text"] for m in Page(client).data["history"]["messages"]] == [
        f"message {n}!" for n in range(2, 52)
    ]
    assert "message 1!" not in Page(client).text


# Who may read


def test_a_right_that_ends_ends_at_the_next_page(running: Journal, tea: Room, alice: Person) -> None:
    bob, charlie = people.make_guest("Bob"), people.make_guest("Charlie")
    said(running, tea, alice, "a secret")
    Member.objects.create(room=tea, person=bob, role=Member.Role.MEMBER)
    assert all(Page(client_of(who)).status == 200 for who in (bob, charlie, None)), "it is open"
    Room.objects.filter(pk=tea.pk).update(kind=Room.Kind.PRIVATE)
    for _ in range(2):
        assert "a secret" in Page(client_of(bob)).text
        for who in (charlie, None):
            refused = Page(client_of(who))
            assert refused.status == 404
            assert "secret" not in refused.text
            assert refused.data == {"missing": True, "you": history.who(who) if who else None}
    apply(lambda: Member.objects.filter(person=bob).delete(), elsewhere=True)
    assert "secret" not in Page(client_of(bob)).text
    apply(lambda: Member.objects.create(room=tea, person=charlie), elsewhere=True)
    assert "a secret" in Page(client_of(charlie)).text
    assert Page(client_of(bob)).status == 404


def test_everyone_is_told_their_own_name(running: Journal, tea: Room, alice: Person) -> None:
    bob = people.make_guest("Bob")
    for _ in range(2):
        for who in (alice, None, bob):
            page = Page(client_of(who))
            assert page.data["you"] == (history.who(who) if who else None)
            assert ('class="naming early-box"' in page.text) == (who is None)


# What readers see differently


def test_languages_and_themes_do_not_mix(running: Journal, tea: Room, alice: Person) -> None:
    done(running, messages.delete(*rights(alice), *said(running, tea, alice, "gone")))
    client = client_of()
    for _ in range(2):
        english, chinese = Page(client, accept_language="en"), Page(client, accept_language="zh-CN")
        assert 'lang="en"' in english.text
        assert "This message was deleted." in english.drawn
        assert 'lang="zh-hans"' in chinese.text
        assert "This message was deleted." not in chinese.drawn
        for theme in ("dark", "light", "blue"):
            client.cookies["teahouse_theme"] = theme
            assert (f'data-theme="{theme}"' in Page(client).text) == (theme != "blue")
        del client.cookies["teahouse_theme"]
        assert "data-theme" not in Page(client).text


def test_a_projects_own_base_is_drawn_each_time(
    tmp_path: Path, settings: Any, running: Journal, tea: Room, alice: Person
) -> None:
    said(running, tea, alice, "<b>tea & milk</b>")
    assert "<!doctype" in Page(client_of()).text
    (tmp_path / "teahouse").mkdir()
    base = "Agent {{ request.headers.user_agent }}: {% block content %}{% endblock %}"
    (tmp_path / "teahouse" / "base.html").write_text(base)
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    for agent in ("one", "two"):
        page = Page(client_of(), user_agent=agent)
        assert page.text.startswith(f"Agent {agent}: ")
        assert "&lt;b&gt;tea &amp; milk&lt;/b&gt;" in page.drawn
        assert page.data["history"]["messages"][0]["text"] == "<b>tea & milk</b>"
    assert shell.MARK not in page.text


# What a thread knows


def test_nothing_is_known_beyond_a_commit(tea: Room) -> None:
    databases.known()["key"] = "value"
    knows = connection.vendor == "sqlite"
    assert databases.known().get("key") == ("value" if knows else None)
    apply(tea.save, elsewhere=True)
    assert "key" not in databases.known()
    databases.known()["key"] = "value"
    tea.save()
    assert "key" not in databases.known(), "an own commit counts"


def test_a_request_asks_once(tea: Room) -> None:
    first, second = HttpRequest(), HttpRequest()
    databases.known_during(first)["key"] = "value"
    Room.objects.filter(pk=tea.pk).update(title="another")
    assert databases.known_during(first)["key"] == "value", "of the moment at which it asked"
    assert "key" not in databases.known_during(second)


def test_nothing_is_known_of_what_is_rolled_back(tea: Room) -> None:
    client = client_of()
    assert "<h1>Tea</h1>" in Page(client).drawn
    with transaction.atomic():
        Room.objects.filter(pk=tea.pk).update(title="Never")
        assert "<h1>Never</h1>" in Page(client).drawn
        transaction.set_rollback(True)
    assert "<h1>Tea</h1>" in Page(client).drawn


def test_a_thread_knows_a_few_rooms_only(database: Database) -> None:
    for number in range(last.REMEMBERED + 5):
        Room.objects.create(slug=f"room-{number}", title="Room")
    for number in range(last.REMEMBERED + 5):
        assert Page(client_of(), f"room-{number}").status == 200
        assert len(databases.known()) <= last.REMEMBERED
