"""Events that a project declares: a name, the shape of what they say, and how they are shown. In: a pydantic model.
Out: its data as JSON and its HTML, for `outbox.py`.

    @teahouse.event("order.paid")
    class OrderPaid(BaseModel):
        number: int

        def render(self) -> str:
            return format_html("Order <strong>{}</strong> was paid.", self.number)
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeVar

from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

from teahouse.render import clean_html

NAME: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
NAME_CHARACTERS: Final = 64
DATA_BYTES: Final = 16 * 1024
HTML_CHARACTERS: Final = 32 * 1024

M = TypeVar("M", bound=BaseModel)


class Said(NamedTuple):
    """What an event says, ready to be stored. `html` is None where it is not shown."""

    name: str
    data: str
    html: str | None


_models: dict[str, type[BaseModel]] = {}
_names: dict[type[BaseModel], str] = {}


def event(name: str) -> Callable[[type[M]], type[M]]:
    """Declares a pydantic model as an event of the project, which `teahouse.emit` puts into a room.

    Args:
        name: what it is called on the wire: words of small letters, digits and underscores, with dots between, such
            as `order.paid`; at most 64 characters.

    Raises:
        ValueError: the name is malformed, Teahouse's own, or that of another model.
        TypeError: it is no pydantic model.
    """
    check_name(name)

    def declare(model: type[M]) -> type[M]:
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            raise TypeError(f"@teahouse.event({name!r}) stands over a pydantic model, not over {model!r}")
        known = _models.get(name)
        # A module that is loaded again (a development server, a shell) declares the same once more.
        if known is not None and (known.__module__, known.__qualname__) != (
            model.__module__,
            model.__qualname__,
        ):
            raise ValueError(
                f"{name!r} is declared by {known.__module__}.{known.__qualname__}; a name has one model"
            )
        _models[name] = model
        _names[model] = name
        return model

    return declare


def check_name(name: str) -> None:
    """Raises: ValueError."""
    if not NAME.fullmatch(name) or len(name) > NAME_CHARACTERS:
        raise ValueError(
            f"{name!r} is no name of an event: words of a-z, 0-9 and _ with dots between, such as 'order.paid',"
            f" at most {NAME_CHARACTERS} characters"
        )
    if name.startswith("teahouse."):
        raise ValueError(f"{name!r}: names that begin with 'teahouse.' are Teahouse's own")


def name_of(model: type[BaseModel]) -> str:
    """What a declared model is called.

    Raises:
        ValueError: it is not declared.
    """
    for one in model.__mro__:
        if one in _names:
            return _names[one]
    raise ValueError(f'{model.__qualname__} is not declared: put @teahouse.event("its.name") over the class')


def value_of(name: str, data: dict[str, Any]) -> BaseModel | None:
    """What an event says as its model; None where that is not declared here, or is of another shape by now."""
    model = _models.get(name)
    if model is None:
        return None
    try:
        return model.model_validate(data)
    except ValidationError:
        return None


def said(value: BaseModel) -> Said:
    """What is to be stored of it.

    Raises:
        ValueError: it is not declared, cannot be written as JSON, is too big, or its HTML is.
    """
    name = name_of(type(value))
    data = json_of(value)
    return Said(name, data, _html(name, value))


def json_of(value: BaseModel | dict[str, Any]) -> str:
    """JSON of one object, in one form, so that a repeat is known by it.

    Raises:
        ValueError: it cannot be written as JSON, or has more than DATA_BYTES.
    """
    try:
        plain = value.model_dump(mode="json", by_alias=True) if isinstance(value, BaseModel) else value
        text = json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
    except (PydanticSerializationError, TypeError, ValueError, RecursionError) as why:
        raise ValueError(f"this cannot be written as JSON: {why}") from None
    if not text.startswith("{"):
        raise ValueError("data is a JSON object: fields with names")
    if size > DATA_BYTES:
        raise ValueError(
            f"data has at most {DATA_BYTES} bytes as JSON, and this {size}; tell where to find the rest"
        )
    return text


def _html(name: str, value: BaseModel) -> str | None:
    """By its own `render()`, else by the template `teahouse/events/NAME.html`; cleaned as messages are."""
    render = getattr(value, "render", None)
    if callable(render):
        made = render()
    else:
        try:
            made = render_to_string(f"teahouse/events/{name}.html", {"event": value})
        except TemplateDoesNotExist as missing:
            if missing.args[0] != f"teahouse/events/{name}.html":
                raise  # One that it includes.
            return None
    html = clean_html(str(made)) if made is not None else ""
    if len(html) > HTML_CHARACTERS:
        raise ValueError(
            f"{name} is shown with at most {HTML_CHARACTERS} characters of HTML, not {len(html)}"
        )
    return html or None
