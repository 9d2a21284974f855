"""What one server lacks and the other has: history, gaps, branches that grew apart and meet again."""

import asyncio
import threading
from collections.abc import Generator
from typing import Any

import pytest

from homeserver.net.testing import FakeNet
from homeserver.protocol.events import join
from homeserver.protocol.identifiers import RoomId
from homeserver.protocol.state_resolution import resolve_conflicts
from homeserver.services import inbound_work, resolution, resolving
from homeserver.services.intents import Draft
from homeserver.storage.staging import StagingTable
from tests.support.federation import Homeserver, eventually


async def test_history_before_the_join_is_fetched_once(pair: list[Homeserver]) -> None:
    a, b = pair
    room = await a.creates_room(a.user("alice"))
    for number in range(5):
        await a.says(a.user("alice"), room, str(number))
    await b.joins(b.user("bob"), room, via=a.name)
    assert await b.texts(room) == []
    head = await b.rooms.room(room)
    assert await b.federation.backfill.fill(head, 2**62, 50)
    assert [e.event_id for e in await b.timeline(room)] == [e.event_id for e in await a.timeline(room)]
    assert await a.state(room) == await b.state(room)
    assert not await b.federation.backfill.fill(head, 2**62, 50)


async def test_a_hole_of_a_few_events_is_closed_before_the_event_after_it_is_shown(
    pair: list[Homeserver], net: FakeNet
) -> None:
    a, b, room = *pair, await _shared_room(*pair)
    net.down.add("b.test")
    for number in range(30):
        await a.says(a.user("alice"), room, str(number))
    await _brings_newest(a, b, room)
    await eventually(lambda: _has(b, room, "29"))
    assert await b.texts(room) == [str(number) for number in range(30)]


async def test_a_large_hole_becomes_a_gap_that_is_filled_on_demand(pair: list[Homeserver], net: FakeNet) -> None:
    a, b, room = *pair, await _shared_room(*pair)
    net.down.add("b.test")
    for number in range(130):
        await a.says(a.user("alice"), room, str(number))
        if number == 5:
            await a.does(a.user("alice"), room, Draft("m.room.topic", {"topic": "unseen"}, state_key=""))
    await _brings_newest(a, b, room)
    await eventually(lambda: _has(b, room, "129"), within_s=20)
    assert "0" not in await b.texts(room)
    assert await a.state(room) == await b.state(room)
    head = await b.rooms.room(room)
    while await b.federation.backfill.fill(head, 2**62, 500):
        pass
    assert await b.texts(room) == [str(number) for number in range(130)]


async def test_what_was_put_off_is_tried_again_when_its_origin_speaks(
    pair: list[Homeserver], net: FakeNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b, room = *pair, await _shared_room(*pair)
    net.down |= {"a.test", "b.test"}
    for number in range(3):
        await a.says(a.user("alice"), room, str(number))
    monkeypatch.setattr(inbound_work, "FIRST_PAUSE_MS", 3_600_000)
    await _brings_newest(a, b, room)
    await eventually(lambda: _was_tried(b), within_s=15)
    monkeypatch.setattr(inbound_work, "FIRST_PAUSE_MS", -1)
    net.down.discard("a.test")
    await b.federation.peers.heard_from(a.name)
    await eventually(lambda: _has(b, room, "2"), within_s=15)
    assert await b.texts(room) == ["0", "1", "2"]


async def test_an_event_that_takes_a_whole_turn_does_not_take_the_next_one_too(
    pair: list[Homeserver], net: FakeNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b, room = *pair, await _shared_room(*pair)
    net.down.add("b.test")
    for number in range(3):
        await a.says(a.user("alice"), room, str(number))
    monkeypatch.setattr(inbound_work, "BUDGET_S", 0.3)
    net.silent.add("a.test")
    await _brings_newest(a, b, room)
    await eventually(lambda: _was_tried(b), within_s=15)


async def _was_tried(server: Homeserver) -> bool:
    """Whether a staged event was put off."""
    return bool(await server.database.fetchval("SELECT max(attempts) FROM inbound_staging"))


async def test_both_sides_change_the_topic_while_they_cannot_talk_and_agree_after(
    pair: list[Homeserver], net: FakeNet
) -> None:
    a, b, room = *pair, await _shared_room(*pair)
    await a.does(
        a.user("alice"),
        room,
        Draft("m.room.power_levels", {"users": {b.user("bob"): 50}, "invite": 0}, state_key=""),
    )
    await eventually(lambda: _same_state(a, b, room))
    net.down |= {"a.test", "b.test"}
    await a.does(a.user("alice"), room, Draft("m.room.topic", {"topic": "a"}, state_key=""))
    await b.does(b.user("bob"), room, Draft("m.room.topic", {"topic": "b"}, state_key=""))
    await b.does(b.user("bob"), room, Draft("m.room.name", {"name": "b"}, state_key=""))
    await a.says(a.user("alice"), room, "from a")
    await b.says(b.user("bob"), room, "from b")
    net.down.clear()
    await eventually(lambda: _has(a, room, "from b"), within_s=10)
    await eventually(lambda: _has(b, room, "from a"), within_s=10)
    assert await a.state(room) == await b.state(room)
    assert ("m.room.name", "") in await a.state(room)
    await a.says(a.user("alice"), room, "after")
    await eventually(lambda: _has(b, room, "after"))
    assert await a.state(room) == await b.state(room)


async def test_what_a_banned_user_said_meanwhile_is_not_shown(pair: list[Homeserver], net: FakeNet) -> None:
    a, b, room = *pair, await _shared_room(*pair)
    net.down |= {"a.test", "b.test"}
    await a.does(a.user("alice"), room, Draft.member(b.user("bob"), "ban"))
    await b.says(b.user("bob"), room, "spam")
    net.down.clear()

    async def bob_is_banned_at_home() -> bool:
        return await b.membership(b.user("bob"), room) == "ban"

    await eventually(bob_is_banned_at_home, within_s=10)
    await asyncio.sleep(0.5)
    assert "spam" not in await a.texts(room)


async def test_states_are_resolved_beside_the_event_loop(
    pair: list[Homeserver], net: FakeNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[str] = set()

    def watched(*states: Any, **more: Any) -> Generator[Any, Any, Any]:
        threads.add(threading.current_thread().name.partition("_")[0])
        return (yield from resolve_conflicts(*states, **more))

    monkeypatch.setattr(resolving, "resolve_conflicts", watched)
    a, b, room = *pair, await _shared_room(*pair)
    await _grow_apart(a, b, room, net)
    await eventually(lambda: _same_state(a, b, room), within_s=10)
    assert threads == {"resolve"}


async def test_a_state_that_takes_too_long_is_left_as_it_is_and_resolved_later(
    pair: list[Homeserver], net: FakeNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b, room = *pair, await _shared_room(*pair)
    monkeypatch.setattr(inbound_work, "FIRST_PAUSE_MS", 100)
    monkeypatch.setattr(resolution, "LIMIT_S", 0.0)
    await _grow_apart(a, b, room, net)
    staging, nid = StagingTable(b.database), (await b.rooms.room(room)).room_nid

    async def is_put_off() -> bool:
        return await staging.count(nid) > 0

    await eventually(is_put_off, within_s=10)
    assert (await b.rooms.room(room)).content("m.room.topic") == {"topic": "b"}
    monkeypatch.setattr(resolution, "LIMIT_S", 20.0)
    await eventually(lambda: _same_state(a, b, room), within_s=30)


async def _grow_apart(a: Homeserver, b: Homeserver, room: RoomId, net: FakeNet) -> None:
    """Both set the topic while they cannot talk; then they can again."""
    levels = Draft("m.room.power_levels", {"users": {b.user("bob"): 50}, "invite": 0}, state_key="")
    await a.does(a.user("alice"), room, levels)
    await eventually(lambda: _same_state(a, b, room))
    net.down |= {"a.test", "b.test"}
    await a.does(a.user("alice"), room, Draft("m.room.topic", {"topic": "a"}, state_key=""))
    await b.does(b.user("bob"), room, Draft("m.room.topic", {"topic": "b"}, state_key=""))
    net.down.clear()


async def _shared_room(a: Homeserver, b: Homeserver) -> RoomId:
    room = await a.creates_room(a.user("alice"))
    await b.joins(b.user("bob"), room, via=a.name)
    return room


async def _brings_newest(a: Homeserver, b: Homeserver, room: str) -> None:
    """Let the newest event of A come to B alone."""
    newest = (await a.events.by_id([(await a.timeline(room))[-1].event_id]))[0]
    head = await a.rooms.room(room)
    pdu = join(newest.body, newest.envelope, head.rules).pdu
    await b.federation.inbound.transaction(a.name, "alone", {"pdus": [pdu], "edus": []})


async def _has(server: Homeserver, room: str, text: str) -> bool:
    return text in await server.texts(room)


async def _same_state(a: Homeserver, b: Homeserver, room: str) -> bool:
    return await a.state(room) == await b.state(room)
