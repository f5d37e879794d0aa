"""What the templates of accounts ask beyond their context."""

from __future__ import annotations

from django.template import Library

from teahouse.models import Person
from teahouse.server import invitations
from teahouse.web.conversation import CUPS

register = Library()


@register.filter
def cup(person: Person) -> int:
    """Number of the colour of somebody without a picture, as in the conversation."""
    return person.pk % CUPS


@register.filter
def may_invite(person: Person) -> bool:
    return invitations.may_invite(person)
