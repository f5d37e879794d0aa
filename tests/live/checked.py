"""A client that holds each frame which it gets against the published schemas."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from tests.clients import Client

ROOT = Path(__file__).parent.parent.parent


@cache
def schema(name: str) -> dict[str, Any]:
    """A published schema, made strict: a client must bear fields that are added, this test must notice them."""

    def strict(value: Any) -> Any:
        if isinstance(value, list):
            return [strict(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "properties" in value:
            value = {**value, "additionalProperties": False}
        return {key: strict(item) for key, item in value.items()}

    read = json.loads((ROOT / "docs" / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
    strict_one: dict[str, Any] = strict(read)
    return strict_one


@cache
def validator(name: str) -> Any:
    strict = schema(name)
    return jsonschema.validators.validator_for(strict)(strict)


class Checked(Client):
    """A client that holds each frame against its schema, and notes which ones it saw."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        self.seen: set[str] = set()
        self.asked: dict[Any, str] = {}
        super().__init__(*arguments, **more)

    def put(self, **command: Any) -> Any:
        number = super().put(**command)
        self.asked[number] = command["do"]
        return number

    def receive(self) -> dict[str, Any]:
        frame = super().receive()
        if "ok" in frame:
            self.check(f"result-{self.asked[frame['re']]}", frame["ok"])
        elif "error" in frame:
            self.check("error", frame["error"])
        elif "signal" in frame:
            self.check(f"signal-{frame['signal']}", frame)
        else:
            self.check("event", frame)
            self.seen.add(f"event {frame['event']}")
        return frame

    def check(self, name: str, value: Any) -> None:
        validator(name).validate(value)
        self.seen.add(name)
