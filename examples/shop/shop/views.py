"""Pages of the shop. What it says in a room is said in the transaction that does it."""

from django.contrib import messages
from django.contrib.auth import get_user_model, login
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

import teahouse
from shop.models import Order


class CardRefused(Exception):
    """The bank said no."""


def front(request):
    orders = Order.objects.none()
    if request.user.is_staff:
        orders = Order.objects.all()
    elif request.user.is_authenticated:
        orders = Order.objects.filter(customer=request.user)
    return render(request, "front.html", {"orders": orders, "people": get_user_model().objects.all()})


@require_POST
def be(request, name):
    """Signs in as one of the people of the example, without a password. No real shop has this."""
    login(request, get_object_or_404(get_user_model(), username=name))
    return redirect("front")


@login_required
def order(request, pk):
    # Everybody who is signed in gets the page; whether the room is on it is decided by the policy.
    return render(request, "order.html", {"order": get_object_or_404(Order, pk=pk)})


@require_POST
@login_required
def pay(request, pk):
    found = get_object_or_404(Order, pk=pk, customer=request.user)
    try:
        with transaction.atomic():
            found.paid = True
            found.save()
            teahouse.post(found, "Paid, **thank you**. We pack it today.", key=f"paid-{pk}")
            if "refuse" in request.POST:
                # What was posted above is gone with the payment: nobody ever sees it.
                raise CardRefused
    except CardRefused:
        messages.error(request, "Your card was refused.")
    return redirect("order", pk)


@require_POST
@login_required
def close(request, pk):
    found = staff_order(request, pk)
    with transaction.atomic():
        found.closed = not found.closed
        found.save()
        # In open pages the composer goes, or comes back, when this has been committed.
        teahouse.rights_changed(found)
    return redirect("order", pk)


@require_POST
@login_required
def hand_over(request, pk):
    """Makes somebody else the customer: who was it sees nothing of what follows."""
    found = staff_order(request, pk)
    with transaction.atomic():
        others = get_user_model().objects.filter(is_staff=False).exclude(pk=found.customer_id)
        found.customer = others.order_by("pk")[0]
        found.save()
        teahouse.rights_changed(found)
    return redirect("order", pk)


def staff_order(request, pk):
    if not request.user.is_staff:
        raise PermissionDenied
    return get_object_or_404(Order, pk=pk)
