"""Bots, and the addresses at which programs speak as one. In: names, rooms. Out: rows, and secrets seen once."""

from __future__ import annotations

import secrets
from datetime import timedelta
from functools import partial
from typing import Final

from django.utils import timezone

from teahouse import database
from teahouse.actions import people
from teahouse.limits import ROUNDING
from teahouse.models import IncomingHook, Person, Room
from teahouse.models.hooks import LABEL_LENGTH

TRIES: Final = 5
USED_EVERY: Final = timedelta(hours=1)
"""How exactly it is known when a hook was used last."""


def make_incoming(
    room: Room, bot: Person, made_by: Person | None, label: str = ""
) -> tuple[IncomingHook, str]:
    """An address at which a bot speaks in a room, and the secret that its address ends with: the only time it is seen.

    Raises:
        ValueError: the room is a person's own stream, or who is to speak is no bot.
    """
    if room.kind == Room.Kind.PERSONAL:
        raise ValueError(f"{room} is a person's own stream, in which nobody speaks")
    if bot.kind != Person.Kind.BOT:
        raise ValueError(f"{bot} is no bot; a hook speaks as one")
    secret = secrets.token_urlsafe(24)
    hook = IncomingHook(
        room=room,
        person=bot,
        made_by=made_by,
        label=label[:LABEL_LENGTH],
        digest=people.token_digest(secret),
    )
    database.write(lambda: hook.save(using=database.alias()))
    return hook, secret


def incoming(secret: str) -> IncomingHook | None:
    """The hook with this secret that is not revoked, whose bot is not deactivated."""
    rows = IncomingHook.objects.using(database.alias()).select_related("room", "person")
    return rows.filter(
        digest=people.token_digest(secret), revoked_at=None, person__deactivated_at=None
    ).first()


def wait(hook: IncomingHook, per_second: float, burst: int) -> float:
    """Seconds until the hook may speak again; 0.0 counts once. Of all processes together: its row is the bucket, whose
    whole state is the time at which it is full again (as `limits.Bucket`)."""
    rows = IncomingHook.objects.using(database.alias()).filter(pk=hook.pk)
    before = hook.full_at
    for _ in range(TRIES):
        now = timezone.now()
        full = (now if before is None else max(now, before)) + timedelta(seconds=1 / per_second)
        over = (full - now).total_seconds() - burst / per_second
        if over > ROUNDING:
            return over
        taken = partial(rows.filter(full_at=before).update, full_at=full)
        if database.write(taken):
            return 0.0
        before = rows.values_list("full_at", flat=True).first()  # Another request was faster.
    return 1 / per_second


def used(hook: IncomingHook) -> None:
    """Remembers about when it was used."""
    now = timezone.now()
    if hook.used_at is None or now - hook.used_at > USED_EVERY:
        row = IncomingHook.objects.using(database.alias()).filter(pk=hook.pk)
        database.write(lambda: row.update(used_at=now))


def revoke_incoming(hook: IncomingHook) -> None:
    """From now on its address is nobody's."""
    row = IncomingHook.objects.using(database.alias()).filter(pk=hook.pk, revoked_at=None)
    database.write(lambda: row.update(revoked_at=timezone.now()))
