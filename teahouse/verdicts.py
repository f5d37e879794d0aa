"""Asks the project's policy about rooms on objects, for many people at once. In: rooms and people. Out: a `Verdict`
for each pair, of which `access.granted` makes rights. Synchronous; callers run it on a reader thread.

Objects and users are fetched once for all who are asked about. What fails is refused and logged; the others hear
nothing of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import isawaitable, iscoroutinefunction
from typing import Any, Final, NamedTuple

from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth import get_user_model
from django.db import InterfaceError, OperationalError, connections
from django.utils.module_loading import import_string

from teahouse import database
from teahouse.conf import conf
from teahouse.models import Person, Room
from teahouse.policy import Policy
from teahouse.subjects import key_of, model_of

log = logging.getLogger("teahouse.policy")

SECONDS: Final = 10.0
"""Longer an `async def` does not think."""
AT_ONCE: Final = 32
"""So many of them are under way."""
Pair = tuple[int, int]
"""A room's id and a person's, 0 for one without a name."""


class Verdict(NamedTuple):
    """What the policy says of one person in one room; None: as the room's own rules say. `failed`: it could not say."""

    see: bool | None = None
    say: bool | None = None
    moderate: bool | None = None
    failed: bool = False


AS_THE_ROOM_SAYS: Final = Verdict()
REFUSED: Final = Verdict(see=False)
FAILED: Final = Verdict(see=False, failed=True)


@dataclass(slots=True)
class _Question:
    pair: Pair
    policy: Policy
    given: tuple[Any, Room, Any]
    """User, room, object."""


def verdicts(asked: Collection[tuple[Room, int]]) -> dict[Pair, Verdict]:
    """What the policy says of each of these people in each of these rooms, which are on objects.

    Where the object is there no more, its room is not there either, with a policy and without one.
    """
    answers = _Answers()
    found = answers.of(asked)
    if any(isinstance(error, OperationalError | InterfaceError) for error in answers.errors):
        # A connection to the host's database that broke while nobody used it: once more, on new ones.
        for connection in connections.all(initialized_only=True):
            if not connection.in_atomic_block:
                connection.close_if_unusable_or_obsolete()
        answers = _Answers()
        found = answers.of(asked)
    if answers.errors:
        first = answers.errors[0]
        many = len(answers.errors)
        log.error("The policy failed in %d questions, which are refused; the first:", many, exc_info=first)
    return found


def policy_class() -> type[Policy] | None:
    """The project's policy; None where it has none.

    Raises:
        ImportError: there is none by that name.
        TypeError: that is no `teahouse.Policy`.
    """
    path = conf().POLICY
    if path is None:
        return None
    found = import_string(path)
    if not (isinstance(found, type) and issubclass(found, Policy)):
        raise TypeError(f'TEAHOUSE["POLICY"]: {path} is no subclass of teahouse.Policy')
    return found


class _Answers:
    """One round of questions, and what went wrong in it."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []

    def of(self, asked: Collection[tuple[Room, int]]) -> dict[Pair, Verdict]:
        found: dict[Pair, Verdict] = {(room.pk, person): FAILED for room, person in asked}
        with self._kept():
            policy = policy_class()
            objects = self._objects(policy, {room.pk: room for room, _ in asked}.values())
            gone = {room.pk for room, _ in asked if room.pk in objects and objects[room.pk] is None}
            found |= {pair: REFUSED for pair in found if pair[0] in gone}
            if policy is None:
                found |= {pair: AS_THE_ROOM_SAYS for pair in found if objects.get(pair[0]) is not None}
                return found
            people = Person.objects.using(database.alias()).in_bulk({person for _, person in asked} - {0})
            users = _users(people.values())
            questions = []
            for room, person in asked:
                if (subject := objects.get(room.pk)) is not None:
                    with self._kept():
                        known = people.get(person)
                        user = users.get(known.user_id) if known is not None else None
                        question = _Question((room.pk, person), policy(known), (user, room, subject))
                        questions.append(question)
            found |= self._asked(policy, questions)
        return found

    @contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001
            # Whatever the host's code does, it is refused, and its neighbours are asked all the same.
            self.errors.append(error)

    def _objects(self, policy: type[Policy] | None, rooms: Collection[Room]) -> dict[int, Any]:
        """The object of each room by the room's id; None where it is gone. Rooms whose objects failed are left out."""
        by_type: dict[str, list[Room]] = {}
        for room in rooms:
            by_type.setdefault(room.subject_type or "", []).append(room)
        objects: dict[int, Any] = {}
        for label, some in by_type.items():
            with self._kept():
                model = model_of(label)
                if model is None:
                    objects |= dict.fromkeys((room.pk for room in some), None)
                    continue
                keys = {room.pk: key_of(model, room.subject_id or "") for room in some}
                wanted = {key for key in keys.values() if key is not None}
                found = database.in_bulk((policy or Policy).objects(model), wanted)
                objects |= {room: found.get(key) for room, key in keys.items()}
        return objects

    def _asked(self, policy: type[Policy], questions: list[_Question]) -> dict[Pair, Verdict]:
        methods = (policy.may_see, policy.may_say, policy.may_moderate)
        if any(iscoroutinefunction(method) for method in methods):
            found: dict[Pair, Verdict] = async_to_sync(self._all_at_once)(questions)
            return found
        return {question.pair: self._one(question) for question in questions}

    def _one(self, question: _Question) -> Verdict:
        policy, given = question.policy, question.given
        try:
            see = _checked(policy.may_see(*given))
            if see is False:
                return REFUSED
            return Verdict(see, _checked(policy.may_say(*given)), _checked(policy.may_moderate(*given)))
        except Exception as error:  # noqa: BLE001
            return self._failed(error)

    async def _all_at_once(self, questions: list[_Question]) -> dict[Pair, Verdict]:
        places = asyncio.Semaphore(AT_ONCE)

        async def ask(question: _Question) -> Verdict:
            policy, given = question.policy, question.given
            try:
                async with places, asyncio.timeout(SECONDS):
                    see = await _answer(policy.may_see, given)
                    if see is False:
                        return REFUSED
                    say = await _answer(policy.may_say, given)
                    return Verdict(see, say, await _answer(policy.may_moderate, given))
            except Exception as error:  # noqa: BLE001
                return self._failed(error)

        told = await asyncio.gather(*(ask(question) for question in questions))
        return {question.pair: verdict for question, verdict in zip(questions, told, strict=True)}

    def _failed(self, error: Exception) -> Verdict:
        self.errors.append(error)
        return FAILED


async def _answer(method: Any, given: tuple[Any, ...]) -> bool | None:
    # A method that is not async may use the ORM as it is used elsewhere.
    if not iscoroutinefunction(method):
        method = sync_to_async(method)
    return _checked(await method(*given))


def _checked(answer: Any) -> bool | None:
    if isawaitable(answer):
        answer = async_to_sync(_awaited)(answer)
    if answer is not None and not isinstance(answer, bool):
        raise TypeError(f"a policy answers True, False or None, not {answer!r}; write bool(…) around it")
    return answer


async def _awaited(answer: Any) -> Any:
    async with asyncio.timeout(SECONDS):
        return await answer


def _users(people: Collection[Person]) -> dict[Any, Any]:
    ids = {person.user_id for person in people} - {None}
    return database.in_bulk(get_user_model()._default_manager, ids)
