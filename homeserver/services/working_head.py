"""A room's head while a batch is built on it.

What the events before in the same batch change lies over the cached head, which itself moves only with the stream.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy

from homeserver.protocol.events import Event, StateKey
from homeserver.protocol.identifiers import EventId
from homeserver.services.heads import MEMBER, Extremity, Member, Room
from homeserver.services.intents import THIS, StateChange
from homeserver.storage.rows import FOLLOWED, EventRow, RoomWrite, Rows, StateRow

MAX_PREV_EVENTS = 20


class WorkingHead:
    """A head while a batch is built on it: what the events before in the same batch change lies over the room."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.chain_id = room.chain_id
        self.sequence = room.sequence
        self.depth = room.depth
        self.moved = False
        self.lacks = False
        """Whether what was placed here follows events that have not come."""
        self._placed: frozenset[str] = frozenset()
        self._redacted: frozenset[str] = frozenset()
        self._tips: dict[int, Extremity] = dict(room.extremities)
        self._removed: list[int] = []
        self._changed: dict[StateKey, Event | None] = {}
        self._nids: dict[StateKey, int] = {}

    def copy(self) -> "WorkingHead":
        """The same, to try something on."""
        copied = copy(self)
        copied._tips, copied._removed = dict(self._tips), list(self._removed)
        copied._changed, copied._nids = dict(self._changed), dict(self._nids)
        return copied

    def event(self, key: StateKey) -> Event | None:
        if key in self._changed:
            return self._changed[key]
        return self.room.event(key)

    def member(self, user_id: str) -> Member | None:
        """The user's membership before the next event; None without one, or when this very batch changed it."""
        return None if (MEMBER, user_id) in self._changed else self.room.members.get(user_id)

    def note(self, event_id: str, redacts_early: frozenset[str]) -> None:
        """An event from elsewhere is in the batch, which redacts these events that are not here."""
        self._placed |= {event_id}
        self._redacted |= redacts_early

    def crosses(self, event_id: str, redacts_early: frozenset[str]) -> bool:
        """Whether an event and its redaction meet in the batch, each prepared without the other."""
        return event_id in self._redacted or not self._placed.isdisjoint(redacts_early)

    def tips(self) -> list[Extremity]:
        return list(self._tips.values())[-MAX_PREV_EVENTS:]

    def stands_on_head(self, prev_events: Sequence[EventId], *, is_state: bool) -> bool:
        """Whether what follows these events goes onto the head as it is: they are all tips, or have the head's point.

        A state event must follow all tips: with those that it does not follow it has to be resolved.
        """
        tips = {tip.event_id: tip for tip in self._tips.values()}
        if not prev_events:
            return not tips
        if any(prev not in tips for prev in prev_events):
            return False
        if len(set(prev_events)) == len(tips):
            return True
        point = (self.chain_id, self.sequence)
        return not is_state and all((tips[prev].chain_id, tips[prev].sequence) == point for prev in prev_events)

    def replaced_by(self, prev_events: Sequence[EventId]) -> tuple[int, ...]:
        named = set(prev_events)
        return tuple(nid for nid, tip in self._tips.items() if tip.event_id in named)

    def nids_of(self, keys: Iterable[StateKey]) -> tuple[int, ...]:
        """Numbers of the current events under these keys."""
        known = self._nids
        return tuple(nid for key in keys if (nid := known.get(key) or self.room.nid_of(key)) is not None)

    def advance(self, event: Event, row: EventRow) -> None:
        """Take the event onto the working head."""
        self.lose_tips(row)
        if row.is_current_state and row.delta_sequence is not None:
            self.sequence = row.delta_sequence
            self._changed[event.key] = event
            self._nids[event.key] = row.event_nid
        after = (row.chain_id, row.sequence) if row.delta_sequence is None else (row.head_chain_id, row.delta_sequence)
        if not row.flags & FOLLOWED:
            self._tips[row.event_nid] = Extremity(event.event_id, *after)
        self.depth = max(self.depth, event.depth)
        self.moved = True

    def lose_tips(self, row: EventRow) -> None:
        """Take away the tips that the event, which may be a hidden one, replaces."""
        for nid in row.replaces:
            del self._tips[nid]
            self._removed.append(nid)
        self.moved = self.moved or bool(row.replaces)

    def change_state(
        self, changes: Sequence[StateChange], nids: Mapping[StateKey, int], rows: Rows, row: EventRow
    ) -> None:
        """Let the main chain continue with what resolution changed when the event of `row` came."""
        for change in changes:
            self.sequence += 1
            member = change.member
            rows.add(
                StateRow(
                    room_nid=self.room.room_nid,
                    room_id=self.room.room_id,
                    chain_id=self.chain_id,
                    sequence=self.sequence,
                    type=change.key[0],
                    state_key=change.key[1],
                    state_key_nid=nids[change.key],
                    event_nid=row.event_nid if change.event_nid == THIS else change.event_nid,
                    event_id=change.event_id,
                    body=row.body if change.event_nid == THIS else change.body,
                    membership=member.membership if member else None,
                    displayname=member.displayname if member else None,
                    avatar_url=member.avatar_url if member else None,
                )
            )
        self.moved = True

    def write(self, *, exact: bool, events: Sequence[EventRow]) -> RoomWrite:
        """What the gate of the statement needs: the head as we believe it, and the head after."""
        room = self.room
        on_head = [row for row in events if row.on_head]
        added = [row.event_nid for row in on_head if row.event_nid in self._tips]
        return RoomWrite(
            room_nid=room.room_nid,
            seen=room.version,
            chain_id=room.chain_id,
            sequence=room.sequence,
            exact=exact,
            added=added,
            removed=[nid for nid in self._removed if nid in room.extremities],
            depth=self.depth,
            new_chain_id=self.chain_id,
            new_sequence=self.sequence,
            n=len(on_head),
        )
