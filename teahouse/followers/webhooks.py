"""Tells other programs what happens, over HTTP. In: hooks that owners have made. Out: signed requests, a row for each
event in the log of deliveries.

Signed as Standard Webhooks say (standardwebhooks.com): `webhook-id`, `webhook-timestamp`, `webhook-signature`. In order
in each room: what fails is told again before all that comes behind it there.
"""

from __future__ import annotations

import base64
import hmac
import json
import logging
import secrets
import time
from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db.models import F
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from teahouse import __version__, access, database, declared, history, resume
from teahouse.access import Speaker
from teahouse.followers import lease, notice, outside
from teahouse.followers.follower import OWN, Again, Follower, Heard, heard
from teahouse.followers.position import Failure
from teahouse.live.protocol import Problem
from teahouse.models import Delivery, Hook, Person, Room, Settings
from teahouse.models import Follower as Row
from teahouse.models.hooks import LABEL_LENGTH

if TYPE_CHECKING:
    from django.db.models import QuerySet

log = logging.getLogger("teahouse.hooks")

EVERYTHING: Final = "*"
STOP_AFTER: Final = timedelta(days=3)
"""A hook that fails for so long is stopped."""
KEPT: Final = timedelta(days=7)
MOST: Final = 200
"""Each is looked after by itself."""
EVENTS_LENGTH: Final = 1000
GONE: Final = 410


class Webhook(Follower):
    """One hook, which follows the rooms that it is for."""

    def __init__(self, hook: Hook) -> None:
        self.hook = hook
        self.name = name_of(hook)
        self._kinds = frozenset(hook.events.split())

    def wants(self, room: str) -> bool:
        if self.hook.room is not None and self.hook.room.slug != room:
            return False
        return _may_see(self.hook.made_by, room)

    def cares(self, event: Heard) -> bool:
        return event.kind in self._kinds or EVERYTHING in self._kinds

    def hand(self, event: Heard) -> None:
        now = _active().filter(pk=self.hook.pk).first()
        if now is None:
            raise Again("the hook was stopped")
        if not _may_see(now.made_by, event.room):
            return  # A right has ended since the page was begun.
        deliver(now, event)  # Where it leads by now.

    def failed(self, event: Heard, error: BaseException, failure: Failure) -> None:
        if timezone.now() - failure.since > STOP_AFTER:
            _give_up(self.hook, f"it has failed since {failure.since:%Y-%m-%d %H:%M} UTC: {error}")


def webhooks() -> list[Webhook]:
    """All that are to be run now."""
    return [Webhook(hook) for hook in _active()]


def _active() -> QuerySet[Hook]:
    return Hook.objects.using(database.alias()).filter(active=True).select_related("room", "made_by")


def names() -> set[str]:
    """Of all, also of those that were stopped: what their positions are stored under."""
    return {name_of(hook) for hook in Hook.objects.using(database.alias()).only("pk")}


def name_of(hook: Hook) -> str:
    """What its positions are stored under."""
    return f"hook-{hook.pk}"


def _may_see(person: Person, room: str) -> bool:
    now = Person.objects.using(database.alias()).filter(pk=person.pk, deactivated_at=None).first()
    if now is None:
        return False
    try:
        access.room(Speaker(history.who(now), now.is_owner), room)
    except Problem:
        return False
    return True


# Making one


def make(made_by: Person, url: str, events: Iterable[str], room: Room | None = None, label: str = "") -> Hook:
    """A new hook, whose `secret` the receiver needs.

    Raises:
        ValueError: the address or an event cannot be taken, or there are `MOST` already.
    """
    if Hook.objects.using(database.alias()).count() >= MOST:
        raise ValueError(f"there are {MOST} webhooks already; delete one of them first")
    hook = Hook(
        url=outside.check(url),
        label=label[:LABEL_LENGTH],
        secret=f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}",
        events=_checked(events),
        room=room,
        made_by=made_by,
    )
    database.write(lambda: hook.save(using=database.alias()))
    lease.begin(name_of(hook), at_now=True)  # Not when it is first run: that is some seconds later.
    return hook


def _checked(events: Iterable[str]) -> str:
    """Names of events as they are kept.

    Raises:
        ValueError: there is none of such a name, or they are too many.
    """
    names = list(dict.fromkeys(events))
    if not names:
        raise ValueError(f"which events? Such as {', '.join(sorted(OWN))}, or * for all")
    for name in names:
        if name not in OWN and name != EVERYTHING:
            if "." not in name:
                raise ValueError(
                    f"{name!r} is no event of rooms; there are {', '.join(sorted(OWN))}, and the project's own"
                )
            declared.check_name(name)
    kept = " ".join(names)
    if len(kept) > EVENTS_LENGTH:
        raise ValueError(f"the names of events have at most {EVENTS_LENGTH} characters together; or say *")
    return kept


def change(hook: Hook, **given: Any) -> None:
    """Another `url`, `events`, `room` or `label`, for all that is told from now on.

    Raises:
        ValueError: as of `make`.
    """
    fields = dict(given)
    if "url" in fields:
        fields["url"] = outside.check(fields["url"])
    if "events" in fields:
        fields["events"] = _checked(fields["events"])
    if "label" in fields:
        fields["label"] = fields["label"][:LABEL_LENGTH]
    rows = Hook.objects.using(database.alias()).filter(pk=hook.pk)
    if fields:
        database.write(lambda: rows.update(**fields))


def stop(hook: Hook, why: str) -> bool:
    """Tells it no more, until somebody starts it again. False where it was stopped already."""
    now = timezone.now()
    rows = Hook.objects.using(database.alias()).filter(pk=hook.pk, active=True)
    stopped = database.write(lambda: rows.update(active=False, stopped_at=now)) > 0
    if stopped:
        log.error("Webhook %d to %s was stopped: %s", hook.pk, hook.url, why)
    return stopped


def _give_up(hook: Hook, why: str) -> None:
    """Stops it, and tells who made it."""
    if stop(hook, why):
        own = Settings.objects.using(database.alias()).filter(person=hook.made_by).first()
        with translation.override((own and own.language) or settings.LANGUAGE_CODE):
            said = _("Your webhook to %(url)s was stopped: it does not take what it is sent. (%(why)s)")
            notice.tell(hook.made_by, said % {"url": hook.url, "why": why})


def start(hook: Hook) -> None:
    """Goes on with a hook that was stopped, with what happened meanwhile."""
    rows = Hook.objects.using(database.alias()).filter(pk=hook.pk)
    places = Row.objects.using(database.alias()).filter(name=name_of(hook)).first()

    def write() -> None:
        rows.update(active=True, stopped_at=None)
        if places is not None:
            places.positions.filter(failures__gt=0).update(failures=0, failing_since=None, retry_at=None)

    database.write(write)


def delete(hook: Hook) -> None:
    """The hook, its log and how far it had come."""
    using = database.alias()

    def write() -> None:
        Row.objects.using(using).filter(name=name_of(hook)).delete()
        Hook.objects.using(using).filter(pk=hook.pk).delete()

    database.write(write)


# Telling it


def deliver(hook: Hook, event: Heard) -> None:
    """One try, which goes into the log.

    Raises:
        Again: it was not taken.
    """
    body = json.dumps(
        {"type": event.kind, "timestamp": event.frame["at"], "data": event.frame}, ensure_ascii=False
    ).encode()
    began = time.monotonic()
    status, after = None, None
    try:
        answer = outside.post(hook.url, body, signed(hook, event, body))
    except (outside.Refused, outside.Failed) as wrong:
        said, milliseconds = str(wrong), round((time.monotonic() - began) * 1000)
    else:
        status, said, after, milliseconds = answer
    ok = status is not None and 200 <= status < 300
    _write_down(hook, event, ok=ok, status=status, answer=said[:500], milliseconds=milliseconds)
    if status == GONE:
        _give_up(hook, "its receiver says that it is gone (410)")
    if not ok:
        raise Again(f"{hook.url} answered {status}" if status is not None else said, after)


def signed(hook: Hook, event: Heard, body: bytes, now: int | None = None) -> dict[str, str]:
    """The headers of a request. The id is the same for each try of one event."""
    number = sha256(f"{hook.pk}:{event.key}".encode()).hexdigest()[:24]
    name, at = f"msg_{number}", str(int(time.time()) if now is None else now)
    return {
        "content-type": "application/json",
        "user-agent": f"Teahouse/{__version__}",
        "webhook-id": name,
        "webhook-timestamp": at,
        "webhook-signature": signature(hook.secret, name, at, body),
    }


def signature(secret: str, id: str, at: str, body: bytes) -> str:
    """`v1,` and the HMAC-SHA256 of id, time and body with dots between."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    made = hmac.digest(key, f"{id}.{at}.".encode() + body, "sha256")
    return f"v1,{base64.b64encode(made).decode()}"


def _write_down(hook: Hook, event: Heard, **fields: Any) -> None:
    using = database.alias()
    room = Room.objects.using(using).get(slug=event.room)

    def write() -> None:
        row, _made = Delivery.objects.using(using).update_or_create(
            hook=hook,
            room=room,
            seq=event.seq,
            defaults=fields | {"kind": event.kind, "at": timezone.now()},
        )
        Delivery.objects.using(using).filter(pk=row.pk).update(tries=F("tries") + 1)

    database.write(write)


def replay(delivery: Delivery) -> None:
    """Tells one event again, as it is now.

    Raises:
        Again: it was not taken.
    """
    room = delivery.room
    events = resume.events_after(room.pk, delivery.seq - 1, room.slug)
    if events and events[0].seq == delivery.seq and _may_see(delivery.hook.made_by, room.slug):
        deliver(delivery.hook, heard(events[0], room.slug, room.epoch))


def tidy() -> None:
    """Forgets old deliveries."""
    old = Delivery.objects.using(database.alias()).filter(at__lt=timezone.now() - KEPT)
    if old.exists():
        database.write(old.delete)
