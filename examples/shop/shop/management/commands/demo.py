"""`manage.py demo`: tables, people and orders to try the example with."""

from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, call_command

from shop.models import Order


class Command(BaseCommand):
    help = "Makes tables, people and orders, where there are none."

    def handle(self, **options):
        call_command("migrate", verbosity=0)
        if Order.objects.exists():
            return
        users = get_user_model().objects
        mei, otto = users.create_user("mei", first_name="Mei"), users.create_user("otto", first_name="Otto")
        users.create_user("sam", first_name="Sam", is_staff=True)
        Order.objects.create(customer=mei, what="a pot of oolong")
        Order.objects.create(customer=otto, what="two cups")
