"""A redaction that comes before what it redacts has an effect once that arrives."""

from collections.abc import AsyncIterator, Collection
from typing import Any

import orjson
import pytest

from homeserver.net.testing import FakeNet
from homeserver.protocol.events import Event
from homeserver.protocol.identifiers import RoomId, UserId
from homeserver.services.acceptance import Acceptance, Verdict
from homeserver.services.intents import Draft
from homeserver.services.known import Known
from homeserver.storage.events.read import Events, StoredEvent
from tests.support.big_room import BigRoom
from tests.support.federation import Homeserver, eventually, homeservers
from tests.support.postgres import Cluster

SENDER, OTHER = UserId("@u3:s3.test:8448"), UserId("@u4:s4.test:8448")


@pytest.fixture
async def server(cluster: Cluster, net: FakeNet) -> AsyncIterator[Homeserver]:
    async with homeservers(cluster, net, "b.test") as (b,):
        yield b


@pytest.fixture
async def room(server: Homeserver, net: FakeNet) -> BigRoom:
    """A room of ten whose members were all told."""
    made = BigRoom(10, omits=False)
    made.listen(net)
    await server.joins(server.user("bob"), made.room_id, via=made.name)
    return made


async def _sends(server: Homeserver, room: BigRoom, txn_id: str, *pdus: dict[str, object]) -> None:
    await server.federation.inbound.transaction(room.name, txn_id, {"pdus": list(pdus)})


async def _stored(server: Homeserver, event_id: str) -> StoredEvent:
    (found,) = await server.events.by_id([event_id])
    return found


@pytest.mark.parametrize("together", [True, False])
async def test_a_message_that_was_redacted_before_it_came_is_shown_redacted(
    server: Homeserver, room: BigRoom, together: bool
) -> None:
    message = room.says(SENDER, "a secret", "join")
    target = room.id_of(message)
    redaction = room.says(SENDER, "", "join", kind="m.room.redaction", content={"redacts": target})
    portions = [[redaction, message]] if together else [[redaction], [message]]
    for number, portion in enumerate(portions):
        await _sends(server, room, f"t{number}", *portion)
    stored = await _stored(server, target)
    assert (orjson.loads(stored.body)["content"], stored.redacted_by) == ({}, room.id_of(redaction))
    shown = [row for row in server.feed.rows(0, server.feed.head) or () if getattr(row, "event_id", "") == target]
    assert shown
    assert all(b"a secret" not in getattr(row, "body", b"") for row in shown)


async def test_a_redaction_that_is_not_permitted_has_no_effect_later_either(server: Homeserver, room: BigRoom) -> None:
    message = room.says(SENDER, "stays", "join")
    redaction = room.says(OTHER, "", "join", kind="m.room.redaction", content={"redacts": room.id_of(message)})
    await _sends(server, room, "t0", redaction)
    await _sends(server, room, "t1", message)
    assert orjson.loads((await _stored(server, room.id_of(message))).body)["content"]["body"] == "stays"


async def test_a_message_from_before_the_join_that_is_redacted_after_it_comes_redacted(
    pair: list[Homeserver],
) -> None:
    a, b = pair
    room, secret = await _room_with_secret(a)
    await b.joins(b.user("bob"), room, via=a.name)
    redaction = await a.does(a.user("alice"), room, Draft("m.room.redaction", {"redacts": secret}))
    await eventually(lambda: _has(b, redaction))
    head = await b.rooms.room(room)
    assert await b.federation.backfill.fill(head, 2**62, 50)
    assert orjson.loads((await _stored(b, secret)).body)["content"] == {}


async def test_a_redaction_that_comes_while_its_message_is_fetched_takes_effect(
    pair: list[Homeserver], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = pair
    room, secret = await _room_with_secret(a)
    await b.joins(b.user("bob"), room, via=a.name)
    read, redactions = Events.by_id_or_redacting, list[str]()

    async def reads_in_time(self: Events, event_ids: Collection[str]) -> list[StoredEvent]:
        found = await read(self, event_ids)
        if secret in event_ids and not redactions:
            redactions.append(await a.does(a.user("alice"), room, Draft("m.room.redaction", {"redacts": secret})))
            await eventually(lambda: _has(b, redactions[0]))
        return found

    monkeypatch.setattr(Events, "by_id_or_redacting", reads_in_time)
    assert await b.federation.backfill.fill(await b.rooms.room(room), 2**62, 50)
    stored = await _stored(b, secret)
    assert (orjson.loads(stored.body)["content"], [stored.redacted_by]) == ({}, redactions)


@pytest.mark.parametrize("first", ["message", "redaction"])
async def test_a_message_and_its_redaction_that_come_at_once_from_two_servers_end_in_a_redacted_one(
    server: Homeserver, room: BigRoom, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    message = room.says(SENDER, "a secret", "join")
    target = room.id_of(message)
    redaction = room.says(SENDER, "", "join", kind="m.room.redaction", content={"redacts": target})
    slow, fast = (message, redaction) if first == "redaction" else (redaction, message)
    look_up, passed = Acceptance.look_up_all, list[str]()

    async def is_overtaken(self: Acceptance, groups: Any, known: Known | None = None) -> Known:
        found = await look_up(self, groups, known)
        if not passed:
            passed.append("once")
            verdict = await server.federation.inbound._acceptance.take(room.room_id, await _read(server, room, fast))
            assert verdict is Verdict.ACCEPTED
        return found

    monkeypatch.setattr(Acceptance, "look_up_all", is_overtaken)
    assert (
        await server.federation.inbound._acceptance.take(room.room_id, await _read(server, room, slow))
        is Verdict.ACCEPTED
    )
    stored = await _stored(server, target)
    assert (orjson.loads(stored.body)["content"], stored.redacted_by) == ({}, room.id_of(redaction))


async def test_history_that_holds_a_redaction_comes_redacted(pair: list[Homeserver]) -> None:
    a, b = pair
    room, secret = await _room_with_secret(a)
    redaction = await a.does(a.user("alice"), room, Draft("m.room.redaction", {"redacts": secret}))
    await a.says(a.user("alice"), room, "after")
    await b.joins(b.user("bob"), room, via=a.name)
    head = await b.rooms.room(room)
    assert await b.federation.backfill.fill(head, 2**62, 50)
    stored = await _stored(b, secret)
    assert (orjson.loads(stored.body)["content"], stored.redacted_by) == ({}, redaction)


async def _has(server: Homeserver, event_id: str) -> bool:
    return bool(await server.events.by_id([event_id]))


async def _read(server: Homeserver, room: BigRoom, pdu: dict[str, object]) -> Event:
    rules = (await server.rooms.room(room.room_id)).rules
    (event,) = await server.federation.inbound._acceptance.read([pdu], rules)
    assert isinstance(event, Event)
    return event


async def _room_with_secret(server: Homeserver) -> tuple[RoomId, str]:
    """The harness sends redactions without their effect here, so its own copy stays whole."""
    room = await server.creates_room(server.user("alice"))
    return room, await server.says(server.user("alice"), room, "a secret")
