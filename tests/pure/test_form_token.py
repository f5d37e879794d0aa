"""The token of a page's form is one that Django takes."""

from __future__ import annotations

from collections import Counter

from django.middleware import csrf
from django.middleware.csrf import CSRF_ALLOWED_CHARS
from django.test import RequestFactory

from teahouse.web.form_token import random_letters, token_for

# The stubs leave it out.
matches = csrf._does_token_match  # type: ignore[attr-defined]


def test_it_stands_for_the_secret_of_the_cookie() -> None:
    request = RequestFactory().get("/")
    first, second = token_for(request), token_for(request)
    secret = request.META["CSRF_COOKIE"]
    assert request.META["CSRF_COOKIE_NEEDS_UPDATE"]
    assert first != second, "each page has a mask of its own"
    assert len(first) == 64
    assert matches(first, secret)
    assert matches(second, secret)
    assert not matches(first, random_letters())


def test_a_cookie_that_is_there_is_kept_and_one_that_cannot_be_is_not() -> None:
    request = RequestFactory().get("/")
    request.META["CSRF_COOKIE"] = "a" * 32
    assert matches(token_for(request), "a" * 32)
    request.META["CSRF_COOKIE"] = "short"
    token_for(request)
    assert len(request.META["CSRF_COOKIE"]) == 32


def test_each_letter_is_as_likely_as_the_others() -> None:
    found = Counter("".join(random_letters() for _ in range(6200)))
    assert found.keys() == set(CSRF_ALLOWED_CHARS)
    # 3,200 of each are to be expected; 57 is the standard deviation.
    assert all(2_800 < count < 3_600 for count in found.values())
