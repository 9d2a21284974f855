"""State resolution of graphs that were made to cost as much as they can: it ends within its budgets, or refuses."""

import time
from collections.abc import Callable, Mapping

import pytest

from homeserver.protocol.auth_chain import AuthGraph, TooManyEvents, auth_chain, auth_difference, run_walk
from homeserver.protocol.events import Event
from homeserver.protocol.identifiers import EventId
from homeserver.protocol.room_versions import ROOM_VERSIONS, RoomVersion
from homeserver.protocol.state_resolution import resolve
from tests.protocol.factory import ALICE, BOB, History, State, event, member

CPU_S = 2.0
"""Of one resolution. It is the processor's time that is measured: others' work does not count."""
Made = tuple[list[State], dict[EventId, Event]]

rules_of_all = pytest.mark.parametrize("version", ["1", "2", "11", "12"])


def _begun(rules: RoomVersion) -> tuple[History, State]:
    history = History(rules)
    return history, history.begin()


def deep(rules: RoomVersion, n: int) -> Made:
    """Levels upon levels, each standing on the one before, and two ends."""
    history, state = _begun(rules)
    users = {BOB: 50} if rules.create_is_room else {ALICE: 100, BOB: 50}
    for number in range(n):
        history.say(state, "m.room.power_levels", ALICE, "", {"users": users, "events": {"x": number % 50}})
    other = dict(state)
    history.say(state, "m.room.topic", ALICE, "", {"topic": "a"})
    history.say(other, "m.room.power_levels", ALICE, "", {"users": users, "kick": 1})
    return [state, other], history.events


def wide(rules: RoomVersion, n: int) -> Made:
    """Many members, each of whom left on one side and stayed on the other."""
    history, state = _begun(rules)
    names = [f"@m{number}:d.example" for number in range(n)]
    for name in names:
        history.join(state, name)
    other = dict(state)
    for name in names:
        history.say(other, "m.room.member", name, name, {"membership": "leave"})
    return [state, other], history.events


def diamonds(rules: RoomVersion, n: int) -> Made:
    """Layer upon layer, each event standing on all of the layer before: paths double with each."""
    history, state = _begun(rules)
    users = {BOB: 50} if rules.create_is_room else {ALICE: 100, BOB: 50}
    other = dict(state)
    for number in range(n):
        for side in (state, other):
            history.say(side, "m.room.power_levels", ALICE, "", {"users": users, "events": {"x": number % 50}})
            history.say(side, "m.room.member", ALICE, ALICE, {"membership": "join", "displayname": str(number)})
    return [state, other], history.events


def many_ends(rules: RoomVersion, n: int) -> Made:
    """A branch for each of many events, all with another topic."""
    history, state = _begun(rules)
    branches = []
    for number in range(n):
        branch = dict(state)
        history.say(branch, "m.room.topic", ALICE, "", {"topic": str(number)}, ts=5)
        branches.append(branch)
    return branches, history.events


@rules_of_all
@pytest.mark.parametrize("times", [1, pytest.param(6, marks=pytest.mark.full("federation"))])
@pytest.mark.parametrize(("shape", "n"), [(deep, 500), (wide, 400), (diamonds, 250), (many_ends, 200)])
def test_a_costly_graph_is_resolved_within_its_time(
    shape: Callable[[RoomVersion, int], Made], n: int, version: str, times: int
) -> None:
    rules = ROOM_VERSIONS[version]
    states, events = shape(rules, n * times)
    began = time.process_time()
    resolved = run_walk(resolve(states, rules), events)
    assert time.process_time() - began < CPU_S
    assert resolved[("m.room.create", "")] == "$create"


def _endless(n: int) -> Mapping[EventId, Event]:
    """An auth chain of bare events."""
    return {
        EventId(f"${number}"): event(event_id=f"${number}", auth_events=[f"${number - 1}"] if number else [])
        for number in range(n)
    }


def test_a_chain_beyond_the_budget_is_refused_and_not_walked_to_its_end() -> None:
    graph = AuthGraph(ROOM_VERSIONS["11"], 1_000)
    with pytest.raises(TooManyEvents):
        run_walk(auth_chain(graph, [EventId("$49999")]), _endless(50_000))
    assert len(graph.events) <= 1_000


def test_the_difference_of_long_chains_takes_time_in_proportion() -> None:
    chain = _endless(40_000)
    graph = AuthGraph(ROOM_VERSIONS["11"], 100_000)
    began = time.process_time()
    found = run_walk(auth_difference(graph, [[EventId("$39999")], [EventId("$20000")]], []), chain)
    assert time.process_time() - began < CPU_S
    assert len(found) == 19_999


def test_auth_events_in_a_circle_end_the_walk() -> None:
    one, other = event(event_id="$a", auth_events=["$b"]), event(event_id="$b", auth_events=["$a"])
    graph = AuthGraph(ROOM_VERSIONS["11"], 10)
    assert run_walk(auth_chain(graph, [EventId("$a")]), {one.event_id: one, other.event_id: other}) == {"$a", "$b"}


@pytest.mark.parametrize("version", ["2", "11", "12"])
def test_power_events_in_a_circle_end_the_resolution(version: str) -> None:
    history, state = _begun(ROOM_VERSIONS[version])
    room = history.room_id
    loop = {
        name: member(BOB, "ban", sender=ALICE, event_id=name, auth_events=["$create", other], room_id=room)
        for name, other in (("$l1", "$l2"), ("$l2", "$l1"))
    }
    events = {**history.events, **{EventId(name): made for name, made in loop.items()}}
    other = {**state, ("m.room.member", BOB): EventId("$l1")}
    resolved = run_walk(resolve([state, other], history.rules), events)
    assert resolved[("m.room.create", "")] == "$create"
