"""Whatever a browser, a proxy or somebody with a socket sends over HTTP: never a 5xx, never a traceback, and nothing is
changed by a form without its token."""

from __future__ import annotations

import re
import socket
from http.client import BadStatusLine, HTTPResponse
from typing import Final
from urllib.parse import quote_from_bytes, urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.clients import SECONDS, Client
from tests.hostile import EXECUTES
from tests.security import rights
from tests.security.asking import CSRF, Site

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
CHANGING: Final = {"POST", "PUT", "PATCH", "DELETE", "PROPFIND"}
ADMIN: Final = tuple(
    f"/admin/{app}/" for app in ("teahouse/room", "teahouse/message", "auth/user", "jsi18n", "r/1/1", "x")
)
NAMES: Final = (
    *(
        "next",
        "name",
        "username",
        "password",
        "again",
        "csrfmiddlewaretoken",
        "token",
        "q",
        "o",
        "p",
        "e",
        "all",
    ),
    *("kind__exact", "id__in", "_popup", "_to_field", "action", "_selected_action", "room__slug__regex"),
)
COOKIES: Final = (
    *("teahouse_session", "teahouse_csrf", "teahouse_guest", "teahouse_browser", "teahouse_theme"),
    *("django_language", "messages", "sessionid", "x"),
)
HEADERS: Final = (
    *(
        "Accept",
        "Accept-Encoding",
        "Accept-Language",
        "Authorization",
        "Content-Type",
        "Cookie",
        "Expect",
        "Forwarded",
    ),
    *(
        "If-Match",
        "If-Modified-Since",
        "If-None-Match",
        "Origin",
        "Range",
        "Referer",
        "User-Agent",
        "Upgrade",
        "Host",
    ),
    *(
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-HTTP-Method-Override",
        "X-CSRFToken",
        "Script-Name",
    ),
)
HOSTILE: Final = (
    *EXECUTES,
    *(
        "",
        " ",
        "\x00",
        "%00",
        "..",
        "../../etc/passwd",
        "@me",
        "@1",
        "main",
        "茶馆",
        "\ud800",
        "\u202e",
        "x" * 5000,
    ),
    *(
        "-1",
        "0",
        "1",
        "99999999999999999999",
        "1e400",
        "NaN",
        "1;drop table",
        "' OR 1=1 --",
        "a\r\nX-Evil: 1",
        "{{7*7}}",
    ),
    *(
        "https://evil.example/",
        "//evil.example",
        "javascript:alert(1)",
        "null",
        "*/*;q=x",
        "zh-CN,zh;q=0.9",
        "bytes=5-1",
    ),
    *(
        "Bearer tok_x",
        "Basic ====",
        'W/"x"',
        "Sun, 99 Foo 2026 00:00:00 GMT",
        "multipart/form-data",
        "application/json",
    ),
    *(
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded; charset=nonsense",
        "text/plain; charset=\xff",
    ),
)
BODIES: Final = (
    b'--x\r\nContent-Disposition: form-data; name="name"; filename="a"\r\n\r\nx\r\n--x--\r\n',
    b"--x\r\nContent-Disposition: form-data; name*=utf-8''%ff\r\nContent-Transfer-Encoding: base64\r\n\r\n=\r\n",
    b'{"name": "x"}',
    b"&".join([b"a=1"] * 2000),
    b"%ff=%fe&=&&;",
)
value = st.sampled_from(HOSTILE) | st.text(max_size=20)


@st.composite
def paths(draw: st.DrawFn) -> bytes:
    known = [page.path for page in rights.PAGES] + list(ADMIN)
    path = draw(
        st.sampled_from(known)
        | st.sampled_from(("/rooms/{}/", "/owner/{}/", "/static/{}", "/health/{}", "/{}"))
    )
    path = re.sub(r"\{\w*\}", lambda _: "\0", path).replace("\0", draw(value))
    quoted = quote_from_bytes(
        path.encode("utf-8", "surrogatepass"), safe=draw(st.sampled_from(("/", "/%", "/%?#@:;")))
    )
    pairs = draw(st.lists(st.tuples(st.sampled_from(NAMES), value), max_size=3))
    query = urlencode([(name, each.encode("utf-8", "surrogatepass")) for name, each in pairs])
    return f"{quoted}?{query}".encode() if query else quoted.encode()


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, bytes]:
    """The method, who asks, and all the bytes; the host is nearly always the right one."""
    method, role = draw(st.sampled_from(METHODS)), draw(st.sampled_from(("nobody", "member", "site owner")))
    lines = [f"{method} ".encode() + draw(paths()) + b" HTTP/1.1", b"Connection: close"]
    named = draw(st.dictionaries(st.sampled_from(HEADERS), value, max_size=4))
    cookies = draw(st.dictionaries(st.sampled_from(COOKIES), value, max_size=3))
    named.setdefault("Host", "127.0.0.1")
    named.setdefault("Cookie", "; ".join(f"{name}={each}" for name, each in cookies.items()))
    for name, each in named.items():
        clean = re.sub(rb"[\x00-\x08\x0a-\x1f\x7f]", b"", each.encode("utf-8", "surrogatepass"))
        lines.append(name.encode() + b": " + clean + (b"; ROLE" if name == "Cookie" else b""))
    fields = draw(st.dictionaries(st.sampled_from(NAMES), value, max_size=4))
    form = urlencode({name: each.encode("utf-8", "surrogatepass") for name, each in fields.items()}).encode()
    body = draw(st.sampled_from((form, *BODIES)) | st.binary(max_size=50)) if method in CHANGING else b""
    lines.append(b"Content-Length: " + str(len(body)).encode())
    return method, role, b"\r\n".join(lines) + b"\r\n\r\n" + body


def send(site: Site, data: bytes) -> tuple[int, str]:
    """Status and text of the answer; a request that is none may be answered with 400 alone."""
    with socket.create_connection(("127.0.0.1", site.server.port), timeout=SECONDS) as connection:
        connection.sendall(data)
        answer = HTTPResponse(connection, method=data.split(b" ", 1)[0].decode())
        try:
            answer.begin()
        except BadStatusLine as wrong:
            raise AssertionError(f"no answer to {data!r}") from wrong
        assert "X-Evil" not in answer.headers
        return answer.status, answer.read().decode(errors="replace")


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(request=requests())
def test_whatever_is_asked(site: Site, request: tuple[str, str, bytes]) -> None:
    method, role, data = request
    cookie = f"{site.cookie(role)}; " if role != "nobody" else ""
    status, text = send(site, data.replace(b"; ROLE", f"; {cookie}end=1".encode()))
    assert status < 500, text
    assert "Traceback" not in text
    assert "Django" not in text or role == "site owner", "nobody is told what this is made with"
    if method in CHANGING and data.split(b" ", 2)[1].split(b"?")[0] in (
        b"/",
        b"/guest/",
        b"/sign-in/",
        b"/sign-out/",
    ):
        assert status in (400, 403, 405), "without the form's token nothing is done"


def test_whatever_a_form_holds(site: Site) -> None:
    """With its token, so that it is looked at; without a password, whose hashing takes its time."""
    for each in HOSTILE:
        if "\ud800" in each:  # No form holds half a character.
            continue
        for path, fields in (
            ("/guest/", {"name": each}),
            ("/sign-in/", {"username": each, "next": each}),
            ("/owner/guessed/", {"username": each, "again": each}),
        ):
            answer = site.post(path, fields)
            assert answer.status < 500, (path, each)
            assert answer.getheader("X-Evil") is None


def test_what_is_refused_as_suspicious_is_one_line_in_the_log(site: Site) -> None:
    """The owner of the site asks the admin for a field that is none, and somebody sends a form of too many."""
    forged = "x%0a2026-01-01 00:00:00 CRITICAL all is lost"
    assert (
        site.request("GET", f"/admin/auth/user/?_to_field={forged}", site.cookie("site owner"))[0].status
        == 400
    )
    many = {f"f{number}": "1" for number in range(2000)}
    assert site.post("/guest/", many).status in (400, 413)
    lines = [line for line in site.server.output().splitlines() if "all is lost" in line]
    assert len(lines) == 1
    assert " ERROR [" in lines[0], "it begins as each line does"


def test_nothing_of_it_left_a_trace(site: Site) -> None:
    """Whoever asked is who they were, all is well, and the log tells of no error."""
    said = site.server.output()
    assert "Traceback" not in said
    assert "Internal Server Error" not in said
    for role in ("member", "site owner"):
        assert role.replace(" ", "-") in site.request("GET", "/", site.cookie(role))[1]
    with Client(site.server.url, "Lan") as lan:
        lan.say("main", "all is well")
    assert site.post("/guest/", {"name": "Mei"}, f"teahouse_csrf={CSRF}").status == 200, (
        "with the token it is"
    )
