from collections.abc import Collection, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeserver.protocol.auth_chain import (
    AuthGraph,
    ChainLink,
    ChainPoint,
    ChainRange,
    Reach,
    TooManyEvents,
    UnknownEvents,
    auth_chain,
    auth_difference,
    conflicted_subgraph,
    difference_of_reaches,
    extend_cover,
    reach,
    run_walk,
)
from homeserver.protocol.events import Event
from homeserver.protocol.identifiers import EventId
from homeserver.protocol.room_versions import ROOM_VERSIONS
from tests.protocol.factory import event

V11, V12 = ROOM_VERSIONS["11"], ROOM_VERSIONS["12"]
Edges = Mapping[str, Collection[str]]


def graph_of(edges: Edges) -> dict[EventId, Event]:
    """Events with these auth events."""
    return {EventId(i): event("m.x", event_id=i, state_key=i, auth_events=sorted(auth)) for i, auth in edges.items()}


def fresh(budget: int = 1_000) -> AuthGraph:
    return AuthGraph(V11, budget)


DIAMOND = graph_of({"a": "", "b": "a", "c": "a", "d": "bc", "e": "d", "x": "a"})


@st.composite
def edges_of_dags(draw: st.DrawFn, most: int = 14) -> Edges:
    ids = [f"${number:02}" for number in range(draw(st.integers(1, most)))]
    return {i: draw(st.sets(st.sampled_from(ids[:n]), max_size=4)) if n else set() for n, i in enumerate(ids)}


def chain_of(edges: Edges, ids: Collection[str]) -> set[str]:
    """The plain definition, by recursion."""
    return set(ids).union(*(chain_of(edges, edges[i]) for i in ids))


def test_an_auth_chain_goes_back_to_the_start_of_the_room() -> None:
    assert run_walk(auth_chain(fresh(), ["d"]), DIAMOND) == set("abcd")


def test_a_walk_asks_for_each_event_once() -> None:
    walk, asked = auth_chain(fresh(), ["d"]), []
    lacking = next(walk)
    with pytest.raises(StopIteration):
        while True:
            asked.append(sorted(lacking))
            lacking = walk.send({i: DIAMOND[i] for i in lacking})
    assert asked == [["d"], ["b", "c"], ["a"]]


def test_a_walk_that_is_sent_more_than_it_asked_for_asks_no_more() -> None:
    walk = auth_chain(fresh(), ["d"])
    next(walk)
    with pytest.raises(StopIteration) as end:
        walk.send(DIAMOND)
    assert end.value.value == set("abcd")


def test_a_walk_needs_the_events_it_asks_for() -> None:
    with pytest.raises(UnknownEvents) as error:
        run_walk(auth_chain(fresh(), ["d"]), {i: DIAMOND[i] for i in map(EventId, "bcd")})
    assert error.value.event_ids == {"a"}


def test_a_walk_stops_at_its_budget() -> None:
    run_walk(auth_chain(fresh(4), ["d"]), DIAMOND)
    with pytest.raises(TooManyEvents):
        run_walk(auth_chain(fresh(3), ["d"]), DIAMOND)


def test_in_version_12_the_create_event_is_in_every_auth_chain() -> None:
    create = event("m.room.create", event_id="$create", state_key="", room_id="!create")
    other = event("m.room.create", event_id="$other", state_key="x", room_id="!create")
    events = {each.event_id: each for each in (create, other)}
    assert run_walk(auth_chain(AuthGraph(V12, 9), ["$other"]), events) == {"$create", "$other"}
    assert run_walk(auth_chain(AuthGraph(V11, 9), ["$other"]), events) == {"$other"}


@given(edges_of_dags(), st.data())
def test_the_difference_is_what_is_in_some_but_not_in_all_chains(edges: Edges, data: st.DataObject) -> None:
    subsets = st.sets(st.sampled_from(sorted(edges)))
    sets, common = data.draw(st.lists(subsets, min_size=1, max_size=3)), data.draw(subsets)
    chains = [chain_of(edges, each | common) for each in sets]
    expected = set.union(*chains) - set.intersection(*chains)
    assert run_walk(auth_difference(fresh(), sets, common), graph_of(edges)) == expected


@given(edges_of_dags(), st.data())
def test_the_difference_is_right_but_for_what_is_settled(edges: Edges, data: st.DataObject) -> None:
    subsets = st.sets(st.sampled_from(sorted(edges)))
    sets, common = data.draw(st.lists(subsets, min_size=1, max_size=3)), data.draw(subsets)
    settled = set[str]().union(*sets)
    exact = run_walk(auth_difference(fresh(), sets, common), graph_of(edges))
    assert run_walk(auth_difference(fresh(), sets, common, settled), graph_of(edges)) | settled == exact | settled


def test_the_chains_of_what_all_share_are_not_walked_without_need() -> None:
    events = graph_of({"create": "", "alice": ["create"], "here": ["alice"], "there": ["alice"], "bob": ["create"]})
    graph = fresh()
    sets, common = [["here"], ["there"]], ["create", "alice", "bob"]
    assert run_walk(auth_difference(graph, sets, common, {"here", "there"}), events) == {"here", "there"}
    assert "bob" not in graph.events


@given(edges_of_dags(), st.data())
def test_the_subgraph_holds_the_paths_between_conflicted_events(edges: Edges, data: st.DataObject) -> None:
    conflicted = data.draw(st.sets(st.sampled_from(sorted(edges))))
    above = chain_of(edges, conflicted)
    expected = {i for i in above if chain_of(edges, [i]) & conflicted}
    assert run_walk(conflicted_subgraph(fresh(), conflicted), graph_of(edges)) == expected


class Cover:
    """A chain cover of a whole graph, made event by event."""

    def __init__(self, edges: Edges) -> None:
        self.points: dict[str, ChainPoint] = {}
        self.links: dict[int, list[ChainLink]] = {}
        tips: dict[int, int] = {}
        for event_id, auth in edges.items():
            point, added = extend_cover([self.points[i] for i in auth], self.links, tips, len(tips))
            self.points[event_id] = point
            tips[point.chain] = point.sequence
            self.links.setdefault(point.chain, []).extend(added)

    def reach_of(self, ids: Collection[str]) -> Reach:
        return reach([self.points[i] for i in ids], self.links)

    def events_in(self, ranges: Collection[ChainRange]) -> set[str]:
        return {
            i
            for i, point in self.points.items()
            for found in ranges
            if point.chain == found.chain and found.above < point.sequence <= found.upto
        }


@given(edges_of_dags())
def test_the_cover_reaches_exactly_the_auth_chain(edges: Edges) -> None:
    cover = Cover(edges)
    for event_id in edges:
        ranges = [ChainRange(chain, 0, upto) for chain, upto in cover.reach_of([event_id]).items()]
        assert cover.events_in(ranges) == chain_of(edges, [event_id])


@given(edges_of_dags(), st.data())
def test_the_cover_gives_the_difference_that_the_walk_finds(edges: Edges, data: st.DataObject) -> None:
    sets = data.draw(st.lists(st.sets(st.sampled_from(sorted(edges))), min_size=1, max_size=3))
    cover = Cover(edges)
    ranges = difference_of_reaches([cover.reach_of(each) for each in sets])
    assert ranges == sorted(ranges)
    assert cover.events_in(ranges) == run_walk(auth_difference(fresh(), sets, ()), graph_of(edges))


def test_a_room_of_successive_levels_is_one_chain_without_links() -> None:
    cover = Cover({"a": "", "b": "a", "c": "ab", "d": "abc"})
    assert [cover.points[i] for i in "abcd"] == [(0, 1), (0, 2), (0, 3), (0, 4)]
    assert cover.links == {0: []}


def test_links_that_follow_from_others_are_left_out() -> None:
    cover = Cover({"a": "", "b": "a", "x": "a", "y": "abx"})
    assert cover.points["x"] == (1, 1)
    assert sum(map(len, cover.links.values())) == 2  # x to a, and y to the chain that does not end in it
