"""The API put together: addresses in the namespace `teahouse:api`, each behind `guard`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser

from teahouse.api import document, events, hooks, messages, people, problems, reference, rooms
from teahouse.api.guard import guarded, nowhere
from teahouse.live.protocol import Problem, has_lone_surrogate


class Strict(Parser):
    """JSON as RFC 8259 has it, and of any depth a clear answer."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """Raises: Problem `bad_json`, `invalid`."""
        try:
            body = json.loads(request.body.decode(), parse_constant=_no_constant)
        except (ValueError, RecursionError) as wrong:
            raise Problem("bad_json", f"The body is one JSON object in UTF-8: {wrong}.") from None
        if not isinstance(body, dict):
            raise Problem("bad_json", "The body is one JSON object, in braces.")
        if has_lone_surrogate(body):
            raise Problem(
                "invalid", "A text has no lone surrogates (U+D800 to U+DFFF): they cannot be stored."
            )
        return body


def _no_constant(name: str) -> None:
    raise ValueError(f"JSON has no {name}")


class Api(NinjaAPI):
    """Each operation is called as its function."""

    def get_openapi_operation_id(self, operation: Any) -> str:
        return str(operation.view_func.__name__)


api = Api(
    title="Teahouse",
    version="1",
    urls_namespace="teahouse-api",
    openapi_url=None,
    docs_url=None,
    parser=Strict(),
)
for router in (rooms.router, rooms.members, messages.router, people.router, people.tokens, hooks.router):
    api.add_router("", router)


def _problem(request: HttpRequest, problem: Any) -> HttpResponse:
    if isinstance(problem.__context__, Problem):  # ninja wraps what the parser raised.
        problem = problem.__context__
    return problems.response_of(problem)


def _invalid(request: HttpRequest, error: Any) -> HttpResponse:
    found = [{"at": _place(one), "detail": _said(one)} for one in error.errors]
    first = found[0]
    return problems.response_of(Problem("invalid", f"{first['at']}: {first['detail']}."), errors=found)


def _place(error: Mapping[str, Any]) -> str:
    """Where it is, without the names that ninja gives to a whole body or query."""
    source, *rest = [str(part) for part in error["loc"]]
    names = [
        part
        for part in rest
        if part not in ("body", "page", "constrained-int", "constrained-str", "int", "str")
    ]
    return ".".join(names) or ("the body" if source == "body" else source)


def _said(error: Mapping[str, Any]) -> str:
    return str(error["msg"]).removeprefix("Value error, ")


def _refused(request: HttpRequest, error: Any) -> HttpResponse:
    if isinstance(error.__context__, Problem):
        return problems.response_of(error.__context__)
    return problems.response_of(Problem("bad_json", str(error)))


api.add_exception_handler(Problem, _problem)
api.add_exception_handler(ValidationError, _invalid)
api.add_exception_handler(HttpError, _refused)


def _raise(request: HttpRequest, error: Any) -> HttpResponse:
    raise error  # `guard` writes it to the log.


api.add_exception_handler(Exception, _raise)

app_name = "api"
urlpatterns = [
    path("openapi.json", document.document, name="openapi"),
    path("docs", reference.page, name="docs"),
    path("rooms/<room>/events", guarded(events.view), name="events"),
]


def _guarded(pattern: Any) -> Any:
    return path(str(pattern.pattern), guarded(pattern.callback), name=pattern.name)


found: list[Any] = api.urls[0]
urlpatterns += [_guarded(pattern) for pattern in found if pattern.name != "api-root"]
urlpatterns += [re_path(r"^(?P<rest>.*)$", guarded(nowhere), name="nowhere")]

# `guard` asks who it is, and refuses in the form of the API: a program has no use for the redirect to a form that
# Django's LoginRequiredMiddleware answers. The document and its page tell of nobody.
for pattern in urlpatterns:
    login_not_required(pattern.callback)
