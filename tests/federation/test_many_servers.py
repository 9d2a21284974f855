"""A room of a thousand servers: each gets what is said, and no row is written per message and server."""

from collections.abc import AsyncIterator

import orjson
import pytest

from homeserver.net.http import Answer, Request
from homeserver.net.testing import FakeNet
from homeserver.protocol.events import Event, build_pdu, seal
from homeserver.protocol.identifiers import RoomId, ServerName, UserId
from homeserver.protocol.signing import SigningKey
from homeserver.services.intents import Finished
from tests.support.federation import Homeserver, eventually, homeservers
from tests.support.postgres import Cluster

SERVERS = 1_000
MESSAGES = 3


class Listeners:
    """Peers that take every transaction, and count the PDUs."""

    def __init__(self, net: FakeNet) -> None:
        self.got: dict[str, int] = {}
        for number in range(SERVERS):
            net.answers(f"s{number}.test", 8448, self.answer)

    async def answer(self, request: Request) -> Answer:
        if request.method == "PUT":
            pdus = orjson.loads(request.body or b"{}").get("pdus", [])
            self.got[request.host] = self.got.get(request.host, 0) + len(pdus)
        return Answer(200, {}, b'{"pdus":{}}')


@pytest.fixture
async def a(cluster: Cluster) -> AsyncIterator[Homeserver]:
    async with homeservers(cluster, FakeNet(), "a.test") as (server,):
        yield server


async def _everybody_joins(a: Homeserver, room_id: RoomId) -> None:
    room = await a.rooms.room(room_id)
    levels, rule = room.event(("m.room.power_levels", "")), room.event(("m.room.join_rules", ""))
    assert levels is not None and rule is not None  # noqa: PT018 - one fact: the room has both
    (tip,) = room.extremities.values()
    before, depth, joins = tip.event_id, room.depth, list[Event]()
    for number in range(SERVERS):
        name = ServerName(f"s{number}.test:8448")
        user = UserId(f"@u:{name}")
        depth += 1
        proto = build_pdu(
            room.rules,
            room_id=room_id,
            sender=user,
            type="m.room.member",
            state_key=user,
            content={"membership": "join"},
            prev_events=[before],
            auth_events=[levels.event_id, rule.event_id],
            depth=depth,
            ts=a.clock.now_ms(),
        )
        joins.append(seal(proto, room.rules, SigningKey(name, "ed25519:1", str(number).encode().ljust(32, b"."))))
        before = joins[-1].event_id
    for start in range(0, SERVERS, 100):
        room = await a.rooms.room(room_id)
        await a.commits.commit_all(room, [Finished(join) for join in joins[start : start + 100]])


async def test_messages_to_a_thousand_servers_cost_no_row_each(a: Homeserver) -> None:
    listeners = Listeners(a.net)
    room = await a.creates_room(a.user("alice"))
    await _everybody_joins(a, room)
    listeners.got.clear()
    for number in range(MESSAGES):
        await a.says(a.user("alice"), room, f"n{number}")

    async def all_have_it() -> bool:
        return len(listeners.got) == SERVERS and set(listeners.got.values()) == {MESSAGES}

    await eventually(all_have_it, within_s=60)
    await a.federation.sender.save()
    assert await a.database.fetchval("SELECT count(*) FROM outbound_edus") == 0
    # A server that was behind for a moment may have its one row.
    assert await a.database.fetchval("SELECT count(*) FROM destinations") <= SERVERS
