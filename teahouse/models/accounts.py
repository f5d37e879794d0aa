"""What the program keeps of accounts: invitations, logins, pictures. A host project has accounts of its own."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from teahouse.models.people import Person
from teahouse.models.rooms import Room


class Invitation(models.Model):
    """A link with which people make accounts: so many of them, or until a time, or both.

    The link's token is made of `nonce` and the site's secret key, so that it can be shown again; the row alone opens
    nothing. It is found by its digest, also after the key was changed.
    """

    digest = models.CharField(max_length=64, unique=True)
    nonce = models.CharField(max_length=32)
    made_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="invitations")
    # A guest whose account it makes: what they said stays theirs.
    guest = models.ForeignKey(Person, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    note = models.CharField(max_length=80, blank=True)
    places = models.PositiveIntegerField(
        null=True, blank=True, help_text="How many people; empty: any number."
    )
    used = models.PositiveIntegerField(default=0)
    rooms = models.ManyToManyField(Room, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.note or f"invitation {self.pk}"


class Login(models.Model):
    """A browser in which somebody is signed in: what its person sees of it, and how it is signed out from elsewhere."""

    # Two digests of the key, which the browser alone has: what the row of the session is found by, and what a login
    # is called between processes.
    kept = models.CharField(max_length=40, unique=True)
    called = models.CharField(max_length=64)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="teahouse_logins",
    )
    address = models.CharField(max_length=64, blank=True)
    agent = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"login {self.pk}"


class Picture(models.Model):
    """A person's picture as it is served. `Person.avatar` is its version: empty where there is none."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="picture")
    data = models.BinaryField()

    def __str__(self) -> str:
        return f"picture of {self.person_id}"
