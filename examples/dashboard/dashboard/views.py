"""One page, and a button."""

from django.contrib.auth import get_user_model, login
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from dashboard import builds
from dashboard.models import Board, Build


def front(request):
    people = get_user_model().objects.all()
    return render(request, "front.html", {"board": Board.objects.get(), "people": people, **Build.figures()})


@require_POST
def be(request, name):
    """Signs in as one of the people of the example, without a password. No real site has this."""
    login(request, get_object_or_404(get_user_model(), username=name))
    return redirect("front")


@require_POST
@login_required
def build(request):
    with transaction.atomic():
        row = Build.objects.create()
        transaction.on_commit(lambda: builds.start(row))
    return redirect("front")
