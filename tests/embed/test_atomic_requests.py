"""Where each view is a transaction, which with SQLite has the file for itself: nothing of ours that runs in one waits
for the writer of the process, which waits for the view."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import urlencode

import pytest

from tests.embed.conftest import Shop, shop_prepared
from tests.embed.test_servers import SERVERS, wait_for
from tests.server.conftest import until

MAKE: Final = """
import json
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
import teahouse
from teahouse.actions import bots, people
from tests.embed.host.people.models import User
from tests.embed.host.shop.models import Order
user = User.objects.create_user("new@example.org", "tea", full_name="New", is_staff=True)
session = SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.create()
order = teahouse.room_for(Order.objects.get(pk=1))
secret = bots.make_incoming(order, people.make_bot("Deploy"), None)[1]
print(json.dumps({"session": session.session_key, "secret": secret}))
"""
ROOM: Final = """
import teahouse
from tests.embed.host.shop.models import Order
teahouse.room_for(Order.objects.get(pk={order}))
"""
HOOKS: Final = """
from teahouse.models import Follower, Hook
hooks = Hook.objects.filter(label="order-{order}")
print(len(hooks), Follower.objects.filter(name__in=[f"hook-{{hook.pk}}" for hook in hooks]).count())
"""
NUMBER: Final = """
from teahouse.actions.people import token_digest
from teahouse.models import Token
"""


REVOKED: Final = """
from django.contrib.admin import site
from django.db import transaction
from teahouse.actions import people
from teahouse.models import Token
people.make_token(people.make_bot("Robot"), "robot")
cuts = []
people.on_cut.append(cuts.append)
with transaction.atomic(using="talk"):
    site.get_model_admin(Token).revoke(None, Token.objects.filter(label="robot"))
    print(len(cuts))
print({cut.token_digest for cut in cuts} == {Token.objects.get(label="robot").digest})
"""


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with shop_prepared(HOST_ATOMIC="yes") as shop:
        shop.start(SERVERS["uvicorn"])
        yield shop


def test_pages_of_ours_take_no_part_in_it(shop: Shop) -> None:
    """The view and the writer of the process would wait for each other, 5 s long."""
    made = json.loads(shop.python(MAKE))
    shop.people["New"] = {"session": made["session"]}
    token = {"Authorization": f"Bearer {shop.people['Ada']['token']}", "Content-Type": "application/json"}
    assert "room=" in shop.get("/orders/1/", "New"), "who was never here gets a person"
    assert posted(shop, f"/talk/hooks/{made['secret']}", b"text=from+outside", {}) == 200
    assert posted(shop, "/talk/api/v1/rooms/order-1/messages", b'{"text": "by the API"}', token) == 201
    assert posted(shop, "/talk/guest/", b"name=Gina", form_of(shop)) == 200
    wait_for(shop, "from outside")


def test_a_view_makes_a_webhook_and_a_message_of_somebody_waits_for_that_view_alone(shop: Shop) -> None:
    order = shop.new_order()
    shop.python(ROOM.format(order=order))
    waits = shop.folder / f"order-{order}-waits"
    with shop.client("Ada") as ada, ThreadPoolExecutor(1) as thread:
        asked = thread.submit(shop.get, f"/orders/{order}/hook/well/")
        until(waits.exists, "in its transaction")
        said = ada.put(do="send", room=f"order-{order}", key="k", text="meanwhile")
        waits.unlink()
        assert asked.result() == "made"
        assert ada.reply_to(said)["ok"]
    assert shop.python(HOOKS.format(order=order)) == "1 1\n"


def test_what_a_view_has_made_is_gone_with_its_transaction(shop: Shop) -> None:
    order = shop.new_order()
    shop.python(ROOM.format(order=order))
    assert shop.get(f"/orders/{order}/hook/fails/") == "undone"
    assert shop.python(HOOKS.format(order=order)) == "0 0\n"


def test_what_would_need_the_journal_is_left_out_there(shop: Shop) -> None:
    """Such as the conversation in which somebody hears that a webhook was stopped; the view would wait 10 s for it."""
    assert shop.get("/orders/1/hook/tells/") == "told: False"
    assert "could not be told" not in shop.log.read_text()


def test_the_admin_revokes_a_token(shop: Shop) -> None:
    otto = shop.people["Otto"]["token"]
    number = shop.python(f"{NUMBER}\nprint(Token.objects.get(digest=token_digest({otto!r})).pk)").strip()
    form = {"action": "revoke", "_selected_action": number}
    with shop.client("Otto") as client:
        assert posted(shop, "/admin/teahouse/token/", urlencode(form).encode(), form_of(shop, "Sam")) == 200
        assert client.closed()[0] == 4001
    with pytest.raises(AssertionError, match="bad_token"):
        shop.client("Otto")


def test_the_admin_ends_sessions_after_the_commit(shop: Shop) -> None:
    """Who was cut before it would be back at once, with a token that is still good."""
    assert shop.python(REVOKED) == "0\nTrue\n"


def form_of(shop: Shop, name: str | None = None) -> dict[str, str]:
    """Headers of a form that the browser of one of its people sends."""
    csrf = json.loads(shop.get("/talk/guest/"))["csrf"]
    session = f"; shop_session={shop.people[name]['session']}" if name else ""
    return {"X-CSRFToken": csrf, "Cookie": f"csrftoken={csrf}{session}"}


def posted(shop: Shop, path: str, body: bytes, headers: dict[str, str]) -> int:
    """The status of the answer."""
    asked = urllib.request.Request(shop.url + path, body, headers)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return int(answer.status)
