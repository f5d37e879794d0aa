"""Scripts have the nonce of the page's content security policy, and no nonce is made where none is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.util import find_spec
from itertools import count
from typing import Any, Final

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.http import HttpRequest, HttpResponse
from django.template import Context, RequestContext, Template
from django.test import Client, RequestFactory
from django.utils.functional import SimpleLazyObject, empty

from teahouse.actions import rooms
from tests.app.conftest import Database

ATTRIBUTES: Final = ["csp_nonce", *(["_csp_nonce"] if find_spec("django.middleware.csp") else [])]
"""Where django-csp puts it, and Django from 6.0 on."""
SCRIPTS: Final = re.compile(r'<(?:script type="module"|link rel="modulepreload")[^>]*>')
_numbers: Final = count(1)


class LazyNonce(SimpleLazyObject):  # type: ignore[type-arg]
    """As that of Django: false until somebody has asked for it."""

    def __init__(self) -> None:
        super().__init__(lambda: f"number-{next(_numbers)}")

    def __bool__(self) -> bool:
        return self.is_made

    @property
    def is_made(self) -> bool:
        return self._wrapped is not empty


def csp(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def respond(request: Any) -> HttpResponse:
        nonce = request.csp_nonce = LazyNonce()
        response = get_response(request)
        response["X-Nonce"] = str(nonce) if nonce else ""
        return response

    return respond


@pytest.fixture(autouse=True)
def _addresses(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.app.chat_urls"


@pytest.mark.parametrize("path", ["", "rooms/", "rooms/nowhere/", "offline/"])
def test_each_page_has_its_own(database: Database, settings: Any, path: str) -> None:
    rooms.make_main()
    bare = Client().get(f"/chat/{path}").content.decode()
    assert SCRIPTS.search(bare)
    assert "nonce" not in bare
    settings.MIDDLEWARE = [f"{__name__}.csp", *settings.MIDDLEWARE]
    seen = set()
    for _ in range(2):
        answer = Client().get(f"/chat/{path}")
        html, nonce = answer.content.decode(), answer["X-Nonce"]
        scripts = SCRIPTS.findall(html)
        assert scripts
        assert all(f' nonce="{nonce}"' in script for script in scripts), scripts
        assert re.sub(' nonce="[^"]*"', "", html) == bare
        seen.add(nonce)
    assert len(seen - {""}) == 2


def test_what_has_no_script_has_none(database: Database, settings: Any) -> None:
    settings.MIDDLEWARE = [f"{__name__}.csp", *settings.MIDDLEWARE]
    assert Client().get("/chat/guest/")["X-Nonce"] == ""


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_the_tag_asks_for_it_when_it_writes_the_script(database: Database, attribute: str) -> None:
    asked: Any = RequestFactory().get("/groups/1/")
    asked.user, nonce = AnonymousUser(), LazyNonce()
    setattr(asked, attribute, nonce)
    context = Context({"request": asked, "group": Group.objects.create(name="Tea"), "user": asked.user})
    Template("{% load teahouse %}{% teahouse_room user %}{% teahouse_unread group %}").render(context)
    assert not nonce.is_made
    html = Template("{% load teahouse %}{% teahouse_room group %}{% teahouse_room group %}").render(context)
    assert html.count(" nonce=") == 1
    assert f'<script type="module" src="/static/teahouse/chat.js" nonce="{nonce}"></script>' in html


def test_a_script_of_the_projects_own(settings: Any) -> None:
    asked: Any = RequestFactory().get("/")
    written = Template("{% load teahouse %}<script{% teahouse_nonce %}></script>")
    assert written.render(Context()) == written.render(RequestContext(asked)) == "<script></script>"
    asked.csp_nonce = '"><b>'
    assert written.render(RequestContext(asked)) == '<script nonce="&quot;&gt;&lt;b&gt;"></script>'
