"""Who may see and say what in the rooms on orders."""

from typing import Any

import teahouse


class Policy(teahouse.Policy):
    def may_see(self, user: Any, room: Any, order: Any) -> bool:
        return user is not None and (user.is_staff or order.customer_id == user.pk)

    def may_say(self, user: Any, room: Any, order: Any) -> bool | None:
        return False if order.closed else None

    def may_moderate(self, user: Any, room: Any, order: Any) -> bool:
        return bool(user.is_staff)


class PolicyOfManyMinds(Policy):
    """The same, and asks the database where it may be waited for."""

    async def may_see(self, user: Any, room: Any, order: Any) -> bool:  # type: ignore[override]
        return (
            await user.order_set.filter(pk=order.pk).aexists() or user.is_staff if user is not None else False
        )


class PolicyForAll(Policy):
    """Whoever comes to the page of an order that is not closed may read and talk, guests too: as support does."""

    def may_see(self, user: Any, room: Any, order: Any) -> bool:
        return not order.closed

    def may_say(self, user: Any, room: Any, order: Any) -> bool | None:
        return None

    def may_moderate(self, user: Any, room: Any, order: Any) -> bool:
        return user is not None and bool(user.is_staff)
