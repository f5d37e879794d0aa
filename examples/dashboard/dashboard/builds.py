"""Pretends to build something, in a thread of the server. A real dashboard hears of it from elsewhere."""

import time
from threading import Thread

from django.db import connection, transaction

import teahouse
from dashboard.models import Board, Build, BuildFinished

STEPS = 10
STEP_SECONDS = 0.3


def start(build):
    """Call it when the build's row has been committed."""
    Thread(target=run, args=(build,), daemon=True).start()


def run(build):
    board = Board.objects.get()
    for step in range(STEPS):
        time.sleep(STEP_SECONDS)
        # Shown and forgotten: who comes later sees the next one.
        teahouse.signal(board, "build.progress", {"number": build.pk, "done": (step + 1) / STEPS})
    with transaction.atomic():
        build.passed = build.pk % 3 != 0
        build.seconds = round(STEPS * STEP_SECONDS, 1)
        build.save()
        # Part of the transaction: no result without the event, no event without the result.
        told = {"number": build.pk, "passed": build.passed, "seconds": build.seconds}
        teahouse.emit(board, BuildFinished(**told, **Build.figures()), key=f"build-{build.pk}")
    connection.close()
