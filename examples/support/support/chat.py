"""Who may do what in the room of a ticket, and at the desk."""

import teahouse
from support.models import Desk


class Policy(teahouse.Policy):
    def may_see(self, user, room, subject):
        if user is not None and user.is_staff:
            return True
        # The desk is for who works here. A ticket's room is open to who has its address: as the room's own rules say.
        return False if isinstance(subject, Desk) else None

    def may_say(self, user, room, subject):
        return False if getattr(subject, "closed", False) else None

    def may_moderate(self, user, room, subject):
        return user is not None and user.is_staff
