"""Who is signed in, for the pages of accounts: a person with an account, an owner, and one who has shown lately that it
is them. Signed in for weeks is enough to talk; what would let a borrowed browser keep an account asks for the password.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from teahouse import database, proof
from teahouse.actions import people
from teahouse.models import Person
from teahouse.server import accounts, tries

View = Callable[..., HttpResponse]


class PasswordForm(forms.Form):
    """The password, typed once more."""

    password = forms.CharField(
        label=gettext_lazy("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )


def person_of(request: HttpRequest) -> Person:
    """The person who is signed in.

    Raises:
        PermissionDenied: they were deactivated, though their account was not.
    """
    user = request.user
    person = people.known_person(user) or database.write(partial(people.ensure_person, user))
    if person.deactivated_at is not None:
        raise PermissionDenied
    return person


def account_page(view: View) -> View:
    """A page of one's own account, kept by nobody."""

    @wraps(view)
    def looked(request: HttpRequest, *args: Any, **more: Any) -> HttpResponse:
        person_of(request)
        return view(request, *args, **more)

    return never_cache(login_required(looked))


def owner_page(view: View) -> View:
    """A page for owners."""

    @wraps(view)
    def looked(request: HttpRequest, *args: Any, **more: Any) -> HttpResponse:
        if not person_of(request).is_owner:
            raise PermissionDenied
        return view(request, *args, **more)

    return account_page(looked)


def after_recent_sign_in(view: View) -> View:
    """Who typed the password longer ago does so again, and comes back to the page."""

    @wraps(view)
    def looked(request: HttpRequest, *args: Any, **more: Any) -> HttpResponse:
        if proof.is_recent(request.session):
            return view(request, *args, **more)
        # A form that was sent is not kept: it is filled in once more.
        back = request.path if request.method == "GET" else request.POST.get("page") or request.path
        return redirect(f"{reverse('confirm')}?{urlencode({'next': back})}")

    return looked


@account_page
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """`/account/confirm/?next=…`: the password once more."""
    if wait := tries.wait(request, request.user.get_username()):
        return accounts.too_many(request, wait)
    following = accounts.following(request)
    form = PasswordForm(request.POST if request.method == "POST" else None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        if request.user.check_password(form.cleaned_data["password"]):
            proof.note(request.session)
            return redirect(following)
        form.add_error("password", accounts.wrong_password())
    context = {"form": form, "next": following}
    return render(request, "server/confirm.html", context, status=400 if form.errors else 200)


class RedirectAndThen(HttpResponseRedirect):
    """Does something when the answer has gone out: the browser has the new cookies by then."""

    def __init__(self, to: str, then: Callable[[], None]) -> None:
        super().__init__(to)
        self._then = then

    def close(self) -> None:
        super().close()
        self._then()
