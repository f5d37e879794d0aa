"""Tells a person something that concerns them alone, in a conversation with the site's bot. In: a person and a text.
Out: a message, by way of the outbox.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Final

from teahouse import database, history, outbox
from teahouse.access import Speaker
from teahouse.actions import people, rooms
from teahouse.models import Person, Room

log = logging.getLogger("teahouse.followers")

SECONDS: Final = 10.0


def tell(person: Person, text: str) -> bool:
    """Says it, where that can be done: a conversation that is not there yet is made by a process that serves only.
    Never fails."""
    try:
        room = _conversation(people.site_bot(), person)
        if room is not None:
            outbox.post(room, text)
    except Exception:
        log.exception("%s could not be told of something", person)
        return False
    return room is not None


def _conversation(bot: Person, person: Person) -> Room | None:
    from teahouse.live import runtime  # It starts what imports this.

    found = rooms.find_conversation([bot.pk, person.pk])
    running = runtime.current()
    if found is not None and person.pk in found[1]:
        return found[0]
    if running is None or database.connection().in_atomic_block:
        # In the caller's transaction the journal would wait for the caller, who waits for the journal.
        return found[0] if found is not None else None
    both = [(history.who(bot), None), (history.who(person), None)]
    invited = database.write(partial(rooms.streams, both))
    there = found[0].pk if found is not None else None
    change = rooms.converse(Speaker(history.who(bot)), invited, there)
    made = asyncio.run_coroutine_threadsafe(running.store(change), running.loop).result(SECONDS)
    return Room.objects.using(database.alias()).get(pk=made[0])
