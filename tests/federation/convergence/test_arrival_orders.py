"""R-11: whatever the order in which the events of a room arrive, the same are rejected and the state is the same."""

import random

import pytest

from tests.federation.convergence.graph import Graph, Replica, digest, grown

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
