"""Addresses of outgoing webhooks, for owners of the site."""

from __future__ import annotations

from contextlib import suppress

from django.http import HttpRequest, HttpResponse
from ninja import Body, Path, Query, Router

from teahouse.api import own_hooks, shapes
from teahouse.api.answers import DeliveriesView, DeliveryView, Hooks, HookView, MadeHook
from teahouse.api.asking import ask
from teahouse.api.own import made
from teahouse.api.shaping import answer, nothing
from teahouse.followers import webhooks
from teahouse.followers.follower import Again

router = Router(tags=["Webhooks"])


@router.get("/hooks", response=Hooks)
def list_hooks(request: HttpRequest) -> HttpResponse:
    """Lists all webhooks of the site. Scope `hooks`."""
    return answer(ask(request, made(own_hooks.ListHooks))[0])


@router.post("/hooks", response={201: MadeHook})
def make_hook(request: HttpRequest, body: Body[shapes.NewHook]) -> HttpResponse:
    """Makes a webhook. It is told of what happens from now on; its secret is told this once. Scope `hooks`."""
    return answer(ask(request, made(own_hooks.MakeHook, **body.model_dump()))[0], 201)


@router.get("/hooks/{hook}", response=HookView)
def get_hook(request: HttpRequest, hook: Path[shapes.Id]) -> HttpResponse:
    """Tells of a webhook. Scope `hooks`."""
    return answer(ask(request, made(own_hooks.GetHook, hook=hook))[0])


@router.patch("/hooks/{hook}", response=HookView)
def change_hook(request: HttpRequest, hook: Path[shapes.Id], body: Body[shapes.HookChanges]) -> HttpResponse:
    """Changes a webhook, stops it or starts it again: any of them. Scope `hooks`."""
    return answer(ask(request, made(own_hooks.ChangeHook, hook=hook, given=body.given()))[0])


@router.delete("/hooks/{hook}", response={204: None})
def delete_hook(request: HttpRequest, hook: Path[shapes.Id]) -> HttpResponse:
    """Deletes a webhook with its log. Scope `hooks`."""
    ask(request, made(own_hooks.DeleteHook, hook=hook))
    return nothing()


@router.get("/hooks/{hook}/deliveries", response=DeliveriesView)
def list_deliveries(
    request: HttpRequest, hook: Path[shapes.Id], page: Query[shapes.Deliveries]
) -> HttpResponse:
    """Lists what became of the events of the last seven days, newest first. Scope `hooks`."""
    return answer(ask(request, made(own_hooks.ListDeliveries, hook=hook, **page.model_dump()))[0])


@router.post("/hooks/{hook}/deliveries/{delivery}/replay", response=DeliveryView)
def replay(request: HttpRequest, hook: Path[shapes.Id], delivery: Path[shapes.Id]) -> HttpResponse:
    """Tells one event again, as it is now, and waits for the answer. Whether it was taken says `ok`. Scope `hooks`."""
    asked = made(own_hooks.ReplayDelivery, hook=hook, delivery=delivery)
    ask(request, asked)
    # On this request's own thread: what the receiver takes its time for holds up no other.
    with suppress(Again):  # It is in the log, and so in the answer.
        webhooks.replay(own_hooks.delivery(hook, delivery))
    return answer(own_hooks.told_delivery(own_hooks.delivery(hook, delivery)))
