"""What is stored. The journal alone writes messages and events; `actions` all the rest."""

from teahouse.models.accounts import Invitation, Login, Picture
from teahouse.models.custom import CustomEvent
from teahouse.models.followers import Follower, FollowerPosition
from teahouse.models.hooks import Delivery, Hook, IncomingHook
from teahouse.models.messages import Event, Mention, Message, Outbox, Reaction, Revision
from teahouse.models.people import OneTimeLink, Person, Settings, Token
from teahouse.models.rooms import Member, RightsChange, Room, Site
from teahouse.models.threads import Thread, ThreadMark

__all__ = [
    "CustomEvent",
    "Delivery",
    "Event",
    "Follower",
    "FollowerPosition",
    "Hook",
    "IncomingHook",
    "Invitation",
    "Login",
    "Member",
    "Mention",
    "Message",
    "OneTimeLink",
    "Outbox",
    "Person",
    "Picture",
    "Reaction",
    "Revision",
    "RightsChange",
    "Room",
    "Settings",
    "Site",
    "Thread",
    "ThreadMark",
    "Token",
]
