"""`metrics`: the figures of all processes, for Prometheus. In: a request. Out: `metrics.py`'s text, for who brings the
token of the settings, or is an owner who is signed in; a line that says what is missing for everybody else.

What brings a token is answered before Django, where there is ASGI: no database, thread or Host header stands in the way
of who watches.
"""

from __future__ import annotations

import asyncio
from hmac import compare_digest
from typing import Any, Final, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from teahouse.actions import people
from teahouse.api import home
from teahouse.conf import conf
from teahouse.live import runtime

TEXT: Final = "text/plain; charset=utf-8"
MISSING: Final = (
    "This needs the package prometheus-client. Install it:\n\n    pip install 'teahouse[metrics]'\n"
)
CREDENTIAL: Final = (
    'Bring the token of the setting TEAHOUSE_METRICS_TOKEN (in a project TEAHOUSE["METRICS_TOKEN"]) in the header '
    "Authorization: Bearer TOKEN, or be signed in as an owner.\n"
)
NO_TOKEN: Final = "No such token is set here. "
STARTING: Final = "The chat of this process has not begun; ask again in a moment.\n"
SECONDS: Final = 10.0


class Answer(NamedTuple):
    """What is answered."""

    status: int
    text: bytes
    media: str = TEXT

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Content-Type": self.media,
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            **({"WWW-Authenticate": "Bearer"} if self.status == 401 else {}),
            **({"Retry-After": "5"} if self.status == 503 else {}),
        }


def is_right(authorization: str) -> bool:
    """Whether it is the token of the settings."""
    scheme, _, given = authorization.partition(" ")
    token = conf().METRICS_TOKEN
    return (
        token is not None
        and scheme.lower() == "bearer"
        and compare_digest(given.strip().encode("utf-8", "replace"), token.encode())
    )


async def figures(running: runtime.Runtime, accept: str) -> Answer:
    """For who may have them. On the loop of the runtime."""
    try:
        from teahouse.metrics import exposition
    except ModuleNotFoundError as missing:
        if not (missing.name or "").startswith("prometheus_client"):
            raise
        return Answer(501, MISSING.encode())
    media, text = await exposition(running, accept)
    return Answer(200, text, media)


def refusal() -> Answer:
    """For who brought no token, or another."""
    return Answer(401, f"{NO_TOKEN if conf().METRICS_TOKEN is None else ''}{CREDENTIAL}".encode())


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The view: for owners who look with their browser, and for tokens where there is no ASGI."""
    answer = _answer(request)
    return HttpResponse(answer.text, status=answer.status, headers=answer.headers)


def _answer(request: HttpRequest) -> Answer:
    if not is_right(request.headers.get("Authorization", "")):
        if not (user := getattr(request, "user", None)) or not user.is_authenticated:
            return refusal()
        person = people.known_person(user)
        if person is None or not person.is_owner or person.deactivated_at is not None:
            return Answer(403, b"The figures are for owners of the site.\n")
    running = home.running(request)
    asked = asyncio.run_coroutine_threadsafe(
        figures(running, request.headers.get("Accept", "")), running.loop
    )
    return asked.result(SECONDS)


def is_meant(scope: Any, address: str | None) -> bool:
    """Whether an ASGI request is one for `respond`: the address, with a token."""
    return (
        scope["path"].removeprefix(scope.get("root_path", "")) == address
        and scope["method"] in ("GET", "HEAD")
        and bool(_header(scope, b"authorization"))
    )


async def respond(scope: Any, send: Any) -> None:
    """As `metrics`, of who brings a token."""
    running = runtime.current()
    if not is_right(_header(scope, b"authorization")):
        answer = refusal()
    elif running is None:
        answer = Answer(503, STARTING.encode())
    else:
        answer = await figures(running, _header(scope, b"accept"))
    headers = {**answer.headers, "Content-Length": str(len(answer.text))}
    named = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": named})
    body = b"" if scope["method"] == "HEAD" else answer.text
    await send({"type": "http.response.body", "body": body})


def _header(scope: Any, wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name.lower() == wanted), "")
