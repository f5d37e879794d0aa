"""Webhooks over HTTP. In: typed commands of an owner of the site. Out: results, carried out in a session as those of
`own.py` are; `followers/webhooks.py` does it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from teahouse import database, history
from teahouse.access import Speaker
from teahouse.api.own import check_proved
from teahouse.events import timestamp
from teahouse.followers import webhooks
from teahouse.live.fields import BaseCommand
from teahouse.live.protocol import Problem
from teahouse.models import Delivery, FollowerPosition, Hook, Person, Room

if TYPE_CHECKING:
    from teahouse.live.session import Session


class ListHooks(BaseCommand):
    """All webhooks of the site."""

    do: Literal["list_hooks"] = "list_hooks"


class GetHook(BaseCommand):
    """One of them."""

    do: Literal["get_hook"] = "get_hook"
    hook: int


class MakeHook(BaseCommand):
    """A program that is told from now on."""

    do: Literal["make_hook"] = "make_hook"
    url: str
    events: list[str]
    room: str | None
    label: str


class ChangeHook(BaseCommand):
    """What is in `given` becomes so."""

    do: Literal["change_hook"] = "change_hook"
    hook: int
    given: dict[str, Any]


class DeleteHook(BaseCommand):
    """It, its log and how far it had come."""

    do: Literal["delete_hook"] = "delete_hook"
    hook: int


class ListDeliveries(BaseCommand):
    """What became of the last events, newest first."""

    do: Literal["list_deliveries"] = "list_deliveries"
    hook: int
    before: int | None
    limit: int


class ReplayDelivery(BaseCommand):
    """Whether one of them may be told again; the request does it itself then."""

    do: Literal["replay_delivery"] = "replay_delivery"
    hook: int
    delivery: int


def _check_owner(speaker: Speaker) -> None:
    if not speaker.is_owner:
        raise Problem("forbidden", "Webhooks are for owners of the site.")


def _hook(pk: int) -> Hook:
    rows = Hook.objects.using(database.alias()).select_related("room", "made_by")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Problem("not_found", f"There is no webhook {pk}.")
    return found


def _told(hook: Hook) -> dict[str, Any]:
    places = FollowerPosition.objects.using(database.alias()).filter(follower__name=webhooks.name_of(hook))
    failing = places.filter(failures__gt=0).order_by("failing_since").values_list("failing_since", flat=True)
    return {
        "id": hook.pk,
        "url": hook.url,
        "events": hook.events.split(),
        "room": hook.room.slug if hook.room is not None else None,
        "label": hook.label,
        "active": hook.active,
        "made_by": history.who(hook.made_by),
        "made_at": timestamp(hook.created_at),
        "stopped_at": _when(hook.stopped_at),
        "failing_since": _when(failing.first()),
    }


def _when(at: datetime | None) -> str | None:
    return timestamp(at) if at is not None else None


def told_delivery(row: Delivery) -> dict[str, Any]:
    """What is told of one."""
    return {
        "id": row.pk,
        "room": row.room.slug,
        "seq": row.seq,
        "event": row.kind,
        "ok": row.ok,
        "status": row.status,
        "answer": row.answer,
        "milliseconds": row.milliseconds,
        "tries": row.tries,
        "at": timestamp(row.at),
    }


async def _room(session: Session, speaker: Speaker, name: str | None) -> Room | None:
    if name is None:
        return None
    if name == "@me":
        raise Problem("invalid", "room: a webhook is told of rooms, not of somebody's own stream.")
    return (await session.runtime.room(speaker, name))[0]


async def _list_hooks(session: Session, speaker: Speaker, command: ListHooks) -> None:
    def listed() -> list[dict[str, Any]]:
        rows = Hook.objects.using(database.alias()).select_related("room", "made_by").order_by("pk")
        return [_told(hook) for hook in rows]

    _check_owner(speaker)
    session.answer(command.id, {"hooks": await session.runtime.read(listed)})


async def _get_hook(session: Session, speaker: Speaker, command: GetHook) -> None:
    _check_owner(speaker)
    session.answer(command.id, await session.runtime.read(lambda: _told(_hook(command.hook))))


async def _make_hook(session: Session, speaker: Speaker, command: MakeHook) -> None:
    def make() -> dict[str, Any]:
        person = Person.objects.using(database.alias()).get(pk=speaker.id)
        try:
            hook = webhooks.make(person, command.url, command.events, room, command.label)
        except ValueError as wrong:
            raise Problem("invalid", f"{wrong}.") from None
        return {**_told(hook), "secret": hook.secret}

    _check_owner(speaker)
    await check_proved(session, "hooks")
    room = await _room(session, speaker, command.room)
    session.answer(command.id, await session.runtime.write(make))


async def _change_hook(session: Session, speaker: Speaker, command: ChangeHook) -> None:
    def change() -> dict[str, Any]:
        hook = _hook(command.hook)
        try:
            webhooks.change(hook, **given)
        except ValueError as wrong:
            raise Problem("invalid", f"{wrong}.") from None
        if active is True and not hook.active:
            webhooks.start(hook)
        elif active is False:
            webhooks.stop(hook, f"{speaker.who['name']} stopped it")
        return _told(_hook(command.hook))

    _check_owner(speaker)
    await check_proved(session, "hooks")
    given = dict(command.given)
    active = given.pop("active", None)
    if not command.given:
        raise Problem("invalid", "Say what is to change: url, events, room, label or active.")
    if nothing := [name for name, value in command.given.items() if value is None and name != "room"]:
        raise Problem(
            "invalid", f"{nothing[0]}: null means nothing here; leave it out where it stays as it is."
        )
    if "room" in given:
        given["room"] = await _room(session, speaker, given["room"])
    session.answer(command.id, await session.runtime.write(change))


async def _delete_hook(session: Session, speaker: Speaker, command: DeleteHook) -> None:
    _check_owner(speaker)
    await check_proved(session, "hooks")
    await session.runtime.write(lambda: webhooks.delete(_hook(command.hook)))
    session.answer(command.id, {})


async def _list_deliveries(session: Session, speaker: Speaker, command: ListDeliveries) -> None:
    def listed() -> dict[str, Any]:
        rows = Delivery.objects.using(database.alias()).filter(hook=_hook(command.hook))
        if command.before is not None:
            rows = rows.filter(pk__lt=command.before)
        page = list(rows.select_related("room").order_by("-pk")[: command.limit + 1])
        told = [told_delivery(row) for row in page[: command.limit]]
        return {"deliveries": told, "more": len(page) > command.limit}

    _check_owner(speaker)
    session.answer(command.id, await session.runtime.read(listed))


async def _replay_delivery(session: Session, speaker: Speaker, command: ReplayDelivery) -> None:
    _check_owner(speaker)
    await check_proved(session, "hooks")
    found = await session.runtime.read(delivery, command.hook, command.delivery)
    session.answer(command.id, told_delivery(found))


def delivery(hook: int, pk: int) -> Delivery:
    """Raises: Problem `not_found`."""
    rows = Delivery.objects.using(database.alias()).select_related("hook__made_by", "hook__room", "room")
    found = rows.filter(pk=pk, hook=_hook(hook)).first()
    if found is None:
        raise Problem(
            "not_found", f"There is no delivery {pk} of this webhook; they are kept for seven days."
        )
    return found


COMMANDS: Final[dict[type[BaseCommand], Callable[[Session, Speaker, Any], Awaitable[None]]]] = {
    ListHooks: _list_hooks,
    GetHook: _get_hook,
    MakeHook: _make_hook,
    ChangeHook: _change_hook,
    DeleteHook: _delete_hook,
    ListDeliveries: _list_deliveries,
    ReplayDelivery: _replay_delivery,
}
