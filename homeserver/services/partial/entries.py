"""What joins of large rooms bring into the stream: the beginning of a room, portions of its members, what ends it.

Each is one room's part of a batch, small enough not to hold others up.
"""

from collections.abc import Mapping, Sequence

import orjson

from homeserver.protocol.events import Event, StateKey
from homeserver.services.event_rows import shown_text
from homeserver.services.heads import MEMBER, Room
from homeserver.services.intents import Stale
from homeserver.services.outliers import event_row
from homeserver.services.rooms import Rooms
from homeserver.storage.events.read import StoredEvent
from homeserver.storage.rows import PASSED_ON, BackwardRow, EventRow, PartialRow, RoomWrite, Row, Rows, StateRow


class Beginning:
    """The first batch of a room that comes from elsewhere.

    `outliers`: events of the state, and those that they cite, that are not stored yet. `partial`: members lack.
    """

    def __init__(
        self,
        room: Room,
        event: Event,
        state: Sequence[StateRow],
        outliers: Sequence[EventRow],
        *,
        state_key_nid: int,
        event_nid: int,
        auth_nids: tuple[int, ...],
        partial: PartialRow | None,
    ) -> None:
        self.room_nid: int | None = room.room_nid
        self._room = room
        self._event = event
        self._state = state
        self._outliers = outliers
        self._state_key_nid = state_key_nid
        self._event_nid = event_nid
        self._auth_nids = auth_nids
        self._partial = partial

    def rows(self, rows: Rows) -> None:
        room, event = self._room, self._event
        rows.rooms.append(
            RoomWrite(
                room_nid=room.room_nid,
                seen=room.version,
                chain_id=room.chain_id,
                sequence=room.sequence,
                exact=True,
                added=[self._event_nid],
                new_chain_id=room.chain_id,
                new_sequence=1,
                depth=event.depth,
                n=1,
            )
        )
        for outlier in self._outliers:
            rows.add(outlier)
        for state_row in self._state:
            rows.add(state_row)
        row = event_row(
            event,
            room,
            event_nid=self._event_nid,
            state_key_nid=self._state_key_nid,
            auth_nids=self._auth_nids,
            flags=PASSED_ON,
        )
        row.on_head = row.is_current_state = True
        row.sequence, row.delta_sequence = 0, 1
        rows.add(row)
        rows.add(BackwardRow(room_nid=room.room_nid, added=tuple(event.prev_events)))
        if self._partial is not None:
            rows.add(self._partial)


class Filling:
    """Entries of the state that the first chain begins with, made for the head whose state stood at `sequence`."""

    def __init__(self, rooms: Rooms, room: Room, state: Sequence[StateRow]) -> None:
        self.room_nid: int | None = room.room_nid
        self._rooms = rooms
        self._room = room
        self._sequence = room.sequence
        self._state = state

    def rows(self, rows: Rows) -> None:
        """Raises Stale when the state has moved: an entry may have been changed after it stood there first."""
        room = self._rooms.cached(self._room.room_nid) or self._room
        if room.sequence != self._sequence:
            raise Stale
        rows.rooms.append(_as_it_is(room))
        for row in self._state:
            rows.add(row)


class Closing:
    """What the check of events that came while members lacked leads to, for the version of the head that was checked.

    `removed` and `added`: forward extremities, where some of them are withdrawn.
    """

    def __init__(
        self, rooms: Rooms, room: Room, changes: Sequence[Row], *, removed: Sequence[int], added: Sequence[int]
    ) -> None:
        self.room_nid: int | None = room.room_nid
        self._rooms = rooms
        self._room = room
        self._version = room.version
        self._changes = changes
        self._removed = removed
        self._added = added

    def rows(self, rows: Rows) -> None:
        """Raises Stale when the room has moved."""
        room = self._rooms.cached(self._room.room_nid) or self._room
        if room.version != self._version:
            raise Stale
        write = _as_it_is(room)
        write.exact, write.removed, write.added = True, self._removed, self._added
        sequences = [row.sequence for row in self._changes if isinstance(row, StateRow)]
        write.new_sequence = max(sequences, default=room.sequence)
        rows.rooms.append(write)
        for row in self._changes:
            rows.add(row)


def _as_it_is(room: Room) -> RoomWrite:
    return RoomWrite(
        room_nid=room.room_nid,
        seen=room.version,
        chain_id=room.chain_id,
        sequence=room.sequence,
        new_chain_id=room.chain_id,
        new_sequence=room.sequence,
        depth=0,
    )


def row_of_stored(room: Room, stored: StoredEvent) -> StateRow:
    """The same for an event that is stored: its body is what clients are shown, and there may be thousands."""
    content = orjson.loads(stored.body)["content"] if stored.type == MEMBER else {}
    return StateRow(
        room_nid=room.room_nid,
        room_id=room.room_id,
        chain_id=room.chain_id,
        sequence=0,
        type=stored.type,
        state_key=stored.state_key or "",
        state_key_nid=stored.state_key_nid or 0,
        event_nid=stored.event_nid,
        event_id=stored.event_id,
        body=stored.body,
        membership=content.get("membership"),
        displayname=shown_text(content.get("displayname")),
        avatar_url=shown_text(content.get("avatar_url")),
    )


def first_row(room: Room, entry: Event, event_nid: int, numbers: Mapping[StateKey, int]) -> StateRow:
    """An entry of the state that a room's first chain begins with."""
    made = event_row(entry, room, event_nid=event_nid, state_key_nid=None)
    return StateRow(
        room_nid=room.room_nid,
        room_id=room.room_id,
        chain_id=room.chain_id,
        sequence=0,
        type=entry.type,
        state_key=entry.target,
        state_key_nid=numbers[entry.key],
        event_nid=made.event_nid,
        event_id=entry.event_id,
        body=made.body,
        membership=made.membership,
        displayname=made.displayname,
        avatar_url=made.avatar_url,
    )
