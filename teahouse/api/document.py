"""The OpenAPI document of the API. In: its addresses, as django-ninja knows them. Out: the document, with what all of
them have in common; `reference.py` draws a page from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import get_conditional_response
from pydantic import TypeAdapter

from teahouse.api import problems
from teahouse.api.answers import ProblemView
from teahouse.events import encode

METHODS: Final = ("get", "post", "put", "patch", "delete")
PARAMETERS: Final = {
    "room": "Name of the room, such as main; `@me` is one's own stream.",
    "message": "Id of the message.",
    "person": "Id of the person.",
    "emoji": "The reaction.",
    "token": "Id of the token.",
    "hook": "Id of the webhook.",
    "delivery": "Id of the delivery.",
}
INFO: Final = (
    "Live group chat. A request is carried out as a command over the socket would be: under the same rights and rates, "
    "with the same numbers."
)
TAGS: Final = {
    "Rooms": "Rooms one belongs to, open ones, conversations.",
    "Members": "Who belongs to a room, and as what.",
    "Messages": "What was said, as it is now.",
    "Events": "What happens, for clients without a WebSocket.",
    "People": "Others, and oneself.",
    "Tokens": "What a program shows that it speaks for somebody.",
    "Webhooks": "Programs that are told of events; for owners of the site.",
}


def document(request: HttpRequest) -> HttpResponse:
    """`openapi.json`: for everybody, since it tells of nobody."""
    response = HttpResponse(encode(described(base())), content_type="application/json")
    response["Cache-Control"] = "public, no-cache"
    etag = f'"{hash_of(response.content)}"'
    response["ETag"] = etag
    same = get_conditional_response(request, etag=etag, response=response)
    return same if isinstance(same, HttpResponse) else response


def base() -> str:
    """The address below which all others are."""
    return reverse("teahouse:api:openapi").removesuffix("/openapi.json")


@cache
def described(base: str) -> dict[str, Any]:
    """The document, of an API below this address. Not to be changed."""
    from teahouse.api.urls import api  # Which has the address of this.

    made: dict[str, Any] = dict(api.get_openapi_schema(path_prefix=""))
    schemas = made["components"]["schemas"]
    schemas["Problem"] = _problem()
    made["paths"]["/rooms/{room}/events"] = {"get": _events()}
    for operation in _operations(made):
        _complete(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Teahouse", "version": "1", "description": INFO},
        "servers": [{"url": base}],
        "tags": [{"name": name, "description": said} for name, said in TAGS.items()],
        "security": [{"token": []}, {"login": []}],
        "paths": made["paths"],
        "components": {"schemas": _used(made["paths"], schemas), "securitySchemes": _security()},
    }


def _used(paths: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Without those of queries, which stand at their parameters."""
    used: set[str] = set()
    rest = [encode(paths)]
    while rest:
        for name in re.findall(r'"#/components/schemas/(\w+)"', rest.pop()):
            if name not in used:
                used.add(name)
                rest.append(encode(schemas[name]))
    return {name: schemas[name] for name in sorted(used)}


def _operations(made: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in made["paths"].values():
        yield from (path[method] for method in METHODS if method in path)


def _complete(operation: dict[str, Any]) -> None:
    """The first sentence is what it does in short; every answer may be a problem."""
    said = " ".join(operation.pop("description").split())
    said, _, scope = said.rpartition(" Scope `")
    operation["summary"], _, rest = said.partition(". ") if ". " in said else (said.rstrip("."), "", "")
    if rest:
        operation["description"] = rest
    if scope:
        operation["x-scope"] = scope.removesuffix("`.")
    for parameter in operation["parameters"]:
        parameter["schema"] = _sent(parameter["schema"])
        if parameter["in"] == "path":
            parameter["description"] = PARAMETERS[parameter["name"]]
        if parameter["name"] == "room" and parameter["in"] == "path":
            parameter["schema"] = {"type": "string", "minLength": 1, "maxLength": 64}
        if parameter["name"] == "emoji":
            parameter["schema"] = {"type": "string", "minLength": 1, "maxLength": 32}
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    operation["responses"]["default"] = {
        "description": "It was refused; `code` says why.",
        "content": {problems.MEDIA: problem},
    }


def _events() -> dict[str, Any]:
    """Of what stands before Django (`events.py`), and is no operation of django-ninja's."""
    offset = "-1 is the beginning, now the end; else what `Stream-Next-Offset` of an answer said."
    live = "`long-poll` waits for 25 s where there is nothing, `sse` is a stream for an EventSource; else at once."
    texts = {"type": "string"}
    parameters = [
        {"in": "path", "name": "room", "required": True, "schema": texts},
        {"in": "query", "name": "offset", "required": False, "schema": texts, "description": offset},
        {
            "in": "query",
            "name": "live",
            "required": False,
            "schema": {"type": "string", "enum": ["long-poll", "sse"]},
            "description": live,
        },
    ]
    events = {"type": "array", "items": {"type": "object"}}
    return {
        "operationId": "events",
        "tags": ["Events"],
        "description": "The events of a room as a Durable Stream. As they would come over the socket, each once and in "
        "order, with what they are about as it is now. Scope `read`.",
        "parameters": parameters,
        "responses": {
            "200": {
                "description": "Events, and in `Stream-Next-Offset` where to go on.",
                "content": {"application/json": {"schema": events}, "text/event-stream": {"schema": texts}},
            },
            "204": {"description": "Nothing came while it was waited for."},
        },
    }


def _sent(schema: dict[str, Any]) -> dict[str, Any]:
    """Of a parameter: null is not sent but left out, and what it means stands beside."""
    kinds = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    schema = {**schema, **kinds[0]} if len(kinds) == 1 else schema
    return {name: value for name, value in schema.items() if name not in ("anyOf", "title", "description")}


def _problem() -> dict[str, Any]:
    schema = TypeAdapter(ProblemView).json_schema()
    properties = schema["properties"]
    properties["code"] = {"type": "string", "enum": sorted(problems.EVERY)}
    properties["after"] = {"type": "number", "description": "Seconds to wait."}
    detail = {"type": "object", "properties": {"at": {"type": "string"}, "detail": {"type": "string"}}}
    properties["errors"] = {"type": "array", "items": detail, "description": "Each field that is not right."}
    return schema


def _security() -> dict[str, Any]:
    return {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token, or a guest's ticket.",
        },
        "login": {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "The login of a browser; what changes something brings X-CSRFToken too.",
        },
    }


def hash_of(content: bytes) -> str:
    """What tells one answer from another."""
    return blake2b(content, digest_size=12).hexdigest()
