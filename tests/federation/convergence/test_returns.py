"""R-6: a peer that was away has everything within ten seconds of any contact from it."""

import pytest

from homeserver.protocol.identifiers import RoomId
from homeserver.services.intents import Draft
from tests.federation.convergence.islands import Islands
from tests.support.federation import Homeserver, eventually, homeservers
from tests.support.postgres import Cluster

RETURNED_S = 10.0
MISSED = 60


@pytest.mark.timeout(120)
@pytest.mark.parametrize("contact", ["a message", "a question"])
async def test_a_peer_that_returns_has_everything_soon_after_any_contact(cluster: Cluster, contact: str) -> None:
    net = Islands()
    async with homeservers(cluster, net, "a.test", "b.test") as (a, b):
        alice, bob = a.user("alice"), b.user("bob")
        rooms = [await _shared(a, b, number) for number in range(2)]
        net.down.add("b.test")
        wanted = [str(number) for number in range(MISSED)]
        for text in wanted:
            await a.says(alice, rooms[int(text) % 2], text)
        await a.does(alice, rooms[0], Draft("m.room.topic", {"topic": "missed"}, state_key=""))
        net.heal()
        if contact == "a message":
            await b.says(bob, rooms[1], "hello again")
        else:
            assert await b.federation.backfill.fill(await b.rooms.room(rooms[1]), 2**62, 5)

        async def has_all() -> bool:
            texts = [text for room in rooms for text in await b.texts(room)]
            return set(wanted) <= set(texts)

        await eventually(has_all, within_s=RETURNED_S)
        for room in rooms:
            texts = [text for text in await b.texts(room) if text in wanted]
            assert texts == sorted(texts, key=int), "once, and in order"
        assert await a.state(rooms[0]) == await b.state(rooms[0])


async def _shared(a: Homeserver, b: Homeserver, number: int) -> RoomId:
    room = await a.creates_room(a.user("alice"))
    await b.joins(b.user("bob"), room, via=a.name)
    await b.says(b.user("bob"), room, f"here {number}")

    async def came() -> bool:
        return f"here {number}" in await a.texts(room)

    await eventually(came, within_s=30)
    return room
