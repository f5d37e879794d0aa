"""The page of oneself: name, status, picture; and what others see of a person."""

from __future__ import annotations

import time
from functools import cache, partial
from threading import Lock
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from teahouse import database
from teahouse.actions import profiles
from teahouse.actions.names import NAME_CHARACTERS, clean_name, name_of
from teahouse.conf import conf
from teahouse.limits import Buckets
from teahouse.live.protocol import Problem
from teahouse.models import Person
from teahouse.models.people import name_key
from teahouse.server import accounts, invitations, pictures
from teahouse.server.recent import account_page, person_of


class ProfileForm(forms.Form):
    """What one is called, and what one says of oneself."""

    name = forms.CharField(
        label=gettext_lazy("Name that others see"),
        required=False,
        help_text=gettext_lazy("Empty: the name you sign in with."),
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )
    status = forms.CharField(
        label=gettext_lazy("Status"),
        required=False,
        max_length=profiles.STATUS_CHARACTERS,
        help_text=gettext_lazy("Such as: at lunch, back at one."),
    )

    def __init__(self, person: Person, *args: Any, **more: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **more})
        self.person = person

    def clean_name(self) -> str:
        if not self.cleaned_data["name"]:
            return ""
        try:
            name = clean_name(self.cleaned_data["name"])
        except Problem:
            raise forms.ValidationError(_("A name has 1 to %d characters.") % NAME_CHARACTERS) from None
        if not is_free(name, self.person):
            raise forms.ValidationError(_("Somebody who is signed up here has this name; take another."))
        return name

    def clean_status(self) -> str:
        return " ".join(self.cleaned_data["status"].split())


def is_free(name: str, person: Person) -> bool:
    """Whether nobody else who is signed up has this name, or signs in with it."""
    if name_key(name) == person.name_key:
        return True
    own = person.user.get_username() if person.user is not None else ""
    if name_key(name) == name_key(own):
        return True
    return not invitations.name_is_taken(name)


@account_page
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """`/account/`."""
    person, user = person_of(request), request.user
    begin = {"name": getattr(user, "first_name", "") and person.name, "status": person.status}
    form = ProfileForm(person, request.POST if request.method == "POST" else None, initial=begin)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        if _change(person, user, chosen["name"], chosen["status"]):
            profiles.tell(person)
        messages.success(request, _("Saved."))
        return redirect("teahouse_profile")
    context = {"form": form, "person": person, "tab": "profile", "limit": pictures.MOST_BYTES}
    return render(request, "server/profile.html", context, status=400 if form.errors else 200)


def _change(person: Person, user: Any, name: str, status: str) -> bool:
    """Whether others are to hear of it: the name is another."""
    before = person.name

    def write() -> None:
        user.first_name, user.last_name = name, ""
        user.save(update_fields=["first_name", "last_name"])
        person.rename(name_of(user))
        person.save(update_fields=["name", "name_key"])
        profiles.set_status(person, status)

    database.write(write)
    return person.name != before


@account_page
@require_POST
def picture(request: HttpRequest) -> HttpResponse:
    """`/account/picture/`: a new picture, or with `remove` none."""
    if seconds := _wait_for_picture(request):
        return accounts.too_many(request, seconds)
    person, sent = person_of(request), request.FILES.get("picture")
    if "remove" in request.POST:
        data = None
    elif sent is None:
        messages.error(request, _("Choose a file first."))
        return redirect("teahouse_profile")
    else:
        try:
            data = pictures.square(sent.read(pictures.MOST_BYTES + 1))
        except pictures.PictureRefused as refused:
            messages.error(request, _why(refused))
            return redirect("teahouse_profile")
    database.write(partial(profiles.set_picture, person, data))
    profiles.tell(person)
    messages.success(request, _("Saved."))
    return redirect("teahouse_profile")


def _why(refused: pictures.PictureRefused) -> str:
    return {
        "big": _("A picture has 2 MB at the most."),
        "pixels": _("A picture has 40 million pixels at the most."),
    }.get(refused.why, _("This is no picture that can be read; JPEG, PNG, WebP and GIF can."))


@account_page
@require_http_methods(["GET"])
def person_page(request: HttpRequest, pk: int) -> HttpResponse:
    """`/people/<id>/`: what those who have an account see of each other and of guests."""
    person = get_object_or_404(Person.objects.select_related("user"), pk=pk)
    return render(request, "server/person.html", {"shown": person, "person": person_of(request)})


_pictures_lock = Lock()


@cache
def _pictures() -> Buckets:
    """Unpacking one takes up to half a second: ten at once, then one in half a minute."""
    return Buckets(1 / 30, 10)


def _wait_for_picture(request: HttpRequest) -> float:
    with _pictures_lock:
        return _pictures().take(request.user.pk, time.monotonic()) if conf().RATES else 0.0
