"""The page about the API, drawn from its document. In: OpenAPI. Out: what the template shows, field by field, with no
script and nothing from another host.
"""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from teahouse.api import problems
from teahouse.api.document import METHODS, base, described
from teahouse.scopes import SCOPES

REF: Final = "#/components/schemas/"


class Field(NamedTuple):
    """One value: of a path, a query, a header or a shape."""

    name: str
    kind: SafeString
    required: bool
    said: SafeString
    place: str = ""


class Call(NamedTuple):
    """One method of one address."""

    id: str
    method: str
    path: str
    summary: SafeString
    said: SafeString
    scope: str
    parameters: list[Field]
    body: list[Field]
    answers: list[tuple[str, SafeString]]
    example: str


class Shape(NamedTuple):
    """An object of JSON."""

    name: str
    said: SafeString
    fields: list[Field]


def page(request: HttpRequest) -> HttpResponse:
    """`docs`: for everybody."""
    spec = described(base())
    calls: dict[str, list[Call]] = {tag["name"]: [] for tag in spec["tags"]}
    for path, methods in spec["paths"].items():
        for method in METHODS:
            if method in methods:
                calls[methods[method]["tags"][0]].append(_call(spec, path, method, methods[method]))
    context = {
        "base": base(),
        "groups": [(tag["name"], tag["description"], calls[tag["name"]]) for tag in spec["tags"]],
        "shapes": [_shape(name, schema) for name, schema in spec["components"]["schemas"].items()],
        "errors": [(code, problems.status_of(code), _prose(means)) for code, means in problems.EVERY.items()],
        "scopes": SCOPES.items(),
    }
    response = render(request, "teahouse/api.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _call(spec: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> Call:
    body = _body(operation)
    return Call(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=_prose(operation["summary"]),
        said=_prose(operation.get("description", "")),
        scope=operation.get("x-scope", ""),
        parameters=[
            Field(
                each["name"],
                _kind(each["schema"]),
                each.get("required", False),
                _prose(_said(each.get("description", ""), each["schema"])),
                each["in"],
            )
            for each in operation["parameters"]
        ],
        body=_shape("", spec["components"]["schemas"][body]).fields if body else [],
        answers=[
            (status, _answer(told)) for status, told in operation["responses"].items() if status != "default"
        ],
        example=_example(base() + path, method, spec["components"]["schemas"][body] if body else None),
    )


def _body(operation: dict[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    return str(reference.removeprefix(REF))


def _answer(told: dict[str, Any]) -> SafeString:
    content = told.get("content", {})
    return _kind(content["application/json"]["schema"]) if content else mark_safe("")


def _example(path: str, method: str, body: dict[str, Any] | None) -> str:
    filled = path
    for name, value in (
        ("room", "main"),
        ("message", "912"),
        ("person", "7"),
        ("emoji", "🍵"),
        ("token", "3"),
    ):
        filled = filled.replace(f"{{{name}}}", value)
    verb = "" if method == "get" else f" -X {method.upper()}" if method != "post" else ""
    data = ""
    if body is not None:
        required = body.get("required") or list(body["properties"])[:1]
        sent = {name: _value(name, body["properties"][name]) for name in required or ["label"]}
        data = f" \\\n    --json '{json.dumps(sent, ensure_ascii=False)}'"
    return f'curl{verb} -H "Authorization: Bearer $TOKEN" "$SITE{filled}"{data}'


def _value(name: str, schema: dict[str, Any]) -> Any:
    if schema.get("examples"):
        return schema["examples"][0]
    schema = next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), schema)
    if "enum" in schema:
        return schema["enum"][0]
    return {"integer": 45, "array": [7], "boolean": True}.get(schema.get("type", ""), name)


def _shape(name: str, schema: dict[str, Any]) -> Shape:
    required = schema.get("required", ())
    fields = [
        Field(field, _kind(each), field in required, _prose(_said(each.get("description", ""), each)))
        for field, each in schema.get("properties", {}).items()
    ]
    return Shape(name, _prose(schema.get("description", "")), fields)


def _kind(schema: dict[str, Any]) -> SafeString:
    """What JSON stands there, in a word or two; shapes lead to where they are told."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(REF)
        return format_html('<a href="#shape-{}">{}</a>', name, name)
    if "anyOf" in schema:
        return mark_safe(" | ".join(_kind(one) for one in schema["anyOf"]))  # noqa: S308  Escaped one by one.
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return mark_safe(" | ".join(escape(json.dumps(value)) for value in values))  # noqa: S308
    if schema.get("type") == "array":
        return format_html("[{}, …]", _kind(schema.get("items", {})))
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return format_html("{{name: {}, …}}", _kind(schema["additionalProperties"]))
    kind = {"integer": "whole number", "string": "text", "null": "null"}.get(schema.get("type", ""))
    return format_html("{}", kind or schema.get("type", "anything"))


def _said(said: str, schema: dict[str, Any]) -> str:
    parts = [said] if said else []
    for one in (schema, *schema.get("anyOf", ())):
        low, high = one.get("minimum"), one.get("maximum")
        if high is not None and high < 2**53 - 1:
            parts.append(f"{low or 0} to {high}.")
        if one.get("maxLength") is not None:
            parts.append(f"{one.get('minLength', 0)} to {one['maxLength']} characters.")
    if schema.get("default") not in (None, "", []):
        parts.append(f"Usually `{json.dumps(schema['default'])}`.")
    return " ".join(parts)


def _prose(text: str) -> SafeString:
    """A text with `code` in it."""
    pieces = escape(text).split("`")
    return mark_safe("".join(f"<code>{one}</code>" if n % 2 else one for n, one in enumerate(pieces)))  # noqa: S308
