"""`manage.py teahouse_follow`: runs listeners and webhooks in a process of its own."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from teahouse.followers import position, webhooks
from teahouse.followers.runner import Runner
from teahouse.followers.service import followers, known
from teahouse.models import Follower


class Command(BaseCommand):
    help = (
        "Runs what listens to events, and webhooks, in this process. The servers do that too, whoever is first;"
        " it is for a project whose pages are served without sockets, and to look after what failed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--list", action="store_true", help="says who follows, and where something fails")
        what.add_argument("--retry", metavar="NAME", help="has what failed tried again at once")
        what.add_argument("--skip", metavar="NAME", help="goes past each event at which it fails")
        what.add_argument(
            "--forget",
            metavar="NAME",
            help="deletes how far it is, of a listener that the project has no more",
        )

    def handle(
        self,
        *_: Any,
        list: bool = False,
        retry: str | None = None,
        skip: str | None = None,
        forget: str | None = None,
        **__: Any,
    ) -> None:
        if list:
            self._list()
        elif (name := retry or skip or forget) is not None:
            if not Follower.objects.filter(name=name).exists():
                raise CommandError(f"Nothing follows as {name!r}; --list says what does.")
            if forget:
                self._forget(name)
            else:
                rooms = position.try_again(name) if retry else position.skip(name)
                self.stdout.write(f"{name}: {rooms} {'room' if rooms == 1 else 'rooms'}.")
        else:
            self._run()

    def _forget(self, name: str) -> None:
        if name in known():
            raise CommandError(f"{name!r} is there; what it has not heard yet would be lost to it.")
        position.forget(name)
        self.stdout.write(f"{name}: forgotten.")

    def _list(self) -> None:
        here = known()
        for row in Follower.objects.order_by("name"):
            gone = "" if row.name in here else " (the project has it no more: --forget)"
            self.stdout.write(f"{row.name}{gone}")
        for place in position.stuck(least=1):
            said = f"failed {place.failures} times since {place.failing_since:%Y-%m-%d %H:%M}: {place.error}"
            self.stdout.write(f"  {place.follower.name} in {place.room.slug}, event {place.seq + 1}: {said}")

    def _run(self) -> None:
        ended = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
        runner = Runner(followers, tidy=webhooks.tidy, sweep=1.0)
        runner.start()
        self.stdout.write("Following. Stop it with Ctrl-C.")
        self.stdout.flush()
        ended.wait()
        runner.stop()
