"""Resolution of room states that differ, by the first algorithm: that of room version 1 alone.

It is known to lose state, and every server must lose the same. As the others, `resolve` is a generator that yields the
events it lacks. Where the page leaves things open, it does what other servers do: a key that only some states have is
in conflict only if these differ; conflicts about members do not see each other's outcome; and where the rules allow
nothing under an ordinary key, the lowest candidate stands. Spec: Room Version 1, State resolution.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha1

from homeserver.protocol.auth_chain import AuthGraph, Walk
from homeserver.protocol.auth_rules import JOIN_RULES, POWER_LEVELS, auth_state_keys, check
from homeserver.protocol.errors import NotAllowed
from homeserver.protocol.events import Event, StateKey
from homeserver.protocol.identifiers import EventId
from homeserver.protocol.room_versions import RoomVersion

StateMap = Mapping[StateKey, EventId]


def resolve_v1(state_sets: Sequence[StateMap], rules: RoomVersion, *, budget: int) -> Walk[dict[StateKey, EventId]]:
    """The one state that stands for all of `state_sets`. Raises UnknownEvents, TooManyEvents."""
    resolved: dict[StateKey, EventId] = {}
    conflicts: dict[StateKey, set[EventId]] = {}
    for key in {key for state in state_sets for key in state}:
        candidates = {state[key] for state in state_sets if key in state}
        if len(candidates) > 1:
            conflicts[key] = candidates
        else:
            resolved[key] = candidates.pop()
    graph = AuthGraph(rules, budget)
    yield from graph.fetch(event_id for candidates in conflicts.values() for event_id in candidates)
    ordered = {
        key: [graph.events[event_id] for event_id in sorted(candidates, key=lambda event_id: _rank(graph, event_id))]
        for key, candidates in conflicts.items()
    }
    yield from graph.fetch(_needed(ordered, resolved, rules))
    state = {key: graph.events[event_id] for key, event_id in resolved.items() if event_id in graph.events}
    for stage in ([POWER_LEVELS], [JOIN_RULES], sorted(key for key in ordered if key[0] == "m.room.member")):
        found = {key: _last_of_a_run(ordered.pop(key), state, rules) for key in stage if key in ordered}
        state.update(found)
    state.update({key: _highest(events, state, rules) for key, events in ordered.items()})
    return {**resolved, **{key: state[key].event_id for key in conflicts}}


def _rank(graph: AuthGraph, event_id: EventId) -> tuple[int, list[int]]:
    """Ascending depth, then descending SHA-1 of the id."""
    return graph.events[event_id].depth, [-byte for byte in sha1(event_id.encode(), usedforsecurity=False).digest()]


def _needed(ordered: Mapping[StateKey, Iterable[Event]], agreed: StateMap, rules: RoomVersion) -> set[EventId]:
    """What all states agree on and the rules ask for."""
    keys = {
        key
        for events in ordered.values()
        for event in events
        for key in auth_state_keys(event.type, event.sender, event.state_key, event.content, rules)
    }
    return {agreed[key] for key in keys if key in agreed}


def _last_of_a_run(events: Sequence[Event], state: Mapping[StateKey, Event], rules: RoomVersion) -> Event:
    """From the lowest event up as long as each is allowed on top of the one before."""
    last = events[0]
    for event in events[1:]:
        if not _is_allowed(event, {**state, last.key: last}, rules):
            break
        last = event
    return last


def _highest(events: Sequence[Event], state: Mapping[StateKey, Event], rules: RoomVersion) -> Event:
    """The highest event that is allowed."""
    return next((event for event in reversed(events) if _is_allowed(event, state, rules)), events[0])


def _is_allowed(event: Event, state: Mapping[StateKey, Event], rules: RoomVersion) -> bool:
    try:
        check(event, state, rules)
    except NotAllowed:
        return False
    return True
