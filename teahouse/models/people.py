"""Who speaks, and what they prove it with."""

from __future__ import annotations

import unicodedata

# `settings` is what a Person has by its Settings.
from django.conf import settings as project
from django.db import models
from django.utils import timezone

NAME_LENGTH = 60


def name_key(name: str) -> str:
    """What two names are compared by: NFKC, then case folding (protocol.md, "Guests")."""
    return unicodedata.normalize("NFKC", name).casefold()


class Person(models.Model):
    """A user of the project, a guest or a bot. Never deleted: what they said stays theirs."""

    class Kind(models.TextChoices):
        USER = "user"
        GUEST = "guest"
        BOT = "bot"

    user = models.OneToOneField(
        project.AUTH_USER_MODEL,
        null=True,
        blank=True,
        # The host's users may be in another database, which cannot look; `forget_user` does what it would.
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="teahouse_person",
    )
    kind = models.CharField(max_length=8, choices=Kind)
    name = models.CharField(max_length=NAME_LENGTH)
    name_key = models.CharField(max_length=4 * NAME_LENGTH, editable=False, db_index=True)
    is_owner = models.BooleanField(default=False, help_text="May do everything in every room of the site.")
    status = models.CharField(
        max_length=100, blank=True, default="", help_text="What the person says of themselves."
    )
    avatar = models.CharField(
        max_length=16, blank=True, default="", help_text="Version of the picture, if there is one."
    )
    created_at = models.DateTimeField(default=timezone.now)
    deactivated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return f"{self.name} ({self.kind} {self.pk})"

    def rename(self, name: str) -> None:
        """Sets the name and what it is compared by; does not save."""
        self.name = name
        self.name_key = name_key(name)


class Settings(models.Model):
    """What a person has said of when to be disturbed, for all devices; no row: nothing."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, primary_key=True, related_name="settings")
    quiet_from = models.CharField(
        max_length=5, blank=True, help_text="Not to be disturbed from, such as 22:00."
    )
    quiet_to = models.CharField(max_length=5, blank=True)
    zone = models.CharField(
        max_length=64, blank=True, help_text="Time zone of these hours; empty: there are none."
    )
    language = models.CharField(max_length=16, blank=True, help_text="Empty: as the browser says.")
    seen = models.BigIntegerField(
        default=0, help_text="Number of the own stream up to which what needs the person was seen."
    )

    class Meta:
        verbose_name_plural = "settings"

    def __str__(self) -> str:
        return f"settings of {self.person_id}"


class Token(models.Model):
    """A bearer token of a person, kept as a SHA-256 digest: it is shown once and never again."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="tokens")
    digest = models.CharField(max_length=64, unique=True)
    label = models.CharField(max_length=80, blank=True)
    scopes = models.CharField(
        max_length=80, blank=True, default="", help_text="What it may be used for; empty: read write manage."
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="Within an hour.")
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.label or f"token {self.pk}"


class OneTimeLink(models.Model):
    """A link that does one thing once: makes the owner's account, or resets a password; kept as a digest."""

    class Purpose(models.TextChoices):
        OWNER = "owner"
        RESET = "reset"

    purpose = models.CharField(max_length=16, choices=Purpose)
    user = models.ForeignKey(
        project.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
        help_text="Whose password it resets.",
    )
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.purpose} link {self.pk}"
