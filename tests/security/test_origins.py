"""Whose pages may open a socket, and ask over HTTP, in a project that sets no address of the site."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.conf import settings as django
from django.test import RequestFactory
from pytest_django import Settings

from teahouse.api.doors import door_of
from teahouse.live.handshake import handshake
from teahouse.live.protocol import Problem

NAMED = {"ALLOWED_HOSTS": ["shop.test"]}
DOMAIN = {"ALLOWED_HOSTS": [".shop.test"]}
ANY = {"ALLOWED_HOSTS": ["*"]}
TRUSTED = {"CSRF_TRUSTED_ORIGINS": ["https://shop.test", "https://*.partner.test"]}
BEHIND = {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")}
PASSED_ON = {"USE_X_FORWARDED_HOST": True}
TLS = {"X-Forwarded-Proto": "https"}
SITE = {"TEAHOUSE": {"URL": "https://chat.test"}}

LET_IN = [
    (NAMED, "http://shop.test", "shop.test", {}),
    (NAMED, "http://shop.test:8000", "Shop.test:8000", {}),
    (NAMED | BEHIND, "https://shop.test", "shop.test", TLS),
    (NAMED | PASSED_ON, "http://shop.test", "10.0.0.7:8000", {"X-Forwarded-Host": "shop.test"}),
    (NAMED | TRUSTED, "https://shop.test", "shop.test", {}),
    (NAMED | TRUSTED, "https://shop.test", "10.0.0.7:8000", {}),
    (ANY | TRUSTED, "https://shop.test", "shop.test", {}),
    ({"ALLOWED_HOSTS": ["*", "shop.test"]}, "http://shop.test", "shop.test", {}),
    (DOMAIN, "http://a.shop.test", "a.shop.test", {}),
    (ANY, "http://127.0.0.1:8000", "127.0.0.1:8000", {}),
    ({"ALLOWED_HOSTS": [], "DEBUG": True}, "http://localhost:8000", "localhost:8000", {}),
    (ANY | BEHIND, "https://[::1]", "[::1]", TLS),
    (SITE, "https://chat.test", "10.0.0.7", {}),
]
REFUSED = [
    # Somebody else's name that was pointed here.
    (ANY, "http://evil.test", "evil.test", {}),
    (ANY | TRUSTED, "http://evil.test", "evil.test", {}),
    (NAMED, "http://evil.test", "evil.test", {}),
    ({"ALLOWED_HOSTS": [], "DEBUG": True}, "http://evil.test", "evil.test", {}),
    (DOMAIN, "http://evilshop.test", "evilshop.test", {}),
    # A page of somebody else.
    (NAMED, "http://evil.test", "shop.test", {}),
    (NAMED, "null", "shop.test", {}),
    (NAMED, "http://", "", {}),
    (NAMED, "http://shop.test:x", "shop.test:x", {}),
    (DOMAIN, "http://a.shop.test", "b.shop.test", {}),
    # Another port of the same host, or another scheme than that of the site.
    (NAMED, "http://shop.test:9000", "shop.test:8000", {}),
    (NAMED | BEHIND, "http://shop.test", "shop.test", TLS),
    (NAMED | TRUSTED, "http://shop.test:9000", "shop.test", {}),
    # Headers that the settings do not believe.
    (NAMED, "https://shop.test", "shop.test", TLS),
    (ANY, "http://evil.test", "127.0.0.1", {"X-Forwarded-Host": "evil.test"}),
    # May send forms, but is not this site.
    (NAMED | TRUSTED, "https://a.partner.test", "shop.test", {}),
    # The address of the site is the only one.
    (SITE | NAMED | TRUSTED, "https://shop.test", "shop.test", {}),
    (SITE | NAMED, "http://chat.test", "chat.test", {}),
]


def is_let_in(settings: Settings, given: dict[str, Any], origin: str, host: str, more: Any) -> bool:
    for name, value in given.items():
        setattr(settings, name, value)
    headers = {"Origin": origin, "Host": host, "Cookie": f"{django.SESSION_COOKIE_NAME}=mine", **more}
    scope = {
        "type": "websocket",
        "path": "/chat/ws/",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 40_000),
    }
    door = handshake(scope)
    assert door.session_key == (None if door.origin_is_wrong else "mine")
    assert _asks(headers) == (not door.origin_is_wrong)
    return not door.origin_is_wrong


def _asks(headers: dict[str, str]) -> bool:
    """The same over HTTP, which has the same rule."""
    try:
        door_of(RequestFactory().get("/chat/api/v1/rooms", headers=headers))
    except Problem as problem:
        assert problem.code == "forbidden"
        return False
    return True


@pytest.mark.parametrize(("given", "origin", "host", "more"), LET_IN)
def test_a_page_of_the_site(
    settings: Settings, given: dict[str, Any], origin: str, host: str, more: dict[str, str]
) -> None:
    assert is_let_in(settings, given, origin, host, more)


@pytest.mark.parametrize(("given", "origin", "host", "more"), REFUSED)
def test_a_page_of_somebody_else(
    settings: Settings, given: dict[str, Any], origin: str, host: str, more: dict[str, str]
) -> None:
    assert not is_let_in(settings, given, origin, host, more)


@pytest.mark.parametrize(
    ("scheme", "origin", "right"),
    [
        ("wss", "https://shop.test", True),
        ("https", "https://shop.test", True),
        ("ws", "http://shop.test", True),
        ("http", "http://shop.test", True),
        ("wss", "http://shop.test", False),
        ("https", "http://shop.test", False),
        ("ws", "https://shop.test", False),
    ],
)
def test_what_the_server_knows_of_tls(settings: Settings, scheme: str, origin: str, right: bool) -> None:
    """Of its own, or from a proxy that it believes; what the lines over HTTP bring is said in HTTP's words."""
    settings.ALLOWED_HOSTS = ["shop.test"]
    headers = [(b"origin", origin.encode()), (b"host", b"shop.test")]
    scope = {"type": "websocket", "path": "/chat/ws/", "scheme": scheme, "headers": headers}
    assert handshake(scope).origin_is_wrong != right


def test_headers_that_a_socket_has_no_use_for(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["shop.test"]
    headers = [(b"origin", b"http://shop.test"), (b"host", b"shop.test")]
    headers += [(b"content-type", b"text/plain; charset*=no-such''%ff"), (b"content-length", b"many")]
    assert not handshake({"type": "websocket", "path": "/ws/", "headers": headers}).origin_is_wrong


def test_the_log_names_each_origin_once(
    settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no more of them than somebody could fill a disk with."""
    told: set[str] = set()
    monkeypatch.setattr("teahouse.live.handshake._told", told)
    caplog.set_level(logging.WARNING, "teahouse.handshake")
    for _ in range(3):
        is_let_in(settings, NAMED, "https://shop.test", "shop.test", {})
    (record,) = caplog.records
    assert "A page of 'https://shop.test' was not let in" in record.getMessage()
    for number in range(200):
        is_let_in(settings, NAMED, f"https://{number}.evil.test\n" + "x" * 5000, "shop.test", {})
    assert len(caplog.records) == 100
    assert max(len(record.getMessage()) for record in caplog.records) < 500
    assert not any("\n" in record.getMessage() for record in caplog.records)
