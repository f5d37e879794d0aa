"""Who may do what in the room on an order."""

import teahouse


class Policy(teahouse.Policy):
    def may_see(self, user, room, order):
        return user is not None and (user.is_staff or user.pk == order.customer_id)

    def may_say(self, user, room, order):
        return False if order.closed else None

    def may_moderate(self, user, room, order):
        return user is not None and user.is_staff
