"""Rooms on objects of the host's: an order, a ticket, a course. In: an object. Out: its room, made on first use.

A room is found by the object, never by its name: somebody else may have taken `order-42` before there was one.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Collection, Iterator
from functools import partial
from hashlib import sha256
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, router, transaction
from django.db.models import Field, Model

from teahouse import database
from teahouse.conf import conf
from teahouse.models import Room
from teahouse.models.rooms import SLUG_LENGTH, slug_of

TITLE_LENGTH: Final = 120
KINDS: Final = (Room.Kind.OPEN, Room.Kind.PRIVATE)
LONGEST_KEY: Final = 36
"""A UUID. Of longer keys a name has a digest."""
RANDOM: Final = 4
"""Names with something random behind them are tried so often."""


def room_for(obj: Model, *, kind: str | None = None, title: str | None = None) -> Room:
    """The room on an object, made when it is first asked for: `order-42`. The same one in every process.

    It is part of the caller's transaction, if there is one on the database of Teahouse's tables.

    Args:
        obj: a saved object of any model; one made by hand of the primary key of a saved one, `Order(pk=42)`, will do.
        kind: `open` or `private`, of a room that is made now. Without it, `private` where TEAHOUSE["POLICY"] is
            set, so that nobody reads it whom the policy does not let, else `open`.
        title: of a room that is made now, at most 120 characters; `str(obj)` without it.

    Raises:
        TypeError: that is no object of a model.
        ValueError: it is not saved, also where it has its primary key before that; or there is no such kind.
    """
    label, pk = subject_of(obj)
    found = _found(label, pk)
    if found is not None:
        return found
    if not _is_saved(obj):
        raise _not_saved(obj)
    kind = kind or (Room.Kind.OPEN if conf().POLICY is None else Room.Kind.PRIVATE)
    if kind not in KINDS:
        raise ValueError(f"a room on an object is open or private, not {kind!r}")
    fields = {"kind": kind, "title": ((title or "").strip() or str(obj) or label)[:TITLE_LENGTH]}
    return database.write(partial(_make, obj.__class__, label, pk, fields))


aroom_for = sync_to_async(room_for)


def room_of(room: Room | str | Model) -> Room:
    """A room, from itself, its name, or the object that it is on.

    Raises:
        Room.DoesNotExist: no room has this name.
        TypeError, ValueError: as `room_for`.
    """
    if isinstance(room, Room):
        return room
    if not isinstance(room, str | Model):
        raise TypeError(
            f"a room is given as a Room, its name, or the object that it is on, not as {room.__class__.__name__}"
        )
    if not isinstance(room, str):
        return room_for(room)
    try:
        return Room.objects.using(database.alias()).get(slug=slug_of(room))
    except Room.DoesNotExist:
        raise Room.DoesNotExist(
            f"there is no room {room!r}; an open one is made by: manage.py teahouse_room {room}"
        ) from None


def existing(room: Room | str | Model) -> Room | None:
    """The same, but makes none: None where there is no such room."""
    if isinstance(room, Room):
        return room
    if isinstance(room, str):
        return Room.objects.using(database.alias()).filter(slug=slug_of(room) or "").first()
    return _found(*subject_of(room))


def subject_of(obj: Any) -> tuple[str, str]:
    """What a room on this object is found by: the model's label and the primary key as text, of which `key_of` makes
    the key again.

    Raises:
        TypeError, ValueError: as `room_for`.
    """
    # `request.user` is a lazy object: its own type is none of a model, its `__class__` is that of the user behind it.
    if not isinstance(obj, Model):
        raise TypeError(f"a room is on an object of a model, such as an order; {obj!r} is none")
    pk, model = obj.pk, obj._meta
    is_composite = isinstance(pk, tuple)
    if any(part is None for part in (pk if is_composite else (pk,))):
        raise _not_saved(obj)
    # Of a composite key Django makes a list in JSON.
    text = model.pk.value_to_string(obj) if is_composite else _as_text(model.pk, pk)
    return str(model.concrete_model._meta.label_lower), text  # type: ignore[union-attr]


def _as_text(field: Field[Any, Any], key: Any) -> str:
    """As of the object when it is read: who has just made it may have written a UUID in capitals or without dashes."""
    try:
        return str(field.to_python(key))
    except ValidationError:
        return str(key)  # No saved object has it.


def key_of(model: type[Model], text: str) -> Any:
    """The primary key that a room keeps as text; None where there can be no such object, as where the model has
    another key by now."""
    try:
        key = model._meta.pk.to_python(text)
    except (ValidationError, ValueError, TypeError):
        return None
    return tuple(key) if isinstance(key, list) else key  # Objects have it as a tuple.


def model_of(label: str) -> type[Model] | None:
    """The model that a room's `subject_type` names; None where the project has it no more."""
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None


def database_of(room: Room) -> str:
    """Where the object of the room is written, as the project's router says; of a room on nothing Teahouse's own."""
    model = model_of(room.subject_type or "")
    return router.db_for_write(model) if model is not None else database.alias()


def on_objects(rooms: Collection[int]) -> dict[int, str]:
    """Of these rooms, by id, those that are on an object: id and name. On a reader thread."""
    rows = Room.objects.using(database.alias()).filter(pk__in=rooms, subject_type__isnull=False)
    return dict(rows.values_list("pk", "slug"))


def is_reserved(slug: str) -> bool:
    """Whether a room of this name could be that on an object: of a model of which some have one. Nobody takes such a
    name before, and nobody learns by a name that is taken which objects there are."""
    if "-" not in slug:
        return False
    rooms = Room.objects.using(database.alias()).filter(subject_type__isnull=False)
    for label in rooms.order_by().values_list("subject_type", flat=True).distinct():
        app, _, model = str(label).partition(".")
        if slug.startswith((f"{model}-", f"{app}-{model}-")):
            return True
    return False


def _is_saved(obj: Model) -> bool:
    """Where the primary key has a default, an object has one before it is saved. One that was made by hand counts as
    new to Django as well, so it is looked for."""
    if not obj._state.adding:
        return True
    manager = obj.__class__._base_manager.using(router.db_for_write(obj.__class__, instance=obj))
    return manager.filter(pk=obj.pk).exists()


def _not_saved(obj: Model) -> ValueError:
    return ValueError(f"{obj!r} is not saved yet: save it first, a room is found by the primary key")


def _found(label: str, pk: str) -> Room | None:
    # Where writes go: a replica may lag.
    return Room.objects.using(database.alias()).filter(subject_type=label, subject_id=pk).first()


def _make(model: type[Model], label: str, pk: str, fields: dict[str, Any]) -> Room:
    using = database.alias()
    for slug in _names(model, pk):
        try:
            # Two who make it at once get the same one; a name that another room has ends in an IntegrityError.
            with transaction.atomic(using=using):
                return Room.objects.using(using).get_or_create(
                    subject_type=label, subject_id=pk, defaults={**fields, "slug": slug}
                )[0]
        except IntegrityError as error:
            taken = error
    raise taken


def _names(model: type[Model], pk: str) -> Iterator[str]:
    """Names to try: `order-42`; `shop-order-42` where another app has an Order too; else with something random."""
    concrete = model._meta.concrete_model or model
    kind = str(concrete._meta.model_name)
    if sum(one._meta.model_name == kind for one in apps.get_models()) > 1:
        kind = f"{concrete._meta.app_label}-{kind}"
    name = f"{kind[: SLUG_LENGTH - LONGEST_KEY - 1]}-{_in_a_name(pk)}"
    yield name
    for _ in range(RANDOM):
        yield f"{name[: SLUG_LENGTH - 9]}-{secrets.token_hex(4)}"


def _in_a_name(pk: str) -> str:
    """A primary key as part of a room's name: as it is, or where it cannot be, what is left of it and a digest."""
    safe = re.sub(r"[^\w-]+", "-", unicodedata.normalize("NFC", pk.lower()))
    if safe == pk and len(safe) <= LONGEST_KEY:
        return safe
    return f"{safe[:12].strip('-')}-{sha256(pk.encode()).hexdigest()[:10]}".strip("-")
