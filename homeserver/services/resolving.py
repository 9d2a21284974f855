"""One resolution of room states, step by step in a thread, by what is different in them from the head's state.

Of a room with many members only the head's state is laid out whole, and that in the thread. Not for: what is resolved
when, and what becomes of the result (`resolution`).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from homeserver.protocol.auth_chain import Walk
from homeserver.protocol.events import Event, StateKey, join
from homeserver.protocol.identifiers import EventId
from homeserver.protocol.room_versions import RoomVersion
from homeserver.protocol.state_resolution import resolve, resolve_conflicts
from homeserver.services.heads import Room
from homeserver.storage.events.read import StoredEvent
from homeserver.storage.rows import REJECTED
from homeserver.storage.state import Difference, Point

State = dict[StateKey, EventId]
Entries = dict[StateKey, EventId | None]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the states: that at a stored point (None: an empty one), with what lies over it."""

    point: Point | None
    over: Sequence[tuple[StateKey, EventId | None]] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """The head's state as it was at one moment. `state` makes it, in a thread."""

    point: Point
    state: Callable[[], State]

    @classmethod
    def of(cls, room: Room) -> "Head":
        """That of the room now; nothing may be awaited meanwhile."""
        return cls((room.chain_id, room.sequence), room.copied_state_event_ids())


class Meeting:
    """One resolution, walked step by step in a thread.

    `begin` and `go_on` answer the events that are lacking, None at the end: then `resolved` is the result, and `met`
    the stored events that were looked at. `rejected` is the set that the walk was given: what is found so is added.
    """

    def __init__(
        self, walk: Walk[State], rules: RoomVersion, at_hand: Mapping[EventId, Event], rejected: set[EventId]
    ) -> None:
        self._walk = walk
        self._rules = rules
        self._at_hand = dict(at_hand)
        self._rejected = rejected
        self.resolved: State = {}
        self.met: dict[EventId, StoredEvent] = {}

    @classmethod
    def of(
        cls,
        states: Sequence[Mapping[StateKey, EventId]],
        rules: RoomVersion,
        at_hand: Mapping[EventId, Event],
        rejected: Collection[EventId],
    ) -> "Meeting":
        """That of states which are laid out already."""
        known_rejected = set(rejected)
        return cls(resolve(states, rules, rejected=known_rejected), rules, at_hand, known_rejected)

    def begin(self) -> list[EventId] | None:
        """Take the first step."""
        return self._step(next)

    def go_on(self, found: Sequence[StoredEvent]) -> list[EventId] | None:
        """Take the next step with these events."""
        for stored in found:
            event_id = EventId(stored.event_id)
            self.met[event_id] = stored
            if event_id not in self._at_hand:
                self._at_hand[event_id] = join(stored.body, stored.envelope, self._rules)
            if stored.flags & REJECTED:
                self._rejected.add(event_id)
        return self._step(lambda walk: walk.send(self._at_hand))

    def _step(self, step: Callable[[Walk[State]], Collection[EventId]]) -> list[EventId] | None:
        try:
            return [event_id for event_id in step(self._walk) if event_id not in self._at_hand]
        except StopIteration as end:
            self.resolved = end.value
            return None


class Resolving:
    """A meeting by what is different in the states, stepped as one. Nothing else touches it meanwhile.

    `points`: the head's, and those of the sides; `differences`: the keys on which they are not all the same.
    `changed`, at the end: what is different in the result from the head's state, or from the first side.
    """

    def __init__(
        self,
        rules: RoomVersion,
        head: Head,
        sides: Sequence[Side],
        *,
        points: Sequence[Point],
        differences: Sequence[Difference],
        event: Event | None,
        is_head: bool,
    ) -> None:
        self._rules = rules
        self._head = head
        self._sides = sides
        self._points = points
        self._differences = differences
        self._is_head = is_head
        self._at_hand: dict[EventId, Event] = {} if event is None else {event.event_id: event}
        self._meeting: Meeting | None = None
        self._before: Entries = {}
        self._shared: State = {}
        self.changed: Entries = {}

    def begin(self) -> list[EventId] | None:
        """Lay out what is in conflict, and take the first step."""
        base = self._head.state()
        entries = [self._entries(side, base) for side in self._sides]
        open_keys = {key for side in entries for key in side}
        for side in entries:
            side.update({key: base.get(key) for key in open_keys - side.keys()})
        self._before = {key: base.get(key) for key in open_keys} if self._is_head else entries[0]
        conflicted = {key for key in open_keys if len({side[key] for side in entries}) > 1}
        unconflicted = {key: event_id for key, event_id in base.items() if key not in open_keys}
        self._shared = {key: event_id for key in open_keys - conflicted if (event_id := entries[0][key]) is not None}
        unconflicted |= self._shared
        conflicts = [{key: event_id for key in conflicted if (event_id := side[key]) is not None} for side in entries]
        rejected: set[EventId] = set()
        if self._rules.state_resolution == "v1":
            walk = resolve([{**unconflicted, **one} for one in conflicts], self._rules, rejected=rejected)
        elif conflicted:
            walk = resolve_conflicts(conflicts, unconflicted, self._rules, rejected=rejected)
        else:
            self._end({})
            return None
        self._meeting = Meeting(walk, self._rules, self._at_hand, rejected)
        return self._lacking(self._meeting, self._meeting.begin())

    def go_on(self, found: Sequence[StoredEvent]) -> list[EventId] | None:
        """Take the next step with these events."""
        assert self._meeting is not None, "begin comes first"
        return self._lacking(self._meeting, self._meeting.go_on(found))

    def _entries(self, side: Side, base: State) -> Entries:
        """What is, or may be, different in a side from the head's state."""
        entries: Entries = {}
        if side.point is None:
            entries.update(dict.fromkeys(base))
        else:
            number = self._points.index(side.point)
            for difference in self._differences:
                entry = difference.events[number]
                entries[difference.key] = EventId(entry.event_id) if entry is not None else None
        entries.update(side.over)
        return entries

    def _lacking(self, meeting: Meeting, lacking: list[EventId] | None) -> list[EventId] | None:
        if lacking is None:
            self._end(meeting.resolved)
        return lacking

    def _end(self, resolved: Mapping[StateKey, EventId]) -> None:
        result = {**self._shared, **{key: resolved[key] for key in self._before if key in resolved}}
        self.changed = {key: result.get(key) for key, before in self._before.items() if result.get(key) != before}
