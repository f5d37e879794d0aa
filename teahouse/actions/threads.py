"""What may be done with a thread as a whole: mark it as read. In: a speaker and a grant. Out: an entry for
`journal.py`. What is said in one is a message like any other: `messages.py`.
"""

from __future__ import annotations

from teahouse.access import Grant, Speaker
from teahouse.actions.membership import check_still
from teahouse.journal import Change, Transaction
from teahouse.live.protocol import Problem
from teahouse.models import Message, Room, ThreadMark


def read(speaker: Speaker, grant: Grant, thread: int, seq: int, back: bool, stream: int) -> Change:
    """Moves the person's read mark in a thread, for all devices: forward, or with `back` to any place. Who takes no
    part in it has none, and it is no use to keep one: the outcome says 0.

    Raises:
        Problem: `forbidden` in one's own stream, which has no threads; in the journal `not_found`, where the room has
            no such message.
    """
    if grant.kind == Room.Kind.PERSONAL:
        raise Problem(
            "forbidden", "Your own stream has no threads; name the room whose thread you have read."
        )

    def apply(tx: Transaction) -> dict[str, int]:
        check_still(tx, grant)
        mark = ThreadMark.objects.filter(person=speaker.id, root=thread, root__room=grant.room).first()
        if mark is None:
            if not Message.objects.filter(pk=thread, room=grant.room).exists():
                raise Problem(
                    "not_found", f"There is no message {thread} in {grant.slug} whose thread it is."
                )
            return {"read": 0}
        to = min(seq, tx.rooms[grant.room].seq)
        if mark.read == to or (to < mark.read and not back):
            return {"read": mark.read}
        mark.read = to
        mark.save(update_fields=["read"])
        more = {"about": grant.slug, "thread": thread, "read": to}
        tx.about_room(stream, "thread_read", speaker.who, more, subject=thread)
        return {"read": to}

    return Change((grant.room, stream), apply)
