"""History that is fetched later: every event stands in the state that the rules give it, whatever branch it is on."""

import pytest

from homeserver.services import backfill
from homeserver.storage.rows import REJECTED
from homeserver.storage.state import StateTable
from tests.federation.convergence.arriving import begin, bring, flags, staged
from tests.federation.convergence.graph import Graph, grown
from tests.federation.convergence.islands import Islands
from tests.federation.convergence.resident import PATH, TruePeer
from tests.support.federation import Homeserver, eventually, homeservers
from tests.support.postgres import Cluster

SERVERS = ("a.test:8448", "b.test:8448", "c.test:8448")
OF_TWO_SERVERS = (105, 117, 118, 119, 120, 125, 131, 134, 136)
"""Seeds of rooms in which, resolved from the beginning and the last event, somebody is left who can be asked."""


@pytest.mark.parametrize("portion", [100, 20])
async def test_branches_that_are_fetched_later_stand_in_their_own_states(
    cluster: Cluster, portion: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "MAX_EVENTS", portion)
    await _is_filled(cluster, grown(2, 60, SERVERS))


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "seed",
    [
        107,  # what a branch is judged by is stored while the branch is read
        *(pytest.param(seed, marks=pytest.mark.full("federation")) for seed in OF_TWO_SERVERS),
    ],
)
async def test_branches_of_many_rooms_that_are_fetched_later_stand_in_their_own_states(
    cluster: Cluster, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "MAX_EVENTS", 50)
    await _is_filled(cluster, grown(seed, 200, SERVERS))


async def _is_filled(cluster: Cluster, graph: Graph) -> None:
    """A server that has the beginning of a room and its last event fetches all between."""
    net = Islands()
    peer, _ = [TruePeer(name.partition(":")[0], net, graph) for name in SERVERS[1:]]
    peer.replies[PATH + "get_missing_events/"] = lambda request: {"events": []}
    async with homeservers(cluster, net, "a.test") as (server,):
        await begin(server, peer, graph)
        await bring(server, peer, "last", [graph.last])

        async def has_come() -> bool:
            return graph.last.event_id in await flags(server) and not await staged(server)

        await eventually(has_come, within_s=60)
        room = await server.rooms.room(graph.room_id)
        while await server.federation.backfill.fill(room, 2**62, 500):
            pass
        await _stands_as_the_rules_say(server, graph)


async def _stands_as_the_rules_say(server: Homeserver, graph: Graph) -> None:
    found, states = await flags(server), StateTable(server.database)
    assert len(found) > graph.base + 30
    assert {event_id for event_id, flag in found.items() if flag & REJECTED} == graph.judged.rejected & found.keys()
    for stored in await server.events.by_id(list(found)):
        event = graph.judged.events[stored.event_id]  # type: ignore[index]  # a plain string is stored
        point = (stored.chain_id, stored.sequence)
        state = {key: entry.event_id for key, entry in (await states.state_at(point)).items()}
        assert state == graph.judged.before(event.prev_events), stored.type
