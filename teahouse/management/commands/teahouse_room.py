"""`manage.py teahouse_room main`: makes an open room with a name, for a project to speak in."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from teahouse.actions import rooms
from teahouse.live.protocol import Problem


class Command(BaseCommand):
    help = (
        "Makes an open room, which everyone who may be on the site reads and speaks in. It may be there already: "
        "nothing is changed then."
    )

    # For scripts: no time and no output for what `manage.py check` says.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("room", metavar="ROOM", help="the room's name for ever, such as main")
        parser.add_argument("--title", default="", help="what stands above it; without it the name")

    def handle(self, *_: Any, room: str, title: str, **options: Any) -> None:
        try:
            found, made = rooms.make_open(room, title)
        except Problem as problem:
            raise CommandError(problem.message) from None
        if options["verbosity"]:
            self.stdout.write(f"Made: {found.slug}" if made else f"There already: {found.slug}")
