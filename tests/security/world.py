"""The site that the table of rights is tried on: a room for each cell, people for each role. Runs inside
`teahouse manage shell`, in the program's own settings, and prints what the tests have to know as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from teahouse.actions import people
from teahouse.actions.rooms import personal
from teahouse.models import Event, Member, Message, Person, Room, Token
from teahouse.models.people import name_key
from teahouse.routing import websocket_urlpatterns
from teahouse.server.sessions import SessionStore
from tests.security import rights, table

BACKEND = "django.contrib.auth.backends.ModelBackend"
USERS = ("outsider", "member", "moderator", "owner", "site owner", "deactivated")
BELONG = {
    "member": "member",
    "moderator": "moderator",
    "owner": "owner",
    "deactivated": "member",
    "revoked": "member",
}


@transaction.atomic
def build() -> None:
    """Makes all of it and says what there is."""
    cast = {role: _person(role) for role in (*table.ROLES, *table.BESIDES) if role != "nobody"}
    tokens = {role: people.make_token(cast[role]) for role in ("bot", "revoked")}
    Token.objects.filter(person=cast["revoked"]).update(revoked_at=timezone.now())
    Person.objects.filter(pk=cast["deactivated"].pk).update(deactivated_at=timezone.now())
    for person in cast.values():
        personal(person.pk)
    _rooms(cast)
    Room.objects.create(slug=table.HIDDEN, title="A secret", topic="Of a surprise", kind="private")
    password = make_password(table.PASSWORD)
    User.objects.create(username="lan", password=password)
    User.objects.create(username="gone", password=password, is_active=False)
    print(
        json.dumps(
            {
                "people": {role: person.pk for role, person in cast.items()},
                "tokens": {**tokens, "guest": people.ticket_for(cast["guest"])},
                "logins": {role: _login(cast[role].user) for role in USERS},
                "spare": {
                    page.path: {role: _login(cast[role].user) for role in USERS}
                    for page in rights.PAGES
                    if page.ends
                },
                "messages": _messages(cast),
                "addresses": sorted(set(_addresses(get_resolver()))),
                "sockets": [str(route.pattern) for route in websocket_urlpatterns],
            }
        )
    )


def _person(role: str) -> Person:
    if role not in (*USERS, "newcomer"):
        kind = "guest" if role == "guest" else "bot"
        return Person.objects.create(kind=kind, name=role, name_key=name_key(role))
    staff = role == "site owner"
    user = User.objects.create(username=role.replace(" ", "-"), is_staff=staff, is_superuser=staff)
    user.set_unusable_password()
    user.save()
    person = people.ensure_person(user)
    if staff:
        person.is_owner = True
        person.save(update_fields=["is_owner"])
    return person


def _login(user: Any) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save(must_create=True)
    assert session.session_key is not None
    return session.session_key


def _rooms(cast: dict[str, Person]) -> None:
    """The rooms of all cells. What was said there: first by the bystander, then by who is going to ask."""
    now = timezone.now()
    cells = {
        (table.slug(row, kind, role), kind, role, row.bystander): None
        for row in rights.rows_with_rooms()
        for kind in table.REAL
        for role in table.ROLES
    }
    kinds = {"archived": "open", "news": "open"}
    rooms = Room.objects.bulk_create(
        Room(
            slug=slug,
            title=slug,
            kind=kinds.get(kind, kind),
            speaking="moderators" if kind == "news" else "everyone",
            seq=2,
            archived_at=now if kind == "archived" else None,
        )
        for slug, kind, *_ in cells
    )
    members, messages = [], []
    for room, (_, kind, role, bystander) in zip(rooms, cells, strict=True):
        other = "member" if kind == "direct" else bystander
        members.append(Member(room=room, person=cast["bystander"], role=other))
        if role in BELONG:
            members.append(Member(room=room, person=cast[role], role=_role(kind, role)))
        for seq, who in ((1, "bystander"), (2, role)):
            by = cast.get(who, cast["bystander"])
            messages.append(
                Message(room=room, person=by, key=f"before-{seq}", seq=seq, rev=seq, at=now, text="hot")
            )
    Member.objects.bulk_create(members)
    Message.objects.bulk_create(messages)
    Event.objects.bulk_create(
        Event(room_id=one.room_id, seq=one.seq, kind="message", subject=one.pk, by_id=one.person_id, at=now)
        for one in Message.objects.all()
    )


def _role(kind: str, role: str) -> str:
    return "member" if kind == "direct" else BELONG[role]


def _messages(cast: dict[str, Person]) -> dict[str, list[int]]:
    """Room → the bystander's message and the other one."""
    found: dict[str, list[int]] = {}
    for slug, pk in Message.objects.order_by("room", "seq").values_list("room__slug", "pk"):
        found.setdefault(slug, []).append(pk)
    return found


def _addresses(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        here = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _addresses(entry, here)
        else:
            assert isinstance(entry, URLPattern)
            yield here
