"""A question of somebody who has no account, and the desk at which questions arrive."""

import uuid

from django.db import models
from django.urls import reverse


class Ticket(models.Model):
    # Who knows the address may take part, so nobody can guess one.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject = models.CharField(max_length=100)
    at = models.DateTimeField(auto_now_add=True)
    closed = models.BooleanField(default=False)

    def __str__(self):
        return self.subject

    def get_absolute_url(self):
        return reverse("ticket", args=[self.pk])


class Desk(models.Model):
    name = models.CharField(max_length=50, unique=True)

    def __str__(self):
        return self.name
