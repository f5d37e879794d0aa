"""Where other programs speak, and what they are told."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from teahouse.models.people import Person
from teahouse.models.rooms import Room

LABEL_LENGTH = 80


class IncomingHook(models.Model):
    """An address at which a program speaks in one room, as a bot. Kept as a SHA-256 digest: it is shown once."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="incoming_hooks")
    label = models.CharField(max_length=LABEL_LENGTH, blank=True)
    digest = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True, help_text="To the hour.")
    full_at = models.DateTimeField(null=True, help_text="When it may speak as often as at first again.")
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.label or f"incoming hook {self.pk}"


class Hook(models.Model):
    """An address that is told of events: of one room, or of all that who made it may see."""

    url = models.CharField(max_length=1000)
    label = models.CharField(max_length=LABEL_LENGTH, blank=True)
    # Not a digest: each delivery is signed with it.
    secret = models.CharField(max_length=80)
    events = models.CharField(max_length=1000, help_text="Names with blanks between; * for all.")
    room = models.ForeignKey(Room, null=True, on_delete=models.CASCADE, related_name="+")
    made_by = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    active = models.BooleanField(default=True)
    stopped_at = models.DateTimeField(null=True, help_text="When it was stopped because it failed for long.")
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.label or self.url


class Delivery(models.Model):
    """What became of telling one event. Not what it said: that is read anew for each try."""

    hook = models.ForeignKey(Hook, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="+")
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=64)
    tries = models.PositiveIntegerField(default=0)
    ok = models.BooleanField(default=False)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.CharField(
        max_length=500, blank=True, help_text="The beginning of it, or what went wrong."
    )
    milliseconds = models.PositiveIntegerField(default=0)
    at = models.DateTimeField(default=timezone.now, help_text="Of the last try.")

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint(fields=["hook", "room", "seq"], name="teahouse_delivery_once")]
        indexes = [models.Index(fields=["hook", "at"], name="teahouse_delivery_at")]

    def __str__(self) -> str:
        return f"delivery {self.pk} of {self.hook_id}"
