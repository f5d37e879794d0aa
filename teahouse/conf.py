"""`settings.TEAHOUSE`, checked: what a project may set, with its defaults. Nothing else reads it."""

from __future__ import annotations

from functools import cache
from ipaddress import ip_network
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.core.signals import setting_changed
from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _site(text: str) -> str:
    """An origin as browsers send it; a path after it says nothing and is let be."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        host = text.rpartition("//")[2] or "chat.example.org"
        raise ValueError(f'an address begins with its scheme, as "https://{host}"')
    parts.port  # noqa: B018  Reading it refuses one that is no number.
    return text


Site = Annotated[str, AfterValidator(_site)]
Network = Annotated[str, AfterValidator(lambda text: str(ip_network(text)))]
Positive = Annotated[int, Field(gt=0)]


class Limits(BaseModel):
    """Sizes and rates. The hello tells them to each client; `RATES=False` lifts the rates, not the sizes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Positive = Field(10_000, description="Characters in a message.")
    frame: Positive = Field(128 * 1024, description="Bytes in one frame from a client.")
    queue: Positive = Field(
        1024 * 1024, description="Bytes that may wait for one session before it is closed with 4101."
    )
    unanswered: Positive = Field(
        256, description="Commands of a session without an answer; then reading pauses."
    )
    rooms: Positive = Field(2000, description="Rooms one session may subscribe to.")
    per_second: Positive = Field(
        10, description="Messages, edits and reactions of a person in a second, in the long run."
    )
    burst: Positive = Field(40, description="Messages, edits and reactions of a person at once.")
    sessions: Positive = Field(1000, description="Sessions from one address (IPv6: one /64).")
    per_minute: Positive = Field(
        60,
        description="Rooms made, conversations begun, people invited and rooms called by a person in a minute.",
    )
    called: Annotated[int, Field(gt=0, le=5000)] = Field(
        500, description="People whom `@here` or `@room` calls at once."
    )
    small: Positive = Field(
        50, description="In a room of fewer members than this each of them may call with `@here` and `@room`."
    )
    guest_rooms: Positive = Field(10, description="Rooms that one guest may make.")
    guests: Positive = Field(60, description="New guests from one address in a minute.")


class Conf(BaseModel):
    """All of `TEAHOUSE = {...}`. An unknown name is an error, so that a slip of the pen is noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    URL: Site | None = Field(None, description="The site's address, such as https://chat.example.org.")
    PROXIES: tuple[str, ...] = Field((), description="Networks whose X-Forwarded-For is believed.")
    LOOPBACK: bool = Field(
        False, description="The server listens on loopback only: anyone may close a group."
    )
    GUESTS: bool = Field(True, description="People without an account may speak in open rooms.")
    GUEST_ROOMS: bool = Field(True, description="Guests may make open rooms by visiting them.")
    PEOPLE: Literal["everyone", "rooms"] = Field(
        "everyone",
        description="Whom a signed-in person finds: everyone, or only those who share one of their rooms.",
    )
    POLICY: str | None = Field(
        None,
        description="Dotted path of a `teahouse.Policy`: who may see, say and moderate in rooms on objects.",
    )
    RATES: bool = Field(
        True, description="False lifts the rates (not the sizes), for benchmarks and replays."
    )
    PING: Positive = Field(25, description="Seconds between two pings.")
    COMPRESSION: bool = Field(
        False, description="Events are compressed, once for all sessions whose client agrees to it."
    )
    HOOKS_INNER: tuple[Network, ...] = Field(
        (),
        description="Networks inside, such as 10.0.0.0/8, that webhooks may reach; no inner one without it.",
    )
    METRICS_TOKEN: str | None = Field(
        None,
        min_length=16,
        pattern=r"^[!-~]+$",
        description="What Prometheus brings as a bearer token to read the figures at `metrics`.",
    )
    LIMITS: Limits = Limits()


@cache
def conf() -> Conf:
    """The checked settings.

    Raises:
        pydantic.ValidationError: a name is unknown or a value malformed.
    """
    return Conf.model_validate(getattr(settings, "TEAHOUSE", {}))


def _forget(*, setting: str, **_: Any) -> None:
    if setting == "TEAHOUSE":
        conf.cache_clear()


setting_changed.connect(_forget)
