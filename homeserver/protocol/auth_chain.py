"""Auth chains: walked event by event, or read off a chain cover.

The walks are generators: they *yield* the set of event ids that they lack and are *sent* a mapping with those events
(more may be in it: a caller who has whole chains at hand saves turns by sending them at once). They return their
result.

The *chain cover* lays the auth graph out in chains, so that "is x in the auth chain of y" and the difference of auth
chains become arithmetic on (chain, sequence) points and a few links; storage keeps the rows.
Spec: Room Version 2, State resolution, Definitions.
"""

from collections.abc import Collection, Container, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from homeserver.protocol.auth_rules import CREATE
from homeserver.protocol.errors import ProtocolError
from homeserver.protocol.events import Event
from homeserver.protocol.identifiers import EventId
from homeserver.protocol.room_versions import RoomVersion

_Result = TypeVar("_Result")
Walk = Generator[frozenset[EventId], Mapping[EventId, Event], _Result]


class UnknownEvents(ProtocolError, LookupError):
    """Events that a walk needs were not sent: they are not stored, so nothing can be said about their auth chains."""

    def __init__(self, event_ids: Collection[EventId]) -> None:
        super().__init__(f"{len(event_ids)} events of the auth chain are not known, among them {min(event_ids)}")
        self.event_ids = frozenset(event_ids)


class TooManyEvents(ProtocolError):
    """A walk has met more events than its budget allows."""


@dataclass(slots=True)
class AuthGraph:
    """The events of one room that a walk has met so far, and how many it may meet."""

    rules: RoomVersion
    budget: int
    events: dict[EventId, Event] = field(default_factory=dict)

    def fetch(self, event_ids: Iterable[EventId]) -> Walk[None]:
        """Make these events known. Raises UnknownEvents, TooManyEvents."""
        lacking = frozenset(event_id for event_id in event_ids if event_id not in self.events)
        if not lacking:
            return
        if len(self.events) + len(lacking) > self.budget:
            raise TooManyEvents(f"more than {self.budget} events of the auth chains are needed")
        self.events.update((yield lacking))
        unknown = [event_id for event_id in lacking if event_id not in self.events]
        if unknown:
            raise UnknownEvents(unknown)

    def auth_of(self, event_id: EventId) -> tuple[EventId, ...]:
        """The auth events of a known event; in version 12 the create event is one without being named."""
        event = self.events[event_id]
        if not self.rules.create_is_room or (event.type, event.state_key) == CREATE:
            return event.auth_events
        return (*event.auth_events, EventId("$" + event.room_id[1:]))


def run_walk(walk: Walk[_Result], events: Mapping[EventId, Event]) -> _Result:
    """The result of a walk for which all events are at hand."""
    try:
        lacking = next(walk)
        while True:
            lacking = walk.send({event_id: events[event_id] for event_id in lacking if event_id in events})
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # StopIteration is not generic


def auth_chain(graph: AuthGraph, event_ids: Collection[EventId]) -> Walk[set[EventId]]:
    """These events and all their auth events, theirs, and so on."""
    chain = set(event_ids)
    frontier = chain
    while frontier:
        yield from graph.fetch(frontier)
        frontier = {auth for event_id in frontier for auth in graph.auth_of(event_id)} - chain
        chain |= frontier
    return chain


def auth_difference(
    graph: AuthGraph,
    state_sets: Sequence[Collection[EventId]],
    common: Collection[EventId],
    settled: Collection[EventId] = (),
) -> Walk[set[EventId]]:
    """The events that are in the full auth chain of some state set but not of all.

    `state_sets`: the events in which the states differ; `common`: those they share. An event of a set counts as part of
    its own chain, as it does on other servers (the text leaves it out; being alone would split rooms). `settled`:
    events that need no answer; some may be in the result without being in the difference. When nothing else is open
    after the chains of `state_sets`, as in most forks, the chains of `common` (a large room's members) are not walked.
    """
    everyone = (1 << len(state_sets)) - 1
    shared = frozenset(common)
    marks: dict[EventId, int] = {}  # bit n: the event is in the chain of set n
    for number, state_set in enumerate(state_sets):
        for event_id in state_set:
            marks[event_id] = marks.get(event_id, 0) | 1 << number
    marks.update(dict.fromkeys(shared.intersection(marks), everyone))
    yield from _spread(graph, marks, set(marks), shared, everyone)
    partial = {event_id for event_id, mark in marks.items() if mark != everyone}
    if partial.issubset(settled):
        return partial
    rest = shared.difference(marks)
    marks.update(dict.fromkeys(rest, everyone))
    yield from _spread(graph, marks, rest, shared, everyone)
    return {event_id for event_id in partial if marks[event_id] != everyone}


def _spread(
    graph: AuthGraph,
    marks: dict[EventId, int],
    frontier: Collection[EventId],
    shared: Container[EventId],
    everyone: int,
) -> Walk[None]:
    """Hand the marks of `frontier` on to all auth events; what is `shared` is in every chain."""
    while frontier:
        yield from graph.fetch(frontier)
        grown = set()
        for event_id in frontier:
            mark = marks[event_id]
            for auth in graph.auth_of(event_id):
                seen = marks.get(auth, 0)
                marked = everyone if auth in shared else seen | mark
                if marked != seen:
                    marks[auth] = marked
                    grown.add(auth)
        frontier = grown


def conflicted_subgraph(graph: AuthGraph, conflicted: Collection[EventId]) -> Walk[set[EventId]]:
    """The events on paths of auth edges between two of `conflicted`, which are in it themselves.

    Spec: Room Version 12, State resolution, Conflicted state subgraph.
    """
    below = yield from auth_chain(graph, conflicted)
    cited_by: dict[EventId, list[EventId]] = {}
    for event_id in below:
        for auth in graph.auth_of(event_id):
            cited_by.setdefault(auth, []).append(event_id)
    subgraph = set(conflicted)
    frontier = list(subgraph)
    while frontier:
        for event_id in cited_by.get(frontier.pop(), ()):
            if event_id not in subgraph:
                subgraph.add(event_id)
                frontier.append(event_id)
    return subgraph


class ChainPoint(NamedTuple):
    """Where an event stands in the cover: event `sequence` (from 1) of a chain, each the auth event of the next."""

    chain: int
    sequence: int


class ChainLink(NamedTuple):
    """From `origin` on, everything up to `target` of another chain is in the auth chain."""

    origin: ChainPoint
    target: ChainPoint


Reach = dict[int, int]
"""An auth chain by the cover: of each chain the first so many events, by sequence."""


def reach(points: Iterable[ChainPoint], links: Mapping[int, Collection[ChainLink]]) -> Reach:
    """All that can be reached from `points`, themselves included. `links`: those that start in each chain."""
    reached: Reach = {}
    frontier = list(points)
    while frontier:
        chain, sequence = frontier.pop()
        before = reached.get(chain, 0)
        if sequence > before:
            reached[chain] = sequence
            frontier += [link.target for link in links.get(chain, ()) if before < link.origin.sequence <= sequence]
    return reached


def extend_cover(
    auth_points: Collection[ChainPoint],
    links: Mapping[int, Collection[ChainLink]],
    tips: Mapping[int, int],
    new_chain: int,
) -> tuple[ChainPoint, list[ChainLink]]:
    """The point of a new event with auth events at `auth_points`, and the links that it adds.

    `tips`: the last sequence of each of their chains. The event continues the longest chain that ends in one of its
    auth events, else it starts `new_chain`. Links that follow from others are left out.
    """
    ends = [point for point in auth_points if tips[point.chain] == point.sequence]
    last = max(ends, key=lambda point: (point.sequence, -point.chain), default=ChainPoint(new_chain, 0))
    here = ChainPoint(last.chain, last.sequence + 1)
    reached = reach([last], links)
    added: list[ChainLink] = []
    for point in sorted(auth_points, key=lambda point: (-point.sequence, point.chain)):
        if reached.get(point.chain, 0) < point.sequence:
            added.append(ChainLink(here, point))
            for chain, sequence in reach([point], links).items():
                reached[chain] = max(sequence, reached.get(chain, 0))
    return here, added


class ChainRange(NamedTuple):
    """The events of a chain with `above` < sequence <= `upto`."""

    chain: int
    above: int
    upto: int


def difference_of_reaches(reaches: Sequence[Reach]) -> list[ChainRange]:
    """What is in some but not all of these auth chains, as ranges of the cover; sorted by chain."""
    chains = sorted({chain for reached in reaches for chain in reached})
    ranges = []
    for chain in chains:
        upto = [reached.get(chain, 0) for reached in reaches]
        if min(upto) != max(upto):
            ranges.append(ChainRange(chain, min(upto), max(upto)))
    return ranges
