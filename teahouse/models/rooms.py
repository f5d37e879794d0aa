"""Where a group talks, and who belongs to it."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable
from typing import Any, Final

from django.db import models
from django.utils import timezone

from teahouse.events import Who
from teahouse.models.people import Person

CALLING = ("mention", "reply", "reaction")
"""Events of a person's own stream that need the person."""

SLUG_LENGTH = 64
SLUG = re.compile(rf"[\w-]{{1,{SLUG_LENGTH}}}")


def slug_of(text: str) -> str | None:
    """The permanent name of a room: NFC, lower case; None where the text can't be one (protocol.md)."""
    slug = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())
    return slug if SLUG.fullmatch(slug) else None


def new_epoch() -> str:
    """A random id of one history of one room: 72 bits, as 12 characters safe in a URL."""
    return secrets.token_urlsafe(9)


def between(people: Iterable[int]) -> str:
    """What a conversation of these people, by id, is found by."""
    return " ".join(map(str, sorted(set(people))))


class Site(models.Model):
    """One row: what tells this site from another one that shares its Redis, and what its owners call it."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    key = models.CharField(max_length=32)
    # A digest of the program's secret key: two servers of one site must have the same. Empty in a host project.
    secret_check = models.CharField(max_length=64, blank=True, default="")
    # Of the program; a host project has a name of its own.
    name = models.CharField(max_length=60, blank=True, default="", help_text="Empty: Teahouse.")
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.key


MOVED: Final = ("epoch", "seq", "rights")
"""Fields of a room that only the journal changes."""


class Room(models.Model):
    """A place where a group talks. `seq` is its head: the number of its last event."""

    class Kind(models.TextChoices):
        OPEN = "open"
        PRIVATE = "private"
        DIRECT = "direct"
        PERSONAL = "personal"  # A person's own stream; "@me" on the wire, "@ID" here.

    class Closing(models.TextChoices):
        SITE = "", "as the site says"
        ANYONE = "anyone"
        MODERATORS = "moderators"

    class Speaking(models.TextChoices):
        EVERYONE = "everyone"
        MODERATORS = "moderators"  # An announcement room.

    slug = models.CharField(max_length=SLUG_LENGTH, unique=True)
    title = models.CharField(max_length=120)
    topic = models.CharField(max_length=500, blank=True)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.OPEN)
    epoch = models.CharField(max_length=16, default=new_epoch, editable=False)
    seq = models.BigIntegerField(default=0, editable=False)
    # Grows with every change of who may do what here. A writer that checked rights under an older
    # number is told so by the journal, which holds the room's lock, and looks again.
    rights = models.BigIntegerField(default=0, editable=False)
    closing = models.CharField(max_length=12, choices=Closing, default=Closing.SITE, blank=True)
    speaking = models.CharField(max_length=12, choices=Speaking, default=Speaking.EVERYONE)
    # Of a conversation: whose it is, as `between` writes it. There is one for exactly these people.
    between = models.CharField(max_length=400, unique=True, null=True, editable=False)
    # Of a room on an object of the host's: its model, such as "shop.order", and its primary key as text. No relation:
    # the host's tables may be in another database, and no model of the host is touched.
    subject_type = models.CharField(max_length=201, null=True, editable=False)
    subject_id = models.CharField(max_length=255, null=True, editable=False)
    made_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)

    people: list[Who] | None = None
    """Of a conversation whose it is, where that was read (`history.state_of`)."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject_type", "subject_id"], name="teahouse_room_of_subject")
        ]

    def __str__(self) -> str:
        return self.slug

    def save(self, *arguments: Any, update_fields: Iterable[str] | None = None, **options: Any) -> None:
        """Leaves alone what the journal moves under its lock: code of the project that changes a title holds numbers
        which are old by then, and with those the room's next message could not be stored."""
        if update_fields is None and not (self._state.adding or arguments or options.get("force_insert")):
            fields = self._meta.concrete_fields
            update_fields = [
                field.name for field in fields if not field.primary_key and field.name not in MOVED
            ]
        super().save(*arguments, update_fields=update_fields, **options)


def default_level(kind: str) -> str:
    """What a person is told of a room of this kind where they have not said it."""
    return "all" if kind == Room.Kind.DIRECT else "mentions"


class Member(models.Model):
    """A person's belonging to a room. Guests get a row too, when they first mark something as read."""

    class Role(models.TextChoices):
        OWNER = "owner"
        MODERATOR = "moderator"
        MEMBER = "member"
        GUEST = "guest"

    class Level(models.TextChoices):
        """What the person is told of; empty: mentions, and of a conversation all."""

        ALL = "all"
        MENTIONS = "mentions"
        NOTHING = "nothing"

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="members", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role, default=Role.MEMBER)
    read = models.BigIntegerField(default=0, help_text="Number up to which the person has read.")
    level = models.CharField(max_length=8, choices=Level, default="", blank=True)
    joined_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "person"], name="teahouse_member_once")]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.room_id} as {self.role}"


class RightsChange(models.Model):
    """Left by `rights_changed` in the caller's transaction: the policy is to be asked anew about those in the room."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="+", db_index=False)
    # Whose membership is looked at; of everyone where it is empty.
    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)

    def __str__(self) -> str:
        return f"rights of {self.person_id or 'everyone'} in {self.room_id}"
