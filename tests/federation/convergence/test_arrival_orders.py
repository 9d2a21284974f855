"""R-11: whatever the order in which the events of a room arrive, the same are rejected and the state is the same."""

import random
from functools import cache

import pytest

from homeserver.services.intents import Finished
from homeserver.storage.rows import OUTLIER, REJECTED
from tests.federation.convergence.graph import Graph, Replica, digest, grown
from tests.federation.convergence.islands import Islands
from tests.federation.convergence.resident import TruePeer
from tests.support.federation import Homeserver, eventually, homeservers
from tests.support.postgres import Cluster

SERVERS = ("a.test:8448", "b.test:8448", "c.test:8448")


def test_a_graph_holds_what_servers_disagree_about() -> None:
    graph = grown(1, 120, SERVERS)
    forks = sum(len(event.prev_events) > 1 for event in graph.events)
    assert len(graph.judged.events) == graph.base + 120
    assert forks >= 10
    assert len(graph.judged.rejected) >= 10


def test_forty_arrival_orders_of_120_events_differ_in_nothing() -> None:
    _differ_in_nothing(grown(1, 120, SERVERS), orders=40)


@pytest.mark.full("convergence")
@pytest.mark.timeout(1800)
def test_500_arrival_orders_of_500_events_differ_in_nothing() -> None:
    _differ_in_nothing(grown(2, 500, SERVERS), orders=500)


def _differ_in_nothing(graph: Graph, *, orders: int) -> None:
    wanted = (graph.judged.rejected, digest(graph.judged.after[graph.last.event_id]))
    for seed in range(orders):
        chance = random.Random(seed)
        arriving = graph.events + chance.sample(graph.events, len(graph.events) // 5)
        chance.shuffle(arriving)
        replica = Replica(graph.judged.rules)
        for event in arriving:
            replica.take(event)
        found = (replica.rejected, digest(replica.after[graph.last.event_id]))
        assert found == wanted, f"order {seed}"


@pytest.mark.timeout(300)
async def test_ten_arrival_orders_at_a_whole_server_differ_in_nothing(cluster: Cluster) -> None:
    for seed in range(10):
        await _arrives(cluster, grown(1, 120, SERVERS), random.Random(seed))


@pytest.mark.full("convergence")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(50))
async def test_an_arrival_order_of_500_events_at_a_whole_server_differs_in_nothing(cluster: Cluster, seed: int) -> None:
    await _arrives(cluster, _large(), random.Random(seed))


@cache
def _large() -> Graph:
    return grown(4, 500, SERVERS)


async def _arrives(cluster: Cluster, graph: Graph, chance: random.Random) -> None:
    """Two servers bring the events to a third, shuffled and some twice; that one ends where the rules alone end."""
    net = Islands()
    peers = [TruePeer(name.partition(":")[0], net, graph) for name in SERVERS[1:]]
    async with homeservers(cluster, net, "a.test") as (server,):
        create, join, *known = graph.events[: graph.base]
        await server.table.allocate(graph.room_id, graph.judged.rules.id, created_ts=create.ts)
        await server.commits.commit_all(await server.rooms.room(graph.room_id), [Finished(create), Finished(join)])
        await _bring(server, peers[0], "base", peers[0].transaction(known))
        arriving = graph.events[graph.base :]
        arriving += chance.sample(arriving, len(arriving) // 5)
        chance.shuffle(arriving)
        number = 0
        while arriving:
            number += 1
            some = [arriving.pop() for _ in range(min(len(arriving), chance.randint(1, 12)))]
            peer = chance.choice(peers)
            await _bring(server, peer, f"t{number}", peer.transaction(some))

        async def is_over() -> bool:
            return set(await _flags(server)) >= set(graph.judged.events) and not await _staged(server)

        await eventually(is_over, within_s=120)
        rejected = {event_id for event_id, flags in (await _flags(server)).items() if flags & REJECTED}
        wanted = graph.judged.rejected
        assert rejected == wanted, f"rejected {rejected - wanted}, not rejected {wanted - rejected}"
        state, wanted_state = await server.state(graph.room_id), graph.judged.after[graph.last.event_id]
        assert state == wanted_state, f"the state differs in {set(state.items()) ^ set(wanted_state.items())}"


async def _bring(server: Homeserver, peer: TruePeer, txn_id: str, body: dict[str, object]) -> None:
    answer = await server.answer(peer.signed_request(server.name, "PUT", f"/_matrix/federation/v1/send/{txn_id}", body))
    assert answer.status == 200, answer.body


async def _flags(server: Homeserver) -> dict[str, int]:
    """Flags of the events that have a place in the graph, by id."""
    rows = await server.database.fetch("SELECT event_id, flags FROM events WHERE flags & $1 = 0", OUTLIER)
    return {row["event_id"]: row["flags"] for row in rows}


async def _staged(server: Homeserver) -> int:
    count: int = await server.database.fetchval("SELECT count(*) FROM inbound_staging")
    return count
