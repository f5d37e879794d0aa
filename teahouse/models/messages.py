"""What was said, and the journal of what happened. The text of a message lives in `Message` alone."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from teahouse.models.people import Person
from teahouse.models.rooms import CALLING, Room

KEY_LENGTH = 64


class Message(models.Model):
    """Something said. Rows stay for ever: a deleted one loses its text but keeps its key (P4)."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="messages", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="messages", db_index=False)
    key = models.CharField(max_length=KEY_LENGTH)
    # 8 bytes of BLAKE2b of the text as first said: tells a repeat from a key used twice. None once deleted,
    # because a short text could be guessed from it.
    digest = models.BigIntegerField(null=True)
    seq = models.BigIntegerField(help_text="Its place in the room: the number of the event that said it.")
    rev = models.BigIntegerField(help_text="The number of the last event that changed it.")
    at = models.DateTimeField()
    text = models.TextField()
    html = models.TextField(null=True)
    renderer = models.PositiveSmallIntegerField(
        default=0, help_text="Version of the renderer that made html."
    )
    # Messages stay as long as their room, so there is nothing to watch over; a constraint without an index would
    # search the table for each one that is deleted with its room, an index cost each one that is said.
    reply = models.ForeignKey(
        "self", null=True, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False,
        help_text="The message of the same room that it replies to.",
    )  # fmt: skip
    # One level: a root is itself in no thread. The index holds only what is said in threads, so that all else costs
    # no more than before.
    thread = models.ForeignKey(
        "self", null=True, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False,
        help_text="The root of the thread in which it was said.",
    )  # fmt: skip
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "person", "key"], name="teahouse_message_key"),
            models.UniqueConstraint(fields=["room", "seq"], name="teahouse_message_seq"),
        ]
        indexes = [
            models.Index(
                fields=["thread", "seq"],
                name="teahouse_message_thread",
                condition=models.Q(thread__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"message {self.pk} ({self.room_id}:{self.seq})"


class Revision(models.Model):
    """A text that a message had before it was edited. They go when it is deleted (P3)."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="revisions")
    at = models.DateTimeField(help_text="When this text was said.")
    text = models.TextField()
    html = models.TextField(null=True)
    renderer = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"revision {self.pk} of {self.message_id}"


class Event(models.Model):
    """One change of a room, numbered. It names what changed (`subject`), never what was said."""

    pk = models.CompositePrimaryKey("room_id", "seq")
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="events", db_index=False)
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=24)
    subject = models.BigIntegerField(
        null=True, help_text="Id of the message, person or room that it is about."
    )
    detail = models.CharField(max_length=24, blank=True)
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()

    class Meta:
        # Few of all events: what needs a person is found among thousands of read marks, and others cost no more.
        indexes = [
            models.Index(
                fields=["room", "seq"], name="teahouse_event_calling", condition=models.Q(kind__in=CALLING)
            )
        ]

    def __str__(self) -> str:
        return f"{self.room_id}:{self.seq} {self.kind}"


class Reaction(models.Model):
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="reactions", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+", db_index=False)
    emoji = models.CharField(max_length=32)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "emoji", "person"], name="teahouse_reaction_once")
        ]

    def __str__(self) -> str:
        return f"{self.emoji} of {self.person_id} on {self.message_id}"


class Mention(models.Model):
    """That a message names a person: what mention counts are counted from."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+", db_index=False)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="+", db_index=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="mentions")
    seq = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "room", "seq"], name="teahouse_mention_once")
        ]

    def __str__(self) -> str:
        return f"mention of {self.person_id} in {self.room_id}:{self.seq}"


class Outbox(models.Model):
    """What code in a host's transaction leaves to be said; the journal numbers it after the commit (P9).

    With an `event` it is one of the project's own, and `text` its data as JSON.
    """

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="+", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=KEY_LENGTH)
    text = models.TextField()
    html = models.TextField(null=True)
    renderer = models.PositiveSmallIntegerField(default=0)
    # No constraint: it would lock the message's row until the caller commits.
    thread = models.ForeignKey(
        Message, null=True, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False,
        help_text="The root of the thread in which it is to be said.",
    )  # fmt: skip
    event = models.CharField(max_length=64, blank=True, default="", help_text="Such as order.paid.")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "outbox"

    def __str__(self) -> str:
        return f"outbox {self.pk} to {self.room_id}"
