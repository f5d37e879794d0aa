"""The project decides who may see, say and moderate: over sockets, pages and HTTP, at once and in open sessions."""

from __future__ import annotations

import re
import urllib.error
from typing import Final

import pytest

from teahouse.live import policing
from tests.clients import Client, Plain, Posting
from tests.embed.conftest import Shop
from tests.servers import ROOT


def opened(shop: Shop) -> tuple[int, str]:
    """A new order whose room is there, since Ada has looked at its page."""
    order = shop.new_order()
    assert f'room="order-{order}"' in shop.get(f"/orders/{order}/", "Ada")
    return order, f"order-{order}"


def change(shop: Shop, order: int, **fields: str) -> None:
    shop.get(f"/orders/{order}/change/?" + "&".join(f"{name}={value}" for name, value in fields.items()))


def loses(client: Client, room: str) -> None:
    """Waits until the client is told that the room is not there for it any more."""
    while (told := client.signal("rights"))["may"]:
        pass
    assert told == {"signal": "rights", "room": room, "role": None, "may": []}


def asks(client: Client, room: str) -> dict[str, str]:
    """What each way to the room answers."""
    told = {}
    for command in (
        {"do": "subscribe", "room": room},
        {"do": "subscribe", "room": room, "make": True},
        {"do": "history", "room": room},
        {"do": "members", "room": room},
        {"do": "send", "room": room, "key": "k1", "text": "let me in"},
        {"do": "join", "room": room},
        {"do": "read", "room": room, "seq": 1},
        {"do": "people", "room": room, "search": "a"},
    ):
        answer = client.ask(**command)
        told[f"{command['do']}{' make' if 'make' in command else ''}"] = answer.get("error", {}).get(
            "code", "ok"
        )
    return told


def test_who_may_see_it_does_all_and_who_may_not_finds_nothing(shop: Shop) -> None:
    _, room = opened(shop)
    with shop.client("Ada") as ada, shop.client("Otto") as otto, Client(f"{shop.url}/talk", "Gina") as gina:
        assert set(asks(ada, room).values()) == {"ok"}
        for outsider in (otto, gina):
            told = asks(outsider, room)
            assert set(told.values()) == {"not_found"} or set(told.values()) == {"not_found", "forbidden"}, (
                told
            )
            assert told["subscribe"] == told["history"] == told["send"] == "not_found"
        assert [one["room"] for one in otto.ok(do="rooms")["rooms"] if one["room"] == room] == []
    assert room in shop.get(f"/talk/rooms/{room}/", "Ada")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        shop.get(f"/talk/rooms/{room}/", "Otto")
    with Plain(f"{shop.url}/talk", f"/wsmsg/{room}?name=Gast") as plain:
        assert plain.closed()[0] == 4004
    with Posting(f"{shop.url}/talk", token=shop.people["Otto"]["token"]) as otto_by_http:
        assert otto_by_http.refused(do="history", room=room) == "not_found"


def test_nobody_takes_the_name_of_a_room_to_come_or_learns_which_there_are(shop: Shop) -> None:
    _, room = opened(shop)
    with shop.client("Otto") as otto, Client(f"{shop.url}/talk", "Gina") as gina:
        for name in (room, "order-77777", "shop-order-5"):
            assert otto.refused(do="make", title="Mine", room=name) == "name_taken"
            assert gina.refused(do="subscribe", room=name, make=True) == "not_found"
        assert otto.ok(do="make", title="Order 5")["room"]["room"] == "room-order-5"
        assert otto.ok(do="make", title="Orders", room="orders-5")["room"]["room"] == "orders-5"


def test_staff_moderates_and_the_customer_does_not(shop: Shop) -> None:
    _, room = opened(shop)
    with shop.client("Ada") as ada, shop.client("Sam") as sam:
        assert "moderate" in sam.ok(do="subscribe", room=room)["may"]
        assert "moderate" not in ada.ok(do="subscribe", room=room)["may"]
        said = ada.say(room, "a rude word")
        assert sam.event()["message"]["text"] == "a rude word"
        sam.ok(do="delete", room=room, message=said["message"])
        answer = sam.say(room, "please")
        assert ada.refused(do="delete", room=room, message=answer["message"]) == "forbidden"


def test_rights_changed_ends_reading_with_an_event(shop: Shop) -> None:
    """What the shop says with the change counts for open sessions, in order: nothing behind it arrives (P6)."""
    order, room = opened(shop)
    with shop.client("Ada") as ada, shop.client("Sam") as sam:
        ada.ok(do="subscribe", room=room)
        sam.ok(do="subscribe", room=room)
        ada.say(room, "mine")
        assert sam.event()["message"]["text"] == "mine"
        change(shop, order, customer=shop.people["Otto"]["user"], tell="1")
        assert sam.event("room")["state"]["room"] == room
        sam.say(room, "not for Ada")
        assert sam.event()["message"]["text"] == "not for Ada"
        loses(ada, room)
        ada.ok(do="ping")
        assert "not for Ada" not in str(ada.heard)
        assert asks(ada, room)["history"] == "not_found"
        with shop.client("Otto") as otto, shop.client("Ada") as again:
            history = otto.ok(do="history", room=room)["messages"]
            assert [message["text"] for message in history] == ["mine", "not for Ada"]
            assert room not in [one["room"] for one in again.hello["rooms"]], "she belongs to it no more"
            assert room in [one["room"] for one in sam_again(shop)]


def sam_again(shop: Shop) -> list[dict[str, object]]:
    with shop.client("Sam") as sam:
        return list(sam.hello["rooms"])


def test_what_nobody_told_is_noticed_by_itself(shop: Shop) -> None:
    """Here within a second; where nobody has set it otherwise, within the 60 s of P6, one of them the sweep's."""
    assert policing.POLICY_SECONDS + 1 < 60
    order, room = opened(shop)
    with shop.client("Ada") as ada, shop.client("Sam") as sam:
        assert "speak" in ada.ok(do="subscribe", room=room)["may"]
        sam.ok(do="subscribe", room=room)
        change(shop, order, closed="1")
        assert "speak" not in ada.signal("rights")["may"]
        assert ada.refused(do="send", room=room, key="k", text="still?") == "forbidden"
        change(shop, order, closed="0")
        assert "speak" in ada.signal("rights")["may"]
        ada.say(room, "again")
        assert sam.event()["message"]["text"] == "again"
        change(shop, order, customer=shop.people["Otto"]["user"])
        loses(ada, room)
        sam.say(room, "without Ada")
        ada.ok(do="ping")
        assert "without Ada" not in str(ada.heard)


def test_the_room_goes_with_the_object(shop: Shop) -> None:
    order, room = opened(shop)
    with shop.client("Ada") as ada, shop.client("Sam") as sam:
        ada.ok(do="subscribe", room=room)
        ada.say(room, "soon gone")
        shop.get(f"/orders/{order}/delete/")
        loses(ada, room)
        assert sam.refused(do="subscribe", room=room) == "not_found"
    assert (
        shop.python(
            f"from teahouse.models import Message; print(Message.objects.filter(room__slug={room!r}).count())"
        )
        == "1\n"
    )


def test_whoever_lost_it_while_away_learns_nothing_on_their_return(shop: Shop) -> None:
    order, room = opened(shop)
    with shop.client("Ada") as ada:
        ada.ok(do="subscribe", room=room)
        ada.say(room, "I belong to it")
    change(shop, order, customer=shop.people["Otto"]["user"])
    with shop.client("Ada") as ada:
        assert room not in [one["room"] for one in ada.hello["rooms"]]
        assert room not in str(ada.ok(do="threads")) + str(ada.ok(do="activity"))


def test_each_database_has_its_own_tables(shop: Shop) -> None:
    listed = "; ".join(
        f"print(*sorted(connections[{name!r}].introspection.table_names()))" for name in ("default", "talk")
    )
    here, there = shop.python(f"from django.db import connections; {listed}").splitlines()
    assert "shop_order" in here
    assert "teahouse_" not in here
    assert "teahouse_room" in there
    assert "shop_order" not in there


DELETED: Final = """
from django.db.models.signals import post_delete
from tests.embed.host.people.models import Customer, Driver, User
from teahouse.actions.people import ensure_person
from teahouse.models import Person

def left(user, delete):
    person = ensure_person(user)
    delete(user)
    now = Person.objects.get(pk=person.pk)
    print(now.user_id, now.name)

users = (User.objects.create_user(f"gone{n}@example.org") for n in range(3))
left(next(users), lambda user: user.delete())
left(next(users), lambda user: Customer.objects.get(pk=user.pk).delete())
left(next(users), lambda user: Customer.objects.filter(pk=user.pk).delete())
left(Driver.objects.create(email="driver@example.org"), lambda driver: driver.delete())
kept = Driver.objects.create(email="no-driver@example.org")
left(kept, lambda driver: driver.delete(keep_parents=True))
print(post_delete.has_listeners(Person))
"""


def test_a_deleted_user_leaves_the_person(shop: Shop) -> None:
    """Also one who is deleted by the name of another model; a driver who is none any more is a user still."""
    told = shop.python(DELETED).splitlines()
    assert told[:4] == ["None gone0", "None gone1", "None gone2", "None driver"]
    assert told[4].endswith(" no-driver")
    assert told[4] != "None no-driver"
    assert told[5] == "False", "of other models nothing is asked, and many rows are deleted at once"


def test_what_the_page_about_it_says_runs(shop: Shop) -> None:
    order, room = opened(shop)
    page = (ROOT / "docs" / "embedding.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 5
    # A method stands in its class.
    code = [f"class Sub(teahouse.Policy):\n{block}" if block.startswith(" ") else block for block in blocks]
    told = shop.python(
        f"""
from tests.embed.host.people.models import User
from tests.embed.host.shop.models import Order
order, other = Order.objects.get(pk={order}), User.objects.get(email="otto@example.org")
{chr(10).join(code)}
from teahouse import testing
from teahouse.actions import policy
print(testing.posted(order), len(policy.waiting()) <= 1, Policy(None).may_see(other, room, order))
"""
    )
    assert told == "['Order 42 was paid.'] True True\n"
    with shop.client("Otto") as otto:
        # The server finds within a second what another process has left.
        otto.ok(do="subscribe", room=room)
        if not otto.ok(do="history", room=room)["messages"]:
            otto.event("message")
        assert otto.ok(do="history", room=room)["messages"][0]["text"] == "Order 42 was paid."
