"""Pages of the shop."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

import teahouse
from tests.embed.host.shop.models import Order


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
        with transaction.atomic(), transaction.atomic(using="talk"):
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
