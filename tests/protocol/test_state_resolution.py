import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from homeserver.protocol.auth_chain import (
    AuthGraph,
    TooManyEvents,
    UnknownEvents,
    auth_chain,
    auth_difference,
    run_walk,
)
from homeserver.protocol.auth_rules import POWER_LEVELS
from homeserver.protocol.events import Event, StateKey
from homeserver.protocol.identifiers import EventId
from homeserver.protocol.room_versions import ROOM_VERSIONS, RoomVersion
from homeserver.protocol.state_resolution import Budget, is_power_event, resolve, resolve_conflicts, split_states
from tests.protocol.factory import ALICE, BOB, CAROL, DAVE, History, State, event, member
from tests.support.spec import vectors

V1, V11, V12 = ROOM_VERSIONS["1"], ROOM_VERSIONS["11"], ROOM_VERSIONS["12"]
USERS = (ALICE, BOB, CAROL, DAVE)


def ids_of(references: Sequence[Any]) -> list[str]:
    return [reference if isinstance(reference, str) else reference[0] for reference in references]


def events_of(case: Mapping[str, Any]) -> dict[EventId, Event]:
    """The events of a case; their format is another test's business."""
    events = {}
    for pdu in case["events"]:
        made = event(
            pdu["type"],
            pdu["content"],
            event_id=pdu["event_id"],
            sender=pdu["sender"],
            state_key=pdu.get("state_key"),
            room_id=case["room_id"],
            auth_events=ids_of(pdu["auth_events"]),
            prev_events=ids_of(pdu["prev_events"]),
            ts=pdu["origin_server_ts"],
            depth=pdu["depth"],
        )
        events[made.event_id] = made
    return events


def state_of(written: Mapping[str, str]) -> State:
    return {(key.partition("\0")[0], key.partition("\0")[2]): EventId(value) for key, value in written.items()}


def test_every_reference_case_is_resolved_as_other_servers_do() -> None:
    """Also where the text says otherwise: whoever resolves alone splits the room. The two points are in the docstrings
    of `auth_difference` (a set's events are in its chain) and of the iterative checks (a rejected event stays out)."""
    wrong, seen = [], 0
    for case in vectors("state_resolution"):
        seen += 1
        state_sets = [state_of(written) for written in case["state_sets"]]
        walk = resolve(state_sets, ROOM_VERSIONS[case["room_version"]], rejected=frozenset(case["rejected"]))
        if run_walk(walk, events_of(case)) != state_of(case["resolved"]):
            wrong.append(case["id"])
    assert not wrong
    assert seen >= 150


def in_conflict(history: History, state_sets: Sequence[State]) -> dict[StateKey, EventId]:
    return run_walk(resolve(state_sets, history.rules), history.events)


Action = tuple[int, int, int, int, int]  # branch, what, who, to whom, when


def act(history: History, state: State, action: Action) -> None:
    _, what, who, whom, ts = action
    sender, target = USERS[who], USERS[whom]
    levels = {ALICE: 100, BOB: 50, target: ts * 10}
    if history.rules.create_is_room:
        del levels[ALICE]
    kinds: list[tuple[str, str, dict[str, Any]]] = [
        ("m.room.topic", "", {"topic": str(ts)}),
        ("m.room.member", sender, {"membership": "join"}),
        ("m.room.member", target, {"membership": "ban"}),
        ("m.room.member", target, {"membership": "leave"}),
        ("m.room.member", target, {"membership": "invite"}),
        ("m.room.join_rules", "", {"join_rule": "invite" if ts % 2 else "public"}),
        ("m.room.power_levels", "", {"users": levels}),
    ]
    event_type, state_key, content = kinds[what]
    history.say(state, event_type, sender, state_key, content, ts=ts)


actions = st.tuples(st.integers(0, 2), st.integers(0, 6), st.integers(0, 3), st.integers(0, 3), st.integers(0, 9))


@st.composite
def histories(draw: st.DrawFn) -> tuple[History, list[State]]:
    """A room that three servers went on with apart from each other, with clocks that mean nothing."""
    history = History(draw(st.sampled_from([V1, V11, V12])))
    trunk = history.begin()
    branches = [dict(trunk), dict(trunk), dict(trunk)]
    for action in draw(st.lists(actions, max_size=25)):
        act(history, branches[action[0]], action)
    return history, branches


@given(histories(), st.data())
def test_resolution_does_not_depend_on_the_order_of_anything(
    made: tuple[History, list[State]], data: st.DataObject
) -> None:
    history, branches = made
    expected = in_conflict(history, branches)
    shuffled = [dict(data.draw(st.permutations(list(state.items())))) for state in data.draw(st.permutations(branches))]
    events = dict(data.draw(st.permutations(list(history.events.items()))))
    assert run_walk(resolve(shuffled, history.rules), events) == expected


@given(histories())
def test_resolution_keeps_what_all_agree_on_and_makes_nothing_up(made: tuple[History, list[State]]) -> None:
    history, branches = made
    resolved = in_conflict(history, branches)
    unconflicted, _ = split_states(branches)
    assert unconflicted.items() <= resolved.items()
    ids = {event_id for state in branches for event_id in state.values()}
    chain = run_walk(auth_chain(AuthGraph(history.rules, 1_000), ids), history.events)
    assert chain.issuperset(resolved.values())
    assert all(history.events[event_id].key == key for key, event_id in resolved.items())


@given(histories())
def test_resolving_twice_changes_nothing(made: tuple[History, list[State]]) -> None:
    history, branches = made
    resolved = in_conflict(history, branches)
    assert in_conflict(history, [resolved, resolved]) == resolved


@given(histories())
def test_conflicts_alone_resolve_to_what_whole_states_do(made: tuple[History, list[State]]) -> None:
    history, branches = made
    unconflicted, conflicts = split_states(branches)
    assume(any(conflicts) and history.rules.state_resolution != "v1")
    sets = [conflict.values() for conflict in conflicts]
    walk = auth_difference(AuthGraph(history.rules, 1_000), sets, unconflicted.values())
    difference = run_walk(walk, history.events)
    walk_of_conflicts = resolve_conflicts(conflicts, unconflicted, history.rules, difference=difference)
    assert {**unconflicted, **run_walk(walk_of_conflicts, history.events)} == in_conflict(history, branches)


def test_states_that_agree_need_no_events() -> None:
    assert run_walk(resolve([], V11), {}) == {}
    one: State = {("m.room.create", ""): EventId("$c")}
    assert run_walk(resolve([one], V11), {}) == one
    assert run_walk(resolve([one, dict(one)], V11), {}) == one


@pytest.mark.parametrize("rules", [V11, V12])
def test_a_ban_wins_over_what_the_banned_did_meanwhile(rules: RoomVersion) -> None:
    history = History(rules)
    trunk = history.begin()
    here, there = dict(trunk), dict(trunk)
    history.say(here, "m.room.member", ALICE, BOB, {"membership": "ban"}, ts=100)
    history.say(there, "m.room.topic", BOB, "", {"topic": "mine"}, ts=1)
    resolved = in_conflict(history, [here, there])
    assert resolved["m.room.member", BOB] == here["m.room.member", BOB]
    assert ("m.room.topic", "") not in resolved


def test_the_greater_power_goes_first() -> None:
    history = History(V11)
    trunk = history.begin()
    here, there = dict(trunk), dict(trunk)
    history.say(here, "m.room.member", BOB, CAROL, {"membership": "ban"}, ts=1)
    history.say(there, "m.room.member", ALICE, BOB, {"membership": "ban"}, ts=2)
    resolved = in_conflict(history, [here, there])
    assert resolved["m.room.member", BOB] == there["m.room.member", BOB]
    assert resolved["m.room.member", CAROL] == trunk["m.room.member", CAROL]


def test_a_rejected_event_is_never_admitted() -> None:
    history = History(V11)
    trunk = history.begin()
    here, there = dict(trunk), dict(trunk)
    history.say(here, "m.room.topic", ALICE, "", {"topic": "here"}, ts=200)
    history.say(there, "m.room.topic", ALICE, "", {"topic": "there"}, ts=100)
    assert in_conflict(history, [here, there]) == here
    walk = resolve([here, there], V11, rejected={here["m.room.topic", ""]})
    assert run_walk(walk, history.events) == there


def test_a_level_that_cannot_be_read_gives_no_precedence() -> None:
    history = History(ROOM_VERSIONS["9"])
    trunk = history.begin()
    here, there = dict(trunk), dict(trunk)
    create, levels, joined = (trunk[key] for key in (("m.room.create", ""), POWER_LEVELS, ("m.room.member", ALICE)))
    unreadable = event(
        "m.room.power_levels", {"users": {ALICE: "many"}}, event_id="$bad", state_key="", auth_events=[create, joined]
    )
    citing = {"state_key": "", "auth_events": [create, unreadable.event_id, joined]}
    closed = event("m.room.join_rules", {"join_rule": "invite"}, event_id="$closed", **citing)
    history.events.update({each.event_id: each for each in (unreadable, closed)})
    here[closed.key] = closed.event_id
    history.say(there, "m.room.join_rules", ALICE, "", {"join_rule": "knock"}, ts=9)
    assert in_conflict(history, [here, there])[closed.key] == closed.event_id
    assert in_conflict(history, [here, there])[POWER_LEVELS] == levels


def test_only_state_events_are_admitted() -> None:
    history = History(V11)
    trunk = history.begin()
    here, there = dict(trunk), dict(trunk)
    message = event(event_id="$message", auth_events=[trunk["m.room.create", ""], trunk["m.room.member", ALICE]])
    topic = event("m.room.topic", event_id="$topic", state_key="", auth_events=["$message", *message.auth_events])
    history.events.update({message.event_id: message, topic.event_id: topic})
    here[topic.key] = topic.event_id
    assert in_conflict(history, [here, there]) == here


def test_power_events_are_those_that_take_away() -> None:
    assert is_power_event(event("m.room.power_levels", state_key=""))
    assert is_power_event(event("m.room.join_rules", state_key=""))
    assert is_power_event(member(BOB, "ban", sender=ALICE))
    assert is_power_event(member(BOB, "leave", sender=ALICE))
    for harmless in (
        member(BOB, "leave"),
        member(BOB, "invite", sender=ALICE),
        event("m.room.member", {"membership": "ban"}),
        event("m.room.power_levels", state_key="x"),
        event("m.room.power_levels"),
        event("m.room.topic", state_key=""),
    ):
        assert not is_power_event(harmless)


def fork_of(history: History) -> list[State]:
    trunk = history.begin()
    here, there = dict(trunk), dict(trunk)
    history.say(here, "m.room.topic", ALICE, "", {"topic": "here"})
    history.say(there, "m.room.topic", BOB, "", {"topic": "there"})
    return [here, there]


def test_a_resolution_stops_at_its_budget() -> None:
    history = History(V11)
    branches = fork_of(history)
    with pytest.raises(TooManyEvents):
        run_walk(resolve(branches, V11, budget=Budget(events=3)), history.events)
    with pytest.raises(TooManyEvents):
        run_walk(resolve(branches, V11, budget=Budget(conflicted=1)), history.events)
    run_walk(resolve(branches, V11, budget=Budget(conflicted=2)), history.events)


def test_a_resolution_needs_all_events_of_the_auth_chains() -> None:
    history = History(V11)
    branches = fork_of(history)
    del history.events[branches[0]["m.room.create", ""]]
    with pytest.raises(UnknownEvents):
        in_conflict(history, branches)


@pytest.mark.parametrize("rules", [V11, V12])
def test_long_and_wide_forks_are_resolved_in_little_time(rules: RoomVersion) -> None:
    """Two branches of 400 changes of the levels each, and twenty that each have a topic of their own."""
    history = History(rules)
    trunk = history.begin()
    branches = [dict(trunk) for _ in range(20)]
    for branch in branches[:2]:
        for number in range(400):
            users = {BOB: number % 90} if rules.create_is_room else {ALICE: 100, BOB: number % 90}
            assert history.say(branch, "m.room.power_levels", ALICE, "", {"users": users})
    for branch in branches:
        assert history.say(branch, "m.room.topic", ALICE, "", {"topic": "x"})
    started = time.process_time()
    resolved = in_conflict(history, branches)
    assert time.process_time() - started < 2
    assert resolved["m.room.power_levels", ""] in {branch["m.room.power_levels", ""] for branch in branches[:2]}
