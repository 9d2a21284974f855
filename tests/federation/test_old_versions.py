"""Rooms of versions 1 and 2 between servers: ids that servers make up, references with hashes, the first resolution."""

import asyncio
from typing import Any

import pytest

from homeserver.net.testing import FakeNet
from homeserver.protocol.events import reference_hash_of
from homeserver.protocol.identifiers import EventId
from homeserver.protocol.room_versions import ROOM_VERSIONS
from homeserver.services.acceptance import event_of
from homeserver.services.intents import Draft
from tests.support.federation import Homeserver, eventually

each_version = pytest.mark.parametrize("version", ["1", "2"])


async def _same_state(a: Homeserver, b: Homeserver, room: str) -> bool:
    return await a.state(room) == await b.state(room) != {}


@each_version
async def test_two_servers_talk_in_a_room(pair: list[Homeserver], version: str) -> None:
    a, b = pair
    room = await a.creates_room(a.user("alice"), version=version)
    await b.joins(b.user("bob"), room, a.name)
    await a.says(a.user("alice"), room, "from a")
    await eventually(lambda: _has(b, room, ["from a"]))
    await b.says(b.user("bob"), room, "from b")
    await eventually(lambda: _has(a, room, ["from a", "from b"]))
    assert await _same_state(a, b, room)
    rules = ROOM_VERSIONS[version]
    ids = [event.event_id for event in await b.timeline(room)]
    found = {event.event_id: event_of(event, rules) for event in await b.events.by_id(ids)}
    stored = [found[event_id] for event_id in ids]
    hashes = {event.event_id: reference_hash_of(event, rules) for event in stored}
    last: list[Any] = list(stored[-1].pdu["prev_events"])
    assert last == [[event_id, {"sha256": hashes[EventId(event_id)]}] for event_id, _ in last] != []
    assert stored[-1].event_id.endswith(f":{b.name}")


@each_version
async def test_branches_of_two_servers_become_one_state(pair: list[Homeserver], net: FakeNet, version: str) -> None:
    a, b = pair
    alice, bob = a.user("alice"), b.user("bob")
    room = await a.creates_room(alice, version=version)
    await b.joins(bob, room, a.name)
    users = {alice: 100, bob: 100}
    await a.does(alice, room, Draft("m.room.power_levels", {"users": users}, state_key=""))
    await eventually(lambda: _same_state(a, b, room))
    net.down |= {"a.test", "b.test"}
    for server, user in ((a, alice), (b, bob)):
        await server.does(user, room, Draft("m.room.topic", {"topic": server.name}, state_key=""))
        levels = {"users": users, "events": {server.name: 50}}
        await server.does(user, room, Draft("m.room.power_levels", levels, state_key=""))
    net.down.clear()
    await asyncio.gather(a.says(alice, room, "a is back"), b.says(bob, room, "b is back"))
    await eventually(lambda: _same_state(a, b, room), within_s=20)


@each_version
async def test_a_redaction_of_an_own_event_takes_effect_on_both_sides(pair: list[Homeserver], version: str) -> None:
    a, b = pair
    room = await a.creates_room(a.user("alice"), version=version)
    await b.joins(b.user("bob"), room, a.name)
    said = await b.says(b.user("bob"), room, "oops")
    await eventually(lambda: _has(a, room, ["oops"]))
    await b.does(b.user("bob"), room, Draft("m.room.redaction", {}, redacts=said))

    async def is_redacted() -> bool:
        (event,) = await a.events.by_id([said])
        return event.redacted_by is not None

    await eventually(is_redacted)


@each_version
async def test_an_invite_crosses(pair: list[Homeserver], version: str) -> None:
    a, b = pair
    room = await a.creates_room(a.user("alice"), version=version, join_rule="invite")
    await a.invites(a.user("alice"), b.user("bob"), room)
    assert await b.membership(b.user("bob"), room) == "invite"
    await b.joins(b.user("bob"), room, a.name)
    assert await a.membership(b.user("bob"), room) == "join"


async def test_an_event_named_after_another_server_needs_that_servers_signature(pair: list[Homeserver]) -> None:
    a, b = pair
    room = await a.creates_room(a.user("alice"), version="1")
    await b.joins(b.user("bob"), room, a.name)
    head = await b.rooms.room(room)
    said = await b.says(b.user("bob"), room, "mine")
    (stored,) = await b.events.by_id([said])
    pdu = dict(event_of(stored, head.rules).pdu) | {"event_id": f"$made-up:{a.name}"}
    (read,) = await a.federation.inbound._acceptance.read([pdu], head.rules)
    assert not hasattr(read, "sender")


async def _has(server: Homeserver, room: str, texts: list[str]) -> bool:
    return await server.texts(room) == texts
