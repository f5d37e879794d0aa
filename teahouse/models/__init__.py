"""What is stored. The journal alone writes messages and events; `actions` all the rest."""

from teahouse.models.messages import Event, Mention, Message, Outbox, Reaction, Revision
from teahouse.models.people import OneTimeLink, Person, Settings, Token
from teahouse.models.rooms import Member, Room, Site

__all__ = [
    "Event",
    "Member",
    "Mention",
    "Message",
    "OneTimeLink",
    "Outbox",
    "Person",
    "Reaction",
    "Revision",
    "Room",
    "Settings",
    "Site",
    "Token",
]
