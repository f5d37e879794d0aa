"""Rights that end in the middle of the stream, F15."""

from __future__ import annotations

import asyncio
from typing import Final

from tests.faults.fault import fault
from tests.faults.people import PATIENCE, Person, together
from tests.faults.worlds import ROOMS, One, Two, World, also_there


@fault("F15", "a person signs out: no event after the answer", One, Two)
async def signed_out(world: World) -> None:
    browser = await world.signed_in()
    cookie = browser.cookie("teahouse_session")
    reader = Person(world.record, "signed in", lambda: world.servers[-1].url, *ROOMS)
    reader.headers = {"Cookie": f"teahouse_session={cookie}", "Origin": world.servers[-1].url}
    reader.once = True
    async with also_there(world, [reader]):
        await world.all_live()
        assert reader.you["kind"] == "user", reader.you
        await world.more_said(5)
        page = await asyncio.to_thread(browser.submit, "/sign-out/")
        assert page.status == 200, page.text
        await _hears_nothing_more(world, reader)


@fault("F15", "a token is revoked by a command: no event after it has ended", Two)
async def token_revoked(world: Two) -> None:
    printed = await world.manage("teahouse_token", "watcher")
    token = printed.split()[-1]
    reader = Person(world.record, "with a token", lambda: world.servers[-1].url, *ROOMS)
    reader.token, reader.once = token, True
    async with also_there(world, [reader]):
        await world.all_live()
        assert reader.you["kind"] == "bot", reader.you
        await world.manage("shell", "--no-imports", "-c", REVOKE)
        await _hears_nothing_more(world, reader)


async def _hears_nothing_more(world: World, reader: Person) -> None:
    """Who was cut off by now gets nothing of what is said from now on; the others go on without them.

    What was sent before may still be on its way to them, so it is the numbers that tell, not when something came.
    """
    before = set(world.record.sent)
    world.people.remove(reader)
    await world.all_is_well()
    world.people.append(reader)
    await together(
        reader.until(lambda: reader.closed != 0), seconds=PATIENCE, what="the close of who is cut off"
    )
    assert reader.closed == 4001, reader.closed
    said = [one for one in world.record.sent.values() if one.seq and one.key not in before]
    for room, place in reader.places.items():
        since = min(one.seq for one in said if one.room == room)
        assert place.seq < since, f"{room}:{place.seq}, and {since} was said after the right had ended"


REVOKE: Final = """
from teahouse.actions import people
from teahouse.models import Token
people.revoke_token(Token.objects.order_by("-pk")[0])
"""
