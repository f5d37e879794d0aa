"""What happens beside the talk: the project posts, tokens are revoked, backups put back, clocks wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from teahouse.actions import people
from tests.sim.client import Credential, Violation
from tests.sim.loop import Life

if TYPE_CHECKING:
    from tests.sim.world import World

HOUR: Final = 3600.0
ROBOT: Final = "robot"


class Keeper:
    """Does it, and remembers what has to come of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.robot = world.database.add_person(ROBOT).pk
        self.posted: dict[str, tuple[int, str]] = {}  # Key → room, text.
        self._ever: dict[str, tuple[int, str]] = {}  # Also what a backup has made undone.
        self.cutting: dict[
            str, Life
        ] = {}  # Revoked tokens whose end was not answered yet, and who is to answer.

    def post(self) -> None:
        """Code of the project leaves something in the outbox, in a process that serves or in another one."""
        world = self.world
        room = world.chance.choice(list(world.database.slugs.values())[:2])
        for _ in range(world.chance.choice((1, 1, 5))):
            number = len(self._ever)
            # Every other is no message, but an event of the project.
            key, leave = (
                (f"emit-{number}", world.database.emit)
                if number % 2
                else (f"post-{number}", world.database.post)
            )
            self.posted[key] = self._ever[key] = room, f'{{"told":"{key}"}}'
            leave(room, self.robot, key, self.posted[key][1])
        serving = [process for process in world.processes if process.runtime is not None]
        if serving and world.chance.random() < 0.5:
            process = world.chance.choice(serving)
            assert process.runtime is not None
            world.loop.call_soon(process.runtime.sweep.hint, context=process.context)

    def revoke(self) -> None:
        """A token is good no more, and a process is asked to end its sessions everywhere."""
        world = self.world
        credential: Credential = world.chance.choice(world.everyone).credential
        serving = [process for process in world.processes if process.runtime is not None]
        if not (credential.is_good and serving):
            return
        process, token, digest = world.chance.choice(serving), credential.token, credential.digest
        del world.database.tokens[digest]
        self.cutting[token] = process.life
        assert process.runtime is not None
        answer = process.context.run(process.runtime.cuts.everywhere, people.Cut(token_digest=digest))
        answer.add_done_callback(lambda _: self._answered(credential, token))

    def _answered(self, credential: Credential, token: str) -> None:
        credential.ended[token] = self.world.loop.time()
        self.cutting.pop(token, None)
        self.world.say_something()

    def begin_new_histories(self) -> None:
        """`teahouse manage teahouse_restored`, beside servers that go on."""
        self.world.database.begin_new_histories()

    def back_up(self) -> None:
        """And a while later, after whatever has happened until then, that backup is put back."""
        saved = self.world.database.saved()
        self.world.loop.call_later(0.4 * self.world.chance.random(), self._put_back, saved)

    def _put_back(self, saved: dict[str, Any]) -> None:
        world = self.world
        for process in world.processes:
            if not process.life.is_over:
                process.kill()
                world.loop.call_later(0.1 + 0.2 * world.chance.random(), process.start)
        for one in world.everyone:
            if one.socket is not None:
                one.socket.lose()
        world.database.restore(saved)
        database = world.database
        for client in world.clients:
            kept = client.acknowledged.items()
            client.acknowledged = {
                key: told
                for key, told in kept
                if (database.slugs[told[0]], client.person, key) in database.keys
            }
        waiting = {say.key for say in database.outbox.values()}
        stored = {key for _, _, key in database.keys} | {row.key for row in database.customs.values()}
        self.posted = {key: what for key, what in self._ever.items() if key in waiting | stored}

    def set_a_clock(self) -> None:
        """The clock on a process's wall is wrong from now on, or right again."""
        process = self.world.chance.choice(self.world.processes)
        process.ahead = 0.0 if process.ahead else self.world.chance.uniform(-HOUR, HOUR)

    def stand_still(self) -> None:
        """The machine with all servers does nothing for a while, as when it is moved."""
        self.world.loop.leap(self.world.chance.choice((1.0, 20.0, 60.0, HOUR)))

    # The end

    def unfinished(self) -> list[str]:
        found = [f"{token} is not ended" for token, life in self.cutting.items() if not life.is_over]
        return found + [f"{say.key} waits in the outbox" for say in self.world.database.outbox.values()]

    def check_the_end(self) -> None:
        """What was posted is there once."""
        database = self.world.database
        said = [one for one in database.messages.values() if one.by == self.robot]
        by_robot = {one.key: (one.room, one.versions[0][1]) for one in said}
        by_robot |= {one.key: (one.room, one.data) for one in database.customs.values()}
        if len(by_robot) != len(said) + len(database.customs):
            raise Violation("something was posted twice")
        if by_robot.keys() != self.posted.keys():
            raise Violation(f"posted was {sorted(self.posted)}, and there is {sorted(by_robot)}")
        for key, posted in self.posted.items():
            if by_robot[key] != posted:
                raise Violation(f"{key} was posted as {posted}, and is {by_robot[key]}")
