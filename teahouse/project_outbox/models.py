"""What a transaction on a database of the project leaves, until it is in Teahouse's. Rooms, people and messages are
numbers here: their rows are in the other database, where no constraint reaches."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from teahouse.models.messages import KEY_LENGTH


class ProjectOutbox(models.Model):
    """A row of `teahouse.Outbox` to be. The key makes sure that it is said once, however often it is taken there."""

    room = models.BigIntegerField(db_index=True)
    person = models.BigIntegerField()
    key = models.CharField(max_length=KEY_LENGTH)
    text = models.TextField()
    html = models.TextField(null=True)
    renderer = models.PositiveSmallIntegerField(default=0)
    thread = models.BigIntegerField(null=True)
    event = models.CharField(max_length=64, blank=True, default="")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "teahouse_project_outbox"
        verbose_name_plural = "outbox of the project"

    def __str__(self) -> str:
        return f"outbox of the project {self.pk} to {self.room}"


class ProjectRightsChange(models.Model):
    """A row of `teahouse.RightsChange` to be."""

    room = models.BigIntegerField()
    person = models.BigIntegerField(null=True)

    class Meta:
        db_table = "teahouse_project_rightschange"

    def __str__(self) -> str:
        return f"rights of {self.person or 'everyone'} in {self.room}"
