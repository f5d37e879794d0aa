"""The presence table: a few stories, then hypothesis against a model that works all out anew each time."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from teahouse.live.presence import EVERYWHERE, Change, Here, Presence

TEA, OUT = 1, 2  # rooms
ALICE, BOB, CHARLIE = 11, 12, 13


def test_who_comes_is_told_at_once_and_who_goes_after_the_grace() -> None:
    presence = Presence(grace=15)
    presence.enter(TEA, ALICE, "phone", 100.0)
    assert presence.next_at(100.0) == 100.0
    assert presence.tell(100.0) == [Change(TEA, [ALICE], [], 1)]
    assert presence.here(TEA) == Here(1, [ALICE])

    presence.leave(TEA, ALICE, "phone", 110.0)
    assert presence.tell(124.9) == []
    assert presence.here(TEA) == Here(1, [ALICE])
    assert presence.tell(125.0) == [Change(TEA, [], [ALICE], 0)]
    assert presence.here(TEA) == Here(0, [])


def test_a_reconnect_within_the_grace_is_not_seen() -> None:
    presence = Presence(grace=15)
    presence.enter(TEA, ALICE, "before", 0.0)
    presence.tell(0.0)
    presence.leave(TEA, ALICE, "before", 10.0)
    presence.enter(TEA, ALICE, "after", 24.0)
    assert [presence.tell(float(now)) for now in range(24, 100)] == [[]] * 76
    assert presence.is_here(TEA, ALICE)


def test_a_person_is_here_while_any_session_is() -> None:
    presence = Presence(grace=0)
    presence.enter(TEA, ALICE, "phone", 0.0)
    presence.enter(TEA, ALICE, "laptop", 0.0)
    presence.enter(TEA, ALICE, "laptop", 0.0)  # a session that subscribes again counts once
    presence.tell(0.0)
    presence.leave(TEA, ALICE, "laptop", 5.0)
    assert presence.tell(5.0) == []
    presence.leave(TEA, ALICE, "laptop", 6.0)
    assert presence.tell(6.0) == []
    presence.leave(TEA, ALICE, "phone", 7.0)
    assert presence.tell(7.0) == [Change(TEA, [], [ALICE], 0)]


def test_a_room_is_told_at_most_once_a_second_and_a_short_visit_not_at_all() -> None:
    presence = Presence(grace=0, told_every=1)
    presence.enter(TEA, ALICE, "a", 0.0)
    presence.enter(OUT, ALICE, "a", 0.0)
    assert len(presence.tell(0.0)) == len(presence.own_changes(0.0)) == 2
    presence.enter(TEA, BOB, "b", 0.2)
    presence.enter(TEA, CHARLIE, "c", 0.4)
    presence.leave(TEA, CHARLIE, "c", 0.6)
    assert presence.next_at(0.6) == 0.6  # Charlie's grace, of nought seconds, ends
    assert presence.tell(0.6) == presence.own_changes(0.6) == []
    assert presence.next_at(0.6) == 1.0
    assert presence.tell(1.0) == [Change(TEA, [BOB], [], 2)]


def test_one_who_is_removed_goes_at_once_from_all_sessions() -> None:
    presence = Presence(grace=15)
    presence.enter(TEA, ALICE, "phone", 0.0)
    presence.enter(TEA, ALICE, "laptop", 0.0)
    presence.enter(TEA, BOB, "b", 0.0)
    presence.tell(0.0)
    presence.leave(TEA, ALICE, "laptop", 1.0)
    presence.remove(TEA, ALICE, 2.0)
    presence.remove(TEA, CHARLIE, 2.0)  # who never was here
    presence.leave(TEA, ALICE, "phone", 2.0)  # the session's own end comes after
    assert presence.tell(2.0) == [Change(TEA, [], [ALICE], 1)]
    assert presence.is_here(TEA, BOB)


def test_one_who_is_removed_within_the_grace_goes_at_once_and_may_come_back() -> None:
    presence = Presence(grace=15)
    presence.enter(TEA, ALICE, "phone", 0.0)
    presence.tell(0.0)
    presence.leave(TEA, ALICE, "phone", 1.0)
    presence.remove(TEA, ALICE, 2.0)
    assert presence.tell(2.0) == [Change(TEA, [], [ALICE], 0)]
    presence.enter(TEA, ALICE, "phone", 5.0)
    assert presence.tell(5.0) == [Change(TEA, [ALICE], [], 1)]
    assert presence.tell(16.0) == []  # when the grace would have ended
    assert presence.is_here(TEA, ALICE)


def test_other_processes_count_and_expire_after_their_last_snapshot() -> None:
    presence = Presence(expiry=30)
    presence.heard("one", {TEA: [ALICE, BOB]}, 0.0)
    presence.heard("two", {TEA: [BOB]}, 0.0)
    assert presence.tell(0.0) == [Change(TEA, [ALICE, BOB], [], 2)]
    presence.heard("two", {TEA: [BOB]}, 20.0)
    presence.heard_change("one", TEA, [CHARLIE], [], 25.0)
    assert presence.tell(25.0) == [Change(TEA, [CHARLIE], [], 3)]
    assert presence.tell(29.0) == []
    assert presence.next_at(29.0) == 30.0
    assert presence.tell(30.0) == [Change(TEA, [], [ALICE, CHARLIE], 1)]
    assert presence.tell(50.0) == [Change(TEA, [], [BOB], 0)]


def test_a_snapshot_replaces_what_the_process_said() -> None:
    presence = Presence()
    presence.heard("one", {TEA: [ALICE], OUT: [ALICE]}, 0.0)
    presence.tell(0.0)
    presence.heard("one", {TEA: [BOB, BOB]}, 10.0)
    assert presence.tell(10.0) == [Change(TEA, [BOB], [ALICE], 1), Change(OUT, [], [ALICE], 0)]


def test_a_process_that_says_goodbye_leaves_its_people_the_grace() -> None:
    presence = Presence(grace=15, expiry=30)
    presence.heard("one", {TEA: [ALICE, BOB]}, 0.0)
    presence.tell(0.0)
    presence.forget("one", 1.0)
    presence.forget("never heard of", 1.0)
    presence.enter(TEA, ALICE, "here now", 4.0)
    assert presence.tell(15.9) == []
    assert presence.tell(16.0) == [Change(TEA, [], [BOB], 1)]


def test_a_late_goodbye_prolongs_nothing() -> None:
    presence = Presence(grace=15, expiry=30)
    presence.heard("one", {TEA: [ALICE]}, 0.0)
    presence.tell(0.0)
    presence.forget("one", 29.0)
    assert presence.tell(30.0) == [Change(TEA, [], [ALICE], 0)]


def test_the_bus_is_told_of_own_people_only() -> None:
    presence = Presence(grace=15)
    presence.heard("one", {TEA: [ALICE]}, 0.0)
    presence.enter(TEA, ALICE, "a", 0.0)
    assert presence.tell(0.0) == [Change(TEA, [ALICE], [], 1)]
    assert presence.own_changes(0.0) == [Change(TEA, [ALICE], [], 1)]
    presence.enter(TEA, BOB, "b", 0.5)
    assert presence.own_changes(0.5) == []
    assert presence.own_changes(1.0) == [Change(TEA, [BOB], [], 2)]
    assert presence.snapshot() == {TEA: [ALICE, BOB]}
    presence.leave(TEA, ALICE, "a", 2.0)
    assert presence.snapshot() == {TEA: [ALICE, BOB]}  # the grace holds in every process
    assert presence.own_changes(17.0) == [Change(TEA, [], [ALICE], 1)]
    assert presence.is_here(TEA, ALICE)


def test_a_reader_sees_himself_at_once_and_others_as_they_were_told() -> None:
    presence = Presence()
    presence.enter(TEA, ALICE, "a", 0.0)
    presence.tell(0.0)
    presence.enter(TEA, BOB, "b", 0.1)
    presence.enter(TEA, CHARLIE, "c", 0.1)
    assert presence.here(TEA) == Here(1, [ALICE])
    assert presence.here(TEA, to=BOB) == Here(2, [ALICE, BOB])
    assert presence.here(TEA, to=ALICE) == Here(1, [ALICE])
    assert presence.here(OUT) == Here(0, [])


def test_over_the_bound_there_are_only_counts_and_the_whole_list_comes_back() -> None:
    presence = Presence(grace=0, listed_up_to=3)
    for person in (21, 22, 23):
        presence.enter(TEA, person, person, 0.0)
    assert presence.tell(0.0) == [Change(TEA, [21, 22, 23], [], 3)]
    assert presence.here(TEA, to=29) == Here(4, None)
    presence.enter(TEA, 24, 24, 1.0)
    assert presence.tell(1.0) == [Change(TEA, [], [], 4)]
    assert presence.here(TEA) == Here(4, None)

    presence.enter(TEA, 25, 25, 2.0)
    presence.leave(TEA, 21, 21, 2.0)
    assert presence.tell(2.0) == []  # as many as before: nothing to tell
    presence.leave(TEA, 22, 22, 3.0)
    presence.leave(TEA, 23, 23, 3.0)
    assert presence.tell(3.0) == [Change(TEA, [24, 25], [], 2, whole=True)]
    assert presence.here(TEA) == Here(2, [24, 25])


def test_of_the_place_as_a_whole_all_are_told_by_name() -> None:
    presence = Presence(listed_up_to=2)
    for person in (21, 22, 23):
        presence.enter(EVERYWHERE, person, f"session {person}", 0.0)
    assert presence.tell(0.0) == [Change(EVERYWHERE, [21, 22, 23], [], 3)]
    assert presence.told(EVERYWHERE) == {21, 22, 23}
    presence.leave(EVERYWHERE, 22, "session 22", 1.0)
    assert presence.tell(16.0) == [Change(EVERYWHERE, [], [22], 2)]


def test_nobody_anywhere_costs_nothing() -> None:
    presence = Presence()
    for room in range(100):
        presence.enter(room, ALICE, "a", 0.0)
        presence.heard_change("one", room, [BOB], [], 0.0)
    presence.tell(0.0)
    presence.own_changes(0.0)
    assert presence.size > 400
    for room in range(100):
        presence.leave(room, ALICE, "a", 0.5)
    now = 0.5
    while (next_at := presence.next_at(now)) is not None:
        assert next_at > now, "a caller that waits until next_at would spin"
        now = next_at
        presence.tell(now)
        presence.own_changes(now)
    assert now == 31.0  # the other process's people went at 30; the second of quiet after it is over
    assert presence.size == 0


@dataclass
class Remote:
    rooms: dict[int, set[int]] = field(default_factory=dict)
    expires: float = 0.0


rooms = st.integers(1, 2)
people = st.integers(1, 4)
sessions = st.sampled_from(["phone", "laptop"])
processes = st.sampled_from(["one", "two"])
seconds = st.sampled_from([0.25, 0.5, 1.0, 7.5, 15.0, 29.75, 60.0])


class PresenceMachine(RuleBasedStateMachine):
    """The model keeps what was said and asks of each moment anew who is present. It counts nothing.

    Its times are multiples of 1/4, so that both sides add without rounding.
    """

    GRACE, EXPIRY, LISTED = 15.0, 30.0, 2

    def __init__(self) -> None:
        super().__init__()
        self.presence = Presence(self.GRACE, self.EXPIRY, told_every=1.0, listed_up_to=self.LISTED)
        self.now = 1000.0
        self.here: set[tuple[int, int, str]] = set()
        self.gone_at: dict[tuple[int, int], float] = {}
        self.remotes: dict[str, Remote] = {}
        # What readers and the other processes made of what they were told.
        self.readers: dict[int, set[int] | None] = {}
        self.counts: dict[int, int] = {}
        self.told_at: dict[int, float] = {}
        self.others: dict[int, set[int]] = {}
        self.others_told_at: dict[int, float] = {}

    def own(self, room: int) -> set[int]:
        inside = {person for in_room, person, _ in self.here if in_room == room}
        return inside | {
            person
            for (in_room, person), gone_at in self.gone_at.items()
            if in_room == room and self.now < gone_at + self.GRACE
        }

    def present(self, room: int) -> set[int]:
        live = [remote for remote in self.remotes.values() if self.now < remote.expires]
        return self.own(room).union(*(remote.rooms.get(room, set()) for remote in live))

    @rule(room=rooms, person=people, session=sessions)
    def enter(self, room: int, person: int, session: str) -> None:
        self.presence.enter(room, person, (person, session), self.now)
        self.here.add((room, person, session))
        self.gone_at.pop((room, person), None)

    @rule(room=rooms, person=people, session=sessions)
    def leave(self, room: int, person: int, session: str) -> None:
        self.presence.leave(room, person, (person, session), self.now)
        if (room, person, session) in self.here:
            self.here.remove((room, person, session))
            if not any(entry[:2] == (room, person) for entry in self.here):
                self.gone_at[room, person] = self.now

    @rule(room=rooms, person=people)
    def remove(self, room: int, person: int) -> None:
        self.presence.remove(room, person, self.now)
        self.here = {entry for entry in self.here if entry[:2] != (room, person)}
        self.gone_at.pop((room, person), None)

    @rule(process=processes, snapshot=st.dictionaries(rooms, st.sets(people)))
    def heard(self, process: str, snapshot: dict[int, set[int]]) -> None:
        self.presence.heard(process, {room: list(inside) for room, inside in snapshot.items()}, self.now)
        self.remotes[process] = Remote({room: set(inside) for room, inside in snapshot.items()})
        self.remotes[process].expires = self.now + self.EXPIRY

    @rule(process=processes, room=rooms, came=st.sets(people), went=st.sets(people))
    def heard_change(self, process: str, room: int, came: set[int], went: set[int]) -> None:
        came -= went
        remote = self.remotes.get(process)
        if remote is None or self.now >= remote.expires:
            self.told()  # the table learns only here that the process expired
            remote = self.remotes[process] = Remote(expires=self.now + self.EXPIRY)
        self.presence.heard_change(process, room, came, went, self.now)
        remote.rooms[room] = (remote.rooms.get(room, set()) | came) - went

    @rule(process=processes)
    def forget(self, process: str) -> None:
        self.presence.forget(process, self.now)
        if process in self.remotes:
            remote = self.remotes[process]
            remote.expires = min(remote.expires, self.now + self.GRACE)

    @rule(seconds=seconds)
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def told(self) -> None:
        for change in self.presence.tell(self.now):
            self.reader_applies(change)
        for change in self.presence.own_changes(self.now):
            others = self.others.setdefault(change.room_id, set())
            assert self.now - self.others_told_at.get(change.room_id, 0.0) >= 1.0
            assert others.isdisjoint(change.came)
            assert others.issuperset(change.went)
            others |= set(change.came)
            others -= set(change.went)
            assert len(others) == change.count
            self.others_told_at[change.room_id] = self.now

    def reader_applies(self, change: Change) -> None:
        room = change.room_id
        assert self.now - self.told_at.get(room, 0.0) >= 1.0, "told twice within a second"
        assert change.count != self.counts.get(room, 0) or change.came or change.went, "told of nothing"
        self.told_at[room] = self.now
        self.counts[room] = change.count
        listed = self.readers.setdefault(room, set())
        if change.count > self.LISTED:
            assert change.came == change.went == []
            self.readers[room] = None
            return
        if change.whole:
            assert listed is None
            listed = set()
        assert listed is not None
        assert listed.isdisjoint(change.came)
        assert listed.issuperset(change.went), "told of one who goes and had not come"
        self.readers[room] = (listed | set(change.came)) - set(change.went)

    @rule()
    def driven_until_quiet(self) -> None:
        """Whoever drives it by next_at brings every reader to the truth within a second, without spinning."""
        until = self.now + 1.0
        while (next_at := self.presence.next_at(self.now)) is not None and next_at <= until:
            self.now = next_at
            self.told()
            again = self.presence.next_at(self.now)
            assert again is None or again > self.now
        self.now = until
        for room in (1, 2):
            assert self.counts.get(room, 0) == len(self.present(room))
            if len(self.present(room)) <= self.LISTED:
                assert self.readers.get(room, set()) == self.present(room)
            assert self.others.get(room, set()) == self.own(room)
            assert set(self.presence.snapshot().get(room, [])) == self.own(room)

    @precondition(lambda self: not self.here)
    @rule()
    def long_after_everybody_left(self) -> None:
        while (next_at := self.presence.next_at(self.now)) is not None:
            self.now = next_at
            self.told()
        assert self.presence.size == 0

    @invariant()
    def a_new_reader_gets_what_the_others_hold(self) -> None:
        for room in (1, 2):
            here = self.presence.here(room)
            assert here.count == self.counts.get(room, 0)
            listed = self.readers.get(room, set())
            assert here.people == (None if listed is None else sorted(listed))


TestPresenceMachine = PresenceMachine.TestCase
TestPresenceMachine.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
