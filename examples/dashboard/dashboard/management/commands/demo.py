"""`manage.py demo`: tables, people and a board, to try the example with."""

from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, call_command

from dashboard.models import Board


class Command(BaseCommand):
    help = "Makes tables, people and a board, where there are none."

    def handle(self, **options):
        call_command("migrate", verbosity=0)
        if Board.objects.exists():
            return
        for name in ("ada", "bob"):
            get_user_model().objects.create_user(name, first_name=name.title())
        Board.objects.create(name="Builds")
