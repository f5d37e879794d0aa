"""Pages and sockets below whatever a project puts before them: a word, each language's own, the name of a script."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from django.conf.urls.i18n import i18n_patterns
from django.middleware.locale import LocaleMiddleware
from django.urls import include, path

from teahouse.actions.rooms import make_main
from teahouse.client import SyncClient, Unreachable
from teahouse.testing import Server

pytestmark = pytest.mark.django_db(transaction=True)


class InLanguages:
    urlpatterns = i18n_patterns(path("chat/", include("teahouse.urls")))


class ButEnglish:
    urlpatterns = i18n_patterns(path("chat/", include("teahouse.urls")), prefix_default_language=False)


class WithLogin:
    urlpatterns = (
        path("chat/", include("teahouse.urls")),
        path("accounts/", include("django.contrib.auth.urls")),
    )


class InChinese:
    urlpatterns = (path("茶/", include("teahouse.urls")),)


@pytest.fixture(autouse=True)
def main(transactional_db: None) -> None:
    make_main()


def works_below(server: Server, *prefixes: str, named: str | None = None) -> None:
    """The page names the socket beside itself; there somebody speaks, and hears of it over HTTP."""
    for prefix in prefixes:
        page = httpx.get(f"{server.url}{prefix}")
        assert re.findall(r' ws="([^"]+)"', page.text)[0] == f"{named or prefix}ws/"
        with SyncClient(f"{server.url}{prefix}", name="Mei") as mei:
            said = mei.room("main").send(f"at {prefix}")
            ticket = {"Authorization": f"Bearer {mei.ticket}"}
        events = httpx.get(f"{server.url}{prefix}api/v1/rooms/main/events?offset=-1", headers=ticket).json()
        assert events[-1]["message"]["id"] == said["message"]
        frames = httpx.post(
            f"{server.url}{prefix}frames/", json={"id": 1, "do": "hello", "v": 1, "name": "Bo"}
        )
        assert frames.headers["Content-Type"].startswith("application/x-ndjson"), frames.text


def test_below_a_prefix_for_each_language(settings: Any) -> None:
    settings.ROOT_URLCONF = InLanguages
    settings.LANGUAGES = [("en", "English"), ("zh-hans", "中文")]
    settings.LANGUAGE_CODE = "en-us"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
    with Server() as server:
        assert server.prefix == "/en/chat/"
        works_below(server, "/zh-hans/chat/", "/en/chat/")
        with pytest.raises(Unreachable, match="no chat"), SyncClient(f"{server.url}/chat/", name="Mei"):
            pass


class OwnLanguages(LocaleMiddleware):
    """What a project makes of Django's."""


def test_the_language_is_that_of_the_projects_own_middleware(settings: Any) -> None:
    """Pages are in the language of their address, whatever the browser would rather have."""
    settings.ROOT_URLCONF = InLanguages
    settings.LANGUAGES = [("en", "English"), ("zh-hans", "中文")]
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.OwnLanguages"]
    with Server() as server:
        page = httpx.get(f"{server.url}/zh-hans/chat/", headers={"Accept-Language": "en"})
    assert '<html lang="zh-hans"' in page.text


def test_below_a_prefix_for_each_language_but_one(settings: Any) -> None:
    settings.ROOT_URLCONF = ButEnglish
    settings.LANGUAGES = [("en", "English"), ("zh-hans", "中文")]
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
    with Server() as server:
        works_below(server, "/zh-hans/chat/", "/chat/")


def test_below_the_name_of_a_script(settings: Any) -> None:
    """`FORCE_SCRIPT_NAME`, behind a proxy that takes it off and behind one that leaves it."""
    settings.ROOT_URLCONF = "tests.app.chat_urls"
    settings.FORCE_SCRIPT_NAME = "/shop"
    with Server() as server:
        works_below(server, "/shop/chat/", "/chat/", named="/shop/chat/")


def test_below_chinese_words(settings: Any) -> None:
    settings.ROOT_URLCONF = InChinese
    with Server() as server:
        works_below(server, "/%E8%8C%B6/")


def test_where_people_sign_in_is_found_below_the_name_of_a_script(settings: Any) -> None:
    settings.ROOT_URLCONF = WithLogin
    settings.FORCE_SCRIPT_NAME = "/shop"
    with Server() as server:
        here, whole = "next=/shop/chat/", f"next=http%3A//127.0.0.1%3A{server.port}/shop/chat/"
        for login, shown in (
            ("login", {f"/shop/accounts/login/?{here}"}),
            ("/shop/accounts/login/", {f"/shop/accounts/login/?{here}"}),
            ("/shop/accounts/login/?by=mail", {f"/shop/accounts/login/?by=mail&amp;{here}"}),
            (f"{server.url}/shop/accounts/login/", {f"{server.url}/shop/accounts/login/?{here}"}),
            ("https://sso.example.org/", {f"https://sso.example.org/?{whole}"}),
            ("//sso.example.org/", {f"//sso.example.org/?{whole}"}),
            ("/shop/nowhere/", set()),
            ("nowhere", set()),
        ):
            settings.LOGIN_URL = login
            page = httpx.get(f"{server.url}/shop/chat/").text
            assert set(re.findall(r' signin="([^"]*)"', page)) - {""} == shown, login


def test_who_has_to_sign_in_on_another_host_comes_back_to_this_one(settings: Any) -> None:
    settings.ROOT_URLCONF = WithLogin
    settings.LOGIN_URL = "https://sso.example.org/"
    settings.TEAHOUSE = {"GUESTS": False}
    with Server() as server:
        for page in ("/chat/", "/chat/rooms/"):
            led = httpx.get(f"{server.url}{page}").headers["Location"]
            assert led == f"https://sso.example.org/?next=http%3A//127.0.0.1%3A{server.port}{page}"
