"""Pages of accounts: the owner's first one, signing in, signing out."""

from __future__ import annotations

import math
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import auth
from django.contrib.auth import password_validation
from django.contrib.auth.forms import AuthenticationForm, UsernameField
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from teahouse import database
from teahouse.actions.names import NAME_CHARACTERS, clean_name
from teahouse.conf import conf
from teahouse.live.protocol import Problem
from teahouse.server import owner, tries


class NewPasswordForm(forms.Form):
    """A new password, twice, for `user`."""

    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy(
            "At least 8 characters; not only digits, no common password, nothing like the name."
        ),
    )
    again = forms.CharField(
        label=gettext_lazy("The password again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    user: Any = None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        password = data.get("password")
        if password and password != data.get("again", password):
            self.add_error("again", _("The two passwords differ."))
        elif password:
            try:
                user = self.user or User(username=data.get("username", ""))
                password_validation.validate_password(password, user)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return data


class OwnerForm(NewPasswordForm):
    """Name and password of the owner."""

    username = UsernameField(
        label=gettext_lazy("Name"),
        validators=[UnicodeUsernameValidator()],
        widget=forms.TextInput(attrs={"autofocus": True}),
        help_text=gettext_lazy("Letters, digits and @ . + - _"),
    )
    field_order = ("username", "password", "again")

    def clean_username(self) -> str:
        try:
            name = clean_name(self.cleaned_data["username"])
        except Problem:
            raise forms.ValidationError(_("A name has 1 to %d characters.") % NAME_CHARACTERS) from None
        if User.objects.filter(username__iexact=name).exists():
            raise forms.ValidationError(name_taken())
        return name


@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "POST"])
def owner_page(request: HttpRequest, token: str) -> HttpResponse:
    """`/owner/<token>/`: makes the owner's account, signs in, and leads to the first steps."""
    if wait := tries.wait(request):
        return too_many(request, wait)
    try:
        owner.usable(token)
        form = OwnerForm(request.POST if request.method == "POST" else None, label_suffix="")
        if request.method == "POST" and form.is_valid():
            name, hashed = form.cleaned_data["username"], make_password(form.cleaned_data["password"])
            user = database.write(lambda: owner.make(token, name, hashed))
            return signed_in(request, user, reverse("welcome"))
    except owner.LinkRefused:
        # One page for used, run out and unknown: nothing is told to who guesses.
        return render(request, "server/owner_refused.html", {"owner": owner.find()}, status=410)
    return render(request, "server/owner.html", {"form": form}, status=400 if form.errors else 200)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """`/sign-in/?next=…`."""
    wanted = following(request)
    if wait := tries.wait(request, request.POST.get("username", "")):
        return too_many(request, wait)
    form = AuthenticationForm(request, request.POST if request.method == "POST" else None)
    form.fields["username"].label = _("Name")
    form.label_suffix = ""
    if request.method == "POST" and form.is_valid():
        return signed_in(request, form.get_user(), wanted)
    context = {"form": form, "next": wanted, "has_owner": owner.find() is not None}
    return render(request, "server/sign_in.html", context, status=400 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "POST"])
def sign_out(request: HttpRequest) -> HttpResponse:
    """`/sign-out/`: by POST, since a foreign page can make a browser GET anything."""
    if request.method == "GET":
        return render(request, "server/sign_out.html")
    # Returns when the live sessions of this login have ended, in every process.
    auth.logout(request)
    return redirect("/")


def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """The admin has a sign-in page of its own, without our limit of tries."""
    return redirect(f"{reverse('sign_in')}?{request.GET.urlencode()}")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Mostly a form that was open for too long, or a browser that keeps no cookies."""
    return render(request, "server/csrf.html", {"site": conf().URL}, status=403)


def signed_in(request: HttpRequest, user: Any, to: str, response: HttpResponse | None = None) -> HttpResponse:
    """Signs in under a new session key, and goes on; the last sign-in is noted, so all of it is a write."""
    backend = settings.AUTHENTICATION_BACKENDS[0]
    before = request.session.session_key

    def write() -> None:
        auth.login(request, user, backend=backend)
        # Django keeps the key of who was signed in as the same user before.
        if request.session.session_key == before:
            request.session.cycle_key()

    database.write(write)
    response = response or redirect(to)
    tries.remember(request, response, user.get_username())
    return response


def following(request: HttpRequest) -> str:
    """Where to go on: a page of this site, never another."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return "/"


def too_many(request: HttpRequest, wait: float) -> HttpResponse:
    seconds = math.ceil(wait)
    text = ngettext("Try again in %d second.", "Try again in %d seconds.", seconds) % seconds
    response = render(request, "server/too_many.html", {"wait": text}, status=429)
    response["Retry-After"] = str(seconds)
    return response


def name_taken() -> str:
    return _("There is an account of this name; take another.")


def wrong_password() -> str:
    return _("This is not your password.")
