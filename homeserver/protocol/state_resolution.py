"""Resolution of room states that differ, by the second algorithm and its revision (`v2` and `v2.1`).

`resolve` also leads to the first algorithm, which is in `state_resolution_v1`.

`resolve` is a generator: it yields the set of event ids that it lacks, is sent a mapping with those events (and any
others at hand), and returns the resolved state. It never looks at the order of its inputs. The order of steps and the
words are those of the page. Events are taken as verified.
Spec: Room Version 2, State resolution; Room Version 12, State resolution.
"""

import heapq
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from homeserver.protocol.auth_chain import (
    AuthGraph,
    TooManyEvents,
    Walk,
    auth_difference,
    conflicted_subgraph,
)
from homeserver.protocol.auth_rules import CREATE, JOIN_RULES, POWER_LEVELS, auth_state_keys, check
from homeserver.protocol.errors import NotAllowed
from homeserver.protocol.events import Event, StateKey
from homeserver.protocol.identifiers import EventId
from homeserver.protocol.power_levels import PowerLevels
from homeserver.protocol.room_versions import RoomVersion
from homeserver.protocol.state_resolution_v1 import resolve_v1

StateMap = Mapping[StateKey, EventId]


@dataclass(frozen=True, slots=True)
class Budget:
    """How large a resolution may be before it is refused with TooManyEvents."""

    events: int = 200_000
    """Events met in all, those of auth chains included."""
    conflicted: int = 20_000
    """Events of the full conflicted set, each of which is authorised anew."""


NO_EVENTS: frozenset[EventId] = frozenset()
DEFAULT_BUDGET = Budget()


def resolve(
    state_sets: Sequence[StateMap],
    rules: RoomVersion,
    *,
    rejected: Container[EventId] = NO_EVENTS,
    budget: Budget = DEFAULT_BUDGET,
) -> Walk[dict[StateKey, EventId]]:
    """The one state that stands for all of `state_sets`.

    `rejected` is asked only about events that were sent before, so the caller may fill it meanwhile. Raises
    UnknownEvents, TooManyEvents.
    """
    if rules.state_resolution == "v1":
        return (yield from resolve_v1(state_sets, rules, budget=budget.events))
    unconflicted, conflicts = split_states(state_sets)
    if not any(conflicts):
        return unconflicted
    resolved = yield from resolve_conflicts(conflicts, unconflicted, rules, rejected=rejected, budget=budget)
    return {**unconflicted, **resolved}


def split_states(state_sets: Sequence[StateMap]) -> tuple[dict[StateKey, EventId], list[dict[StateKey, EventId]]]:
    """The unconflicted state map, and what is left of each state set without it."""
    if not state_sets:
        return {}, []
    first, *others = state_sets
    unconflicted = {
        key: event_id for key, event_id in first.items() if all(other.get(key) == event_id for other in others)
    }
    conflicts = [
        {key: event_id for key, event_id in state_set.items() if key not in unconflicted} for state_set in state_sets
    ]
    return unconflicted, conflicts


def resolve_conflicts(
    conflicts: Sequence[StateMap],
    unconflicted: StateMap,
    rules: RoomVersion,
    *,
    rejected: Container[EventId] = NO_EVENTS,
    budget: Budget = DEFAULT_BUDGET,
    difference: Collection[EventId] | None = None,
) -> Walk[dict[StateKey, EventId]]:
    """What has to be put on top of `unconflicted`: entries of keys that are not in it. Keys may be dropped.

    For callers who know where the states differ without having loaded them. `difference`: the auth difference, where
    the chain cover has it; with it only single keys of `unconflicted` are looked up, and its events' chains not walked.
    """
    graph = AuthGraph(rules, budget.events)
    conflicted = {event_id for conflict in conflicts for event_id in conflict.values()}
    if difference is None:
        sets = [conflict.values() for conflict in conflicts]
        difference = yield from auth_difference(graph, sets, unconflicted.values(), settled=conflicted)
    full = conflicted.union(difference)
    is_revised = rules.state_resolution == "v2.1"
    if is_revised:
        full |= yield from conflicted_subgraph(graph, conflicted)
    if len(full) > budget.conflicted:
        raise TooManyEvents(f"more than {budget.conflicted} events are in conflict")
    yield from graph.fetch(full)
    checks = _AuthChecks(graph, rejected, {} if is_revised else unconflicted)
    yield from checks.fetch_for(full)

    power_events = _with_auth_events(graph, filter(lambda event_id: is_power_event(graph.events[event_id]), full), full)
    checks.apply(_power_order(graph, power_events))
    levels = checks.resolved.get(POWER_LEVELS) or checks.base.get(POWER_LEVELS)
    others = yield from _mainline_order(graph, full - power_events, levels)
    checks.apply(others)
    return {key: event_id for key, event_id in checks.resolved.items() if key not in unconflicted}


def is_power_event(event: Event) -> bool:
    """Whether the event may take away what others are able to do. Spec: Room Version 2, Definitions, Power events."""
    if event.type == "m.room.member":
        return event.membership in ("leave", "ban") and event.state_key not in (None, event.sender)
    return event.is_state and event.key in (POWER_LEVELS, JOIN_RULES)


def _with_auth_events(graph: AuthGraph, event_ids: Iterable[EventId], within: Collection[EventId]) -> set[EventId]:
    """`event_ids` and the events of their auth chains, as far as a path inside `within` leads."""
    found = set(event_ids)
    frontier = list(found)
    while frontier:
        for auth in graph.auth_of(frontier.pop()):
            if auth in within and auth not in found:
                found.add(auth)
                frontier.append(auth)
    return found


def _power_order(graph: AuthGraph, event_ids: Collection[EventId]) -> list[EventId]:
    """Reverse topological power ordering: auth events first; then greater power, earlier time, smaller id."""
    waits_for = dict.fromkeys(event_ids, 0)
    cited_by: dict[EventId, list[EventId]] = {event_id: [] for event_id in event_ids}
    for event_id in event_ids:
        for auth in graph.auth_of(event_id):
            if auth in cited_by:
                cited_by[auth].append(event_id)
                waits_for[event_id] += 1
    ready = [_power_rank(graph, event_id) for event_id, count in waits_for.items() if not count]
    heapq.heapify(ready)
    ordered = []
    while ready:
        *_, event_id = heapq.heappop(ready)
        ordered.append(event_id)
        for citing in cited_by[event_id]:
            waits_for[citing] -= 1
            if not waits_for[citing]:
                heapq.heappush(ready, _power_rank(graph, citing))
    return ordered


def _power_rank(graph: AuthGraph, event_id: EventId) -> tuple[int, int, EventId]:
    """The sender's level comes from the auth events of the event itself."""
    event = graph.events[event_id]
    auth = _by_key(graph, graph.auth_of(event_id))
    levels, create = auth.get(POWER_LEVELS), auth.get(CREATE)
    content = None if levels is None else levels.content
    power = (
        PowerLevels(content, frozenset(), graph.rules)
        if create is None
        else PowerLevels.of(content, create, graph.rules)
    )
    try:
        return (-power.of_user(event.sender), event.ts, event_id)
    except NotAllowed:  # a level that cannot be read; the text says nothing
        return (0, event.ts, event_id)


def _by_key(graph: AuthGraph, event_ids: Iterable[EventId]) -> dict[StateKey, Event]:
    """The state events among these, by their keys."""
    events = (graph.events[event_id] for event_id in event_ids)
    return {event.key: event for event in events if event.is_state}


def _mainline_order(graph: AuthGraph, event_ids: Collection[EventId], levels: EventId | None) -> Walk[list[EventId]]:
    """Mainline ordering based on `levels`: what goes back to the oldest levels first; then earlier time, smaller id."""
    positions: dict[EventId, int] = {}
    while levels is not None:
        positions[levels] = len(positions)
        levels = yield from _levels_of(graph, levels)
    nowhere = len(positions)  # further than any place of the mainline
    ranks = []
    for event_id in event_ids:
        path = []
        ancestor = yield from _levels_of(graph, event_id)
        while ancestor is not None and ancestor not in positions:
            path.append(ancestor)
            ancestor = yield from _levels_of(graph, ancestor)
        position = nowhere if ancestor is None else positions[ancestor]
        positions.update(dict.fromkeys(path, position))
        ranks.append((-position, graph.events[event_id].ts, event_id))
    return [event_id for *_, event_id in sorted(ranks)]


def _levels_of(graph: AuthGraph, event_id: EventId) -> Walk[EventId | None]:
    """The power levels event among the auth events of an event."""
    yield from graph.fetch((event_id,))
    auth_ids = graph.events[event_id].auth_events
    yield from graph.fetch(auth_ids)
    levels = _by_key(graph, auth_ids).get(POWER_LEVELS)
    return None if levels is None else levels.event_id


class _AuthChecks:
    """Iterative auth checks: a state that grows by each event which the state before it allows."""

    def __init__(self, graph: AuthGraph, rejected: Container[EventId], base: StateMap) -> None:
        self._graph = graph
        self._rejected = rejected
        self.base = base
        self.resolved: dict[StateKey, EventId] = {}

    def fetch_for(self, event_ids: Iterable[EventId]) -> Walk[None]:
        """Make known what the checks of these events can need: their auth events, and the base state of their keys."""
        needed: set[EventId] = set()
        for event_id in event_ids:
            needed.update(self._graph.auth_of(event_id))
            for key in self._keys_of(self._graph.events[event_id]):
                if key in self.base:
                    needed.add(self.base[key])
        yield from self._graph.fetch(needed)

    def apply(self, event_ids: Iterable[EventId]) -> None:
        for event_id in event_ids:
            event = self._graph.events[event_id]
            # Peers never admit a rejected event here, though the text would let some be tried again.
            if event.is_state and event_id not in self._rejected and self._allows(event):
                self.resolved[event.key] = event_id

    def _allows(self, event: Event) -> bool:
        auth_ids = self._graph.auth_of(event.event_id)
        state = _by_key(self._graph, (auth_id for auth_id in auth_ids if auth_id not in self._rejected))
        for key in self._keys_of(event):
            current = self.resolved.get(key) or self.base.get(key)
            if current is not None and current not in self._rejected:
                state[key] = self._graph.events[current]
        try:
            check(event, state, self._graph.rules, create=state.get(CREATE))
        except NotAllowed:
            return False
        return True

    def _keys_of(self, event: Event) -> frozenset[StateKey]:
        return auth_state_keys(event.type, event.sender, event.state_key, event.content, self._graph.rules)
