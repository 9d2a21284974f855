"""Storing events whose place in the room is not known: auth chains and states told by peers.

They serve authorisation and state resolution, and are never shown. Events come in read and judged. Spec: Server-Server
API, Joining Rooms, Retrieving events.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from homeserver.errors import Unavailable
from homeserver.protocol.auth_rules import check, check_auth_events
from homeserver.protocol.errors import NotAllowed
from homeserver.protocol.events import Event, StateKey, split
from homeserver.protocol.identifiers import EventId
from homeserver.protocol.room_versions import RoomVersion
from homeserver.services.event_rows import shown_text
from homeserver.services.heads import MEMBER, Room
from homeserver.services.intents import relation_of
from homeserver.services.rooms import Rooms
from homeserver.services.turns import slices
from homeserver.storage.database import NidBlocks
from homeserver.storage.events.read import Events
from homeserver.storage.rows import OUTLIER, REJECTED, EventRow, RoomWrite, Row, Rows
from homeserver.storage.state import StateKeys
from homeserver.storage.stream import Stream

CHUNK: Final = 100
ROWS_AT_ONCE: Final = 25
"""Rows that are made in one turn of the loop."""
TRIES: Final = 8


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored event: its number, and whether it was rejected."""

    event_nid: int
    is_rejected: bool


class StoredMeanwhile(Unavailable):
    """Some of the events have come by another way: look again which of them are new."""


class Outliers:
    """Writes outliers, in chunks that do not hold up the stream."""

    def __init__(self, rooms: Rooms, stream: Stream, events: Events, keys: StateKeys, nids: NidBlocks) -> None:
        self._rooms = rooms
        self._stream = stream
        self._events = events
        self._keys = keys
        self._nids = nids

    async def store(
        self, room: Room, events: Collection[Event], rejected: Collection[EventId]
    ) -> dict[EventId, Stored]:
        """Numbers of `events` and of those stored before; new ones are written as outliers. Raises Unavailable."""
        for _ in range(TRIES):
            try:
                return await self._store(room, events, rejected)
            except StoredMeanwhile:
                continue
        raise Unavailable("The room is too busy; try again.")

    async def _store(
        self, room: Room, events: Collection[Event], rejected: Collection[EventId]
    ) -> dict[EventId, Stored]:
        found = {
            EventId(stored.event_id): Stored(stored.event_nid, bool(stored.flags & REJECTED))
            for stored in await self._events.by_id([event.event_id for event in events])
        }
        new = [event for event in events if event.event_id not in found]
        numbers = {event_id: one.event_nid for event_id, one in found.items()}
        await self.write(room, new, numbers, rejected)
        for event in new:
            found[event.event_id] = Stored(numbers[event.event_id], event.event_id in rejected)
        return found

    async def write(
        self, room: Room, new: Sequence[Event], numbers: dict[EventId, int], rejected: Collection[EventId]
    ) -> None:
        """Write events that are not stored yet, and add their numbers to `numbers`, which has those they cite.

        Raises StoredMeanwhile, Unavailable.
        """
        keys = await self._keys.intern([event.key for event in new if event.is_state])
        await self._nids.ensure(len(new))
        numbers.update({event.event_id: self._nids.next() for event in new})
        async for chunk in slices(new, CHUNK):
            rows: list[EventRow] = []
            async for portion in slices(chunk, ROWS_AT_ONCE):
                rows += [outlier_row(event, room, numbers, keys, rejected) for event in portion]
            await write_beside(self._stream, self._rooms, room, rows)


async def write_beside(stream: Stream, rooms: Rooms, room: Room, rows: Sequence[Row]) -> None:
    """Write rows of a room that leave its head as it is. Raises StoredMeanwhile, Unavailable."""
    for _ in range(TRIES):
        outcome = await stream.submit(_SideEntry(rooms, room, rows))
        if not outcome.refused:
            return
        # Another route stored some of them meanwhile, or the head has moved.
        await rooms.reload(room.room_id)
        if outcome.known:
            raise StoredMeanwhile("The room changed meanwhile; try again.")
        await asyncio.sleep(0)
    raise Unavailable("The room is too busy; try again.")


class _SideEntry:
    """A room's part of a batch that leaves its head as it is."""

    def __init__(self, rooms: Rooms, room: Room, rows: Sequence[Row]) -> None:
        self.room_nid: int | None = room.room_nid
        self._rooms = rooms
        self._room = room
        self._rows = rows

    def rows(self, rows: Rows) -> None:
        room = self._rooms.cached(self._room.room_nid) or self._room
        rows.rooms.append(
            RoomWrite(
                room_nid=room.room_nid,
                seen=room.version,
                chain_id=room.chain_id,
                sequence=room.sequence,
                new_chain_id=room.chain_id,
                new_sequence=room.sequence,
                depth=0,
            )
        )
        for row in self._rows:
            rows.add(row)


def outlier_row(
    event: Event,
    room: Room,
    numbers: Mapping[EventId, int],
    keys: Mapping[StateKey, int],
    rejected: Collection[EventId],
) -> EventRow:
    """The row of an outlier. `numbers`: its own and those of the events that it cites; `keys`: its key's, if any."""
    return event_row(
        event,
        room,
        event_nid=numbers[event.event_id],
        state_key_nid=keys[event.key] if event.is_state else None,
        auth_nids=tuple(numbers[auth] for auth in event.auth_events if auth in numbers),
        flags=OUTLIER | (REJECTED if event.event_id in rejected else 0),
    )


def event_row(
    event: Event,
    room: Room,
    *,
    event_nid: int,
    state_key_nid: int | None,
    auth_nids: tuple[int, ...] = (),
    flags: int = 0,
) -> EventRow:
    """The row of an event; its point is the head's, until its maker says otherwise."""
    body, envelope = split(event, room.rules)
    is_member = event.type == MEMBER and event.is_state
    return EventRow(
        event_nid=event_nid,
        event_id=event.event_id,
        room_nid=room.room_nid,
        room_id=room.room_id,
        type=event.type,
        state_key=event.state_key,
        state_key_nid=state_key_nid,
        sender=event.sender,
        ts=event.ts,
        depth=event.depth,
        chain_id=room.chain_id,
        sequence=room.sequence,
        body=body,
        envelope=envelope,
        auth_nids=auth_nids,
        flags=flags,
        relates=relation_of(event.content),
        redacts=event.redacts(room.rules),
        membership=event.membership if is_member else None,
        displayname=shown_text(event.content.get("displayname")) if is_member else None,
        avatar_url=shown_text(event.content.get("avatar_url")) if is_member else None,
        on_head=False,
    )


def judge(
    events: Mapping[EventId, Event], rules: RoomVersion, known: Mapping[EventId, tuple[Event, bool]] | None = None
) -> tuple[list[Event], set[EventId]]:
    """Events in an order in which each follows its auth events, and those that their own auth events do not allow.

    Events with auth events that nobody has are left out. `known`: stored ones, with whether they were rejected.
    """
    stored = known or {}
    rejected = {event_id for event_id, (_, is_rejected) in stored.items() if is_rejected}
    everything = {**{event_id: event for event_id, (event, _) in stored.items()}, **events}
    create = next((e for e in everything.values() if e.type == "m.room.create" and e.state_key == ""), None)
    allowed: dict[EventId, Event] = {event_id: event for event_id, (event, _) in stored.items()}
    order: list[Event] = []
    for event_id in topological({event_id: event.auth_events for event_id, event in events.items()}):
        event = events[event_id]
        if any(auth not in allowed and auth not in rejected for auth in event.auth_events):
            continue
        named = {auth: everything[auth] for auth in event.auth_events}
        try:
            with_create = {create.event_id: create, **named} if rules.create_is_room and create is not None else named
            check_auth_events(event, with_create, rejected, rules)
            state = {found.key: found for found in named.values()}
            check(event, state, rules, create=create if rules.create_is_room else None)
        except NotAllowed:
            rejected.add(event.event_id)
        else:
            allowed[event.event_id] = event
        order.append(event)
    return order, rejected


def topological(cites: Mapping[EventId, Sequence[EventId]]) -> list[EventId]:
    """Cited ones first; what stands in a circle is left out. Without recursion: chains are long."""
    order: list[EventId] = []
    waits = {event_id: sum(auth in cites for auth in cited) for event_id, cited in cites.items()}
    cited_by: dict[EventId, list[EventId]] = {}
    for event_id, cited in cites.items():
        for auth in cited:
            if auth in cites:
                cited_by.setdefault(auth, []).append(event_id)
    ready = sorted(event_id for event_id, count in waits.items() if not count)
    while ready:
        event_id = ready.pop()
        order.append(event_id)
        for citing in cited_by.get(event_id, ()):
            waits[citing] -= 1
            if not waits[citing]:
                ready.append(citing)
    return order
