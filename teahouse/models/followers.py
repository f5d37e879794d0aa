"""How far code that follows the journal has come, and who runs it."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from teahouse.models.rooms import Room

NAME_LENGTH = 120


class Follower(models.Model):
    """Something that follows rooms at its own pace. One process runs it at a time: the owner, until `expires_at`."""

    name = models.CharField(max_length=NAME_LENGTH, unique=True)
    owner = models.CharField(max_length=32, blank=True, default="")
    expires_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class FollowerPosition(models.Model):
    """The last event of a room that a follower is done with, and why it does not go on, if something failed."""

    follower = models.ForeignKey(Follower, on_delete=models.CASCADE, related_name="positions", db_index=False)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="followed")
    seq = models.BigIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0, help_text="In a row, of the event behind it.")
    failing_since = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["follower", "room"], name="teahouse_follower_position_once")
        ]

    def __str__(self) -> str:
        return f"{self.follower_id} at {self.room_id}:{self.seq}"
