"""Pages of the shop."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

import teahouse
from teahouse.actions import people
from teahouse.followers import notice, webhooks
from tests.embed.host.shop.models import Order

# Without an outbox of the project a payment begins a transaction on Teahouse's database too.
PAID_IN = "default" if apps.is_installed("teahouse.project_outbox") else "talk"


def order(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Order, pk=pk)
    response = render(request, "order.html", {"order": found})
    response["Content-Security-Policy"] = "default-src 'self'"
    return response


class Failed(Exception):
    pass


def _fail_if(wanted: bool) -> None:
    if wanted:
        raise Failed


def pay(request: HttpRequest, pk: int, how: str) -> HttpResponse:
    """Posts in a transaction that ends well, fails, is held open until it is told to go on, or after whose commit the
    process dies."""
    try:
        with transaction.atomic(), transaction.atomic(using=PAID_IN):
            found = Order._default_manager.select_for_update().get(pk=pk)
            found.paid = True
            found.save()
            teahouse.post(found, f"paid: {how}")
            if how == "slow":
                wait_to_go_on(f"order-{pk}")
            _fail_if(how == "fails")
    except Failed:
        return HttpResponse("failed")
    if how == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    return HttpResponse("paid")


def hand_over(request: HttpRequest, pk: int, to: str) -> HttpResponse:
    """Another customer's from now on; says so before it says that rights have changed, all in one transaction."""
    with transaction.atomic():
        found = Order._default_manager.select_for_update().get(pk=pk)
        teahouse.post(found, "for the new customer alone")
        found.customer = get_user_model()._default_manager.get(pk=to)
        found.save()
        teahouse.rights_changed(found)
    return HttpResponse("handed over")


def hook(request: HttpRequest, pk: int, how: str) -> HttpResponse:
    """Tells another program of the order from now on, in the view's transaction, which ends well or is undone."""
    room = teahouse.room_for(get_object_or_404(Order, pk=pk))
    if how == "tells":
        return HttpResponse(f"told: {notice.tell(people.make_bot('Clerk'), 'It was stopped.')}")
    if how == "well":
        wait_to_go_on(room.slug)
    webhooks.make(people.site_bot(), "https://example.org/", ["message"], room, room.slug)
    if how == "fails":
        transaction.set_rollback(True, using="talk")
        return HttpResponse("undone")
    return HttpResponse("made")


def wait_to_go_on(name: str) -> None:
    """Says in a file that it waits, and does until that is gone; not for ever, if the test has failed."""
    waits = Path(settings.FOLDER, f"{name}-waits")
    waits.touch()
    end = time.monotonic() + 60
    while waits.exists() and time.monotonic() < end:
        time.sleep(0.02)


def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Changes the order's fields; tells Teahouse of it where `tell` says so."""
    given = request.GET.dict()
    tell = given.pop("tell", "")
    changed: dict[str, Any] = {
        name: value == "1" if value in "01" else value for name, value in given.items()
    }
    with transaction.atomic():
        Order._default_manager.filter(pk=pk).update(**changed)
        if tell:
            teahouse.rights_changed(get_object_or_404(Order, pk=pk))
    return HttpResponse("changed")


def delete(request: HttpRequest, pk: int) -> HttpResponse:
    Order._default_manager.filter(pk=pk).delete()
    return HttpResponse("deleted")
