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
