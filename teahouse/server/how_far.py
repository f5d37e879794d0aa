"""Remembers beside the database how far it had come, so that an older one in its place is noticed on start.

Whoever puts back a backup behind our back gives numbers a second time: a client that was ahead of it would take the
next messages for those that it has (P3). A new epoch for every room prevents that; `teahouse restore` begins them
itself.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ValidationError

from teahouse.server import folder
from teahouse.server.words import say, tell

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

FILE: Final = "how_far"
SECONDS: Final = 2.0
"""A backup that is put back and was younger than that before a `kill -9` is not noticed."""
FOUND: Final = (
    "SELECT s.key, (SELECT coalesce(sum(r.seq), 0) FROM teahouse_room r) FROM teahouse_site s WHERE s.id = 1"
)

log = logging.getLogger("teahouse.server")


class HowFar(BaseModel):
    """How many events a site's database had."""

    site: str
    events: int


def look(connection: BaseDatabaseWrapper, data: Path) -> None:
    """Begins new histories where the database has fewer events than were seen in it before."""
    from teahouse.actions import rooms

    before, now = _remembered(data), _found(connection)
    if before is not None and before.site == now.site and now.events < before.events:
        rooms.begin_new_histories()
        tell(
            say(
                f"The database is older than what was served from here before ({now.events:,} events of "
                f"{before.events:,}): a backup, it seems. All histories begin anew, so that nobody misses anything.",
                f"数据库比此前在这里使用的旧（{before.events:,} 个事件中只有 {now.events:,} 个），看来是备份。"
                "所有历史重新开始，以免有人漏掉消息。",
            )
        )
    remember(data, now)


def remember(data: Path, how_far: HowFar) -> None:
    draft = data / f".{FILE}.new"
    draft.touch(folder.PRIVATE_FILE)
    draft.write_text(how_far.model_dump_json() + "\n", encoding="ascii")
    draft.replace(data / FILE)


def _remembered(data: Path) -> HowFar | None:
    try:
        return HowFar.model_validate_json((data / FILE).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        log.warning("%s is not read, and made anew: %s", data / FILE, error)
        return None


def _found(connection: BaseDatabaseWrapper) -> HowFar:
    with connection.cursor() as cursor:
        cursor.execute(FOUND)
        site, events = cursor.fetchone()
    return HowFar(site=site, events=int(events))


class Watch:
    """Remembers it every two seconds, and a last time at the end."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="teahouse-how-far", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        from django.db import Error

        from teahouse.server.serve import plain_connection

        connection = plain_connection()
        last: HowFar | None = None
        ended = False
        while not ended:
            ended = self._end.wait(SECONDS)
            try:
                if (now := _found(connection)) != last:
                    remember(self._data, now)
                    last = now
            except (Error, OSError) as error:
                # The sessions say that the database is away; this looks again in two seconds.
                log.debug("not remembered how far the database is: %s", error)
                connection.close()
        connection.close()
