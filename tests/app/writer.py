"""A process that speaks in a room through a journal of its own:  writer.py ROOM PERSON COUNT

Or, with `sqlite` before it, one that writes to the file at its own pace, as a command does, and prints how long
the longest of its writes had to wait:  writer.py sqlite COUNT
"""

import sys
import time

import django

django.setup()

from django.db import transaction  # noqa: E402

from teahouse.history import who  # noqa: E402
from teahouse.journal import Say, Stored  # noqa: E402
from teahouse.models import Person  # noqa: E402
from tests.app.journals import journal, stored  # noqa: E402


def speak(room: int, person: int, count: int) -> None:
    by = who(Person.objects.get(pk=person))
    with journal() as running:
        for start in range(0, count, 5):
            says = [Say(room, by, f"{person}-{n}", f"{n}", None, None) for n in range(start, start + 5)]
            assert all(isinstance(outcome, Stored) for outcome in stored(running, says))


def write(count: int) -> None:
    longest = 0.0
    for n in range(count):
        start = time.monotonic()
        with transaction.atomic():
            person = Person(kind="guest")
            person.rename(f"somebody {n}")
            person.save()
        longest = max(longest, time.monotonic() - start)
    print(f"longest {longest:.3f}")


if sys.argv[1] == "sqlite":
    write(int(sys.argv[2]))
else:
    speak(*map(int, sys.argv[1:]))
