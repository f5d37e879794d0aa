"""`manage.py demo`: tables, agents and their desk, to try the example with."""

from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, call_command

from support.models import Desk


class Command(BaseCommand):
    help = "Makes tables, agents and their desk, where there are none."

    def handle(self, **options):
        call_command("migrate", verbosity=0)
        if Desk.objects.exists():
            return
        for name in ("ada", "sam"):
            get_user_model().objects.create_user(name, first_name=name.title(), is_staff=True)
        Desk.objects.create(name="Desk")
