"""Writing a room that one of ours has joined: at once where it is new and small, in portions where it is not.

A new room is one batch as a rule: its state, what that cites, and the join. What the answer to the user need not wait
for is left to `completing`. Not for: the handshake with the resident (`remote_join`).
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from homeserver.clock import Clock
from homeserver.errors import Unavailable
from homeserver.protocol.events import Event
from homeserver.protocol.identifiers import EventId, RoomId
from homeserver.protocol.room_versions import RoomVersion
from homeserver.services.commits import Commits
from homeserver.services.feed import Feed
from homeserver.services.heads import Room
from homeserver.services.intents import Finished, Stale
from homeserver.services.outliers import Outliers, Stored, outlier_row
from homeserver.services.partial.completing import Completing
from homeserver.services.partial.entries import Beginning, first_row
from homeserver.services.partial.entry import Entry, with_chains
from homeserver.services.resolution import Resolution
from homeserver.services.rooms import Rooms
from homeserver.services.turns import slices
from homeserver.storage.database import NidBlocks
from homeserver.storage.rooms import RoomTable
from homeserver.storage.rows import PASSED_ON, EventRow, StateRow
from homeserver.storage.state import StateKeys
from homeserver.storage.stream import Stream

TRIES: Final = 5
ONE_BATCH: Final = 150
"""Events of the state and of what it cites that go into one batch with the join; more would hold others up."""


class EnteredMeanwhile(Exception):
    """The room has been entered by another way since it was asked for; what was told without members is too little."""


class Entering:
    """Writes rooms that were joined."""

    def __init__(
        self,
        rooms: Rooms,
        table: RoomTable,
        *,
        commits: Commits,
        outliers: Outliers,
        resolution: Resolution,
        stream: Stream,
        feed: Feed,
        keys: StateKeys,
        nids: NidBlocks,
        completing: Completing,
        clock: Clock,
    ) -> None:
        self._rooms = rooms
        self._table = table
        self._commits = commits
        self._outliers = outliers
        self._resolution = resolution
        self._stream = stream
        self._feed = feed
        self._keys = keys
        self._nids = nids
        self._completing = completing
        self._clock = clock

    async def enter(self, room_id: RoomId, rules: RoomVersion, entry: Entry) -> None:
        """Write the room with what the join brought [3 trips for a new one]. Raises EnteredMeanwhile, Unavailable."""
        first = entry.first()
        needed = with_chains(first.values(), entry)
        keys = [event.key for event in (*needed, entry.event) if event.is_state]
        _, room = await asyncio.gather(self._keys.intern_new(keys), self._allocated(room_id, rules))
        if room.extremities:
            await self._come_back(room, entry)
            return
        begun = replace(entry, state=first, is_partial=entry.lacks(first))
        with self._completing.held(room.room_nid):
            if len(needed) > ONE_BATCH or not await self._begin_at_once(room, begun, needed):
                stored = await self._outliers.store(room, needed, entry.rejected)
                await self._enter(room, begun, stored)
                self._rooms.forget(room_id)
            there = {event.event_id for event in needed}
            if not entry.is_partial and begun.is_partial:
                rest = [event for event_id, event in entry.everything.items() if event_id not in there]
                self._completing.told(room, [*needed, *rest], entry.rejected)

    async def _allocated(self, room_id: RoomId, rules: RoomVersion) -> Room:
        """The room's head, empty where the room is new [1 trip, 2 where it is not]."""
        made = await self._table.allocate(room_id, rules.id, created_ts=self._clock.now_ms(), is_followed=True)
        if made.created:
            return Room.new(room_id, rules, made.room_nid, made.chain_id)
        room = await self._rooms.reload(room_id)
        if room is None:
            raise Unavailable("The room could not be made.")
        return room

    async def _come_back(self, room: Room, entry: Entry) -> None:
        if entry.is_partial:
            raise EnteredMeanwhile
        stored = await self._outliers.store(room, list(entry.everything.values()), entry.rejected)
        await self._enter(room, entry, stored)
        self._rooms.forget(room.room_id)

    async def _enter(self, room: Room, entry: Entry, stored: Mapping[EventId, Stored]) -> None:
        for _ in range(TRIES):
            room = await self._rooms.reload(room.room_id) or room
            try:
                await self._return(room, entry, stored) if room.extremities else await self._begin(room, entry, stored)
            except Stale:
                continue
            return
        raise Unavailable("The room changed while it was joined; try again.")

    # -- a room that we were never in ------------------------------------------------------------------------------

    async def _begin_at_once(self, room: Room, entry: Entry, needed: Sequence[Event]) -> bool:
        """Write everything in one batch; False where some of it is stored already [1 trip]."""
        keys = await self._keys.intern([event.key for event in needed if event.is_state])
        await self._nids.ensure(len(needed) + 1)
        numbers = {event.event_id: self._nids.next() for event in needed}
        outliers: list[EventRow] = []
        async for portion in slices(needed):
            outliers += [outlier_row(event, room, numbers, keys, entry.rejected) for event in portion]
        self._rooms.keep(room)
        try:
            has_begun = await self._submit(room, entry, numbers, outliers)
        except BaseException:
            self._rooms.forget(room.room_id)
            raise
        if not has_begun:
            self._rooms.forget(room.room_id)
        return has_begun

    async def _begin(self, room: Room, entry: Entry, stored: Mapping[EventId, Stored]) -> None:
        """Write the join on what is stored. Raises Stale."""
        numbers = {event_id: one.event_nid for event_id, one in stored.items()}
        if not await self._submit(room, entry, numbers, []):
            raise Stale

    async def _submit(
        self, room: Room, entry: Entry, numbers: Mapping[EventId, int], outliers: Sequence[EventRow]
    ) -> bool:
        """Let the state stand at the beginning of the room's first chain, and the join after it."""
        event, state = entry.event, entry.state
        keys = await self._keys.intern([*state, event.key])
        await self._nids.ensure(1)
        rows: list[StateRow] = []
        async for portion in slices([found for key, found in sorted(state.items()) if key != event.key]):
            rows += [first_row(room, found, numbers[found.event_id], keys) for found in portion]
        beginning = Beginning(
            room,
            event,
            rows,
            outliers,
            state_key_nid=keys[event.key],
            event_nid=self._nids.next(),
            auth_nids=tuple(numbers[auth] for auth in event.auth_events if auth in numbers),
            partial=entry.row(room) if entry.is_partial else None,
        )
        outcome = await self._stream.submit(beginning)
        if outcome.refused:
            return False
        await self._feed.reached(outcome.last)
        return True

    # -- a room that we were in before -----------------------------------------------------------------------------

    async def _return(self, room: Room, entry: Entry, stored: Mapping[EventId, Stored]) -> None:
        """What happened since is a gap, and the head starts anew after it. Raises EnteredMeanwhile, Stale."""
        if entry.is_partial:
            raise EnteredMeanwhile
        event, state = entry.event, entry.state
        told = {key: (stored[entry.event_id].event_nid, entry.event_id) for key, entry in state.items()}
        point, rows = await self._resolution.given(room, told)
        current = room.state_event_ids()
        after = {key: entry.event_id for key, entry in state.items()} | {event.key: event.event_id}
        changed = {key: after.get(key) for key in {*current, *after} if current.get(key) != after.get(key)}
        changes = await self._resolution.changes(room, changed, event)
        if room.is_partial:
            rows.append(entry.row(room))
        await self._commits.commit(
            room,
            Finished(
                event,
                flags=PASSED_ON,
                auth_nids=tuple(stored[auth].event_nid for auth in event.auth_events if auth in stored),
                at_head=False,
                point=point,
                delta=(point[0], point[1] + 1),
                changes=changes,
                seen=room.version,
                rows=rows,
                missing=event.prev_events,
                starts_anew=True,
            ),
        )
