"""The form's token over HTTP, which a change by the cookie of a login brings, as the project's settings have it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory

from teahouse.api.doors import door_of
from teahouse.live.protocol import Problem

SECRET = "a" * 32

KINDS: list[tuple[dict[str, Any], str, str]] = [
    ({}, "the value of the cookie csrftoken as X-CSRFToken,", "X-CSRFToken"),
    ({"CSRF_COOKIE_NAME": "shop_csrf"}, "the value of the cookie shop_csrf as X-CSRFToken,", "X-CSRFToken"),
    (
        {"CSRF_HEADER_NAME": "HTTP_X_XSRF_TOKEN"},
        "the value of the cookie csrftoken as X-Xsrf-Token,",
        "X-XSRF-TOKEN",
    ),
    ({"CSRF_USE_SESSIONS": True}, "the token of a form (csrfmiddlewaretoken) as X-CSRFToken,", "X-CSRFToken"),
]


@pytest.mark.parametrize(("given", "words", "header"), KINDS)
def test_the_refusal_says_what_lets_in(settings: Any, given: dict[str, Any], words: str, header: str) -> None:
    for name, value in given.items():
        setattr(settings, name, value)
    with pytest.raises(Problem) as refused:
        door_of(_request(settings, {}))
    assert refused.value.code == "csrf"
    assert f"Send {words}" in refused.value.message
    assert door_of(_request(settings, {header: SECRET})).session_key == "mine"


def _request(settings: Any, headers: dict[str, str]) -> Any:
    request = RequestFactory().post("/chat/api/v1/rooms", headers=headers)
    request.COOKIES = {settings.SESSION_COOKIE_NAME: "mine"}
    request.session = {}  # type: ignore[assignment]
    kept = request.session if settings.CSRF_USE_SESSIONS else request.COOKIES
    kept["_csrftoken" if settings.CSRF_USE_SESSIONS else settings.CSRF_COOKIE_NAME] = SECRET
    return request
