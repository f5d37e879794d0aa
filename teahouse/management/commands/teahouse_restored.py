"""`manage.py teahouse_restored`: after a backup of the database was put in place, no old position counts any more."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from teahouse.actions import rooms


class Command(BaseCommand):
    help = (
        "To be run once after a backup of the database was put in place: clients that know later messages than the "
        "backup does then read anew, instead of missing what gets the same numbers."
    )

    def handle(self, *_: Any, **options: Any) -> None:
        self.stdout.write(f"New histories begun: {rooms.begin_new_histories()}.")
