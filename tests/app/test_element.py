"""The tag in a template of a project: what it draws, for whom, and what it says where something is missing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils.functional import SimpleLazyObject
from pytest_django.plugin import DjangoDbBlocker

import teahouse
from teahouse.actions import people
from teahouse.models import Message, Room
from tests.app.conftest import emptied


@pytest.fixture(autouse=True)
def _addresses(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.app.chat_urls"


@pytest.fixture
def tea(
    sqlite_database: dict[str, Any], tmp_path: Path, django_db_blocker: DjangoDbBlocker
) -> Iterator[Group]:
    for _ in emptied(sqlite_database, tmp_path, django_db_blocker):
        yield Group.objects.create(name="Tea <& cake>")


def request(user: Any = None, **headers: str) -> HttpRequest:
    made: Any = RequestFactory().get("/groups/1/", headers=headers)
    made.user = user or AnonymousUser()
    return made  # type: ignore[no-any-return]


def drawn(template: str, asked: HttpRequest | None = None, **context: Any) -> str:
    given = Context({"request": asked or request(), **context})
    return Template("{% load teahouse %}" + template).render(given)


def test_the_room_on_an_object_with_its_addresses(tea: Group) -> None:
    user = User.objects.create_user("mei")
    html = drawn("{% teahouse_room group %}", request(user), group=tea)
    assert f'<teahouse-room room="group-{tea.pk}" ws="/chat/ws/" guest="/chat/guest/" home="/chat/"' in html
    assert '<script type="module" src="/static/teahouse/chat.js"></script>' in html
    found = re.search(r'<script type="application/json">(.*?)</script>', html)
    assert found is not None
    first = json.loads(found[1])
    assert first["you"]["name"] == "mei"
    assert first["room"]["title"] == "Tea <& cake>"
    assert first["history"]["messages"] == []
    assert "<& cake>" not in html, "a title ends no script"


def test_the_last_messages_are_there_before_any_script_and_without_one(tea: Group) -> None:
    room, mei = teahouse.room_for(tea), people.make_guest("Mei")
    Message.objects.create(
        room=room, person=mei, key="k", seq=1, rev=1, at=room.created_at, text="</script><b>hot</b>"
    )
    html = drawn("{% teahouse_room group %}", group=tea)
    assert html.count("</script>") == 2, "of the module and of the data"
    assert "<b>hot" not in html
    plain = html.partition("<noscript>")[2]
    assert "&lt;b&gt;hot&lt;/b&gt;" in plain
    assert f'<a href="/chat/rooms/group-{tea.pk}/">' in plain
    assert "hot" not in drawn("{% teahouse_room group history=False %}", group=tea)


def test_the_script_stands_once_on_a_page(tea: Group) -> None:
    other = Group.objects.create(name="Cake")
    html = drawn("{% teahouse_room one %}{% teahouse_room two %}", one=tea, two=other)
    assert html.count("<teahouse-room ") == 2
    assert html.count("chat.js") == 1


def test_attributes(tea: Group) -> None:
    html = drawn(
        "{% teahouse_room group class=name counts_in_title=True at=None %}", group=tea, name='"><script>'
    )
    opening = html.partition("<teahouse-room")[2].partition(">")[0]
    assert 'class="&quot;&gt;&lt;script&gt;"' in html
    assert " counts-in-title" in html.partition('<script type="application')[0]
    assert "at=" not in opening


@pytest.mark.parametrize(
    ("headers", "back"),
    [
        ({}, "/groups/1/"),
        ({"HX-Current-URL": "http://testserver/tea/?page=2#top"}, "/tea/%3Fpage%3D2"),
        ({"HX-Current-URL": "http://testserver/tea/", "HX-Boosted": "true"}, "/groups/1/"),
        ({"HX-Current-URL": "https://evil.example/tea/"}, "/groups/1/"),
        ({"HX-Current-URL": "javascript://testserver/%0aalert(1)"}, "/groups/1/"),
        ({"HX-Current-URL": "http://testserver//evil.example/"}, "/%252Fevil.example/"),
        ({"HX-Current-URL": "http://[::1/"}, "/groups/1/"),
    ],
)
def test_who_signs_in_comes_back_to_the_page_and_not_to_its_fragment(
    tea: Group, settings: Any, headers: dict[str, str], back: str
) -> None:
    settings.LOGIN_URL = "https://testserver/sign-in/"
    html = drawn("{% teahouse_room group %}", request(**headers), group=tea)
    assert f'signin="https://testserver/sign-in/?next=http%3A//testserver{back}"' in html


def test_a_room_and_a_name_will_do_and_no_name_makes_a_room(tea: Group) -> None:
    room = teahouse.room_for(tea)
    for given in (room, room.slug):
        assert f'room="{room.slug}"' in drawn("{% teahouse_room given %}", given=given)
    for written, shown in (('"<b>no</b>"', "<b>no</b>"), ("text", "&lt;b&gt;no&lt;/b&gt;")):
        told = drawn(f'{{% teahouse_room "nowhere" otherwise={written} %}}', text="<b>no</b>")
        assert told == shown, "what the template's author wrote is HTML, and a variable is not"
    assert Room.objects.count() == 1


def test_who_may_not_see_it_sees_nothing_or_what_is_said_instead(tea: Group, settings: Any) -> None:
    settings.TEAHOUSE = {"POLICY": "tests.app.test_verdicts.InGroup"}
    member, outsider = User.objects.create_user("in"), User.objects.create_user("out")
    member.groups.add(tea)
    assert "<teahouse-room" in drawn("{% teahouse_room group %}", request(member), group=tea)
    for asked in (request(outsider), request()):
        assert drawn("{% teahouse_room group %}", asked, group=tea) == ""
        assert drawn('{% teahouse_room group otherwise="Sign in." %}', asked, group=tea) == "Sign in."
        assert drawn("{% teahouse_unread group %}", asked, group=tea) == "0"


def test_the_room_of_who_looks_at_the_page(tea: Group) -> None:
    mei = User.objects.create_user("mei")
    lazy, nobody = SimpleLazyObject(lambda: mei), SimpleLazyObject(AnonymousUser)
    html = drawn("{% teahouse_room user %}", request(mei), user=lazy)
    assert f'<teahouse-room room="user-{mei.pk}"' in html
    assert drawn("{% teahouse_unread user %}", request(mei), user=lazy) == "0"
    for written in ('{% teahouse_room user otherwise="Sign in." %}', "{% teahouse_unread user %}"):
        assert drawn(written, user=nobody) in ("Sign in.", "0")


def test_where_guests_are_not_let_in_who_is_not_signed_in_sees_nothing(tea: Group, settings: Any) -> None:
    settings.TEAHOUSE = {"GUESTS": False}
    mei = User.objects.create_user("mei")
    assert drawn("{% teahouse_room group %}", group=tea) == ""
    assert "<teahouse-room" in drawn("{% teahouse_room group %}", request(mei), group=tea)


def test_what_is_missing_is_named_with_the_line(tea: Group, settings: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"django\.template\.context_processors\.request"):
        Template("{% load teahouse %}{% teahouse_room group %}").render(Context({"group": tea}))
    included = Template("{% load teahouse %}{% teahouse_unread group %}")
    context: dict[str, Any] = {"request": request(), "group": tea, "part": included}
    with pytest.raises(
        ImproperlyConfigured, match=r"no `request`.*\{% include … with request=request only %\}"
    ):
        drawn("{% include part with group=group only %}", **context)
    assert drawn("{% include part with group=group request=request only %}", **context) == "0"
    settings.ROOT_URLCONF = "tests.urls"
    with pytest.raises(ImproperlyConfigured, match=r'path\("chat/", include\("teahouse\.urls"\)\)'):
        drawn("{% teahouse_room group %}", group=tea)
