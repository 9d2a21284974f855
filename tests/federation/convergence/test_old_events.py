"""Events from before a server's join that come to it later: they are no news, and bring no old state back."""

from collections.abc import AsyncIterator

import pytest

from homeserver.net.testing import FakeNet
from homeserver.protocol.events import join
from homeserver.protocol.identifiers import RoomId
from homeserver.services.intents import Draft
from homeserver.storage.rows import OUTLIER, REJECTED
from tests.support.federation import Homeserver, eventually, homeservers
from tests.support.postgres import Cluster

TOPIC = Draft("m.room.topic", {"topic": "the last before the join"}, state_key="")


@pytest.fixture
def net() -> FakeNet:
    return FakeNet()


@pytest.fixture
async def pair(cluster: Cluster, net: FakeNet) -> AsyncIterator[list[Homeserver]]:
    async with homeservers(cluster, net, "a.test", "b.test") as servers:
        yield servers


async def test_what_lies_below_the_join_is_not_taken_with_what_lacks_after_it(
    pair: list[Homeserver], net: FakeNet
) -> None:
    """A does not know the tips of B, and walks past them down to the create event."""
    a, b = pair
    room = await _joined_after_a_topic(a, b)
    before = await _flags(b, room)
    net.down |= {"a.test", "b.test"}
    ours = await b.says(b.user("bob"), room, "of b")
    missed = await a.says(a.user("alice"), room, "missed")
    newest = await a.says(a.user("alice"), room, "newest")
    net.down.remove("a.test")
    await _brings(a, b, newest)

    async def has_newest() -> bool:
        return newest in {event.event_id for event in await b.timeline(room)}

    await eventually(has_newest)
    assert await _tips(b, room) == {ours, newest}
    assert await _flags(b, room) == before | {ours: 0, missed: 0, newest: 0}
    assert await a.state(room) == await b.state(room)


async def test_a_parent_of_the_join_that_comes_late_is_no_tip(pair: list[Homeserver], net: FakeNet) -> None:
    a, b = pair
    room = await a.creates_room(a.user("alice"))
    parent = await a.says(a.user("alice"), room, "the last before the join")
    await b.joins(b.user("bob"), room, via=a.name)
    tips = await _tips(b, room)
    await _brings(a, b, parent)

    async def has_it() -> bool:
        return (await _flags(b, room)).get(parent) == 0

    await eventually(has_it)
    assert await _tips(b, room) == tips
    assert await a.state(room) == await b.state(room)


async def test_an_event_of_the_state_at_the_join_that_comes_late_is_no_tip(pair: list[Homeserver]) -> None:
    a, b = pair
    room = await a.creates_room(a.user("alice"))
    topic = await a.does(a.user("alice"), room, TOPIC)
    await a.says(a.user("alice"), room, "the last before the join")
    await b.joins(b.user("bob"), room, via=a.name)
    tips = await _tips(b, room)
    await _brings(a, b, topic)

    async def has_it() -> bool:
        return (await _flags(b, room))[topic] == 0

    await eventually(has_it)
    assert await _tips(b, room) == tips
    assert await a.state(room) == await b.state(room)


async def test_the_create_event_that_comes_again_is_what_it_was(pair: list[Homeserver]) -> None:
    a, b = pair
    room = await _joined_after_a_topic(a, b, version="10")
    create = (await b.state(room))["m.room.create", ""]
    before = await _flags(b, room)
    await _brings(a, b, create)
    said = await a.says(a.user("alice"), room, "after it")

    async def has_it() -> bool:
        return said in await _flags(b, room)

    await eventually(has_it)
    assert await _flags(b, room) == before | {said: 0}


async def test_a_state_event_beside_a_tip_with_the_same_state_is_resolved_with_that(
    pair: list[Homeserver], net: FakeNet
) -> None:
    """The rule of whom more is allowed is tried first, so the older one stays; A and B must both come to that."""
    a, b = pair
    room = await a.creates_room(a.user("alice"))
    levels = {"users": {b.user("bob"): 100, b.user("carol"): 60}, "invite": 0}
    await a.does(a.user("alice"), room, Draft("m.room.power_levels", levels, state_key=""))
    await b.joins(b.user("bob"), room, via=a.name)
    await b.does(b.user("carol"), room, Draft.member(b.user("carol"), "join"))
    await b.does(b.user("carol"), room, Draft("m.room.join_rules", {"join_rule": "knock"}, state_key=""))
    await eventually(lambda: _same_tips(a, b, room))
    net.down.add("b.test")
    of_a = await a.says(a.user("alice"), room, "beside")
    await b.says(b.user("bob"), room, "before the rule")
    rule = await b.does(b.user("bob"), room, Draft("m.room.join_rules", {"join_rule": "invite"}, state_key=""))

    async def has_rule() -> bool:
        return rule in await _flags(a, room)

    await eventually(has_rule)
    await _brings(a, b, of_a)
    assert await _tips(a, room) == await _tips(b, room) == {of_a, rule}
    assert await a.state(room) == await b.state(room)


async def _joined_after_a_topic(a: Homeserver, b: Homeserver, version: str = "12") -> RoomId:
    room = await a.creates_room(a.user("alice"), version=version)
    await a.does(a.user("alice"), room, TOPIC)
    await b.joins(b.user("bob"), room, via=a.name)
    return room


async def _brings(a: Homeserver, b: Homeserver, event_id: str) -> None:
    """Let an event of A come to B alone."""
    (stored,) = await a.events.by_id([event_id])
    head = await a.rooms.room(stored.room_id)
    pdu = join(stored.body, stored.envelope, head.rules).pdu
    await b.federation.inbound.transaction(a.name, f"alone {event_id}", {"pdus": [pdu], "edus": []})


async def _tips(server: Homeserver, room: str) -> set[str]:
    head = await server.rooms.reload(room)
    assert head is not None
    return {tip.event_id for tip in head.extremities.values()}


async def _same_tips(a: Homeserver, b: Homeserver, room: str) -> bool:
    return await _tips(a, room) == await _tips(b, room)


async def _flags(server: Homeserver, room: str) -> dict[str, int]:
    """Of all stored events of the room, what makes them hidden."""
    rows = await server.database.fetch(
        "SELECT e.event_id, e.flags FROM events e JOIN rooms r ON r.room_nid = e.room_nid WHERE r.room_id = $1", room
    )
    return {row["event_id"]: row["flags"] & (OUTLIER | REJECTED) for row in rows}
