"""Visitors ask, agents answer."""

from django.contrib.auth import get_user_model, login
from django.contrib.auth.decorators import user_passes_test
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

import teahouse
from support.models import Desk, Ticket

agents_only = user_passes_test(lambda user: user.is_staff)


def front(request):
    return render(request, "front.html", {"agents": get_user_model().objects.filter(is_staff=True)})


@require_POST
def be(request, name):
    """Signs in as one of the agents of the example, without a password. No real site has this."""
    login(request, get_object_or_404(get_user_model(), username=name, is_staff=True))
    return redirect("desk")


@require_POST
def ask(request):
    """A question, its room, and a word at the desk: all of it or nothing."""
    subject = request.POST["subject"].strip()[:100] or "A question"
    with transaction.atomic():
        ticket = Ticket.objects.create(subject=subject)
        # With a policy rooms are private at first. This one is for who has the address.
        teahouse.room_for(ticket, kind="open")
        desk = Desk.objects.get()
        teahouse.post(
            desk, f"New: [{title(subject)}]({request.build_absolute_uri(ticket.get_absolute_url())})"
        )
    return redirect(ticket)


def title(subject):
    """As letters within Markdown's brackets, whatever a visitor has typed."""
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>()!&" else letter for letter in subject)


def ticket(request, pk):
    return render(request, "ticket.html", {"ticket": get_object_or_404(Ticket, pk=pk)})


@require_POST
@agents_only
def close(request, pk):
    found = get_object_or_404(Ticket, pk=pk)
    with transaction.atomic():
        found.closed = not found.closed
        found.save()
        if found.closed:
            teahouse.post(found, f"{request.user.get_full_name()} closed this. Thank you for asking.")
        teahouse.rights_changed(found)
    return redirect(found)


@agents_only
def desk(request):
    tickets = Ticket.objects.order_by("closed", "-at")[:100]
    return render(request, "desk.html", {"desk": Desk.objects.get(), "tickets": tickets})
