"""What a project shows in a room for a moment: a lorry's place, how far a job is. In: a room, a kind, data. Out: a
signal `custom` for who reads the room at this moment; it has no number and is stored nowhere.
"""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any, Final

from asgiref.sync import sync_to_async

from teahouse.actions import people
from teahouse.bus import tell_once
from teahouse.declared import NAME_CHARACTERS, json_of
from teahouse.live import runtime
from teahouse.models import Room
from teahouse.subjects import room_of

KIND: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")


def signal(room: Any, kind: str, data: dict[str, Any] | None = None) -> None:
    """Shows something to everybody who reads a room at this moment, at once and at most once; not part of any
    transaction. From a process that serves nobody it goes over the channel layer; without one (SQLite, a single server)
    it reaches nobody from there.

    Args:
        room: a room, its name, or an object that has one.
        kind: words of small letters, digits and underscores, with dots between, such as `lorry.moved`; at most 64
            characters.
        data: what it says; at most 16 KB as JSON.

    Raises:
        ValueError: kind or data cannot be taken.
        Room.DoesNotExist: there is no such room.
    """
    if not KIND.fullmatch(kind) or len(kind) > NAME_CHARACTERS:
        raise ValueError(
            f"{kind!r} is no kind of a signal: words of a-z, 0-9 and _ with dots between, such as 'lorry.moved',"
            f" at most {NAME_CHARACTERS} characters"
        )
    said = json.loads(json_of({} if data is None else data))
    place = room_of(room)
    if place.kind == Room.Kind.PERSONAL:
        raise ValueError(f"{place} is a person's own stream; signal to a room")
    frame = {"signal": "custom", "room": place.slug, "kind": kind, "data": said}
    live = runtime.current()
    if live is None:
        tell_once(people.site_key, {"signal": [place.pk, frame]})
        return
    with contextlib.suppress(RuntimeError):  # The loop has ended, and nobody reads here any more.
        live.loop.call_soon_threadsafe(live.signal, place.pk, frame)


asignal = sync_to_async(signal)
