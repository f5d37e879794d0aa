"""Leaves a post in a transaction and is killed, right before or right after the commit:  leave.py before|after"""

import os
import signal
import sys

import django
from django.db import transaction

django.setup()

import teahouse  # noqa: E402


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


with transaction.atomic():
    if sys.argv[1] == "after":
        transaction.on_commit(die)  # The first that is called once the commit is done.
    teahouse.post("main", "Order 7 was paid.", key="order-7")
    if sys.argv[1] == "before":
        die()
