"""What the API answers where a socket's reply is another. The others are in `live/replies.py`; shapes alone."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from teahouse.events import OwnSettings, Position, Role, RoomState, Who
from teahouse.live.replies import OwnRoom, Right, SiteRight, State

Scope = Literal["read", "write", "manage", "tokens", "hooks"]


class Me(TypedDict):
    """Who one is and what to keep to; `scopes` of the token one came with, else null."""

    you: Who
    scopes: list[Scope] | None
    may: list[SiteRight]
    limits: dict[str, int]
    settings: OwnSettings
    unseen: int
    threads: int
    state: State


class OwnRooms(TypedDict):
    """The rooms that one belongs to."""

    rooms: list[OwnRoom]


class RoomView(TypedDict):
    """A room, its last number, and what one may do there."""

    room: RoomState
    position: Position
    role: Role | None
    may: list[Right]


class PersonView(TypedDict):
    """Somebody, and what they say of themselves."""

    person: Who
    status: str


class TokenView(TypedDict):
    """A token that is good, without its secret."""

    id: int
    label: str
    scopes: list[Scope]
    made_at: str
    expires_at: str | None
    last_used_at: str | None


class MadeToken(TokenView):
    """The only time that the secret is told."""

    token: str


class Tokens(TypedDict):
    """Own tokens that are good."""

    tokens: list[TokenView]


class HookView(TypedDict):
    """A webhook, without its secret. `stopped_at`: since when it is not told any more; `failing_since`: since when
    something waits for it, if something does."""

    id: int
    url: str
    events: list[str]
    room: str | None
    label: str
    active: bool
    made_by: Who
    made_at: str
    stopped_at: str | None
    failing_since: str | None


class MadeHook(HookView):
    """The only time that the API tells the secret, with which the receiver checks what it gets."""

    secret: str


class Hooks(TypedDict):
    """All webhooks of the site."""

    hooks: list[HookView]


class DeliveryView(TypedDict):
    """What became of telling one event: of the last try. `answer` is its beginning, or what went wrong."""

    id: int
    room: str
    seq: int
    event: str
    ok: bool
    status: int | None
    answer: str
    milliseconds: int
    tries: int
    at: str


class DeliveriesView(TypedDict):
    """The deliveries of a webhook, newest first; with `more` the next come `before` the last."""

    deliveries: list[DeliveryView]
    more: bool


class ProblemView(TypedDict):
    """RFC 9457. `detail` says what was wrong and what is right, `retry` whether the same may succeed later, after so
    many seconds as `after` says."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    retry: bool
