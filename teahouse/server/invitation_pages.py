"""Pages of invitations: the list with its links and codes, and the page that a link opens."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import segno
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.hashers import make_password
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from teahouse import database
from teahouse.actions import people, profiles
from teahouse.live.handshake import GUEST_COOKIE
from teahouse.live.protocol import Problem
from teahouse.models import Invitation, Person, Room
from teahouse.server import accounts, invitations, tries
from teahouse.server.accounts import OwnerForm
from teahouse.server.recent import RedirectAndThen, account_page, person_of

SHOWN: Final = 200
DAYS: Final = (1, 7, 30)


class InvitationForm(forms.Form):
    """For how many people, until when, into which rooms."""

    places = forms.IntegerField(
        label=gettext_lazy("For how many people"),
        required=False,
        min_value=1,
        max_value=invitations.MOST_PLACES,
        initial=10,
        help_text=gettext_lazy("Empty: for any number."),
    )
    days = forms.TypedChoiceField(
        label=gettext_lazy("Until"), coerce=int, empty_value=None, required=False, initial=7
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=80,
        help_text=gettext_lazy("For yourself, such as whom it is for."),
    )
    rooms: forms.ModelMultipleChoiceField[Room] = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Rooms that people join by it"),
        queryset=None,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, person: Person, *args: Any, **more: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **more})
        self.person = person
        choices = [(days, _in_days(days)) for days in DAYS]
        self.fields["days"].choices = [*choices, ("", _("until it is revoked"))]  # type: ignore[attr-defined]
        rooms = self.fields["rooms"]
        shown = list(invitations.may_name(person).values_list("pk", flat=True)[:SHOWN])
        rooms.queryset = Room.objects.filter(pk__in=shown).order_by("title")  # type: ignore[attr-defined]
        rooms.label_from_instance = lambda room: room.title  # type: ignore[attr-defined]

    def make(self) -> Invitation:
        """The invitation that was chosen. Writes.

        Raises:
            Problem: as `invitations.make`.
        """
        chosen = self.cleaned_data
        wanted = {name: chosen[name] for name in ("places", "days", "note")}
        return invitations.make(self.person, **wanted, to=chosen["rooms"])


def _in_days(days: int) -> str:
    return {1: _("for a day"), 7: _("for a week"), 30: _("for 30 days")}[days]


class SignUpForm(OwnerForm):
    """Name and password of somebody who was invited."""

    def clean_username(self) -> str:
        name = super().clean_username()
        if invitations.name_is_taken(name):
            raise forms.ValidationError(accounts.name_taken())
        return name


@account_page
@require_http_methods(["GET", "POST"])
def list_page(request: HttpRequest) -> HttpResponse:
    """`/account/invitations/`: those one has made, as an owner everybody's, and a form for another."""
    person = person_of(request)
    if not invitations.may_invite(person):
        raise PermissionDenied
    form = InvitationForm(person, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            return redirect("invitation", database.write(form.make).pk)
        except Problem:
            form.add_error(None, _("You have many open links already; revoke one of them first."))
    every = Invitation.objects.select_related("made_by", "guest").order_by("-pk")
    rows = every if person.is_owner else every.filter(made_by=person)
    context = {
        "form": form,
        "invitations": [(one, invitations.state(one)) for one in rows[:SHOWN]],
        "person": person,
        "tab": "invitations",
    }
    return render(request, "server/invitations.html", context, status=400 if form.errors else 200)


@account_page
@require_http_methods(["GET"])
def invitation_page(request: HttpRequest, pk: int) -> HttpResponse:
    """`/account/invitations/<id>/`: the link, to be copied, and its QR code."""
    invitation = _own(request, pk)
    context = {
        "invitation": invitation,
        **link_of(request, invitation),
        "rooms": invitation.rooms.order_by("title"),
        "person": person_of(request),
        "tab": "invitations",
    }
    return render(request, "server/invitation.html", context)


def link_of(request: HttpRequest, invitation: Invitation) -> dict[str, Any]:
    """`link` and its QR `code` where it can be shown, and the `state`."""
    token, state = invitations.token_of(invitation), invitations.state(invitation)
    link = request.build_absolute_uri(reverse("join", args=[token])) if token and state == "open" else None
    code = segno.make(link, error="m").svg_data_uri(scale=5, light="#fff", border=3) if link else None
    return {"state": state, "link": link, "code": code}


@account_page
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """`/account/invitations/<id>/revoke/`."""
    invitation = _own(request, pk)
    database.write(partial(invitations.revoke, invitation))
    messages.success(request, _("The link opens nothing any more."))
    return redirect("invitations")


def _own(request: HttpRequest, pk: int) -> Invitation:
    person = person_of(request)
    if not invitations.may_invite(person):
        raise PermissionDenied
    every = Invitation.objects.select_related("made_by", "guest")
    return get_object_or_404(every if person.is_owner else every.filter(made_by=person), pk=pk)


# What the link opens


@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "POST"])
def join_page(request: HttpRequest, token: str) -> HttpResponse:
    """`/join/<token>/`: makes an account, or for who has one opens the invitation's rooms."""
    if seconds := tries.wait(request):
        return accounts.too_many(request, seconds)
    try:
        invitation = invitations.usable(token)
        if request.user.is_authenticated:
            return _join_only(request, invitation)
        guest = invitation.guest or guest_of(request)
        form = SignUpForm(request.POST if request.method == "POST" else None, label_suffix="")
        if request.method == "POST" and form.is_valid():
            try:
                return _sign_up(request, token, form.cleaned_data, guest)
            except invitations.NameTaken:
                form.add_error("username", accounts.name_taken())
    except invitations.InvitationRefused as refused:
        return render(request, "server/invitation_refused.html", {"why": refused.why}, status=410)
    context = {
        "form": form,
        "guest": guest,
        "by": invitation.made_by,
        "rooms": invitation.rooms.order_by("title"),
    }
    return render(request, "server/join.html", context, status=400 if form.errors else 200)


def guest_of(request: HttpRequest) -> Person | None:
    """The guest that this browser was until now."""
    ticket = request.COOKIES.get(GUEST_COOKIE)
    known = people.person_of_ticket(ticket) if ticket else None
    guest = people.guests([known])[known] if known is not None else None
    return guest if guest is not None and guest.deactivated_at is None else None


def _sign_up(request: HttpRequest, token: str, data: dict[str, Any], guest: Person | None) -> HttpResponse:
    name, hashed = data["username"], make_password(data["password"])
    write = partial(invitations.sign_up, token, name, hashed, guest.pk if guest else None)
    user, person, invitation = database.write(write)
    to = _first(invitations.join(invitation, person))
    if guest is None:
        return accounts.signed_in(request, user, to)
    profiles.tell(person)
    # The guest's other windows come back signed in; not before the browser has the cookie of the login.
    response = RedirectAndThen(to, partial(people.announce, people.Cut(person=person.pk, again=True)))
    response.delete_cookie(
        GUEST_COOKIE, path=settings.SESSION_COOKIE_PATH, domain=settings.SESSION_COOKIE_DOMAIN
    )
    return accounts.signed_in(request, user, to, response)


def _join_only(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    person = person_of(request)
    if request.method == "POST":
        return redirect(_first(invitations.join(invitation, person)))
    context = {"by": invitation.made_by, "rooms": invitation.rooms.order_by("title"), "person": person}
    return render(request, "server/join_rooms.html", context)


def _first(rooms: list[str]) -> str:
    return reverse("teahouse:room", args=[rooms[0]]) if rooms else reverse("teahouse:home")
