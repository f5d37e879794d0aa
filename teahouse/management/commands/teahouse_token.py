"""`manage.py teahouse_token NAME`: a bearer token for a script, which speaks as a bot or as a user."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from teahouse import scopes
from teahouse.actions import people, tokens
from teahouse.live.protocol import Problem
from teahouse.models import Person, Token

LONGEST_DAYS = 3650


class Command(BaseCommand):
    help = (
        "Makes a bearer token for a user, or for a bot, which is made if there is none of that name. The token is "
        "printed once and cannot be shown again. With --list or --revoke: the tokens there are."
    )

    # For scripts: no time and no output for what `manage.py check` says.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="a user's name, else a bot's")
        parser.add_argument("--label", default="", help="what the token is for, to know it by in the list")
        parser.add_argument(
            "--scopes",
            default="",
            help="what it may be used for, such as read,write; without: read,write,manage. There are: "
            + "; ".join(f"{name} ({what})" for name, what in scopes.SCOPES.items()),
        )
        parser.add_argument(
            "--days", type=int, metavar="N", help="the token is good for so many days; else for ever"
        )
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--list", action="store_true", help="list the tokens of NAME that are good")
        which.add_argument(
            "--revoke", type=int, metavar="ID", help="revoke the token with this number in the list"
        )

    def handle(self, *_: Any, name: str, list: bool, revoke: int | None, **options: Any) -> None:
        person = people.find_speaker(name)
        if not list and revoke is None:
            self.stdout.write(self._make(person, name, **options))
        elif person is None:
            raise CommandError(f"There is no user and no bot {name!r}.")
        elif revoke is not None:
            self._revoke(person, revoke)
        else:
            self._list(person)

    def _make(
        self, person: Person | None, name: str, label: str, scopes: str, days: int | None, **_: Any
    ) -> str:
        given, expires_at = _scopes(scopes), _expiry(days)
        longest = Token._meta.get_field("label").max_length or 0
        if len(label) > longest:
            raise CommandError(f"A label has at most {longest} characters; this one has {len(label)}.")
        if person is not None and person.deactivated_at is not None:
            raise CommandError(f"{person.name} was deactivated; a token would be refused.")
        try:
            person = person or people.make_bot(name)
            return tokens.make_token(person, label, scopes=given, expires_at=expires_at)
        except Problem as problem:
            raise CommandError(problem.message) from None

    def _list(self, person: Person) -> None:
        for token in tokens.good(person=person).order_by("pk"):
            ends = f"{token.expires_at:%Y-%m-%d}" if token.expires_at is not None else "-"
            used = f"{token.last_used_at:%Y-%m-%d}" if token.last_used_at is not None else "-"
            allowed = ",".join(scopes.listed(token.scopes))
            told = (str(token.pk), f"{token.created_at:%Y-%m-%d}", token.label, allowed, ends, used)
            self.stdout.write("\t".join(told))

    def _revoke(self, person: Person, pk: int) -> None:
        token = tokens.good(person=person, pk=pk).first()
        if token is None:
            raise CommandError(f"{person.name} has no good token {pk}; --list shows those there are.")
        people.revoke_token(token)


def _scopes(given: str) -> frozenset[str]:
    try:
        return scopes.parsed(given)
    except ValueError as error:
        raise CommandError(str(error)) from None


def _expiry(days: int | None) -> datetime | None:
    if days is None:
        return None
    if not 1 <= days <= LONGEST_DAYS:
        raise CommandError(f"--days: 1 to {LONGEST_DAYS}; without it the token is good for ever.")
    return timezone.now() + timedelta(days=days)
