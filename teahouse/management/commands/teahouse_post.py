"""`manage.py teahouse_post main "Deployed."`: says something in a room, from a script or a cron job."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from teahouse import outbox
from teahouse.actions import people
from teahouse.models import Room


class Command(BaseCommand):
    help = (
        "Says something in a room. A server that runs delivers it at once; else it waits for the next start."
    )

    # For scripts: no time and no output for what `manage.py check` says.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("room", metavar="ROOM", help="the room's name, such as main")
        parser.add_argument(
            "text", metavar="TEXT", help="what to say, in Markdown; - reads it from standard input"
        )
        parser.add_argument(
            "--as",
            dest="speaker",
            metavar="NAME",
            help="a user's or bot's name; without it the site's own bot speaks",
        )
        parser.add_argument(
            "--key", help="said once, however often the command is repeated with the same key"
        )

    def handle(
        self, *_: Any, room: str, text: str, speaker: str | None, key: str | None, **options: Any
    ) -> None:
        by = None if speaker is None else people.find_speaker(speaker)
        if speaker is not None and by is None:
            raise CommandError(
                f"There is no user and no bot {speaker!r}. A new bot comes with: teahouse_token {speaker!r}"
            )
        try:
            row = outbox.post(room, sys.stdin.read().rstrip("\n") if text == "-" else text, by=by, key=key)
        except Room.DoesNotExist as missing:
            raise CommandError(str(missing)) from None
        except ValueError as wrong:
            raise CommandError(str(wrong)) from None
        if options["verbosity"] > 1:
            self.stdout.write(f"Left in the outbox as {row}.")
