"""What tests of accounts do again and again: invite, sign up, sign in, look at what is stored."""

from __future__ import annotations

import re
import sqlite3
import urllib.request
from contextlib import closing
from io import BytesIO
from typing import Any

from PIL import Image

from tests.servers import Answer, Browser, Teahouse

PASSWORD = "a pot of oolong"


def ask(server: Teahouse, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """What the database says, behind the server's back."""
    with closing(sqlite3.connect(server.data / "teahouse.sqlite3", timeout=20)) as connection, connection:
        return list(connection.execute(query, values))


def csrf(browser: Browser, path: str = "/sign-in/") -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get(path).text)
    assert found, f"{path} has no form"
    return found[1]


def press(browser: Browser, path: str, page: str = "/account/", **fields: Any) -> Answer:
    """Sends a form of `page` to another address than the page's own."""
    return browser.post(path, {"csrfmiddlewaretoken": csrf(browser, page), **fields})


def invite(inviter: Browser, **fields: Any) -> str:
    """A new invitation's link."""
    answer = inviter.submit("/account/invitations/", **{"places": "1", "days": "7", "note": "", **fields})
    assert answer.status == 200, answer.text
    return link_in(answer)


def link_in(answer: Answer) -> str:
    found = re.search(r'<input id="link" value="([^"]+)"', answer.text)
    assert found, answer.text
    return found[1]


def sign_up(browser: Browser, link: str, name: str, password: str = PASSWORD) -> Answer:
    return browser.submit(link, username=name, password=password, again=password)


def signed_in(browser: Browser) -> bool:
    return "Sign out</button>" in browser.get("/sign-out/").text


def sign_in(server: Teahouse, name: str, password: str = PASSWORD) -> Browser:
    browser = server.browser()
    answer = browser.submit("/sign-in/", username=name, password=password)
    assert answer.url == f"{server.url}/", answer.text
    return browser


def cookie(browser: Browser) -> dict[str, Any]:
    """For a socket: who the browser is."""
    return {
        "origin": browser.base,
        "additional_headers": {"Cookie": f"teahouse_session={browser.cookie('teahouse_session')}"},
    }


def picture(kind: str = "PNG", size: tuple[int, int] = (640, 480), **more: Any) -> bytes:
    made = BytesIO()
    Image.new("RGB", size, (132, 69, 27)).save(made, kind, **more)
    return made.getvalue()


def upload(browser: Browser, data: bytes, name: str = "me.png") -> Answer:
    edge = "teahouse-test-edge"
    token = csrf(browser, "/account/")
    body = (
        (
            f'--{edge}\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{token}\r\n'
            f'--{edge}\r\nContent-Disposition: form-data; name="picture"; filename="{name}"\r\n'
            f"Content-Type: image/png\r\n\r\n"
        ).encode()
        + data
        + f"\r\n--{edge}--\r\n".encode()
    )
    request = urllib.request.Request(
        f"{browser.base}/account/picture/",
        data=body,
        headers={"Origin": browser.base, "Content-Type": f"multipart/form-data; boundary={edge}"},
    )
    return browser._open(request, follow=True)
