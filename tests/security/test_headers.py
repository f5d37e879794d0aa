"""What each answer of the site has that protects it, and each cookie: behind https and without."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPResponse

import pytest

from tests.security import rights
from tests.security.asking import Site
from tests.security.table import PASSWORD, ROLES, Page
from tests.servers import Teahouse

SITE = "https://chat.example.org"
ADDRESSES = [page for page in rights.PAGES if page.method == "GET"]
BEFORE_DJANGO = ("/health/", "{static}")


@pytest.fixture(scope="module")
def https() -> Iterator[Site]:
    """A site with an https address, behind a proxy on this machine."""
    with Teahouse(host="0.0.0.0", env={"TEAHOUSE_URL": SITE, "TEAHOUSE_PROXIES": "127.0.0.1"}) as server:
        through = {"Host": "chat.example.org", "X_Forwarded_Proto": "https", "X_Forwarded_For": "203.0.113.5"}
        site = Site(server, made=False, **through)
        yield site
        site.close()


def ask(site: Site, page: Page, role: str, path: str | None = None) -> HTTPResponse:
    kind = "open" if "{room}" in page.path else "-"
    room = site.room(page.row, kind, role) if kind == "open" else ""
    path = path or page.path.format(room=room, static=site.static, owner=site.owner_link)
    return site.request("GET", path, site.cookie(role))[0]


def policy(answer: HTTPResponse) -> dict[str, str]:
    rules = (answer.getheader("Content-Security-Policy") or "").split("; ")
    return dict(rule.split(" ", 1) for rule in rules if rule)


@pytest.mark.parametrize("behind", ["http", "https"])
@pytest.mark.parametrize("page", ADDRESSES, ids=lambda page: page.path)
def test_each_address_is_protected(
    request: pytest.FixtureRequest, site: Site, page: Page, behind: str
) -> None:
    asked: Site = site if behind == "http" else request.getfixturevalue("https")
    for role in ("nobody", *(role for role in ("site owner",) if role in asked.made["logins"])):
        answer = ask(asked, page, role)
        assert answer.getheader("X-Content-Type-Options") == "nosniff"
        assert answer.getheader("Server") is None
        if page.path.startswith(BEFORE_DJANGO):
            assert answer.getheader("Cross-Origin-Resource-Policy") == "same-origin"
            assert answer.getheader("Set-Cookie") is None
            continue
        rules = policy(answer)
        assert rules["default-src"] == rules["form-action"] == "'self'"
        assert rules["object-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
        assert not {"script-src", "style-src"} & rules.keys(), "scripts and styles are the site's own"
        host = f"127.0.0.1:{asked.server.port}" if behind == "http" else "chat.example.org"
        assert rules["connect-src"] == f"'self' {'ws' if behind == 'http' else 'wss'}://{host}"
        assert not any(word in str(rules) for word in ("unsafe", "*", "http:", "https:"))
        assert answer.getheader("Referrer-Policy") == "same-origin"
        assert answer.getheader("Cross-Origin-Opener-Policy") == "same-origin"
        assert answer.getheader("X-Frame-Options") == "DENY"
        assert answer.getheader("Strict-Transport-Security") == (
            f"max-age={30 * 24 * 3600}" if behind == "https" else None
        )


NOBODYS = ("favicon.ico", "manifest.webmanifest", "worker.js", "offline/", "api/v1/openapi.json")
"""The same for everybody."""


@pytest.mark.parametrize("role", ROLES)
def test_what_one_person_sees_is_kept_by_nobody(site: Site, role: str) -> None:
    for page in ADDRESSES:
        if page.pattern and page.pattern not in NOBODYS:
            answer = ask(site, page, role)
            assert answer.status in (302, 405) or "no-store" in (answer.getheader("Cache-Control") or ""), (
                page.path
            )


@pytest.mark.parametrize(
    ("path", "host"), [("/", "evil.example"), ("/sign-in/", "a b"), ("/%ff", "127.0.0.1")]
)
def test_refusals_are_protected_too(site: Site, path: str, host: str) -> None:
    answer, _ = site.request("GET", path, Host=host)
    assert 400 <= answer.status < 500
    assert policy(answer)["default-src"] == "'self'"
    assert policy(answer)["frame-ancestors"] == "'none'"
    assert "evil" not in str(policy(answer)), "a name of somebody else's gets into no policy"


@pytest.mark.parametrize("behind", ["http", "https"])
def test_each_cookie_is_for_this_site_alone(request: pytest.FixtureRequest, site: Site, behind: str) -> None:
    asked: Site = site if behind == "http" else request.getfixturevalue("https")
    cookies = list(cookies_of(asked))
    names = [cookie.partition("=")[0] for cookie in cookies]
    assert set(names) == {"teahouse_csrf", "teahouse_session", "teahouse_browser", "teahouse_guest"}
    for name, cookie in zip(names, cookies, strict=True):
        flags = {flag.strip().partition("=")[0].lower(): flag for flag in cookie.split(";")[1:]}
        assert flags["samesite"].strip() == "SameSite=Lax", name
        assert flags["path"].strip() == "Path=/", name
        assert "domain" not in flags, name
        # The form's token is no secret from the page's own scripts: it stands in the page.
        assert ("httponly" in flags) == (name != "teahouse_csrf"), name
        assert ("secure" in flags) == (behind == "https"), name


def cookies_of(site: Site) -> Iterator[str]:
    """All that the site ever sets: for a form, for who signs in, for a guest."""
    signs_in: tuple[str, dict[str, str]] = ("/sign-in/", {"username": "lan", "password": PASSWORD})
    if not site.made["logins"]:  # This one has no owner yet.
        again = {"username": "lan", "password": PASSWORD, "again": PASSWORD}
        signs_in = (f"/owner/{site.owner_link}/", again)
    answer, _ = site.request("GET", "/sign-in/")
    yield from answer.headers.get_all("Set-Cookie", [])
    for path, fields in (signs_in, ("/guest/", {"name": "Mei"})):
        answer = site.post(path, fields)
        assert answer.status < 400
        yield from answer.headers.get_all("Set-Cookie", [])
