"""Static files, served straight from the packages, before Django and without a thread.

Their addresses begin with a fingerprint of all of them: `/static/3f2a…/teahouse/page.css`. So browsers keep them for
ever, ES modules that import each other by relative paths need no rewriting, and nothing is collected. Under another
fingerprint (a page that was open during an upgrade, an old server beside a new one) the file is served all the same,
but kept by nobody.
"""

from __future__ import annotations

from collections.abc import Awaitable
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from wsgiref.headers import Headers

from whitenoise.base import WhiteNoise

ROOT: Final = "/static/"
FOR_EVER: Final = 365 * 24 * 3600


def _package(name: str) -> Path:
    """Where a package lies, without importing it."""
    spec = find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def folders() -> list[Path]:
    """The static folders of the apps that have one."""
    candidates = [_package("teahouse") / "static", _package("django") / "contrib" / "admin" / "static"]
    return [folder for folder in candidates if folder.is_dir()]


def fingerprint() -> str:
    """Of the names and contents of all files: two servers with the same files agree on it."""
    digest = blake2b(digest_size=6)
    for folder in folders():
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                digest.update(str(path.relative_to(folder)).encode() + b"\0")
                digest.update(blake2b(path.read_bytes()).digest())
    return digest.hexdigest()


PREFIX: Final = f"{ROOT}{fingerprint()}/"


class Static:
    """The ASGI application in front: answers for `/static/`, passes everything else on."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self._files = WhiteNoise(
            None, max_age=FOR_EVER, allow_all_origins=False, add_headers_function=_headers
        )
        for folder in folders():
            self._files.add_files(str(folder), prefix=ROOT)

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        # No coroutine of its own: a session would keep it for its whole life. The outermost application has to be one:
        # servers look at it to find out which version of ASGI it speaks.
        if scope["type"] == "http" and scope["path"].startswith(ROOT):
            return self._answer(scope, send)
        answer: Awaitable[None] = self.inner(scope, receive, send)
        return answer

    async def _answer(self, scope: Any, send: Any) -> None:
        mark, _, rest = scope["path"].removeprefix(ROOT).partition("/")
        file = self._files.files.get(ROOT + rest)
        if file is None:
            await respond(
                send, 404, [("Content-Type", "text/plain; charset=utf-8")], b"There is no such file.\n"
            )
            return
        wanted = {
            f"HTTP_{key.decode('latin1').upper().replace('-', '_')}": value.decode("latin1")
            for key, value in scope["headers"]
        }
        response = file.get_response(scope["method"], wanted)
        headers = response.headers
        if f"{ROOT}{mark}/" != PREFIX:
            headers = [(name, value) for name, value in headers if name != "Cache-Control"]
            headers.append(("Cache-Control", "no-cache"))
        body = b""
        if response.file is not None:
            with response.file:  # at most some hundred kilobytes, and in the system's cache
                body = response.file.read()
        await respond(send, int(response.status), headers, body)


def _headers(headers: Headers, _path: str, _url: str) -> None:
    headers["Cache-Control"] = f"public, max-age={FOR_EVER}, immutable"


async def respond(send: Any, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
    """A whole answer as ASGI messages, with what protects an answer that no page of another site may use."""
    headers = [
        *headers,
        ("X-Content-Type-Options", "nosniff"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ]
    named = [(name.lower().encode("latin1"), str(value).encode("latin1")) for name, value in headers]
    if not any(name == b"content-length" for name, _ in named) and status != 304:
        named.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": named})
    await send({"type": "http.response.body", "body": body})
