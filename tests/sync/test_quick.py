"""The answers that receivers share say what the engine says for each of them."""

import asyncio
from typing import Any

import pytest

from homeserver.services.sync.sliding.quick import Quick
from homeserver.services.sync.v3_quick import QuickIncrement
from tests.support.client import Json, Server
from tests.support.socket_client import socket

SUB: Json = {
    "lists": {"all": {"range": [0, 9], "timeline_limit": 5, "required_state": {"include": [], "lazy_members": True}}},
    "extensions": {"receipts": {"enabled": True}, "app.hearth.counts": {"enabled": True}, "e2ee": {"enabled": True}},
}


class Taken:
    """Lets some devices have no shared answers, and counts those of the others."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.without: set[str | None] = set()
        self.hits = 0
        body, answer = Quick.body, QuickIncrement.answer

        def counted_body(quick: Quick, connection: Any, viewer: Any, *more: Any) -> Any:
            if viewer.requester.device_id in self.without:
                return None
            made = body(quick, connection, viewer, *more)
            self.hits += made is not None
            return made

        def counted_answer(quick: QuickIncrement, viewer: Any, *more: Any) -> Json:
            if viewer.requester.device_id in self.without:
                return {}
            made = answer(quick, viewer, *more)
            self.hits += bool(made)
            return made

        monkeypatch.setattr(Quick, "body", counted_body)
        monkeypatch.setattr(QuickIncrement, "answer", counted_answer)


async def test_the_socket_gets_the_same_with_and_without_sharing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = Taken(monkeypatch)
    alice, bob, carol = await server.users("alice", "bob", "carol")
    room = await alice.creates_public_room()
    await bob.joins(room)
    await carol.joins(room)
    phone, desk = await server.login("bob"), await server.login("bob")
    taken.without.add(desk.device_id)
    async with socket(phone, sub=SUB) as first, socket(desk, sub=SUB) as second:
        await first.delta()
        await second.delta()
        for number in range(6):
            last = await (alice, carol)[number % 2].says(f"message {number}", room)
            assert await first.delta() == await second.delta()
            if number == 3:
                await carol.call("POST", f"/v3/rooms/{room}/receipt/m.read/{last}", {})
                receipt = await first.delta()
                assert receipt["extensions"]["receipts"]["rooms"][room]["content"][last]["m.read"][carol.user_id]
                assert receipt == await second.delta()
    assert taken.hits >= 4


async def test_long_polls_get_the_same_with_and_without_sharing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = Taken(monkeypatch)
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room()
    await bob.joins(room)
    phone, desk = await server.login("bob"), await server.login("bob")
    taken.without.add(desk.device_id)
    room_filter = '{"timeline":{"limit":3,"unread_thread_notifications":true},"state":{"lazy_load_members":true}}'
    # Presence comes when it comes: between the two first answers, or before them.
    chosen = f'{{"presence":{{"types":[]}},"room":{room_filter}}}'
    for one in (phone, desk):
        await one.syncs(filter=chosen)
    for number in range(4):
        await alice.says(f"message {number}", room)
        if number == 2:
            await alice.says("another at once", room)
        answers = await asyncio.gather(phone.syncs(filter=chosen), desk.syncs(filter=chosen))
        assert answers[0]["rooms"]["join"][room]["timeline"]["events"]
        assert answers[0] == answers[1]
    assert taken.hits >= 3
