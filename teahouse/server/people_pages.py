"""The owners' page of people: who there is, who may not come any more, who owns the site with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from teahouse import database
from teahouse.actions import people
from teahouse.models import Person
from teahouse.models.people import name_key
from teahouse.server import invitations, logins, owner, passwords
from teahouse.server.recent import after_recent_sign_in, owner_page, person_of

PAGE: Final = 50
GUESTS_DAYS: Final = 30

Acts = Callable[[HttpRequest, Person], HttpResponse]


@owner_page
@require_http_methods(["GET"])
def list_page(request: HttpRequest) -> HttpResponse:
    """`/account/people/?q=…&kind=…&page=…`: people with accounts, guests of the last weeks, bots."""
    asked = request.GET.get("q", "").strip()[:100]
    kind = request.GET.get("kind", Person.Kind.USER)
    rows = Person.objects.filter(kind=kind if kind in Person.Kind.values else Person.Kind.USER)
    if asked:
        rows = rows.filter(Q(name_key__contains=name_key(asked)) | Q(user__username__icontains=asked))
    if kind == Person.Kind.GUEST and not asked:
        rows = rows.filter(created_at__gte=timezone.now() - timedelta(days=GUESTS_DAYS))
    order = ("name_key", "pk") if kind != Person.Kind.GUEST else ("-pk",)
    page = Paginator(rows.select_related("user").order_by(*order), PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "q": asked, "kind": kind, "person": person_of(request), "tab": "people"}
    return render(request, "server/people.html", context)


@owner_page
@require_http_methods(["GET"])
def person_page(request: HttpRequest, pk: int) -> HttpResponse:
    """`/account/people/<id>/`: one of them, and what an owner may do."""
    return _show(request, get_object_or_404(Person.objects.select_related("user"), pk=pk))


def _show(request: HttpRequest, shown: Person, **more: Any) -> HttpResponse:
    context = {
        "shown": shown,
        "logins": len(logins.of(shown.user)) if shown.user is not None else 0,
        "person": person_of(request),
        "tab": "people",
        "active": is_active(shown),
        **more,
    }
    return render(request, "server/people_person.html", context)


def is_active(person: Person) -> bool:
    return person.deactivated_at is None and (person.user is None or person.user.is_active)


def _action(act: Acts) -> Callable[..., HttpResponse]:
    """A button of the page: by POST, by an owner who has shown lately that it is them."""

    @owner_page
    @require_POST
    @after_recent_sign_in
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        return act(request, get_object_or_404(Person.objects.select_related("user"), pk=pk))

    return view


def _done(request: HttpRequest, person: Person, said: str) -> HttpResponse:
    messages.success(request, said % {"name": person.name})
    return redirect("people_person", person.pk)


def _not_oneself(request: HttpRequest, person: Person) -> HttpResponse | None:
    if person.pk != person_of(request).pk:
        return None
    messages.error(request, _("That is you; another owner has to do it."))
    return redirect("people_person", person.pk)


def _last_owner(request: HttpRequest, person: Person) -> HttpResponse:
    """Who asked owned the site until a moment ago, when somebody else took it from them."""
    messages.error(request, _("The site would have no owner; make somebody else an owner first."))
    return redirect("people_person", person.pk)


@_action
def deactivate(request: HttpRequest, person: Person) -> HttpResponse:
    """Answers when the person's sockets are closed in every process. What they said stays."""
    if refused := _not_oneself(request, person):
        return refused

    @transaction.atomic
    def write() -> bool:
        if not owner.stays_without(person):
            return False
        if person.user is not None:
            person.user.is_active = False
            person.user.save(update_fields=["is_active"])
        people.deactivate(person)
        return True

    if not database.write(write):
        return _last_owner(request, person)
    if person.user is not None:
        logins.end_all(person.user)
    people.announce(people.Cut(person=person.pk))
    return _done(request, person, _("%(name)s is out and cannot come back in."))


@_action
def activate(request: HttpRequest, person: Person) -> HttpResponse:
    def write() -> None:
        if person.user is not None:
            person.user.is_active = True
            person.user.save(update_fields=["is_active"])
        person.deactivated_at = None
        person.save(update_fields=["deactivated_at"])

    database.write(write)
    return _done(request, person, _("%(name)s may come in again."))


@_action
def reset_link(request: HttpRequest, person: Person) -> HttpResponse:
    """The link is shown once, in this answer."""
    if person.user is None or not is_active(person):
        messages.error(request, _("There is no account that could have a password."))
        return redirect("people_person", person.pk)
    token = database.write(partial(passwords.new_link, person.user))
    return _show(request, person, link=request.build_absolute_uri(reverse("reset", args=[token])))


@_action
def make_owner(request: HttpRequest, person: Person) -> HttpResponse:
    if person.kind != Person.Kind.USER or not is_active(person):
        messages.error(request, _("Only somebody with an account can own the site."))
        return redirect("people_person", person.pk)
    _set_owner(person)
    return _done(request, person, _("%(name)s owns the site with you."))


@_action
def unmake_owner(request: HttpRequest, person: Person) -> HttpResponse:
    if refused := _not_oneself(request, person):
        return refused
    if not _set_owner(person, owns=False):
        return _last_owner(request, person)
    return _done(request, person, _("%(name)s owns the site no more."))


def _set_owner(person: Person, *, owns: bool = True) -> bool:
    """False where the site would have no owner any more."""

    @transaction.atomic
    def write() -> bool:
        if not (owns or owner.stays_without(person)):
            return False
        person.is_owner = owns
        person.save(update_fields=["is_owner"])
        if person.user is not None:
            person.user.is_staff = person.user.is_superuser = owns
            person.user.save(update_fields=["is_staff", "is_superuser"])
        return True

    done = database.write(write)
    if done:
        # Their open sessions know what they might do until now.
        people.announce(people.Cut(person=person.pk, again=True))
    return done


@_action
def make_account(request: HttpRequest, person: Person) -> HttpResponse:
    """A link with which a guest gets an account and stays the same person."""
    if person.kind != Person.Kind.GUEST or not is_active(person):
        messages.error(request, _("Only a guest can get an account."))
        return redirect("people_person", person.pk)
    made = database.write(partial(invitations.make, person_of(request), guest=person, note=person.name))
    return redirect("invitation", made.pk)
