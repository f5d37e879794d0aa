"""`manage.py teahouse_audit`: looks whether everything that Teahouse has stored fits together."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from teahouse.audit import audit


class Command(BaseCommand):
    help = (
        "Looks at every room, message and event of Teahouse, while servers go on. The exit status is 0 if everything "
        "fits together, 1 if not."
    )

    def handle(self, *_: Any, **options: Any) -> None:
        found = audit()
        for line in found.wrong:
            self.stderr.write(line)
        counted = f"rooms {found.rooms:,}, messages {found.messages:,}, events {found.events:,}"
        if found.count:
            raise CommandError(f"{counted}: {found.count:,} do not fit.")
        self.stdout.write(f"{counted}: everything fits together.")
