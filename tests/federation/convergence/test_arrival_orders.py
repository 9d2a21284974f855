"""R-11: whatever the order in which the events of a room arrive, the same are rejected and the state is the same."""

import random
from functools import cache

import pytest

from homeserver.storage.rows import REJECTED
from tests.federation.convergence.arriving import begin, bring, flags, staged
from tests.federation.convergence.graph import Graph, Replica, digest, grown
from tests.federation.convergence.islands import Islands
from tests.federation.convergence.resident import TruePeer
from tests.support.federation import eventually, homeservers
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


@pytest.mark.full("federation")
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


@pytest.mark.full("federation")
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
        await begin(server, peers[0], graph)
        arriving = graph.events[graph.base :]
        arriving += chance.sample(arriving, len(arriving) // 5)
        chance.shuffle(arriving)
        number = 0
        while arriving:
            number += 1
            some = [arriving.pop() for _ in range(min(len(arriving), chance.randint(1, 12)))]
            peer = chance.choice(peers)
            await bring(server, peer, f"t{number}", some)

        async def is_over() -> bool:
            return set(await flags(server)) >= set(graph.judged.events) and not await staged(server)

        await eventually(is_over, within_s=120)
        rejected = {event_id for event_id, flag in (await flags(server)).items() if flag & REJECTED}
        wanted = graph.judged.rejected
        assert rejected == wanted, f"rejected {rejected - wanted}, not rejected {wanted - rejected}"
        state, wanted_state = await server.state(graph.room_id), graph.judged.after[graph.last.event_id]
        tips = {tip.event_id for tip in (await server.rooms.room(graph.room_id)).extremities.values()}
        differs = set(state.items()) ^ set(wanted_state.items())
        assert not differs, f"the state differs in {differs}; tips {tips}, the last is {graph.last.event_id}"
