"""What a request brings is what the command takes: the shapes of the API beside the protocol's."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from teahouse.api import shapes
from teahouse.live.protocol import COMMANDS

BODIES: dict[str, tuple[type[BaseModel], set[str]]] = {
    "send": (shapes.NewMessage, {"room", "key"}),
    "edit": (shapes.NewText, {"room", "message"}),
    "make": (shapes.NewRoom, set()),
    "change": (shapes.Changes, {"room"}),
    "direct": (shapes.Others, set()),
    "invite": (shapes.Invited, {"room"}),
    "role": (shapes.NewRole, {"room", "person"}),
    "read": (shapes.Mark, {"room"}),
    "history": (shapes.RoomPage, {"room"}),
    "rooms": (shapes.RoomSearch, set()),
    "members": (shapes.MemberSearch, {"room"}),
    "people": (shapes.PeopleSearch, set()),
    "activity": (shapes.Newest, set()),
    "threads": (shapes.Newest, set()),
}
TOLD = ("title", "description", "examples", "minLength", "maxLength")
"""Words, and what is only said in advance: an empty text is refused by both."""


def fields(model: type[BaseModel], left_out: set[str]) -> dict[str, Any]:
    found = model.model_json_schema()["properties"]
    return {name: stripped(found[name]) for name in found.keys() - left_out}


def stripped(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {name: stripped(value) for name, value in schema.items() if name not in TOLD}
    return [stripped(one) for one in schema] if isinstance(schema, list) else schema


@pytest.mark.parametrize("do", BODIES)
def test_it_has_the_fields_of_the_command(do: str) -> None:
    shape, elsewhere = BODIES[do]
    given = fields(shape, set())
    if do == "people":
        assert given["search"].pop("default") == "", "an address without a query lists people"
    assert given == fields(COMMANDS[do], {"id", "do", *elsewhere})


def test_both_shapes_of_settings_together_have_all_fields() -> None:
    both = fields(shapes.RoomSettings, set()) | fields(shapes.OwnSettings, set())
    assert both.keys() == fields(COMMANDS["settings"], {"id", "do", "room"}).keys()


@pytest.mark.parametrize("text", ["", "x", "1.0", " 1", "1_0", "-1", "٣", "9" * 17, "true"])
def test_what_is_no_whole_number_in_a_query(text: str) -> None:
    with pytest.raises(ValidationError):
        shapes.Page.model_validate({"before": text})
    assert shapes.Page.model_validate({"before": "7"}).given() == {"before": 7}


def test_what_was_not_said_is_not_given() -> None:
    assert shapes.OwnSettings.model_validate({"language": None}).given() == {"language": None}
    assert shapes.OwnSettings.model_validate({}).given() == {}
