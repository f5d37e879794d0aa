"""Addresses of messages: pages of them, each one, reactions, read marks."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Body, Header, Path, Query, Router

from teahouse.api import shapes
from teahouse.api.asking import ask, ask_one
from teahouse.api.own import GetMessage, made
from teahouse.api.shaping import answer
from teahouse.events import MessageState
from teahouse.live.replies import EditsResult, HistoryResult, ReadResult, StoredResult
from teahouse.web.draft import new_key

router = Router(tags=["Messages"])


@router.get("/rooms/{room}/messages", response=HistoryResult)
def history(request: HttpRequest, room: str, page: Query[shapes.RoomPage]) -> HttpResponse:
    """A page of messages as they are now, oldest first. The last ones, or `before`, `after`, `around` a number, or `at`
    a time. `more` says on which sides there are more, `position` was read before them. Scope `read`."""
    return answer(ask_one(request, "history", room=room, **page.given()))


@router.post("/rooms/{room}/messages", response={201: StoredResult})
def send(
    request: HttpRequest,
    room: str,
    body: Body[shapes.NewMessage],
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="1 to 64 printable ASCII characters, yours alone in that room. Repeated with the same key, a "
            "message is stored once, and the answer is the first one, for ever.",
        ),
    ] = None,
) -> HttpResponse:
    """Says something. Scope `write`."""
    stored = ask_one(request, "send", room=room, key=_key(key), **body.given())
    where = reverse("teahouse:api:message", args=[room, stored["message"]])
    return answer(stored, 201, Location=where)


def _key(header: str | None) -> str:
    """A text of structured fields (RFC 9651) stands between quotation marks; a bare key is taken as well."""
    if header is None:
        return new_key()
    quoted = len(header) > 2 and header[0] == header[-1] == '"'
    return header[1:-1] if quoted else header


@router.get("/rooms/{room}/messages/{message}", response=MessageState, url_name="message")
def get_message(request: HttpRequest, room: str, message: Path[shapes.Id]) -> HttpResponse:
    """One message as it is now, with the number of its last change as `rev`. Scope `read`."""
    return answer(ask(request, made(GetMessage, room=room, message=message))[0])


@router.patch("/rooms/{room}/messages/{message}", response=StoredResult)
def edit(
    request: HttpRequest, room: str, message: Path[shapes.Id], body: Body[shapes.NewText]
) -> HttpResponse:
    """Changes an own message. Scope `write`."""
    return answer(ask_one(request, "edit", room=room, message=message, **body.given()))


@router.delete("/rooms/{room}/messages/{message}", response=StoredResult)
def delete(request: HttpRequest, room: str, message: Path[shapes.Id]) -> HttpResponse:
    """Deletes an own message, as a moderator anybody's. Scope `write`."""
    return answer(ask_one(request, "delete", room=room, message=message))


@router.get("/rooms/{room}/messages/{message}/edits", response=EditsResult)
def edits(request: HttpRequest, room: str, message: Path[shapes.Id]) -> HttpResponse:
    """What a message said before it was edited, oldest first. Scope `read`."""
    return answer(ask_one(request, "edits", room=room, message=message))


@router.get("/rooms/{room}/messages/{message}/thread", response=HistoryResult)
def thread(
    request: HttpRequest, room: str, message: Path[shapes.Id], page: Query[shapes.Page]
) -> HttpResponse:
    """A page of what was said in the thread of a message, its `root`. Scope `read`."""
    return answer(ask_one(request, "history", room=room, thread=message, **page.given()))


@router.put("/rooms/{room}/messages/{message}/reactions/{emoji}", response=StoredResult)
def react(request: HttpRequest, room: str, message: Path[shapes.Id], emoji: str) -> HttpResponse:
    """Puts a reaction on a message. Scope `write`."""
    return answer(ask_one(request, "react", room=room, message=message, emoji=emoji))


@router.delete("/rooms/{room}/messages/{message}/reactions/{emoji}", response=StoredResult)
def unreact(request: HttpRequest, room: str, message: Path[shapes.Id], emoji: str) -> HttpResponse:
    """Takes an own reaction back. Scope `write`."""
    return answer(ask_one(request, "react", room=room, message=message, emoji=emoji, on=False))


@router.put("/rooms/{room}/read", response=ReadResult)
def read(request: HttpRequest, room: str, body: Body[shapes.Mark]) -> HttpResponse:
    """Moves the read mark of a room, or of one of its threads; on all devices. Scope `write`."""
    return answer(ask_one(request, "read", room=room, **body.given()))
