"""T4.6: a peer's events in shapes that cost as much as they can: so many seconds, megabytes and rows, and no more."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, NamedTuple

import psutil
import pytest

from homeserver.net.testing import FakeNet
from homeserver.protocol.events import Event, seal
from homeserver.protocol.identifiers import RoomId
from homeserver.protocol.room_versions import ROOM_VERSIONS
from tests.support import mallory
from tests.support.evil_peer import EvilPeer
from tests.support.federation import Homeserver, homeservers
from tests.support.mallory import MALLORY
from tests.support.postgres import Cluster

RULES = ROOM_VERSIONS["12"]
ROWS_EACH = 50
EVENT_S = 2.0
"""CPU of this process for one transaction of the peer."""
MAX_GROWN_BYTES = 200 * 1024 * 1024
Json = dict[str, Any]
Record = Callable[[str, Any], None]


class Attack(NamedTuple):
    """A server, the peer, the room that both are in, and what a state event of the peer's looks like."""

    a: Homeserver
    peer: EvilPeer
    room: RoomId
    proto: Json

    def event(self, number: int, parents: Sequence[str]) -> Event:
        """Another state for the same key, which every branch disagrees about."""
        content = {"membership": "join", "displayname": str(number)}
        proto = self.proto | {"content": content, "depth": 20 + number}
        return seal(proto | ({"prev_events": list(parents)} if parents else {}), RULES, self.peer.key)


def fan(attack: Attack, count: int) -> list[Event]:
    """All stand on one event."""
    return [attack.event(number, ()) for number in range(count)]


def chain(attack: Attack, count: int) -> list[Event]:
    """One after the other."""
    events: list[Event] = []
    for number in range(count):
        events.append(attack.event(number, [events[-1].event_id] if events else ()))
    return events


def diamonds(attack: Attack, count: int) -> list[Event]:
    """Layers of two, each on both of the layer before: the number of paths doubles with every layer."""
    events = [attack.event(number, ()) for number in range(2)]
    for number in range(2, count):
        layer = number // 2 * 2
        events.append(attack.event(number, [events[layer - 2].event_id, events[layer - 1].event_id]))
    return events


def comb(attack: Attack, count: int) -> list[Event]:
    """A chain, and a branch off every link of it."""
    spine = chain(attack, count // 2)
    return spine + [attack.event(count + number, [link.event_id]) for number, link in enumerate(spine)]


def knots(attack: Attack, count: int) -> list[Event]:
    """Each stands on as many of the earlier ones as an event may name."""
    events = [attack.event(0, ())]
    for number in range(1, count):
        events.append(attack.event(number, [one.event_id for one in events[-20::2]]))
    return events


@pytest.fixture
async def attack(cluster: Cluster) -> AsyncIterator[Attack]:
    net = FakeNet()
    async with homeservers(cluster, net, "a.test") as (a,):
        peer = EvilPeer("evil.test", net)
        room = await a.creates_room(a.user("alice"))
        template = await a.federation.resident.make_join(peer.name, room, MALLORY, ["12"])
        join = seal(template.event, RULES, peer.key)
        await a.federation.resident.send_join(peer.name, room, join.event_id, dict(join.pdu))
        proto = dict(template.event) | {"prev_events": [join.event_id]}
        head = await a.rooms.room(room)
        levels, rule = head.event(("m.room.power_levels", "")), head.event(("m.room.join_rules", ""))
        assert levels is not None
        assert rule is not None
        proto["auth_events"] = [levels.event_id, rule.event_id, join.event_id]
        yield Attack(a, peer, room, proto)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("shape", [fan, chain, diamonds, comb, knots])
@pytest.mark.parametrize("count", [40, pytest.param(600, marks=pytest.mark.full("federation"))])
async def test_a_costly_graph_costs_a_bounded_number_of_rows_and_bytes(
    attack: Attack, shape: Callable[[Attack, int], list[Event]], count: int, record_property: Record
) -> None:
    events = shape(attack, count)
    process = psutil.Process()
    rows, memory = await _rows(attack.a), process.memory_info().rss
    slowest = 0.0
    for start in range(0, len(events), 10):
        began = time.process_time()
        some = {"pdus": [dict(event.pdu) for event in events[start : start + 10]]}
        status, answer = await mallory.send(attack.a, attack.peer, f"t{start}", some)
        assert (status, [result for result in answer["pdus"].values() if result]) == (200, [])
        slowest = max(slowest, time.process_time() - began)
    more = {table: n - rows[table] for table, n in (await _rows(attack.a)).items() if n > rows[table]}
    grown = process.memory_info().rss - memory
    figures = f"{sum(more.values()) / count:.1f} rows each, {grown / 2**20:.0f} MB, {slowest:.2f} s of CPU at most"
    record_property(f"{shape.__name__} of {count}", figures)
    assert sum(more.values()) <= ROWS_EACH * count, more
    assert grown <= MAX_GROWN_BYTES
    assert slowest <= EVENT_S
    assert (await attack.a.rooms.room(attack.room)).membership(MALLORY) == "join"
    assert await attack.a.says(attack.a.user("alice"), attack.room, "still here")


async def _rows(server: Homeserver) -> dict[str, int]:
    """How many rows each table holds."""
    tables = await server.database.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    return {
        row["relname"]: await server.database.fetchval(f'SELECT count(*) FROM "{row["relname"]}"') for row in tables
    }
