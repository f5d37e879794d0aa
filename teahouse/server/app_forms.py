"""What is filled in to let other programs in: bots, their tokens, where they speak, and who is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from teahouse.actions.names import NAME_CHARACTERS
from teahouse.followers import outside
from teahouse.followers.follower import OWN
from teahouse.models import Person, Room
from teahouse.models.hooks import LABEL_LENGTH

SHOWN: Final = 500
"""Rooms in a list to choose from."""


class BotForm(forms.Form):
    """What a new bot is called."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=NAME_CHARACTERS)


class TokenForm(forms.Form):
    """What a token is for."""

    label = forms.CharField(
        label=gettext_lazy("What it is for"),
        required=False,
        max_length=LABEL_LENGTH,
        help_text=gettext_lazy("For yourself, such as the machine it runs on."),
    )


if TYPE_CHECKING:
    ChoiceOfRooms = forms.ModelChoiceField[Room]
else:  # Django's own class takes no type arguments.
    ChoiceOfRooms = forms.ModelChoiceField


class RoomField(ChoiceOfRooms):
    """Rooms that a person may see, by their titles."""

    def label_from_instance(self, room: Room) -> str:
        return room.title


def rooms_of(person: Person) -> QuerySet[Room]:
    """Rooms in which programs may be let by an owner: open ones, and those they belong to."""
    seen = Q(kind=Room.Kind.OPEN) | Q(kind=Room.Kind.PRIVATE, members__person=person)
    ids = Room.objects.filter(seen, archived_at=None).order_by("title").values_list("pk", flat=True)
    return Room.objects.filter(pk__in=list(ids[:SHOWN])).order_by("title")


class IncomingForm(forms.Form):
    """In which room a program speaks."""

    room = RoomField(label=gettext_lazy("Room"), queryset=None, empty_label=gettext_lazy("choose one"))
    label = forms.CharField(label=gettext_lazy("What it is for"), required=False, max_length=LABEL_LENGTH)

    def __init__(self, person: Person, *args: Any, **more: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **more})
        self.fields["room"].queryset = rooms_of(person)  # type: ignore[attr-defined]


class HookForm(forms.Form):
    """Which program is told of what."""

    url = forms.CharField(
        label=gettext_lazy("Address"),
        widget=forms.URLInput(attrs={"placeholder": "https://example.org/hook"}),
    )
    events = forms.CharField(
        label=gettext_lazy("Events"),
        initial="message",
        help_text=gettext_lazy(
            "Names with blanks between, such as: message deleted member. * stands for all."
        ),
    )
    room = RoomField(
        label=gettext_lazy("Room"),
        queryset=None,
        required=False,
        empty_label=gettext_lazy("all rooms that you may see"),
    )
    label = forms.CharField(label=gettext_lazy("What it is for"), required=False, max_length=LABEL_LENGTH)

    def __init__(self, person: Person, *args: Any, **more: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **more})
        self.fields["room"].queryset = rooms_of(person)  # type: ignore[attr-defined]

    def clean_url(self) -> str:
        try:
            return outside.check(self.cleaned_data["url"])
        except ValueError:
            raise forms.ValidationError(
                _("An address begins with https:// and leads to the internet, not to a machine inside.")
            ) from None

    def clean_events(self) -> list[str]:
        names: list[str] = self.cleaned_data["events"].replace(",", " ").split()
        wrong = [name for name in names if name not in OWN and name != "*" and "." not in name]
        if wrong:
            raise forms.ValidationError(_("There is no event %s.") % wrong[0])
        return names
