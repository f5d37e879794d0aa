"""Runs followers in a process: one thread looks after leases and what is to be done, a few do it. In: hints that
rooms have something new, and a clock. Out: events handed over, positions stored.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from typing import Final

from django.db import connections

from teahouse import database, resume
from teahouse.followers import lease, position
from teahouse.followers.follower import Again, Follower, Heard, heard
from teahouse.followers.lease import Leases
from teahouse.followers.position import Place
from teahouse.models import Follower as Row

log = logging.getLogger("teahouse.followers")

WORKERS: Final = 4
TICK: Final = 1.0
SWEEP_SECONDS: Final = 10.0
SAVE_SECONDS: Final = 1.0
"""What was done since a position was stored is done again after a crash: a second of it at most, and one event."""
TIDY_SECONDS: Final = 3600.0
GATHER_SECONDS: Final = 0.02
"""After a hint: where much is said one look is for many commits."""
PATIENCE: Final = 10.0
"""How long an end waits for what is just being done."""


class Runner:
    """Runs what `followers` gives, which is asked when leases are renewed; `tidy` is called now and then."""

    def __init__(
        self,
        followers: Callable[[], Iterable[Follower]],
        *,
        tidy: Callable[[], None] = lambda: None,
        sweep: float = SWEEP_SECONDS,
        lease_seconds: float = lease.SECONDS,
        tick: float = TICK,
    ) -> None:
        self._followers = followers
        self._tidy = tidy
        self._sweep, self._tick = sweep, tick
        self.leases = Leases(secrets.token_hex(8), lease_seconds)
        self._renew = min(lease.RENEW_SECONDS, lease_seconds / 3)
        self._known: dict[str, Follower] = {}
        self._rows: dict[str, Row] = {}
        self._jobs: dict[str, Future[None]] = {}
        self._new: dict[str, set[int] | None] = {}  # Rooms to look at, of each follower; None: all.
        self._again: dict[
            tuple[str, int], float
        ] = {}  # Rooms in which something failed, and when they are due.
        self._is_away = False  # The database.
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="teahouse-followers", daemon=True)
        self._pool = ThreadPoolExecutor(WORKERS, "teahouse-follower")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends it when what is just being done is done, or after PATIENCE. Others take over at once."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(PATIENCE)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def hint(self, rooms: Iterable[int]) -> None:
        """These rooms have something new. Any thread; costs nothing where nothing follows."""
        if not self._known:
            return
        rooms = set(rooms)
        with self._lock:
            for name, known in self._new.items():
                # Who takes a follower over looks at all rooms.
                if known is not None and self.leases.holds(name):
                    self._new[name] = known | rooms
        self._wake.set()

    def _work(self) -> None:
        renewed = swept = tidied = float("-inf")
        while not self._stopping.is_set():
            now = time.monotonic()
            try:
                if now - renewed >= self._renew:
                    self._take(list(self._followers()))
                    connections.close_all()  # Until the next time nobody need keep one open.
                    renewed = now
                if now - swept >= self._sweep:
                    with self._lock:
                        self._new = dict.fromkeys(self._new)
                    swept = now
                self._remember(now)
                self._begin()
                if now - tidied >= TIDY_SECONDS:
                    tidied = now
                    database.checked(self._tidy)
                self._is_away = False
            except database.Unavailable as away:
                if not self._is_away:  # Once, not each second.
                    log.warning("Followers wait for the database: %s", away)
                self._is_away = True
            except Exception:
                log.exception("Followers go on after an error")
                self._stopping.wait(
                    10 * self._tick
                )  # It may be one that stays, such as a table that is missing.
            if self._wake.wait(self._tick):
                self._stopping.wait(GATHER_SECONDS)
            self._wake.clear()
        try:
            self._end()
        finally:
            connections.close_all()

    def _take(self, followers: list[Follower]) -> None:
        self._known = {follower.name: follower for follower in followers}
        for name in self._known.keys() - self._rows.keys():
            at_now = self._known[name].begin == "now"
            self._rows[name] = database.checked(partial(lease.begin, name, at_now))
        self._rows = {name: row for name, row in self._rows.items() if name in self._known}
        held = {name for name in self._known if self.leases.holds(name)}
        database.checked(lambda: self.leases.take(self._known))
        with self._lock:
            self._new = {name: self._new.get(name) if name in held else None for name in self._known}

    def _remember(self, now: float) -> None:
        """What failed and is due again."""
        with self._lock:
            for name, room in [one for one, due in self._again.items() if due <= now]:
                del self._again[name, room]
                known = self._new.get(name)
                if known is not None:
                    self._new[name] = known | {room}

    def _begin(self) -> None:
        for name, follower in self._known.items():
            running = self._jobs.get(name)
            if not self.leases.holds(name) or (running is not None and not running.done()):
                continue
            with self._lock:
                rooms, self._new[name] = self._new[name], set()
            if rooms is None or rooms:
                self._jobs[name] = self._pool.submit(self._run, follower, self._rows[name], rooms)

    def _end(self) -> None:
        at_work = [job for job in self._jobs.values() if not job.cancel()]
        if wait(at_work, PATIENCE).not_done:
            return  # Its lease ends by itself: who is still at it must not be joined by another.
        try:
            self.leases.give_back()
        except Exception as error:  # noqa: BLE001  Others wait until it ends by itself.
            log.warning("Leases of followers could not be given back: %s", error)

    # On a thread of the pool

    def _run(self, follower: Follower, row: Row, rooms: set[int] | None) -> None:
        try:
            places = database.checked(lambda: position.waiting(row, rooms))
            for place in places:
                if not self._may_go_on(follower):
                    break
                self._advance(follower, row, place)
            if places:
                self._look_again(follower.name, rooms)
        except database.Unavailable as away:
            log.info("%s waits for the database: %s", follower.name, away)
            self._look_again(follower.name, rooms)
        except Exception as error:  # noqa: BLE001  Told by what is called.
            self._went_wrong(follower, row, rooms, error)
        finally:
            connections.close_all()

    def _went_wrong(self, follower: Follower, row: Row, rooms: set[int] | None, error: Exception) -> None:
        with suppress(database.Unavailable):
            if not database.checked(Row.objects.using(database.alias()).filter(pk=row.pk).exists):
                # What was to be written down belongs to nothing any more.
                log.info("%s was deleted while it was at work", follower.name)
                return
        log.error("%s goes on after an error", follower.name, exc_info=error)
        self._look_again(follower.name, rooms)

    def _look_again(self, name: str, rooms: set[int] | None) -> None:
        """What came meanwhile, and what did not fit."""
        with self._lock:
            known = self._new.get(name, set())
            self._new[name] = None if rooms is None or known is None else known | rooms
        self._wake.set()

    def _may_go_on(self, follower: Follower) -> bool:
        return self.leases.holds(follower.name) and not self._stopping.is_set()

    def _advance(self, follower: Follower, row: Row, place: Place) -> None:
        """Hands over one page of what waits in a room, and stores how far that came."""
        if not follower.wants(place.slug):
            position.reached(row, place, place.head)
            return
        done, saved = place.seq, time.monotonic()
        for event in database.checked(lambda: resume.events_after(place.room, place.seq, place.slug)):
            if not self._may_go_on(follower):
                break
            told = heard(event, place.slug, place.epoch)
            if follower.cares(told) and not self._handed(follower, row, place, told, done):
                return
            done = event.seq
            if time.monotonic() - saved > SAVE_SECONDS:
                position.reached(row, place, done)
                saved = time.monotonic()
        if done != place.seq and self.leases.holds(follower.name):
            position.reached(row, place, done)

    def _handed(self, follower: Follower, row: Row, place: Place, event: Heard, done: int) -> bool:
        try:
            follower.hand(event)
        except BaseException as error:  # noqa: BLE001  `sys.exit` of a library and a cancelled task too: it is tried again.
            after = error.after if isinstance(error, Again) else None
            why = str(error) if isinstance(error, Again) else f"{type(error).__name__}: {error}"
            failure = position.failed(row, place, done, why, after, follower.park_after)
            with self._lock:
                self._again[follower.name, place.room] = time.monotonic() + failure.pause
            self._tell(follower, event, error, failure.times)
            follower.failed(event, error, failure)
            return False
        return True

    def _tell(self, follower: Follower, event: Heard, error: BaseException, failures: int) -> None:
        what = (follower.name, event.kind, event.seq, event.room)
        if isinstance(error, Again):
            log.info("%s: event %s %d of %s once more: %s", *what, error)
        elif failures == follower.park_after:
            log.error("%s: event %s %d of %s fails for the %dth time and is parked", *what, failures)
        else:
            log.warning("%s: event %s %d of %s failed", *what, exc_info=error)
