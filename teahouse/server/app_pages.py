"""The owners' pages of other programs: bots, their tokens, the addresses at which they speak."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from teahouse import database
from teahouse.actions import bots, people
from teahouse.live.protocol import Problem
from teahouse.models import Hook, IncomingHook, Person, Token
from teahouse.server.app_forms import BotForm, HookForm, IncomingForm, TokenForm
from teahouse.server.recent import after_recent_sign_in, owner_page, person_of

SHOWN: Final = 200


@owner_page
@require_http_methods(["GET"])
def list_page(request: HttpRequest) -> HttpResponse:
    """`/account/apps/`: bots, and webhooks that tell other programs."""
    return show(request)


def show(request: HttpRequest, **forms: Any) -> HttpResponse:
    """The list, with forms as they were filled in where something was wrong."""
    person = person_of(request)
    context = {
        "bots": Person.objects.filter(kind=Person.Kind.BOT, deactivated_at=None).order_by("name_key")[:SHOWN],
        "hooks": Hook.objects.select_related("room", "made_by").order_by("-pk")[:SHOWN],
        "bot_form": BotForm(label_suffix=""),
        "hook_form": HookForm(person),
        "person": person,
        "tab": "apps",
        **forms,
    }
    return render(request, "server/apps.html", context, status=400 if forms else 200)


@owner_page
@require_POST
@after_recent_sign_in
def make_bot(request: HttpRequest) -> HttpResponse:
    """`/account/apps/bots/`: a new bot."""
    form = BotForm(request.POST, label_suffix="")
    if form.is_valid():
        try:
            bot = database.write(partial(people.make_bot, form.cleaned_data["name"]))
            return redirect("bot", bot.pk)
        except Problem as problem:
            taken = problem.code == "name_taken"
            form.add_error(
                "name",
                _("Somebody who is signed up here has this name; take another.")
                if taken
                else _("This cannot be a name."),
            )
    return show(request, bot_form=form)


@owner_page
@require_http_methods(["GET"])
def bot_page(request: HttpRequest, pk: int) -> HttpResponse:
    """`/account/apps/bots/<id>/`: what a bot comes in with, and where it speaks."""
    return _show_bot(request, _bot(pk))


def _bot(pk: int) -> Person:
    return get_object_or_404(Person, pk=pk, kind=Person.Kind.BOT, deactivated_at=None)


def _show_bot(request: HttpRequest, bot: Person, status: int = 200, **more: Any) -> HttpResponse:
    person = person_of(request)
    context = {
        "bot": bot,
        "tokens": Token.objects.filter(person=bot, revoked_at=None).order_by("-pk")[:SHOWN],
        "incoming": IncomingHook.objects.filter(person=bot, revoked_at=None)
        .select_related("room")
        .order_by("-pk"),
        "token_form": TokenForm(label_suffix=""),
        "incoming_form": IncomingForm(person),
        "person": person,
        "tab": "apps",
        **more,
    }
    return render(request, "server/bot.html", context, status=status)


@owner_page
@require_POST
@after_recent_sign_in
def make_token(request: HttpRequest, pk: int) -> HttpResponse:
    """A token, which is shown in this answer and never again."""
    bot, form = _bot(pk), TokenForm(request.POST, label_suffix="")
    if not form.is_valid():
        return _show_bot(request, bot, 400, token_form=form)
    token = database.write(partial(people.make_token, bot, form.cleaned_data["label"]))
    return _show_bot(request, bot, token=token)


@owner_page
@require_POST
@after_recent_sign_in
def revoke_token(request: HttpRequest, pk: int, token: int) -> HttpResponse:
    """Ends what is open with it, too."""
    found = get_object_or_404(Token, pk=token, person=_bot(pk), revoked_at=None)
    database.write(partial(people.revoke_token, found))
    messages.success(request, _("The token is good no more."))
    return redirect("bot", pk)


@owner_page
@require_POST
@after_recent_sign_in
def make_incoming(request: HttpRequest, pk: int) -> HttpResponse:
    """An address at which the bot speaks; its secret is shown in this answer and never again."""
    bot, person = _bot(pk), person_of(request)
    form = IncomingForm(person, request.POST)
    if not form.is_valid():
        return _show_bot(request, bot, 400, incoming_form=form)
    _hook, secret = bots.make_incoming(form.cleaned_data["room"], bot, person, form.cleaned_data["label"])
    return _show_bot(
        request, bot, address=request.build_absolute_uri(reverse("teahouse:hook", args=[secret]))
    )


@owner_page
@require_POST
@after_recent_sign_in
def revoke_incoming(request: HttpRequest, pk: int, hook: int) -> HttpResponse:
    bots.revoke_incoming(get_object_or_404(IncomingHook, pk=hook, person=_bot(pk)))
    messages.success(request, _("Nobody speaks at that address any more."))
    return redirect("bot", pk)


@owner_page
@require_POST
@after_recent_sign_in
def deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends all that is open of the bot; what it said stays."""
    bot = _bot(pk)
    if bot.pk == people.site_bot().pk:
        messages.error(request, _("This is the site's own bot."))
        return redirect("bot", pk)
    database.write(partial(people.deactivate, bot))
    people.announce(people.Cut(person=bot.pk))
    messages.success(request, _("%(name)s is out and cannot come back in.") % {"name": bot.name})
    return redirect("apps")
