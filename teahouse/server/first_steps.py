"""The owner's first steps: what the place is called, its first rooms, an invitation. Each may be left out, and come
back to.
"""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from teahouse import database
from teahouse.actions.rooms import MAIN, TITLE_CHARACTERS, clean_title
from teahouse.live.protocol import Problem
from teahouse.models import Invitation, Person, Room, Site
from teahouse.server import first_rooms, invitation_pages, invitations, place
from teahouse.server.first_rooms import KINDS, Wanted
from teahouse.server.recent import owner_page, person_of

OWN: Final = 2
"""Lines for rooms that nobody offered."""
STEPS: Final = {
    "welcome": gettext_lazy("The name"),
    "welcome_rooms": gettext_lazy("Rooms"),
    "welcome_people": gettext_lazy("Invitation"),
}
FIRST_TITLE: Final = "Main"
"""What the room `main` is called before anybody says otherwise."""


class NameForm(forms.Form):
    """What the place is called."""

    name = forms.CharField(
        label=gettext_lazy("Name of the place"),
        required=False,
        max_length=place.LONGEST,
        widget=forms.TextInput(
            attrs={"autofocus": True, "placeholder": place.DEFAULT, "autocomplete": "off"}
        ),
        help_text=gettext_lazy("It stands above the rooms, in the window's title and on invitations."),
    )

    def clean_name(self) -> str:
        try:
            return place.clean(self.cleaned_data["name"])
        except Problem:
            raise forms.ValidationError(unseen()) from None


class MainForm(forms.Form):
    """The room that is there from the first day."""

    title = forms.CharField(
        label=gettext_lazy("The room that everybody comes to first"), max_length=TITLE_CHARACTERS
    )

    def clean_title(self) -> str:
        return _title(self.cleaned_data["title"])


class RoomForm(forms.Form):
    """Whether a room is wanted, its title, who reads it. A line that offers none is wanted once it has a title."""

    offered = forms.BooleanField(required=False, widget=forms.HiddenInput)
    wanted = forms.BooleanField(required=False)
    title = forms.CharField(required=False, max_length=TITLE_CHARACTERS)
    kind = forms.ChoiceField(choices=tuple(KINDS.items()))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not data.get("offered"):
            data["wanted"] = bool(data.get("title"))
        if data["wanted"] and "title" in data:
            try:
                data["title"] = _title(data["title"])
            except forms.ValidationError as error:
                self.add_error("title", error)
        return data


RoomForms = forms.formset_factory(RoomForm, extra=0, max_num=20, absolute_max=20)


def _title(given: str) -> str:
    try:
        return clean_title(given)
    except Problem:
        raise forms.ValidationError(unseen()) from None


def unseen() -> str:
    return _("At least one character that can be seen, and none that changes the text's direction.")


@owner_page
@require_http_methods(["GET", "POST"])
def name_page(request: HttpRequest) -> HttpResponse:
    """`/welcome/`: the name of the place."""
    known = Site.objects.values_list("name", flat=True).get(pk=1)
    form = NameForm(
        request.POST if request.method == "POST" else None, initial={"name": known}, label_suffix=""
    )
    if request.method == "POST" and form.is_valid():
        place.rename(form.cleaned_data["name"])
        return redirect("welcome_rooms")
    return _step(request, "welcome", {"form": form}, failed=bool(form.errors))


@owner_page
@require_http_methods(["GET", "POST"])
def rooms_page(request: HttpRequest) -> HttpResponse:
    """`/welcome/rooms/`: what the first room is called, and some more."""
    person, data = person_of(request), request.POST if request.method == "POST" else None
    there = first_rooms.there(person)
    main = Room.objects.get(slug=MAIN).title
    # Who comes back to it wants nothing until they say so.
    begins = len(there) == 1
    lines: list[dict[str, Any]] = [
        {"offered": True, "wanted": begins and index < 2, "title": one.title, "kind": one.kind}
        for index, one in enumerate(first_rooms.offers(room.title for room in there))
    ]
    lines += [{"offered": False, "title": "", "kind": "open"}] * OWN
    first = MainForm(
        data, initial={"title": _("Main") if main == FIRST_TITLE else main}, prefix="main", label_suffix=""
    )
    others = RoomForms(data, initial=lines, prefix="room")
    failed = data is not None and not (first.is_valid() and others.is_valid())
    if data is not None and not failed:
        try:
            _make(person, first.cleaned_data["title"], main, others)
            return redirect("welcome_people")
        except Problem:
            failed = True
            messages.error(request, _("Not all of it could be stored just now; try again."))
    context = {"first": first, "others": others, "there": [room for room in there if room.slug != MAIN]}
    return _step(request, "welcome_rooms", context, failed=failed)


def _make(person: Person, title: str, before: str, others: Any) -> None:
    if title != before:
        first_rooms.call_main(person, title)
    chosen = [form.cleaned_data for form in others]
    first_rooms.make(person, [Wanted(one["title"], one["kind"]) for one in chosen if one.get("wanted")])


@owner_page
@require_http_methods(["GET", "POST"])
def people_page(request: HttpRequest) -> HttpResponse:
    """`/welcome/people/`: a link, to be sent or shown; the newest one that still lets people in."""
    person = person_of(request)
    rooms = [room.pk for room in first_rooms.there(person)]
    form = invitation_pages.InvitationForm(
        person, request.POST if request.method == "POST" else None, initial={"rooms": rooms}
    )
    if request.method == "POST" and form.is_valid():
        database.write(form.make)
        return redirect("welcome_people")
    newest = invitations.open_ones(person).filter(guest=None).order_by("-pk").first()
    context: dict[str, Any] = {"form": form, "invitation": newest}
    if newest is not None:
        context |= invitation_pages.link_of(request, newest)
    return _step(request, "welcome_people", context, failed=bool(form.errors))


def _step(request: HttpRequest, step: str, context: dict[str, Any], *, failed: bool) -> HttpResponse:
    person = person_of(request)
    done = {
        "welcome": Site.objects.exclude(name="").exists(),
        "welcome_rooms": Room.objects.filter(made_by=person, kind__in=("open", "private")).exists(),
        "welcome_people": Invitation.objects.exists(),
    }
    names = list(STEPS)
    following = names[names.index(step) + 1 :]
    steps = [(name, label, done[name]) for name, label in STEPS.items()]
    context |= {"person": person, "steps": steps, "step": step, "next": following[0] if following else ""}
    return render(request, f"server/{step}.html", context, status=400 if failed else 200)
