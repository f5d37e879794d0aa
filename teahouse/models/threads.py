"""Threads: what was said in answer to one message, beside the room's own talk. Their messages are `Message` rows."""

from __future__ import annotations

from django.db import models

from teahouse.models.messages import Message
from teahouse.models.people import Person

FACES = 5
"""Of those who spoke in a thread so many are told, the last first."""


class Thread(models.Model):
    """What is told of a thread at its root. The journal keeps it: counting anew what was said, with each message,
    would take the longer the more that is."""

    root = models.OneToOneField(
        Message, on_delete=models.CASCADE, primary_key=True, related_name="started",
        help_text="The message that it answers.",
    )  # fmt: skip
    count = models.IntegerField(help_text="Messages that are not deleted.")
    # Of the last of them; of a thread whose messages were all deleted 0 and nothing.
    last = models.BigIntegerField(default=0, help_text="Its id: grows over all rooms.")
    seq = models.BigIntegerField(default=0)
    at = models.DateTimeField(null=True)
    people = models.CharField(max_length=120, blank=True, help_text="Ids of who spoke, the last first.")

    def __str__(self) -> str:
        return f"thread of message {self.root_id}"


class ThreadMark(models.Model):
    """That a person takes part in a thread: has begun it, spoken there, or was called there."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+", db_index=False)
    root = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="marks")
    read = models.BigIntegerField(help_text="Number up to which the person has read there.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "root"], name="teahouse_thread_mark_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} in the thread of {self.root_id}"
