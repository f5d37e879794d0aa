"""`manage.py teahouse_token NAME`: a bearer token for a script, which speaks as a bot or as a user."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from teahouse.actions import people
from teahouse.live.protocol import Problem
from teahouse.models import Person, Token


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
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--list", action="store_true", help="list the tokens of NAME that are good")
        which.add_argument(
            "--revoke", type=int, metavar="ID", help="revoke the token with this number in the list"
        )

    def handle(self, *_: Any, name: str, label: str, list: bool, revoke: int | None, **__: Any) -> None:
        person = people.find_speaker(name)
        if not list and revoke is None:
            self.stdout.write(self._make(person, name, label))
        elif person is None:
            raise CommandError(f"There is no user and no bot {name!r}.")
        elif revoke is not None:
            self._revoke(person, revoke)
        else:
            self._list(person)

    def _make(self, person: Person | None, name: str, label: str) -> str:
        longest = Token._meta.get_field("label").max_length or 0
        if len(label) > longest:
            raise CommandError(f"A label has at most {longest} characters; this one has {len(label)}.")
        if person is not None and person.deactivated_at is not None:
            raise CommandError(f"{person.name} was deactivated; a token would be refused.")
        try:
            person = person or people.make_bot(name)
        except Problem as problem:
            raise CommandError(problem.message) from None
        return people.make_token(person, label)

    def _list(self, person: Person) -> None:
        for token in person.tokens.filter(revoked_at=None).order_by("pk"):
            self.stdout.write(f"{token.pk}\t{token.created_at:%Y-%m-%d}\t{token.label}")

    def _revoke(self, person: Person, pk: int) -> None:
        token = person.tokens.filter(pk=pk, revoked_at=None).first()
        if token is None:
            raise CommandError(f"{person.name} has no good token {pk}; --list shows those there are.")
        people.revoke_token(token)
