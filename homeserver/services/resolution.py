"""States that are not the head's: the state where branches of a room meet, and what a late event does to the head.

Drives `protocol.state_resolution` with events from PostgreSQL and turns its result into rows of snapshot chains. Not
for deciding whether an event is allowed (`acceptance`). Spec: Server-Server API, Room State Resolution.
"""

import asyncio
from collections.abc import Awaitable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

import structlog

from homeserver.clock import Clock
from homeserver.protocol.auth_chain import TooManyEvents
from homeserver.protocol.errors import ProtocolError
from homeserver.protocol.events import Event, StateKey, join
from homeserver.protocol.identifiers import EventId
from homeserver.services.event_rows import shown_text
from homeserver.services.heads import MEMBER, Member, Room
from homeserver.services.intents import THIS, StateChange
from homeserver.services.resolving import Head, Meeting, Resolving, Side
from homeserver.storage.database import NidBlocks
from homeserver.storage.events.read import Events, StoredEvent
from homeserver.storage.rows import REJECTED, ChainRow, Row, StateRow
from homeserver.storage.state import StateKeys, StateTable

log = structlog.get_logger()

Point = tuple[int, int]
_Result = TypeVar("_Result")

MAX_LEVEL: Final = 4
MAX_TIPS: Final = 20
"""Branches that are resolved one by one; a room whose events are answered has few."""
LIMIT_S: Final = 20.0
SLOW_S: Final = 1.0
THREADS: Final = 2


@dataclass(frozen=True, slots=True)
class Merge:
    """What an event beside the head does: where its own state change is written, and what the head's state becomes."""

    delta: Point | None = None
    changes: Sequence[StateChange] = ()
    rows: Sequence[Row] = ()


class TooSlow(ProtocolError):
    """A resolution took longer than it may."""


class Resolution:
    """Resolves states of one room at a time, beside the event loop."""

    def __init__(self, events: Events, states: StateTable, keys: StateKeys, nids: NidBlocks, clock: Clock) -> None:
        self._events = events
        self._states = states
        self._keys = keys
        self._nids = nids
        self._clock = clock
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="resolve")

    async def joined(self, room: Room, points: Sequence[Point]) -> tuple[Point, list[Row]]:
        """The state where branches with these states meet: one of the points, or a new chain with its rows."""
        unique = list(dict.fromkeys(points))
        if len(unique) == 1:
            return unique[0], []
        if not await self._states.diff(unique):
            return unique[0], []
        changed = await self._resolve(room, [Side(point) for point in unique], is_head=False)
        return await self._branch(room, unique[0], changed)

    async def given(self, room: Room, state: Mapping[StateKey, tuple[int, EventId]]) -> tuple[Point, list[Row]]:
        """A chain of its own for a state that a peer told: (event number, id) by key."""
        chain_id, numbers = await self._new_chain(state)
        rows: list[Row] = [
            ChainRow(chain_id=chain_id, room_nid=room.room_nid, parent_chain=None, parent_sequence=None, level=0)
        ]
        rows += [state_row(room, (chain_id, 0), key, numbers[key], entry) for key, entry in state.items()]
        return (chain_id, 0), rows

    async def events_at(
        self, room: Room, point: Point, extra: Sequence[Row], keys: Collection[StateKey]
    ) -> dict[StateKey, Event]:
        """State events under `keys` at a point, which may be on a chain that is among `extra` and not stored yet."""
        new = {(row.type, row.state_key): row for row in extra if isinstance(row, StateRow)}
        ids = {row.event_id for key, row in new.items() if key in keys and row.event_id is not None}
        chain = next((row for row in extra if isinstance(row, ChainRow)), None)
        stored_at = point if chain is None else _parent(chain)
        wanted = [key for key in keys if key not in new]
        if stored_at is not None and wanted:
            ids |= {entry.event_id for entry in (await self._states.state_at(stored_at, wanted)).values()}
        found = await self._events.by_id(sorted(ids))
        return {event.key: event for event in (join(s.body, s.envelope, room.rules) for s in found)}

    async def merge(
        self,
        room: Room,
        event: Event,
        point: Point,
        extra: Sequence[Row],
        *,
        behind: Collection[EventId] = (),
        is_tip: bool = True,
    ) -> Merge:
        """What committing `event`, with the state `point` before it, does to the head.

        The new head's state is the resolution of the states of all tips, the event among them. `behind`: those that it
        follows beside the ones that it names. Not `is_tip`: others follow it already.
        """
        delta, rows = await self.delta_of(room, event, point, extra)
        gone = {*event.prev_events, *behind}
        if not is_tip:
            return Merge(delta, await self.without(room, event, gone), rows)
        if event.state_key is None and point == (room.chain_id, room.sequence) and not behind:
            return Merge(delta, (), rows)
        sides = [*_sides(room, gone), _side_after(event, point, extra)]
        changed = await self._resolve(room, sides, event)
        return Merge(delta, await self.changes(room, changed, event), rows)

    async def without(self, room: Room, event: Event, gone: Collection[EventId]) -> Sequence[StateChange]:
        """What the head's state becomes when `gone` are tips no more because of `event`, which is none itself."""
        if not any(tip.event_id in gone for tip in room.extremities.values()):
            return ()
        changed = await self._resolve(room, _sides(room, gone), event)
        return await self.changes(room, changed, event)

    # -- chains ----------------------------------------------------------------------------------------------------

    async def _branch(
        self, room: Room, parent: Point, changed: Mapping[StateKey, EventId | None]
    ) -> tuple[Point, list[Row]]:
        """A side chain from `parent` on which `changed` is written; a full copy where the chain would be too deep."""
        level = (await self._states.levels([parent[0]])).get(parent[0], 0) + 1
        entries = dict(changed)
        above: Point | None = parent
        if level > MAX_LEVEL and not room.is_partial:  # a copy would lack for ever what lacks now
            whole = {key: EventId(entry.event_id) for key, entry in (await self._states.state_at(parent)).items()}
            entries = {key: event_id for key, event_id in {**whole, **changed}.items() if event_id is not None}
            above, level = None, 0
        wanted = sorted({event_id for event_id in entries.values() if event_id is not None})
        nids = {found.event_id: found.event_nid for found in await self._events.by_id(wanted)} if wanted else {}
        chain_id, numbers = await self._new_chain(entries)
        rows: list[Row] = [
            ChainRow(
                chain_id=chain_id,
                room_nid=room.room_nid,
                parent_chain=above[0] if above else None,
                parent_sequence=above[1] if above else None,
                level=level,
            )
        ]
        for sequence, (key, event_id) in enumerate(entries.items(), start=1):
            entry = (nids[event_id], event_id) if event_id is not None else None
            rows.append(state_row(room, (chain_id, sequence), key, numbers[key], entry))
        return (chain_id, len(entries)), rows

    async def delta_of(
        self, room: Room, event: Event, point: Point, extra: Sequence[Row]
    ) -> tuple[Point | None, list[Row]]:
        """Where a state event beside the head writes itself: on the new chain before it, or on one of its own."""
        if event.state_key is None:
            return None, []
        if any(isinstance(row, ChainRow) and row.chain_id == point[0] for row in extra):
            return (point[0], point[1] + 1), []
        (chain_id, sequence), rows = await self._branch(room, point, {})
        return (chain_id, sequence + 1), rows

    async def _new_chain(self, keys: Collection[StateKey]) -> tuple[int, dict[StateKey, int]]:
        numbers = await self._keys.intern(list(keys)) if keys else {}
        await self._nids.ensure(1)
        return self._nids.next(), numbers

    # -- resolving -------------------------------------------------------------------------------------------------

    async def _resolve(
        self, room: Room, sides: Sequence[Side], event: Event | None = None, *, is_head: bool = True
    ) -> dict[StateKey, EventId | None]:
        """What is different in the resolved state from the head's, or from the first side.

        Raises TooManyEvents, TooSlow: the room stays as it is."""
        return await self._limited(room, self._walk(room, sides, event, is_head=is_head))

    async def of_states(
        self,
        room: Room,
        states: Sequence[Mapping[StateKey, EventId]],
        at_hand: Mapping[EventId, Event],
        rejected: Collection[EventId],
    ) -> Meeting:
        """The end of resolving states that are laid out; events that are not stored are `at_hand`.

        Raises TooManyEvents, TooSlow, UnknownEvents.
        """
        meeting = Meeting.of(states, room.rules, at_hand, rejected)
        await self._limited(room, self._feed(meeting))
        return meeting

    async def _limited(self, room: Room, work: Awaitable[_Result]) -> _Result:
        began = self._clock.monotonic()
        try:
            async with asyncio.timeout(LIMIT_S):
                return await work
        except TooManyEvents as error:
            log.error("state not resolved", room_id=room.room_id, why=str(error))  # noqa: TRY400 - no fault of ours
            raise
        except TimeoutError as error:
            log.error("state not resolved", room_id=room.room_id, why="it takes too long")  # noqa: TRY400 - as above
            raise TooSlow(f"resolving the state of {room.room_id} takes more than {LIMIT_S:.0f} s") from error
        finally:
            took_s = self._clock.monotonic() - began
            if took_s > SLOW_S:
                log.warning("slow state resolution", room_id=room.room_id, seconds=round(took_s, 1))

    async def _walk(
        self, room: Room, sides: Sequence[Side], event: Event | None, *, is_head: bool
    ) -> dict[StateKey, EventId | None]:
        """Compute in a thread, and feed it with stored events from here, whole auth chains at once."""
        head = Head.of(room)
        points = list(dict.fromkeys([head.point, *(side.point for side in sides if side.point is not None)]))
        differences = await self._states.diff(points) if len(points) > 1 else []
        thread = Resolving(
            room.rules, head, sides, points=points, differences=differences, event=event, is_head=is_head
        )
        await self._feed(thread)
        return thread.changed

    async def _feed(self, thread: Resolving | Meeting) -> None:
        loop = asyncio.get_running_loop()
        lacking = await loop.run_in_executor(self._pool, thread.begin)
        while lacking is not None:
            stored = await self._events.with_auth_chain(lacking) if lacking else []
            lacking = await loop.run_in_executor(self._pool, thread.go_on, stored)

    def close(self) -> None:
        """Let go of the threads; what they compute is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def changes(
        self,
        room: Room,
        changed: Mapping[StateKey, EventId | None],
        event: Event,
    ) -> list[StateChange]:
        """The changes of the current state by key, with what the head needs to follow; `event` is being committed."""
        wanted = [event_id for event_id in changed.values() if event_id is not None and event_id != event.event_id]
        stored = {found.event_id: found for found in await self._events.by_id(wanted)} if wanted else {}
        changes: list[StateChange] = []
        for key, event_id in sorted(changed.items()):
            if event_id is None:
                changes.append(StateChange(key, None, None))
            elif event_id == event.event_id:
                changes.append(StateChange(key, THIS, event_id, b"", _member(key, event, THIS)))
            else:
                found = stored[event_id]
                member = _member(key, join(found.body, found.envelope, room.rules), found.event_nid)
                changes.append(StateChange(key, found.event_nid, event_id, found.body, member))
        return changes


def point_after(stored: StoredEvent) -> Point:
    """The state after a stored event: after itself where it changed it, else the state before it."""
    if stored.delta_sequence is None or stored.flags & REJECTED:
        return stored.chain_id, stored.sequence
    return stored.head_chain_id or stored.chain_id, stored.delta_sequence


def _sides(room: Room, replaced: Collection[EventId]) -> list[Side]:
    """The states of the tips, but for those that are replaced."""
    tips = [(tip.chain_id, tip.sequence) for tip in room.extremities.values() if tip.event_id not in replaced]
    points = list(dict.fromkeys(tips))
    if len(points) > MAX_TIPS:
        # Whoever forks a room a thousand times is not to cost a thousand states with each event: the head's own
        # state stands for the older tips, of which it is made.
        points = list(dict.fromkeys([(room.chain_id, room.sequence), *points[-MAX_TIPS:]]))
    return [Side(point) for point in points]


def _side_after(event: Event, point: Point, extra: Sequence[Row]) -> Side:
    """The state after an event whose state before may be on a chain that is not stored yet."""
    chain = next((row for row in extra if isinstance(row, ChainRow) and row.chain_id == point[0]), None)
    over: list[tuple[StateKey, EventId | None]] = [
        ((row.type, row.state_key), EventId(row.event_id) if row.event_id is not None else None)
        for row in extra
        if isinstance(row, StateRow)
    ]
    if event.state_key is not None:
        over.append((event.key, event.event_id))
    return Side(point if chain is None else _parent(chain), over)


def _parent(chain: ChainRow) -> Point | None:
    if chain.parent_chain is None or chain.parent_sequence is None:
        return None
    return chain.parent_chain, chain.parent_sequence


def _member(key: StateKey, event: Event, event_nid: int) -> Member | None:
    if key[0] != MEMBER:
        return None
    return Member(
        event.membership or "leave",
        event_nid,
        event.event_id,
        shown_text(event.content.get("displayname")),
        shown_text(event.content.get("avatar_url")),
    )


def state_row(room: Room, point: Point, key: StateKey, key_nid: int, entry: tuple[int, str] | None) -> StateRow:
    """One entry (event number, id) of a side chain; None: the key has nothing from here on."""
    return StateRow(
        room_nid=room.room_nid,
        room_id=room.room_id,
        chain_id=point[0],
        sequence=point[1],
        type=key[0],
        state_key=key[1],
        state_key_nid=key_nid,
        event_nid=entry[0] if entry else None,
        event_id=entry[1] if entry else None,
        is_current=False,
    )
