"""Checking again what was accepted while members lacked, now that the state is whole; then the room is whole.

What the whole state refuses is withdrawn: rejected, and taken out of every snapshot that holds it. The end is committed
only for the very head that was checked, so nothing slips through between the check and it.
Spec: Server-Server API, Checks performed on receipt of a PDU.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from homeserver.clock import Faults
from homeserver.errors import Unavailable
from homeserver.protocol.auth_rules import auth_state_keys, check
from homeserver.protocol.errors import NotAllowed
from homeserver.protocol.events import Event, StateKey
from homeserver.protocol.identifiers import EventId
from homeserver.services.acceptance import event_of
from homeserver.services.heads import CREATE, MEMBER, Room
from homeserver.services.intents import Stale
from homeserver.services.partial.entries import Closing, first_row
from homeserver.services.resolution import Point
from homeserver.services.rooms import Rooms
from homeserver.services.turns import slices
from homeserver.storage.events.read import Events, StoredEvent
from homeserver.storage.partial_joins import PartialJoin
from homeserver.storage.rows import PartialRow, Row, StateRow, WithdrawnRow
from homeserver.storage.state import StateTable
from homeserver.storage.stream import Stream

log = structlog.get_logger()

PORTION: Final = 100
AT_ONCE: Final = 20
TRIES: Final = 200
"""Of a room in which something happens all the time: each try checks only what came since the last."""
KEPT_STATES: Final = 500


@dataclass(slots=True)
class _Checked:
    """How far a room was checked, and what was refused. `substitutes`: what stands for refused state events."""

    upto: int
    refused: dict[int, StoredEvent] = field(default_factory=dict)
    substitutes: dict[int, StoredEvent | None] = field(default_factory=dict)
    told: set[int] = field(default_factory=set)
    """Those whose withdrawal is committed."""
    states: dict[tuple[Point, StateKey], StoredEvent | None] = field(default_factory=dict)


class Rechecking:
    """Ends joins."""

    def __init__(self, rooms: Rooms, stream: Stream, events: Events, states: StateTable, faults: Faults) -> None:
        self._rooms = rooms
        self._stream = stream
        self._events = events
        self._states = states
        self._faults = faults

    async def close(self, join: PartialJoin) -> None:
        """Check everything since the join, withdraw what is refused, and declare the room whole. Raises Unavailable."""
        placed = await self._events.position_of(join.room_nid, join.event_id)
        if placed is None:
            raise Unavailable("The join itself is not there.")
        checked = _Checked(placed[0])
        for _ in range(TRIES):
            room = await self._rooms.room(join.room_id)
            if not room.is_partial:
                return  # emptied, or entered anew
            await self._check(room, checked)
            await self._faults.at("partial.closing")
            try:
                if await self._commit(room, join, checked):
                    return
            except Stale:
                await asyncio.sleep(0)
        raise Unavailable("The room is too busy to be checked.")

    # -- checking --------------------------------------------------------------------------------------------------

    async def _check(self, room: Room, checked: _Checked) -> None:
        while True:
            page = await self._events.after(room.room_nid, checked.upto, PORTION)
            if not page:
                return
            events = {stored.event_nid: event_of(stored, room.rules) for stored in page}
            await self._have_states(room, page, events, checked)
            async for portion in slices(page, AT_ONCE):
                for stored in portion:
                    self._check_one(room, stored, events[stored.event_nid], checked)
                    checked.upto = stored.room_position or checked.upto

    def _check_one(self, room: Room, stored: StoredEvent, event: Event, checked: _Checked) -> None:
        point = (stored.chain_id, stored.sequence)
        state: dict[StateKey, Event] = {}
        for key in _keys(event, room):
            found = _standing(checked, checked.states.get((point, key)))
            if found is not None:
                state[key] = event_of(found, room.rules)
        create = room.event(CREATE) if room.rules.create_is_room else None
        try:
            if any(nid in checked.refused for nid in stored.auth_nids):
                raise NotAllowed("3", "an auth event was refused")
            check(event, state, room.rules, create=create)
        except NotAllowed as refused:
            log.info("event withdrawn", room_id=room.room_id, event_id=stored.event_id, why=str(refused))
            checked.refused[stored.event_nid] = stored
            if event.is_state:
                before = checked.states.get((point, event.key))
                checked.substitutes[stored.event_nid] = _standing(checked, before)

    async def _have_states(
        self, room: Room, page: Sequence[StoredEvent], events: Mapping[int, Event], checked: _Checked
    ) -> None:
        """Read the states before the events, as far as their checks ask for them [1 trip a state, 1 for the events]."""
        if len(checked.states) > KEPT_STATES * PORTION:
            checked.states.clear()
        wanted: dict[Point, set[StateKey]] = {}
        for stored in page:
            event = events[stored.event_nid]
            keys = {*_keys(event, room), *([event.key] if event.is_state else [])}
            point = (stored.chain_id, stored.sequence)
            lacking = {key for key in keys if (point, key) not in checked.states}
            if lacking:
                wanted.setdefault(point, set()).update(lacking)
        ids: dict[tuple[Point, StateKey], EventId] = {}
        for point, lacking in wanted.items():
            at = await self._states.state_at(point, lacking)
            ids.update({(point, key): EventId(entry.event_id) for key, entry in at.items()})
            checked.states.update({(point, key): None for key in lacking})
        found = {stored.event_id: stored for stored in await self._events.by_id(sorted(set(ids.values())))}
        checked.states.update({place: found.get(event_id) for place, event_id in ids.items()})

    # -- ending ----------------------------------------------------------------------------------------------------

    async def _commit(self, room: Room, join: PartialJoin, checked: _Checked) -> bool:
        """Withdraw what was refused since the last time; whether the room is whole now. Raises Stale."""
        new = {nid: stored for nid, stored in checked.refused.items() if nid not in checked.told}
        changes: list[Row] = [_withdrawn(room, stored, checked) for stored in new.values()]
        changes += self._current(room, new, checked)
        changes.append(
            PartialRow(
                room_nid=room.room_nid,
                room_id=room.room_id,
                event_id=join.event_id,
                is_partial=bool(new),  # what came meanwhile stands on the state with what is withdrawn now
                via=join.via,
                servers=join.servers,
            )
        )
        removed = [nid for nid in room.extremities if nid in new]
        added = await self._parents(room, removed, checked)
        outcome = await self._stream.submit(Closing(self._rooms, room, changes, removed=removed, added=added))
        if outcome.refused:
            self._rooms.forget(room.room_id)
            raise Stale
        checked.told |= new.keys()
        checked.states.clear()
        return not new

    @staticmethod
    def _current(room: Room, new: Mapping[int, StoredEvent], checked: _Checked) -> list[StateRow]:
        """Changes of the current state, where it holds what is withdrawn."""
        rows: list[StateRow] = []
        for nid, stored in new.items():
            if stored.state_key is None or stored.state_key_nid is None:
                continue
            key = (stored.type, stored.state_key)
            if room.nid_of(key) != nid:
                continue
            substitute = checked.substitutes[nid]
            sequence = room.sequence + len(rows) + 1
            if substitute is None:
                rows.append(_gone(room, key, stored.state_key_nid, sequence))
            else:
                event = event_of(substitute, room.rules)
                row = first_row(room, event, substitute.event_nid, {key: stored.state_key_nid})
                row.sequence = sequence
                rows.append(row)
        return rows

    async def _parents(self, room: Room, removed: Collection[int], checked: _Checked) -> list[int]:
        """The nearest events before withdrawn tips: they are tips again [1 trip for each step back]."""
        parents: dict[int, None] = {}
        layer = [checked.refused[nid] for nid in removed]
        while layer:
            before = {nid for stored in layer for nid in stored.prev_nids}
            parents.update(dict.fromkeys(sorted(before - checked.refused.keys())))
            layer = [checked.refused[nid] for nid in sorted(before) if nid in checked.refused]
        return [nid for nid in parents if nid not in room.extremities]


def _keys(event: Event, room: Room) -> list[StateKey]:
    return list(auth_state_keys(event.type, event.sender, event.state_key, event.content, room.rules))


def _standing(checked: _Checked, stored: StoredEvent | None) -> StoredEvent | None:
    """What stands for an entry of a state: itself, or what it replaced if it was refused."""
    while stored is not None and stored.event_nid in checked.refused:
        stored = checked.substitutes[stored.event_nid]
    return stored


def _withdrawn(room: Room, stored: StoredEvent, checked: _Checked) -> WithdrawnRow:
    substitute = checked.substitutes.get(stored.event_nid)
    return WithdrawnRow(
        room_nid=room.room_nid,
        event_nid=stored.event_nid,
        state_key_nid=stored.state_key_nid,
        substitute=substitute.event_nid if substitute is not None else None,
    )


def _gone(room: Room, key: StateKey, state_key_nid: int, sequence: int) -> StateRow:
    """A key that nothing holds any more; its user, if it is one's, is as one who left."""
    return StateRow(
        room_nid=room.room_nid,
        room_id=room.room_id,
        chain_id=room.chain_id,
        sequence=sequence,
        type=key[0],
        state_key=key[1],
        state_key_nid=state_key_nid,
        event_nid=None,
        event_id=None,
        membership="leave" if key[0] == MEMBER else None,
    )
