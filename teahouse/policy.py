"""What a project says about rooms on its objects: a subclass of `Policy`, named in `TEAHOUSE["POLICY"]`.

In: a user of the project or None, a room, the object that the room is on. Out: yes, no, or None. Imports no models, so
that a project may subclass it anywhere. `teahouse/verdicts.py` asks it.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

    from teahouse.models import Person, Room

Answer = bool | None | Awaitable[bool | None]
"""True, False, or None: as the room's own rules say. Methods may be `async def`."""


class Policy:
    """Who may do what in a room that is on an object. A subclass answers what it knows and leaves the rest.

    One is made for each question. An exception and an answer that is no bool and not None count as no, and are logged.

    Attributes:
        person: who asks, as Teahouse knows them: a user's person, a guest, a bot; None for a visitor without a name.
    """

    def __init__(self, person: Person | None) -> None:
        self.person = person

    def may_see(self, user: Any, room: Room, subject: Any) -> Answer:
        """Whether the room is there for this person: its pages, history, events, who is here.

        To whom this is True the room is an open one, whatever its kind. `user` is None for guests and bots.
        """
        return None

    def may_say(self, user: Any, room: Room, subject: Any) -> Answer:
        """Whether who sees the room may speak and react in it. An archived room stays silent."""
        return None

    def may_moderate(self, user: Any, room: Room, subject: Any) -> Answer:
        """Whether who sees the room may delete what others said, change its title and remove people."""
        return None

    @classmethod
    def objects(cls, model: type[Model]) -> QuerySet[Any]:
        """From which objects of this model are taken, many at once; for a `select_related` of what is asked about."""
        return model._default_manager.all()
