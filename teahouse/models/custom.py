"""What a project tells of itself in a room: an order was paid, a build has failed."""

from __future__ import annotations

from django.db import models

from teahouse.models.messages import KEY_LENGTH
from teahouse.models.people import Person
from teahouse.models.rooms import Room

NAME_LENGTH = 64


class CustomEvent(models.Model):
    """What an event of the project says. Its row in the journal names it; here it stands once, and is never changed."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="+", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=KEY_LENGTH)
    name = models.CharField(max_length=NAME_LENGTH, help_text="Such as order.paid.")
    # As text, so that what a client gets is what the project wrote, to the last digit of a number.
    data = models.TextField(help_text="JSON.")
    html = models.TextField(null=True, help_text="How it is shown; none: it is not.")
    seq = models.BigIntegerField(help_text="Its place in the room.")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "person", "key"], name="teahouse_custom_key"),
            models.UniqueConstraint(fields=["room", "seq"], name="teahouse_custom_seq"),
        ]
        # Between what is shown may stand thousands that scripts alone listen to.
        indexes = [
            models.Index(
                fields=["room", "seq"], name="teahouse_custom_shown", condition=models.Q(html__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.room_id}:{self.seq})"
