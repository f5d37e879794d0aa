"""Addresses of rooms and of who belongs to them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Body, Path, Query, Router

from teahouse.api import shapes
from teahouse.api.answers import OwnRooms, RoomView
from teahouse.api.asking import ask, ask_one, command
from teahouse.api.own import GetRoom, ListRooms, made
from teahouse.api.shaping import answer, nothing
from teahouse.live.protocol import Problem
from teahouse.live.replies import InviteResult, MembersResult, RoomResult, RoomsResult, SettingsResult

router = Router(tags=["Rooms"])
members = Router(tags=["Members"])


@router.get("/rooms", response=OwnRooms)
def own_rooms(request: HttpRequest) -> HttpResponse:
    """Lists the rooms that one belongs to, with positions, read marks and what is unread. Scope `read`."""
    return answer(ask(request, made(ListRooms))[0])


@router.get("/open-rooms", response=RoomsResult)
def open_rooms(request: HttpRequest, page: Query[shapes.RoomSearch]) -> HttpResponse:
    """Lists open rooms by name, archived ones last; with `more` the next come `after` the last. Scope `read`."""
    return answer(ask_one(request, "rooms", **page.given()))


@router.post("/rooms", response={201: RoomResult})
def make_room(request: HttpRequest, body: Body[shapes.NewRoom]) -> HttpResponse:
    """Makes a room, which one owns then. Scope `manage`."""
    return _made(ask_one(request, "make", **body.given()), 201)


@router.post("/conversations", response=RoomResult)
def converse(request: HttpRequest, body: Body[shapes.Others]) -> HttpResponse:
    """The conversation of exactly these people and oneself; made if there is none. Scope `write`."""
    return _made(ask_one(request, "direct", **body.given()), 200)


def _made(result: dict[str, Any], status: int) -> HttpResponse:
    where = reverse("teahouse:api:room", args=[result["room"]["room"]])
    return answer(result, status, Location=where)


@router.get("/rooms/{room}", response=RoomView, url_name="room")
def get_room(request: HttpRequest, room: str) -> HttpResponse:
    """Tells of a room, and what one may do there. Scope `read`."""
    return answer(ask(request, made(GetRoom, room=room))[0])


@router.patch("/rooms/{room}", response={200: RoomView, 204: None})
def change_room(request: HttpRequest, room: str, body: Body[shapes.Changes]) -> HttpResponse:
    """Gives a room another title and so on: any of them. Who may not see the room then is answered with nothing. Scope
    `manage`."""
    change = command("change", {"room": room, **body.given()})
    ask(request, change)
    try:
        return answer(ask(request, made(GetRoom, room=room))[0])
    except Problem:
        # It is done: by an owner of the site who made it private, or with a token that is not for reading.
        return nothing()


@router.put("/rooms/{room}/archived", response={204: None})
def archive(request: HttpRequest, room: str) -> HttpResponse:
    """Makes a room read-only. Scope `manage`."""
    ask_one(request, "archive", room=room)
    return nothing()


@router.delete("/rooms/{room}/archived", response={204: None})
def unarchive(request: HttpRequest, room: str) -> HttpResponse:
    """Makes an archived room writable again. Scope `manage`."""
    ask_one(request, "archive", room=room, on=False)
    return nothing()


@router.put("/rooms/{room}/settings", response=SettingsResult)
def set_level(request: HttpRequest, room: str, body: Body[shapes.RoomSettings]) -> HttpResponse:
    """Says what one wants to be told of in a room. Scope `write`."""
    return answer(ask_one(request, "settings", room=room, **body.given()))


# Who belongs


@members.get("/rooms/{room}/members", response=MembersResult)
def list_members(request: HttpRequest, room: str, page: Query[shapes.MemberSearch]) -> HttpResponse:
    """Lists who belongs to a room: owners, moderators, then the others, each by name; with `more` the next come
    `after` the last. Scope `read`."""
    return answer(ask_one(request, "members", room=room, **page.given()))


@members.post("/rooms/{room}/members", response=InviteResult)
def invite(request: HttpRequest, room: str, body: Body[shapes.Invited]) -> HttpResponse:
    """Makes people members. Scope `manage`."""
    return answer(ask_one(request, "invite", room=room, **body.given()))


@members.put("/rooms/{room}/members/me", response={204: None})
def join(request: HttpRequest, room: str) -> HttpResponse:
    """Becomes a member of an open room. Scope `write`."""
    ask_one(request, "join", room=room)
    return nothing()


@members.delete("/rooms/{room}/members/me", response={204: None})
def leave(request: HttpRequest, room: str) -> HttpResponse:
    """Belongs to the room no more. Scope `write`."""
    ask_one(request, "leave", room=room)
    return nothing()


@members.patch("/rooms/{room}/members/{person}", response={204: None})
def give_role(
    request: HttpRequest, room: str, person: Path[shapes.Id], body: Body[shapes.NewRole]
) -> HttpResponse:
    """Makes a member owner, moderator or member. Scope `manage`."""
    ask_one(request, "role", room=room, person=person, **body.given())
    return nothing()


@members.delete("/rooms/{room}/members/{person}", response={204: None})
def remove(request: HttpRequest, room: str, person: Path[shapes.Id]) -> HttpResponse:
    """Ends somebody's membership. Scope `manage`."""
    ask_one(request, "remove", room=room, person=person)
    return nothing()
