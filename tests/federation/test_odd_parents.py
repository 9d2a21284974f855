"""Events that stand where no honest server puts them: without parents, on foreign ones, too deep, too many beside."""

from typing import Any

import pytest

from homeserver.protocol.events import seal
from homeserver.protocol.room_versions import ROOM_VERSIONS
from homeserver.services.intents import Draft
from homeserver.services.resolution import MAX_TIPS
from homeserver.storage.rows import REJECTED
from homeserver.storage.state import StateTable
from tests.support import mallory
from tests.support.evil_peer import EvilPeer
from tests.support.federation import Homeserver
from tests.support.mallory import MALLORY


@pytest.mark.parametrize("version", ["11", "12"])
@pytest.mark.parametrize("kind", ["m.room.message", "m.room.create"])
async def test_an_event_without_parents_is_rejected(a: Homeserver, peer: EvilPeer, version: str, kind: str) -> None:
    room = await a.creates_room(a.user("alice"), version=version)
    template = await a.federation.resident.make_join(peer.name, room, MALLORY, [version])
    head = await a.rooms.room(room)
    join_event = seal(template.event, head.rules, peer.key)
    await a.federation.resident.send_join(peer.name, room, join_event.event_id, dict(join_event.pdu))
    orphan = await mallory.message(a, peer, room) | {"prev_events": [], "type": kind}
    event = seal({k: v for k, v in orphan.items() if k not in ("hashes", "signatures")}, head.rules, peer.key)
    before = await a.state(room)
    status, _ = await mallory.send(a, peer, "t", {"pdus": [dict(event.pdu)]})
    stored = await a.events.by_id([event.event_id])  # a create event of version 12 is of another room, and dropped
    assert len(stored) == (0 if kind == "m.room.create" and version == "12" else 1)
    assert all(one.flags & REJECTED for one in stored)
    assert (status, await a.state(room)) == (200, before)


async def test_a_parent_in_another_room_lends_no_state(a: Homeserver, peer: EvilPeer) -> None:
    room, other = await a.creates_room(a.user("alice")), await a.creates_room(a.user("alice"))
    await mallory.joins(a, peer, room)
    await mallory.joins(a, peer, other)
    levels = {"users": {MALLORY: 100}, "invite": 0}
    await a.does(a.user("alice"), other, Draft("m.room.power_levels", levels, state_key=""))
    good = await mallory.message(a, peer, room)
    elsewhere = [tip.event_id for tip in (await a.rooms.room(other)).extremities.values()]
    proto = {k: v for k, v in good.items() if k not in ("hashes", "signatures")} | {"prev_events": elsewhere}
    event = seal(
        proto | {"type": "m.room.topic", "state_key": "", "content": {"topic": "mine"}}, ROOM_VERSIONS["12"], peer.key
    )
    before = await a.state(room)
    await mallory.send(a, peer, "t", {"pdus": [dict(event.pdu)]})
    assert await a.state(room) == before
    assert event.event_id not in {shown.event_id for shown in await a.timeline(room)}


async def test_an_event_at_the_greatest_depth_does_not_end_the_room(a: Homeserver, peer: EvilPeer) -> None:
    room = await a.creates_room(a.user("alice"))
    await mallory.joins(a, peer, room)
    proto = {
        key: value
        for key, value in (await mallory.message(a, peer, room)).items()
        if key not in ("hashes", "signatures")
    }
    deep = seal(proto | {"depth": 2**53 - 1}, ROOM_VERSIONS["12"], peer.key)
    await mallory.send(a, peer, "t", {"pdus": [dict(deep.pdu)]})
    for text in ("still", "here"):
        await a.says(a.user("alice"), room, text)
    assert await a.texts(room) == ["x", "still", "here"]
    await a.federation.resident.make_join(peer.name, room, MALLORY, ["12"])


async def test_a_room_that_is_forked_often_costs_a_bounded_number_of_states(
    a: Homeserver, peer: EvilPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = await a.creates_room(a.user("alice"))
    await mallory.joins(a, peer, room)
    base = {
        key: value
        for key, value in (await mallory.message(a, peer, room)).items()
        if key not in ("hashes", "signatures")
    }
    rule = (await a.rooms.room(room)).event(("m.room.join_rules", ""))
    assert rule is not None
    base |= {"type": "m.room.member", "state_key": MALLORY, "auth_events": [*base["auth_events"], rule.event_id]}
    forks = [
        seal(base | {"content": {"membership": "join", "displayname": str(n)}}, ROOM_VERSIONS["12"], peer.key)
        for n in range(MAX_TIPS + 15)
    ]
    loaded: list[int] = []
    diff = StateTable.diff

    async def count(self: StateTable, points: Any) -> Any:
        loaded.append(len(points))
        return await diff(self, points)

    monkeypatch.setattr(StateTable, "diff", count)
    for number, fork in enumerate(forks):
        await mallory.send(a, peer, f"f{number}", {"pdus": [dict(fork.pdu)]})
    assert len((await a.rooms.room(room)).extremities) > MAX_TIPS
    assert 10 < max(loaded) <= MAX_TIPS + 6
    assert (await a.rooms.room(room)).membership(MALLORY) == "join"
    await a.says(a.user("alice"), room, "still")
