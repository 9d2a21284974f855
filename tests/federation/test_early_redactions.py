"""A redaction that comes before what it redacts has an effect once that arrives."""

from collections.abc import AsyncIterator

import orjson
import pytest

from homeserver.net.testing import FakeNet
from homeserver.protocol.identifiers import RoomId, UserId
from homeserver.services.intents import Draft
from homeserver.storage.events.read import StoredEvent
from tests.support.big_room import BigRoom
from tests.support.federation import Homeserver, homeservers
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
    await a.does(a.user("alice"), room, Draft("m.room.redaction", {"redacts": secret}))
    head = await b.rooms.room(room)
    assert await b.federation.backfill.fill(head, 2**62, 50)
    assert orjson.loads((await _stored(b, secret)).body)["content"] == {}


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


async def _room_with_secret(server: Homeserver) -> tuple[RoomId, str]:
    """The harness sends redactions without their effect here, so its own copy stays whole."""
    room = await server.creates_room(server.user("alice"))
    return room, await server.says(server.user("alice"), room, "a secret")
