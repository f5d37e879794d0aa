"""The page of access tokens: what programs show that they speak for somebody."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from teahouse import database, scopes
from teahouse.actions import people, tokens
from teahouse.live.protocol import Problem
from teahouse.models import Person, Token
from teahouse.server.recent import account_page, after_recent_sign_in, person_of

DAYS: Final = (30, 90, 365)
SCOPES: Final = {
    "read": gettext_lazy("Read rooms, messages and people"),
    "write": gettext_lazy("Speak, edit, react, join and leave"),
    "manage": gettext_lazy("Make and change rooms, invite and remove people"),
    "tokens": gettext_lazy("Make and revoke tokens of yours"),
    "hooks": gettext_lazy("As an owner: make and change webhooks"),
}
assert SCOPES.keys() == scopes.SCOPES.keys(), "each scope has words"


class TokenForm(forms.Form):
    """What for, how long, and how much it may."""

    label = forms.CharField(
        label=gettext_lazy("What it is for"),
        max_length=80,
        help_text=gettext_lazy("To know it by, such as the name of a script."),
    )
    days = forms.TypedChoiceField(
        label=gettext_lazy("Until"), coerce=int, empty_value=None, required=False, initial=90
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may be used for"),
        choices=list(SCOPES.items()),
        initial=["read", "write"],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one.")},
    )

    def __init__(self, person: Person, *args: Any, **more: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **more})
        if not person.is_owner:
            own = [(name, words) for name, words in SCOPES.items() if name != "hooks"]
            self.fields["scopes"].choices = own  # type: ignore[attr-defined]
        choices = [(days, _in_days(days)) for days in DAYS]
        self.fields["days"].choices = [*choices, ("", _("until it is revoked"))]  # type: ignore[attr-defined]

    def make(self, person: Person) -> str:
        """The token that was chosen. Writes.

        Raises:
            Problem: `too_many`.
        """
        chosen = self.cleaned_data
        days = chosen["days"]
        ends = None if days is None else timezone.now() + timedelta(days=days)
        return tokens.new_token(person, chosen["label"], chosen["scopes"], ends)[1]


def _in_days(days: int) -> str:
    return {30: _("for 30 days"), 90: _("for 90 days"), 365: _("for a year")}[days]


@account_page
@require_http_methods(["GET"])
def list_page(request: HttpRequest) -> HttpResponse:
    """`/account/tokens/`: those that are good, and a form for another."""
    return _page(request, TokenForm(person_of(request)))


@account_page
@after_recent_sign_in
@require_POST
def make(request: HttpRequest) -> HttpResponse:
    """`/account/tokens/make/`: the token, shown in this answer and never again."""
    person = person_of(request)
    form, made = TokenForm(person, request.POST), None
    if form.is_valid():
        try:
            made = database.write(partial(form.make, person))
            form = TokenForm(person)
        except Problem:
            form.add_error(None, _("You have too many tokens; revoke one of them first."))
    return _page(request, form, made)


@account_page
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """`/account/tokens/<id>/revoke/`: answers when its sockets are closed in every process."""
    token = tokens.good(person=person_of(request), pk=pk).first()
    # One that is gone already, or somebody else's, is as revoked as it can be.
    if token is not None:
        database.write(partial(people.revoke_token, token))
        # The writer did not wait for the other processes; the answer to this request does.
        people.announce(people.Cut(token_digest=token.digest))
    messages.success(request, _("The token is revoked."))
    return redirect("tokens")


def _page(request: HttpRequest, form: TokenForm, made: str | None = None) -> HttpResponse:
    person = person_of(request)
    context = {
        "form": form,
        "made": made,
        "tokens": [(one, _words(one)) for one in tokens.good(person=person).order_by("-pk")],
        "person": person,
        "tab": "tokens",
    }
    return render(request, "server/tokens.html", context, status=400 if form.errors else 200)


def _words(token: Token) -> list[str]:
    return [str(SCOPES[name]) for name in scopes.listed(token.scopes)]
