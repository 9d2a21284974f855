"""The states in which fetched events of the past stand: each follows its own parents, whatever was told beside it.

Nothing of it is stored yet: chains and their entries are laid out in memory, and go into the database with the events.
Not for: which events are fetched and where they are shown (`backfill`). Spec: Server-Server API, Backfilling.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from homeserver.protocol.errors import ProtocolError
from homeserver.protocol.events import Event, StateKey
from homeserver.protocol.identifiers import EventId
from homeserver.services.acceptance import Given, event_of
from homeserver.services.ancestors import Ancestors
from homeserver.services.heads import Room
from homeserver.services.resolution import MAX_LEVEL, Point, Resolution, state_row
from homeserver.storage.database import NidBlocks
from homeserver.storage.rows import ChainRow, Row, StateRow

log = structlog.get_logger()

MAX_TOLD: Final = 30
"""States that a peer is asked for in one turn: one for each branch that begins before what it told."""


@dataclass(frozen=True, slots=True)
class Stand:
    """A state: the point that names it, and what it holds."""

    point: Point
    state: Mapping[StateKey, Event]


class Branches:
    """Answers the state before each event, where those it follows were placed before it."""

    def __init__(self, server: str, room: Room, ancestors: Ancestors, resolution: Resolution, nids: NidBlocks) -> None:
        self._server = server
        self._room = room
        self._ancestors = ancestors
        self._resolution = resolution
        self._nids = nids
        self.rows: list[Row] = []
        """Chains and entries for the states that were answered."""
        self._told: list[Stand] = []
        self._after: dict[EventId, Stand] = {}
        self._newest: Stand | None = None
        self._events: dict[EventId, tuple[int, Event]] = {}
        self._rejected: set[EventId] = set()
        self._keys: dict[StateKey, int] = {}
        self._ends: dict[int, int] = {}
        self._levels: dict[int, int] = {}

    async def before(self, event: Event) -> Stand:
        """The state before the event; the peer tells it where a parent was not placed. Raises FederationError."""
        outside = [prev for prev in event.prev_events if prev not in self._after]
        if not event.prev_events:
            return await self._take(await self._ancestors.empty_state(self._room))
        if outside and len(self._told) < MAX_TOLD:
            return await self._take(await self._ancestors.state_before(self._server, self._room, event, outside))
        inside = [self._after[prev] for prev in event.prev_events if prev in self._after]
        if not inside:
            assert self._newest is not None, "the first event has a state that was told"
            return self._newest
        return await self._joined(inside)

    async def follow(self, event: Event, event_nid: int, stand: Stand, key_nid: int | None) -> Point | None:
        """Let others follow the event, which is allowed on `stand`; where its own change of the state is written."""
        self._events[event.event_id] = (event_nid, event)
        if key_nid is None:
            self._newest = self._after[event.event_id] = stand
            return None
        self._keys[event.key] = key_nid
        chain_id, sequence = stand.point
        if self._ends.get(chain_id) != sequence:
            chain_id, sequence = await self._branch(stand, {})
        point = (chain_id, sequence + 1)
        self._ends[chain_id] = sequence + 1
        self._newest = self._after[event.event_id] = Stand(point, {**stand.state, event.key: event})
        await asyncio.sleep(0)  # the state of a large room takes its time to be copied
        return point

    def pass_by(self, event: Event, stand: Stand) -> None:
        """Let others follow an event that is rejected, and so changes nothing."""
        self._rejected.add(event.event_id)
        self._newest = self._after[event.event_id] = stand

    # -- states ----------------------------------------------------------------------------------------------------

    async def _take(self, given: Given) -> Stand:
        """A state that was told: the first is written whole, others as what is different from it."""
        for row in given.rows:
            if isinstance(row, StateRow) and row.event_nid is not None:
                key = (row.type, row.state_key)
                self._keys[key] = row.state_key_nid
                self._events[given.state[key].event_id] = (row.event_nid, given.state[key])
            elif isinstance(row, ChainRow):
                self._ends[row.chain_id], self._levels[row.chain_id] = given.point[1], row.level
        point = given.point
        if self._told:
            point = await self._branch(self._told[0], _changes(self._told[0].state, given.state))
        else:
            self.rows += given.rows
        self._told.append(Stand(point, given.state))
        return self._told[-1]

    async def _joined(self, stands: Sequence[Stand]) -> Stand:
        """The state where these meet."""
        first = stands[0]
        states = [{key: event.event_id for key, event in one.state.items()} for one in _unlike(stands)]
        if all(state == states[0] for state in states):
            return first
        at_hand = {event_id: event for event_id, (_, event) in self._events.items()}
        try:
            meeting = await self._resolution.of_states(self._room, states, at_hand, self._rejected)
        except ProtocolError as error:
            log.warning("branches not resolved", room_id=self._room.room_id, why=str(error))
            return first
        for stored in (meeting.met[event_id] for event_id in meeting.resolved.values() if event_id not in at_hand):
            event = event_of(stored, self._room.rules)
            self._events[event.event_id] = (stored.event_nid, event)
            if stored.state_key_nid is not None:
                self._keys[event.key] = stored.state_key_nid
        state = {key: self._events[event_id][1] for key, event_id in meeting.resolved.items()}
        changed = _changes(first.state, state)
        return Stand(await self._branch(first, changed), state) if changed else first

    async def _branch(self, stand: Stand, changed: Mapping[StateKey, Event | None]) -> Point:
        """A side chain from a state on which `changed` is written; a full copy where the chain would be too deep."""
        level = self._levels.get(stand.point[0], 0) + 1
        entries, above = dict(changed), stand.point
        if level > MAX_LEVEL:
            entries, level = {key: event for key, event in {**stand.state, **changed}.items() if event is not None}, 0
        chain_id = await self._nids.take()
        self.rows.append(
            ChainRow(
                chain_id=chain_id,
                room_nid=self._room.room_nid,
                parent_chain=above[0] if level else None,
                parent_sequence=above[1] if level else None,
                level=level,
            )
        )
        for sequence, (key, event) in enumerate(sorted(entries.items(), key=lambda entry: entry[0]), start=1):
            entry = (self._events[event.event_id][0], event.event_id) if event is not None else None
            point = (chain_id, sequence)
            self.rows.append(state_row(self._room, point, key, self._keys[key], entry))
        self._ends[chain_id], self._levels[chain_id] = len(entries), level
        return chain_id, len(entries)


def _changes(before: Mapping[StateKey, Event], after: Mapping[StateKey, Event]) -> dict[StateKey, Event | None]:
    """What is different in a state; None where it has nothing under a key any more."""
    gone: dict[StateKey, Event | None] = dict.fromkeys(before.keys() - after.keys())
    return gone | {
        key: event for key, event in after.items() if key not in before or before[key].event_id != event.event_id
    }


def _unlike(stands: Collection[Stand]) -> list[Stand]:
    """One of those with the same point."""
    return list({stand.point: stand for stand in reversed(list(stands))}.values())[::-1]
