"""PDUs that follow each other on a room's head are committed together, with the answer to their transaction."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

import orjson
import pytest

from homeserver.net.testing import FakeNet
from homeserver.protocol.events import Event, build_pdu, seal
from homeserver.protocol.identifiers import RoomId, UserId
from homeserver.storage import database, stream
from tests.support.evil_peer import EvilPeer
from tests.support.federation import Homeserver, homeservers
from tests.support.postgres import Cluster

SEND = "/_matrix/federation/v1/send/"
MALLORY, TRUDY = UserId("@mallory:evil.test:8448"), UserId("@trudy:evil.test:8448")
POWER, JOIN_RULES = ("m.room.power_levels", ""), ("m.room.join_rules", "")

_answering: ContextVar[bool] = ContextVar("answering", default=False)
"""Whether a transaction is at work; other servers of this process and what runs beside come when they come."""


@pytest.fixture
async def server(cluster: Cluster, net: FakeNet) -> AsyncIterator[Homeserver]:
    async with homeservers(cluster, net, "a.test") as (a,):
        yield a


class Chain:
    """Events of the peer, each on the one before, first on the server's head; `members` of its own users."""

    def __init__(self, server: Homeserver, peer: EvilPeer, room: RoomId) -> None:
        self._server, self._peer, self._room = server, peer, room
        self._members: dict[str, Event] = {}
        self.events: list[Event] = []

    async def says(self, body: str, sender: UserId = MALLORY, **more: Any) -> Event:
        return await self.adds("m.room.message", {"msgtype": "m.text", "body": body}, sender, **more)

    async def adds(
        self,
        event_type: str,
        content: Mapping[str, Any],
        sender: UserId = MALLORY,
        state_key: str | None = None,
        **more: Any,
    ) -> Event:
        head = await self._server.rooms.room(self._room)
        last = self.events[-1] if self.events else None
        keys = [POWER, JOIN_RULES] if content.get("membership") == "join" else [POWER]
        member = self._members.get(sender) or head.event(("m.room.member", sender))
        auth = [found for found in (*map(head.event, keys), member) if found is not None]
        proto = build_pdu(
            head.rules,
            room_id=self._room,
            sender=sender,
            type=event_type,
            state_key=state_key,
            content=content,
            prev_events=[last.event_id] if last else [tip.event_id for tip in head.extremities.values()],
            auth_events=[found.event_id for found in auth],
            depth=(last.depth if last else head.depth) + 1,
            ts=self._server.clock.now_ms(),
            **more,
        )
        event = seal(proto, head.rules, self._peer.key)
        self.events.append(event)
        if event_type == "m.room.member":
            self._members[str(state_key)] = event
        return event

    async def is_sent(self, txn_id: str, edus: Sequence[Mapping[str, Any]] = ()) -> bytes:
        body = {"pdus": [event.pdu for event in self.events], "edus": list(edus)}
        request = self._peer.signed_request(self._server.name, "PUT", SEND + txn_id, body)
        token = _answering.set(True)
        answer = await self._server.answer(request)
        _answering.reset(token)
        assert answer.status == 200
        return answer.body


@pytest.fixture
async def chain(server: Homeserver, peer: EvilPeer) -> Chain:
    """On a room that Mallory has joined and said something in, so that all is warm."""
    room = await server.creates_room(server.user("alice"))
    template = await server.federation.resident.make_join(peer.name, room, MALLORY, ["12"])
    event = seal(template.event, (await server.rooms.room(room)).rules, peer.key)
    await server.federation.resident.send_join(peer.name, room, event.event_id, dict(event.pdu))
    warm = Chain(server, peer, room)
    await warm.says("warm")
    await warm.is_sent("warm")
    return Chain(server, peer, room)


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> dict[bool, int]:
    """Round trips to PostgreSQL for transactions: reads under False, shared writes under True."""
    counted = {False: 0, True: 0}

    def count(*, write: bool = False) -> None:
        counted[write] += _answering.get()

    monkeypatch.setattr(database, "count_trip", count)
    monkeypatch.setattr(stream, "count_trip", count)
    return counted


async def _texts(server: Homeserver, chain: Chain) -> list[str]:
    return [text for text in await server.texts(chain.events[0].room_id) if text != "warm"]


async def test_fifty_messages_cost_one_read_and_one_shared_write(
    server: Homeserver, chain: Chain, trips: dict[bool, int]
) -> None:
    for number in range(50):
        await chain.says(f"n{number}")
    trips[False] = trips[True] = 0
    answer = await chain.is_sent("t")
    assert (trips[False], trips[True]) == (1, 1)
    assert await _texts(server, chain) == [f"n{number}" for number in range(50)]
    assert orjson.loads(answer) == {"pdus": {event.event_id: {} for event in chain.events}}
    assert await chain.is_sent("t") == answer


async def test_a_join_comes_in_one_batch_and_all_that_the_new_member_says_in_another(
    server: Homeserver, chain: Chain, trips: dict[bool, int]
) -> None:
    await chain.adds("m.room.member", {"membership": "join"}, TRUDY, state_key=TRUDY)
    for number in range(5):
        await chain.says(f"n{number}", TRUDY)
    trips[True] = 0
    await chain.is_sent("t")
    assert trips[True] == 1 + 2, "the new member's number, and two batches"
    assert await _texts(server, chain) == [f"n{number}" for number in range(5)]
    assert (await server.rooms.room(chain.events[0].room_id)).is_joined(TRUDY)


async def test_one_event_that_is_not_allowed_spoils_no_other(server: Homeserver, chain: Chain) -> None:
    await chain.says("before")
    await chain.adds("m.room.topic", {"topic": "taken"}, state_key="")
    await chain.says("after")
    await chain.is_sent("t")
    assert await _texts(server, chain) == ["before", "after"]
    assert (await server.rooms.room(chain.events[0].room_id)).event(("m.room.topic", "")) is None


async def test_a_redaction_takes_effect_on_a_message_of_the_same_transaction(server: Homeserver, chain: Chain) -> None:
    await chain.says("kept")
    oops = await chain.says("oops")
    await chain.adds("m.room.redaction", {"redacts": oops.event_id})
    await chain.says("after")
    await chain.is_sent("t")
    (found,) = await server.events.by_id([oops.event_id])
    assert found.redacted_by == chain.events[2].event_id
    assert b"oops" not in found.body
    assert b"after" in (await server.timeline(oops.room_id))[-1].body


async def test_what_came_before_in_another_transaction_is_left_out(server: Homeserver, chain: Chain) -> None:
    await chain.says("first")
    await chain.is_sent("t1")
    await chain.says("second")
    await chain.is_sent("t2")
    assert await _texts(server, chain) == ["first", "second"]


async def test_a_member_who_leaves_within_the_transaction_says_no_more(server: Homeserver, chain: Chain) -> None:
    await chain.says("goodbye")
    left = await chain.adds("m.room.member", {"membership": "leave"}, state_key=MALLORY)
    await chain.says("still here")
    await chain.is_sent("t")
    texts = await _texts(server, chain)
    assert texts == ["goodbye"]
    assert not (await server.rooms.room(left.room_id)).is_joined(MALLORY)


async def test_lasting_edus_are_taken_before_the_answer_is_kept(server: Homeserver, chain: Chain) -> None:
    heard: list[bool] = []

    async def hear(_origin: str, _content: Mapping[str, Any]) -> None:
        heard.append(await server.database.fetchval("SELECT count(*) FROM inbound_txns WHERE txn_id = 't'") == 0)

    server.federation.inbound.on_edu("m.test", hear)
    await chain.says("x")
    await chain.is_sent("t", [{"edu_type": "m.test", "content": {}}])
    assert heard == [True]
