"""One resolution of room states, step by step in a thread: the states come in as columns and differences.

Loading every state whole, row by row, would hold the loop up for as long as the room has members. Not for: what is
resolved when, and what becomes of the result (`resolution`).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from homeserver.protocol.auth_chain import Walk
from homeserver.protocol.events import Event, StateKey, join
from homeserver.protocol.identifiers import EventId
from homeserver.protocol.room_versions import RoomVersion
from homeserver.protocol.state_resolution import resolve
from homeserver.storage.events.read import StoredEvent
from homeserver.storage.rows import REJECTED
from homeserver.storage.state import Difference, Point, StateColumns

State = dict[StateKey, EventId]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the states: that at a stored point (None: an empty one), with what lies over it."""

    point: Point | None
    over: Sequence[tuple[StateKey, EventId | None]] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """The states at some points: the first whole, the others by what is different in them."""

    points: Sequence[Point]
    first: StateColumns
    differences: Sequence[Difference]

    def state(self, number: int) -> State:
        """The state at one of the points."""
        found: State = {
            (kind, key): EventId(event_id)
            for kind, key, event_id in zip(self.first.types, self.first.keys, self.first.event_ids, strict=True)
        }
        for difference in self.differences if number else ():
            entry = difference.events[number]
            if entry is None:
                found.pop(difference.key, None)
            else:
                found[difference.key] = EventId(entry.event_id)
        return found


class Resolving:
    """`begin` and `go_on` answer the events that are lacking, None at the end. Nothing else touches it meanwhile.

    `changed`, then: what is different in the result from `current`, or from the first side without one.
    """

    def __init__(
        self,
        rules: RoomVersion,
        loaded: Loaded,
        sides: Sequence[Side],
        *,
        current: Callable[[], Mapping[StateKey, EventId]] | None,
        event: Event | None,
    ) -> None:
        self._rules = rules
        self._loaded = loaded
        self._sides = sides
        self._current = current
        self._rejected: set[EventId] = set()
        self._at_hand: dict[EventId, Event] = {} if event is None else {event.event_id: event}
        self._walk: Walk[State] | None = None
        self._first: State = {}
        self.changed: dict[StateKey, EventId | None] = {}

    def begin(self) -> list[EventId] | None:
        """Lay out the states and take the first step."""
        numbers = {point: number for number, point in enumerate(self._loaded.points)}
        sets: list[State] = []
        for side in self._sides:
            state = self._loaded.state(numbers[side.point]) if side.point is not None else {}
            for key, event_id in side.over:
                if event_id is None:
                    state.pop(key, None)
                else:
                    state[key] = event_id
            sets.append(state)
        self._first = sets[0]
        self._walk = resolve(sets, self._rules, rejected=self._rejected)
        return self._step(self._walk, next)

    def go_on(self, found: Sequence[StoredEvent]) -> list[EventId] | None:
        """Take the next step with these events."""
        assert self._walk is not None, "begin comes first"
        for stored in found:
            self._at_hand[EventId(stored.event_id)] = join(stored.body, stored.envelope, self._rules)
            if stored.flags & REJECTED:
                self._rejected.add(EventId(stored.event_id))
        return self._step(self._walk, lambda walk: walk.send(self._at_hand))

    def _step(self, walk: Walk[State], step: Callable[[Walk[State]], Collection[EventId]]) -> list[EventId] | None:
        try:
            return [event_id for event_id in step(walk) if event_id not in self._at_hand]
        except StopIteration as end:
            resolved: State = end.value
            base = self._first if self._current is None else self._current()
            keys = base.keys() | resolved.keys()
            self.changed = {key: resolved.get(key) for key in keys if base.get(key) != resolved.get(key)}
            return None
