"""Fetching the past of a room: what lies before our oldest event, and what is missing in between.

Fetched events are verified, judged by the state before them as the peer tells it, and take their places below what is
there already; they are no news for anybody. Spec: Server-Server API, Backfilling and retrieving missing events.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from homeserver.errors import MatrixError, Unavailable
from homeserver.federation.client.errors import FederationError
from homeserver.federation.client.events import Events as PeerEvents
from homeserver.protocol.auth_rules import check
from homeserver.protocol.errors import NotAllowed, ProtocolError
from homeserver.protocol.events import Event, StateKey
from homeserver.protocol.identifiers import EventId
from homeserver.services.acceptance import Acceptance, event_of
from homeserver.services.ancestors import Ancestors, oldest_first
from homeserver.services.branches import Branches
from homeserver.services.event_rows import redact_row
from homeserver.services.heads import CREATE, Room
from homeserver.services.known import REDACTION
from homeserver.services.outliers import StoredMeanwhile, event_row, write_beside
from homeserver.services.received import may_redact, redaction_of
from homeserver.services.resolution import Resolution
from homeserver.services.rooms import Rooms
from homeserver.services.turns import Turns
from homeserver.storage.database import NidBlocks
from homeserver.storage.events.gaps import GapTable
from homeserver.storage.events.read import Events, StoredEvent
from homeserver.storage.rows import (
    HIDDEN,
    OUTLIER,
    REJECTED,
    BackwardRow,
    EarlyRedactionRow,
    EventRow,
    GapFilledRow,
    Row,
)
from homeserver.storage.state import StateKeys
from homeserver.storage.stream import Stream

log = structlog.get_logger()

MAX_SERVERS: Final = 4
MAX_ASKED: Final = 20
MAX_EVENTS: Final = 100
BUDGET_S: Final = 45.0
TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class _Hole:
    """Where fetched events go: below the position `below`; `floor` is the position under a gap, None for the past."""

    wanted: tuple[str, ...]
    below: int
    floor: int | None


class Backfill:
    """Fills holes, one at a time in a room."""

    def __init__(
        self,
        us: str,
        rooms: Rooms,
        acceptance: Acceptance,
        peers: PeerEvents,
        *,
        ancestors: Ancestors,
        resolution: Resolution,
        events: Events,
        gaps: GapTable,
        stream: Stream,
        keys: StateKeys,
        nids: NidBlocks,
    ) -> None:
        self._us = us
        self._rooms = rooms
        self._acceptance = acceptance
        self._peers = peers
        self._ancestors = ancestors
        self._resolution = resolution
        self._events = events
        self._gaps = gaps
        self._stream = stream
        self._keys = keys
        self._nids = nids
        self._turns = Turns()

    async def fill(self, room: Room, below: int, limit: int) -> bool:
        """Get events below the room position `below`; False when there was nothing, or nobody answered."""
        try:
            async with asyncio.timeout(BUDGET_S), self._turns.of(room.room_id):
                if room.is_partial:  # older states are told as differences to one that is not here yet
                    room = await self._rooms.whole(room.room_id)
                hole = await self._hole(room, below, limit)
                return hole is not None and await self._fill(room, hole, max(1, min(limit, MAX_EVENTS)))
        except (TimeoutError, Unavailable):
            return False

    async def _hole(self, room: Room, below: int, limit: int) -> _Hole | None:
        """The first hole that a page going down from `below` meets."""
        page = await self._events.page(room.room_nid, start=below, limit=limit, backwards=True, state_key_nids=())
        positions = [event.room_position for event in page.events if event.room_position is not None]
        lowest = min(positions, default=min(below, room.last_position + 1))
        gaps = await self._gaps.between(room.room_nid, lowest, max(positions, default=lowest))
        if gaps:
            return _Hole(gaps[0].missing, gaps[0].above, gaps[0].below)
        if len(positions) >= limit:
            return None
        wanted = await self._gaps.backward_extremities(room.room_nid)
        return _Hole(tuple(wanted), lowest, None) if wanted else None

    async def _fill(self, room: Room, hole: _Hole, limit: int) -> bool:
        for server in [name for name in sorted(room.servers) if name != self._us][:MAX_SERVERS]:
            try:
                pdus = await self._peers.backfill(server, room.room_id, hole.wanted[:MAX_ASKED], limit)
                read = await self._acceptance.read(pdus[:MAX_EVENTS], room.rules, limit_references=False)
                here = {e.event_id: e for e in read if isinstance(e, Event) and e.room_id == room.room_id}
                if here.keys().isdisjoint(hole.wanted):
                    continue
                if await self._placed(server, room, hole, here):
                    return True
            except (FederationError, MatrixError, ProtocolError) as error:
                log.info("backfill failed", server=server, room_id=room.room_id, why=str(error))
        return False

    async def _placed(self, server: str, room: Room, hole: _Hole, found: Mapping[EventId, Event]) -> bool:
        """Place them, again when some were stored meanwhile: what a branch is judged by may be among them."""
        for _ in range(TRIES):
            with suppress(StoredMeanwhile):
                return await self._place(server, room, hole, found)
        return False

    async def _place(self, server: str, room: Room, hole: _Hole, found: Mapping[EventId, Event]) -> bool:
        """Write the events of one answer that are connected to the hole."""
        connected = _connected(found, hole.wanted)
        named = {prev for event in connected.values() for prev in event.prev_events}
        targets = {target for event in connected.values() if (target := event.redacts(room.rules)) is not None}
        read = await self._events.by_id_or_redacting(sorted({*connected, *named, *targets}))
        stored = {EventId(entry.event_id): entry for entry in read}
        order = [event for event in oldest_first(connected) if _is_new(stored.get(event.event_id))]
        if not order:
            return False
        branches = Branches(server, room, self._ancestors, self._resolution, self._nids)
        rows = await self._rows(room, hole, order, branches, stored)
        placed = [row for row in rows if isinstance(row, EventRow)]
        rows += redactions(room, placed, order, stored)
        _watch(room, placed, stored)
        shown = [row.room_position for row in placed if not row.flags & REJECTED]
        lowest = min(shown, default=hole.below)
        missing = tuple(
            sorted(
                {
                    prev
                    for event in order
                    for prev in event.prev_events
                    if prev not in connected and _is_new(stored.get(prev))
                }
            )
        )
        if hole.floor is not None:
            rows.append(GapFilledRow(room_nid=room.room_nid, below=hole.floor, above=lowest, missing=missing))
        else:
            got = tuple(event_id for event_id in hole.wanted if event_id in connected)
            rows.append(BackwardRow(room_nid=room.room_nid, added=missing, removed=got))
        await write_beside(self._stream, self._rooms, room, rows)
        log.info("history filled", room_id=room.room_id, server=server, events=len(order), missing=len(missing))
        return True

    async def _rows(
        self,
        room: Room,
        hole: _Hole,
        order: Sequence[Event],
        branches: Branches,
        stored: Mapping[EventId, StoredEvent],
    ) -> list[Row]:
        """Rows of the events, oldest first, each in the state that its own parents leave."""
        numbers = await self._keys.intern([event.key for event in order if event.is_state])
        await self._nids.ensure(len(order))
        position = hole.below - len(order)
        rows: list[Row] = []
        for event in order:
            known = stored.get(event.event_id)
            stand = await branches.before(event)
            row = event_row(
                event,
                room,
                event_nid=known.event_nid if known is not None else await self._nids.take(),
                state_key_nid=numbers[event.key] if event.is_state else None,
            )
            row.promoted, row.historical = known is not None, True
            (row.chain_id, row.sequence), row.head_chain_id = stand.point, stand.point[0]
            row.room_position = position
            position += 1
            if not _is_allowed(event, stand.state, room):
                row.flags |= REJECTED
                branches.pass_by(event, stand)
            else:
                delta = await branches.follow(event, row.event_nid, stand, row.state_key_nid)
                if delta is not None:
                    row.head_chain_id, row.delta_sequence = delta
            rows.append(row)
        return [*branches.rows, *rows]


def redactions(
    room: Room, rows: Sequence[EventRow], events: Sequence[Event], stored: Mapping[EventId, StoredEvent]
) -> list[Row]:
    """Let redactions take effect, whichever came first: those among `events`, and stored ones of them.

    New rows that are redacted are changed; what is stored is redacted by the rows returned, what is not here yet later.
    """
    new = {row.event_id: row for row in rows}
    shown = [event for event in events if not new[event.event_id].flags & REJECTED]
    early = [event_of(one, room.rules) for one in stored.values() if one.type == REDACTION and not one.flags & HIDDEN]
    found: list[Row] = []
    for redaction in (*shown, *early):
        target = redaction.redacts(room.rules)
        if target is None:
            continue
        row, known = new.get(target), stored.get(target)
        if row is not None and not row.promoted:
            if may_redact(room, redaction, row):
                redact_row(row, redaction.event_id, room.rules)
        elif known is not None:
            redacted = redaction_of(room, redaction, known)
            found += [redacted] if redacted is not None and row is None else []
        elif redaction.event_id in new:
            found.append(EarlyRedactionRow(room_nid=room.room_nid, event_id=target, redaction_id=redaction.event_id))
    return found


def _watch(room: Room, rows: Sequence[EventRow], stored: Mapping[EventId, StoredEvent]) -> None:
    """Have those refused that a redaction comes of until they are stored."""
    early = {event_of(one, room.rules).redacts(room.rules) for one in stored.values() if one.type == REDACTION}
    for row in rows:
        row.unredacted = row.redacted_by is None and not row.promoted and row.event_id not in early


def _connected(found: Mapping[EventId, Event], wanted: Sequence[str]) -> dict[EventId, Event]:
    """What of an answer can be reached from the wanted events."""
    reached: dict[EventId, Event] = {}
    frontier = [EventId(event_id) for event_id in wanted if event_id in found]
    while frontier:
        event = found[frontier.pop()]
        if event.event_id not in reached:
            reached[event.event_id] = event
            frontier += [prev for prev in event.prev_events if prev in found]
    return reached


def _is_new(stored: StoredEvent | None) -> bool:
    return stored is None or bool(stored.flags & OUTLIER)


def _is_allowed(event: Event, state: Mapping[StateKey, Event], room: Room) -> bool:
    create = room.event(CREATE) if room.rules.create_is_room else None
    try:
        check(event, state, room.rules, create=create)
    except NotAllowed:
        return False
    return True
