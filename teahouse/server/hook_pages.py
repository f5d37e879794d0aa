"""The owners' pages of webhooks that tell other programs: what they are told, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from teahouse.followers import webhooks
from teahouse.followers.follower import Again
from teahouse.models import Delivery, Hook
from teahouse.server import app_pages
from teahouse.server.app_forms import HookForm
from teahouse.server.recent import after_recent_sign_in, owner_page, person_of

DELIVERIES: Final = 100


@owner_page
@require_POST
@after_recent_sign_in
def make(request: HttpRequest) -> HttpResponse:
    """`/account/apps/hooks/`: a new webhook."""
    person = person_of(request)
    form = HookForm(person, request.POST)
    if not form.is_valid():
        return app_pages.show(request, hook_form=form)
    chosen = form.cleaned_data
    try:
        hook = webhooks.make(person, chosen["url"], chosen["events"], chosen["room"], chosen["label"])
    except ValueError as wrong:
        form.add_error(None, str(wrong))
        return app_pages.show(request, hook_form=form)
    return redirect("webhook", hook.pk)


@owner_page
@require_http_methods(["GET"])
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """`/account/apps/hooks/<id>/`: one of them, with what became of the last events."""
    hook = get_object_or_404(Hook.objects.select_related("room", "made_by"), pk=pk)
    context = {
        "hook": hook,
        "deliveries": Delivery.objects.filter(hook=hook).select_related("room").order_by("-at")[:DELIVERIES],
        "person": person_of(request),
        "tab": "apps",
    }
    return render(request, "server/webhook.html", context)


def _action(act: Callable[[HttpRequest, Hook], HttpResponse]) -> Callable[..., HttpResponse]:
    @owner_page
    @require_POST
    @after_recent_sign_in
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        return act(request, get_object_or_404(Hook, pk=pk))

    return view


@_action
def stop(request: HttpRequest, hook: Hook) -> HttpResponse:
    webhooks.stop(hook, f"{person_of(request)} stopped it")
    messages.success(request, _("It is told nothing more."))
    return redirect("webhook", hook.pk)


@_action
def start(request: HttpRequest, hook: Hook) -> HttpResponse:
    webhooks.start(hook)
    messages.success(request, _("It is told again, also of what happened meanwhile."))
    return redirect("webhook", hook.pk)


@_action
def delete(request: HttpRequest, hook: Hook) -> HttpResponse:
    webhooks.delete(hook)
    messages.success(request, _("Deleted."))
    return redirect("apps")


@owner_page
@require_POST
@after_recent_sign_in
def replay(request: HttpRequest, pk: int, delivery: int) -> HttpResponse:
    """Tells one event again, as it is now; waits for the answer."""
    found = get_object_or_404(
        Delivery.objects.select_related("hook__made_by", "hook__room", "room"), pk=delivery, hook=pk
    )
    try:
        webhooks.replay(found)
        messages.success(request, _("Sent again."))
    except Again as failed:
        messages.error(request, _("It was not taken: %s") % failed)
    return redirect("webhook", pk)
