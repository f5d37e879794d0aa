"""What a project has of its own beside users and databases: templates, storages, cache and mail. Teahouse goes by its
static files and its templates, and asks for none of the others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.embed.conftest import Shop, shop_prepared

LOOK: Final = """
import json, sys
import teahouse.routing
early = [name for name in ("ninja", "teahouse.api.urls") if name in sys.modules]
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.core.mail import send_mail
from django.core.management import call_command
from django.test import Client
import teahouse
from tests.embed.host.refusing import Refused
from tests.embed.host.shop.models import Order
from teahouse.actions.people import ensure_person, make_token
from teahouse.followers import webhooks
from teahouse.models import Person
from tests.embed.host.people.models import User

call_command("collectstatic", interactive=False, verbosity=0)
order = Order.objects.get(pk=1)
slug = teahouse.room_for(order).slug
ada = User.objects.get(full_name="Ada")
browser = Client(HTTP_HOST="127.0.0.1")
browser.force_login(ada)
headers = {"HTTP_AUTHORIZATION": "Bearer " + make_token(ensure_person(ada))}
said = browser.post(f"/talk/api/v1/rooms/{slug}/messages", {"text": "tea"}, "application/json", **headers)
webhooks.make(ensure_person(ada), "https://hooks.invalid/", ["closed"])
made = [browser.post("/talk/api/v1/tokens", {}, "application/json").status_code]
session = browser.session
session["teahouse_proved_at"] -= 3600
session.save()
late = browser.post("/talk/api/v1/tokens", {}, "application/json")
made += [late.status_code, late.json()["code"]]
def figures(asking):
    answer = asking.get("/talk/metrics")
    return [answer.status_code, answer.content.decode()]
refused = [figures(Client(HTTP_HOST="127.0.0.1")), figures(browser)]
Person.objects.filter(pk=ensure_person(ada).pk).update(is_owner=True)
sys.modules["prometheus_client"] = None  # As where the extra is not installed.
without = figures(browser)
del sys.modules["prometheus_client"]
told = {
    "early": early,
    "said": said.status_code,
    "order": browser.get("/orders/1/").content.decode(),
    "room": browser.get(f"/talk/rooms/{slug}/").content.decode(),
    "rooms": browser.get("/talk/rooms/").content.decode(),
    "hooks": [webhook.name for webhook in webhooks.webhooks()],
    "refused": 0,
    "made": made,
    "figures": {"refused": refused, "without": without, "there": figures(browser)},
}
for ask in (lambda: cache.get("x"), lambda: default_storage.exists("x"), lambda: send_mail("x", "x", None, ["x@x.x"])):
    try:
        ask()
    except Refused:
        told["refused"] += 1
from teahouse.api import home
home.close()
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with shop_prepared(HOST_OWN_SERVICES="yes") as shop:
        yield shop


@pytest.fixture(scope="module")
def told(shop: Shop) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(shop.python(LOOK))
    return told


def test_it_needs_no_cache_no_mail_and_no_storage_of_files(told: dict[str, Any]) -> None:
    assert told["refused"] == 3, "those of this project refuse all"
    assert told["said"] == 201
    assert 'room="order-1"' in told["order"]
    assert "tea" in told["room"]


def test_the_api_is_loaded_with_its_addresses_and_not_before(told: dict[str, Any]) -> None:
    """A command has nothing of it, and a process of sockets only what answers there."""
    assert told["early"] == []


def test_a_token_is_made_by_a_login_of_the_last_half_hour(told: dict[str, Any]) -> None:
    assert told["made"] == [201, 403, "sign_in_again"]


def test_figures_are_for_owners_where_no_token_is_set_and_the_extra_is_asked_for(
    told: dict[str, Any],
) -> None:
    figures = told["figures"]
    (stranger, why), (ada, _) = figures["refused"]
    assert (stranger, ada) == (401, 403)
    assert why.startswith("No such token is set here.")
    assert figures["without"][0] == 501
    assert "pip install 'teahouse[metrics]'" in figures["without"][1]
    status, text = figures["there"]
    assert status == 200
    assert 'teahouse_follower_behind_events{follower="hook-1"} 0.0' in text
    assert "teahouse_database_up 1.0" in text


def test_webhooks_are_found_where_users_are_in_another_database(told: dict[str, Any]) -> None:
    assert len(told["hooks"]) == 1


def test_its_static_files_are_those_of_the_projects_storage(shop: Shop, told: dict[str, Any]) -> None:
    """With hashes in their names, and what modules import of each other beside them."""
    asked = set(re.findall(r'(?:src|href)="/static/(teahouse/[^"?#]+)"', told["order"] + told["room"]))
    assert any(re.search(r"\.[0-9a-f]{12}\.", name) for name in asked), asked
    root = shop.folder / "static"
    assert [name for name in asked if not (root / name).is_file()] == []
    modules = list((root / "teahouse").glob("*.js"))
    imported = {
        (module.parent / name).resolve()
        for module in modules
        for name in re.findall(r'^import .*?from "(\./[^"]+)"', module.read_text(), re.MULTILINE)
    }
    assert len(imported) > 10
    assert [name for name in imported if not name.is_file()] == []


def test_its_templates_override_blocks_of_ours(told: dict[str, Any]) -> None:
    assert '<header id="of-the-shop">The shop</header>' in told["room"]
    assert '<meta name="shop" content="own script">' in told["room"]
    assert '<meta name="shop" content="own head">' in told["room"]
    assert re.findall("<title>(.*?)</title>", told["room"]) == ["The shop: Order 1"]
    assert '<p id="messages-of-the-shop"></p>' in told["room"]
    assert re.search(r'<div id="round-the-room">\s*<teahouse-chat ', told["room"])
    assert re.search(r"teahouse/room\.\w+\.css", told["room"]), "the rest is as it was"
    assert "The shop&#x27;s talk" in told["rooms"] or "The shop's talk" in told["rooms"]


OPEN_ELSEWHERE: Final = """
import logging
import teahouse
from django.db import transaction
from tests.embed.host.shop.models import Order
heard = []
handler = logging.Handler()
handler.emit = lambda record: heard.append(record.getMessage())
logging.getLogger("teahouse.outbox").addHandler(handler)
order = Order.objects.get(pk=2)
with transaction.atomic(using="talk"), transaction.atomic():
    teahouse.post(order, "taken along")
teahouse.post(order, "in no transaction")
print(len(heard))
with transaction.atomic():
    teahouse.post(order, "said in any case")
    teahouse.post(order, "and again")
print(*heard, sep="\\n")
"""


def test_a_transaction_that_does_not_take_along_what_is_said_in_it_is_told_of_once(shop: Shop) -> None:
    before, *told = shop.python(OPEN_ELSEWHERE).splitlines()
    assert before == "0"
    (told_once,) = told
    assert "a transaction on the database 'default', but Teahouse's tables are in 'talk'" in told_once
    assert 'have "teahouse.project_outbox" in INSTALLED_APPS' in told_once
