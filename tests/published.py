"""What the wire may say: the schemas in docs/schemas, and whether a frame fits them. Pure but for reading them.

A schema judges a frame by its keys, its types and the words that it fixes, never by a text or a number. So a frame that
looks like one that fitted fits, and of a million frames a few hundred are looked at (`test_published.py` holds the
schemas to this).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema

FOLDER: Final = Path(__file__).parent.parent / "docs" / "schemas"
Shape = Any

_fitted: set[tuple[str, Shape]] = set()


@cache
def schema(name: str) -> dict[str, Any]:
    """A published schema. Of what the server says it is made strict: a client must bear fields that are added, the
    tests must notice them."""
    read: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return read if name.startswith("command-") else strict(read)


def strict(value: Any) -> Any:
    if isinstance(value, list):
        return [strict(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "properties" in value:
        value = {**value, "additionalProperties": False}
    return {key: strict(item) for key, item in value.items()}


@cache
def validator(name: str) -> Any:
    return jsonschema.validators.validator_for(schema(name))(schema(name))


@cache
def fixed_words() -> frozenset[str]:
    """The names of all fields of which a schema says what words may stand in them."""
    return frozenset(
        name
        for path in FOLDER.glob("*.json")
        for name, field in _fields(schema(path.stem))
        if {"enum", "const"} & set(_keywords(field))
    )


def _fields(part: Any) -> Iterator[tuple[str, Any]]:
    """Each property in a schema, wherever it stands."""
    for item in part if isinstance(part, list) else part.values() if isinstance(part, dict) else ():
        yield from _fields(item)
    if isinstance(part, dict) and isinstance(part.get("properties"), dict):
        yield from part["properties"].items()


def _keywords(field: Any) -> Iterator[str]:
    """What a schema says of a field itself, not of the fields in it."""
    if isinstance(field, list):
        for item in field:
            yield from _keywords(item)
    elif isinstance(field, dict):
        for key, item in field.items():
            yield key
            if key != "properties":
                yield from _keywords(item)


def shape(value: Any, fixed: bool = False) -> Shape:
    """All of it that a schema looks at."""
    if isinstance(value, dict):
        words = fixed_words()
        return tuple((key, shape(item, key in words)) for key, item in value.items())
    if isinstance(value, list):
        return (list, frozenset(shape(item, fixed) for item in value))
    return value if fixed and isinstance(value, str) else type(value)


def misfit(name: str, value: Any) -> str | None:
    """What is wrong with it, by the published schema of that name; None: nothing."""
    seen = (name, shape(value))
    if seen in _fitted:
        return None
    if not (FOLDER / f"{name}.json").exists():
        return f"there is no schema {name}"
    error = jsonschema.exceptions.best_match(validator(name).iter_errors(value))
    if error is None:
        _fitted.add(seen)
        return None
    return f"{name}: {error.message}, at {error.json_path}"


def misfit_of(frame: Any, command: dict[str, Any] | None) -> str | None:
    """The same of what the server says; `command` is what it answers, as far as one knows."""
    match frame:
        case {"event": str(), **_fields}:
            return misfit("event", frame)
        case {"signal": str() as name}:
            return misfit(f"signal-{name}", frame)
        case {"re": _, "error": error} if len(frame) == 2:
            return misfit("error", error)
        case {"re": _, "ok": result} if len(frame) == 2:
            if command is None:
                return "it answers nothing that was asked"
            do = command["do"]
            # What is carried out is a command as it is published.
            return misfit(f"command-{do}", command) or misfit(f"result-{do}", result)
    return "it is neither an event nor a signal nor an answer"
