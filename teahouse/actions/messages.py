"""What may be done with a message: say, edit, delete, react. In: a speaker, a grant, the words. Out: an entry for
`journal.py`, which carries it out under the room's lock. What is refused raises `Problem`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from teahouse import history, talks
from teahouse.access import Grant, Speaker
from teahouse.conf import conf
from teahouse.entries import RootOf
from teahouse.events import REACTION_KINDS, REACTION_PEOPLE, MessageState, Quoted
from teahouse.journal import KEY_REUSED, Change, Say, Stale, Stored, Transaction, digest_of
from teahouse.live.protocol import Problem
from teahouse.models import Member, Mention, Message, Reaction, Revision
from teahouse.render import RENDER_VERSION

REVISIONS: Final = 100
"""Earlier texts of a message that are kept."""


def check_text(text: str) -> None:
    """Raises: Problem `empty` or `too_long`."""
    limit = conf().LIMITS.text
    if len(text) > limit:
        raise Problem("too_long", f"A message has at most {limit} characters; this one has {len(text)}.")
    if not text.strip():
        raise Problem("empty", "A message has at least one visible character.")


def say(
    speaker: Speaker,
    grant: Grant,
    key: str,
    text: str,
    html: str | None,
    mentions: Sequence[tuple[int, int]] = (),
    reply: Quoted | None = None,
    replied: tuple[int, int] | None = None,
    root: RootOf | None = None,
) -> Say:
    """A message to be stored under the rights of `grant`.

    Raises:
        Problem: `archived` or `forbidden`.
    """
    grant.check_may_speak()
    return Say(
        grant.room,
        speaker.who,
        key,
        text,
        html,
        grant.rights,
        mentions,
        reply=reply,
        replied=replied,
        root=root,
    )


def root_of(room: int, message: int) -> RootOf:
    """Of the message in whose thread something is to be said. A thread outlives its root, and none begins at a
    deleted message.

    Raises:
        Problem: `not_found`, `gone`, or `invalid` where it stands in a thread itself.
    """
    found = Message.objects.filter(pk=message, room=room).select_related("started").first()
    if found is None:
        raise Problem("not_found", f"There is no message {message} in this room whose thread it could be.")
    if found.thread_id is not None:
        raise Problem(
            "invalid", f"thread: message {message} is in the thread of {found.thread_id}; say it there."
        )
    if found.deleted_at is not None and not hasattr(found, "started"):
        raise Problem("gone", "The message whose thread this would be was deleted.")
    return RootOf(found.pk, found.seq, found.person_id)


def quoted(room: int, message: int, thread: int | None = None) -> Quoted:
    """What a reply to this message of the room says of it. In a thread one replies to what was said there and to its
    root, else to what was said in none: who reads the one does not see the other.

    Raises:
        Problem: `not_found`, `gone`, or `invalid` where that is in another thread.
    """
    found = Message.objects.filter(pk=message, room=room).select_related("person").first()
    if found is None:
        raise Problem("not_found", f"There is no message {message} in this room to reply to.")
    if found.deleted_at is not None:
        raise Problem("gone", "The message that this replies to was deleted.")
    if thread not in (found.thread_id, found.pk):
        where = f"with thread: {found.thread_id}" if found.thread_id is not None else "without thread"
        raise Problem("invalid", f"reply: message {message} is answered where it was said, {where}.")
    return {"id": found.pk, "seq": found.seq, "by": history.who(found.person)}


def answered(room: int, thread: int | None, message: int | None) -> tuple[RootOf | None, Quoted | None]:
    """In whose thread something is said, and to which message it replies, of those that are asked for.

    Raises:
        Problem: as `root_of` and `quoted`.
    """
    root = root_of(room, thread) if thread is not None else None
    return root, quoted(room, message, thread) if message is not None else None


def said_before(person: int, room: str, key: str, text: str) -> Stored | None:
    """The first result of a send with this key, asked before a repeat is refused for rights or rates (P4).

    Raises:
        Problem: `key_reused`.
    """
    row = (
        Message.objects.filter(room__slug=room, person=person, key=key)
        .values_list("pk", "seq", "digest")
        .first()
    )
    if row is None:
        return None
    message, seq, digest = row
    if digest is not None and digest != digest_of(text):
        raise Problem("key_reused", KEY_REUSED)
    return Stored(message, seq, repeated=True)


def edit(speaker: Speaker, grant: Grant, message: int, text: str, html: str | None) -> Change:
    """Changes the text of an own message; the same text again makes no event."""

    def apply(tx: Transaction) -> dict[str, int]:
        found = _own_or_refused(tx, speaker, grant, message, "edit", moderators=False)
        if found.text == text:
            return {"message": found.pk, "seq": found.rev}
        _keep_earlier(found)
        found.text, found.html, found.edited_at = text, html, tx.now
        found.renderer = RENDER_VERSION if html is not None else 0
        return _changed(tx, speaker, found, "message", ["text", "html", "renderer", "edited_at"])

    grant.check_may_speak()
    return Change((grant.room,), apply)


def delete(speaker: Speaker, grant: Grant, message: int) -> Change:
    """Deletes an own message, or as a moderator anybody's. The row keeps its key and number, nothing else (P4)."""

    def apply(tx: Transaction) -> dict[str, int]:
        try:
            found = _own_or_refused(tx, speaker, grant, message, "delete", moderators=True)
        except Problem as problem:
            if problem.code != "gone":
                raise
            return {"message": message, "seq": Message.objects.values_list("rev", flat=True).get(pk=message)}
        Reaction.objects.filter(message=found).delete()
        Mention.objects.filter(message=found).delete()
        Revision.objects.filter(message=found).delete()
        found.text, found.html, found.digest, found.deleted_at, found.reply = "", None, None, tx.now, None
        talks.lost(tx, found, speaker.who)
        return _changed(tx, speaker, found, "deleted", ["text", "html", "digest", "deleted_at", "reply"])

    grant.check("react")
    return Change((grant.room,), apply)


def _keep_earlier(message: Message) -> None:
    """Its text as it is, for who asks what was said before; of so many the oldest makes way."""
    earlier = Revision.objects.filter(message=message).order_by("pk")
    if (over := earlier.count() + 1 - REVISIONS) > 0:
        Revision.objects.filter(pk__in=list(earlier.values_list("pk", flat=True)[:over])).delete()
    Revision.objects.create(
        message=message,
        at=message.edited_at or message.at,
        text=message.text,
        html=message.html,
        renderer=message.renderer,
    )


def react(
    speaker: Speaker, grant: Grant, message: int, emoji: str, on: bool, author: tuple[int, int] | None = None
) -> Change:
    """Puts a reaction on a message or takes it back; what changes nothing makes no event.

    `author`: who wrote the message, with the id of their own room, which hears of it if it is somebody else's.
    """

    def apply(tx: Transaction) -> dict[str, int]:
        _check_still(tx, grant)
        found = _found(grant, message)
        own = Reaction.objects.filter(message=found, emoji=emoji, person=speaker.id)
        if on == own.exists():
            return {"message": found.pk, "seq": found.rev}
        if on:
            _check_room_for_reaction(found, emoji)
            Reaction.objects.create(message=found, emoji=emoji, person_id=speaker.id, at=tx.now)
        else:
            own.delete()
        reactions = history.reactions_of([found.pk]).get(found.pk, {})
        outcome = _changed(tx, speaker, found, "reactions", [], {"id": found.pk, "reactions": reactions})
        if (
            on
            and author is not None
            and author[0] == found.person_id != speaker.id
            and _is_in(grant, author[0])
        ):
            more = {"about": grant.slug, "message": {"id": found.pk, "seq": found.seq}}
            tx.about_room(author[1], "reaction", speaker.who, more, subject=found.pk)
        return outcome

    grant.check("react")
    return Change((grant.room,) if author is None else (grant.room, author[1]), apply)


def _is_in(grant: Grant, person: int) -> bool:
    """Whether somebody belongs to the room, or has been in it as a guest and may still read it (P6)."""
    rows = Member.objects.filter(room=grant.room, person=person)
    guests_too = (
        grant.kind == "open" or grant.on_object
    )  # Whom the project lets read one on an object has a row.
    return (rows if guests_too else rows.exclude(role=Member.Role.GUEST)).exists()


def _check_still(tx: Transaction, grant: Grant) -> None:
    if tx.rooms[grant.room].rights != grant.rights:
        raise Stale


def _found(grant: Grant, message: int) -> Message:
    messages = Message.objects.filter(pk=message, room=grant.room)
    found = messages.select_related("person", "reply__person", "thread").first()
    if found is None:
        raise Problem("not_found", f"There is no message {message} in {grant.slug}.")
    if found.deleted_at is not None:
        raise Problem("gone", "This message was deleted.")
    return found


def _own_or_refused(
    tx: Transaction, speaker: Speaker, grant: Grant, message: int, verb: str, *, moderators: bool
) -> Message:
    _check_still(tx, grant)
    found = _found(grant, message)
    if found.person_id != speaker.id and not (moderators and grant.may_moderate):
        who = "its author or a moderator" if moderators else "its author"
        raise Problem("forbidden", f"Only {who} may {verb} this message.")
    return found


def _check_room_for_reaction(message: Message, emoji: str) -> None:
    reactions = Reaction.objects.filter(message=message)
    kinds = set(reactions.values_list("emoji", flat=True).distinct())
    if emoji not in kinds and len(kinds) >= REACTION_KINDS:
        raise Problem("too_many", f"A message has at most {REACTION_KINDS} kinds of reactions.")
    if reactions.count() >= REACTION_PEOPLE:
        raise Problem("too_many", f"A message has at most {REACTION_PEOPLE} reactions.")


def _changed(
    tx: Transaction,
    speaker: Speaker,
    message: Message,
    kind: str,
    fields: list[str],
    state: MessageState | None = None,
) -> dict[str, int]:
    seq = tx.number(message.room_id)
    message.rev = seq
    message.save(update_fields=[*fields, "rev"])
    tx.about_message(message.room_id, seq, kind, speaker.who, state or history.message_state(message))
    return {"message": message.pk, "seq": seq}
