"""Bringing the members into rooms that were joined without them: one process at a time, resumable at any step.

Fetch the state before our join, store it as outliers, let it stand where the room's first chain begins, check again
what came meanwhile. Each step does what the database says is still to be done: a killed process costs only its step.
Spec: Server-Server API, Joining Rooms, Retrieving events.
"""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import structlog

from homeserver.clock import Clock, Faults
from homeserver.errors import MatrixError, StorageFull, Unavailable
from homeserver.federation.client.errors import BadResponse, FederationError
from homeserver.federation.client.events import Events as PeerEvents
from homeserver.protocol import canonical_json
from homeserver.protocol.errors import ProtocolError
from homeserver.protocol.events import Event
from homeserver.protocol.identifiers import EventId
from homeserver.services.feed import Feed
from homeserver.services.heads import MEMBER, Room
from homeserver.services.intents import Stale
from homeserver.services.outliers import Outliers
from homeserver.services.partial.entries import Filling, row_of_stored
from homeserver.services.partial.gathering import Gathering
from homeserver.services.partial.rechecking import Rechecking
from homeserver.services.rooms import Rooms
from homeserver.services.turns import slices
from homeserver.storage.events.read import Events, StoredEvent
from homeserver.storage.leases import Leases
from homeserver.storage.partial_joins import PartialJoin, PartialJoins
from homeserver.storage.rows import REJECTED, PartialRow, Row, StateRow
from homeserver.storage.state import StateTable
from homeserver.storage.stream import Stream

log = structlog.get_logger()

LEASE: Final = "partial_joins"
LEASE_S: Final = 30.0
LOOK_S: Final = 10.0
"""Renews the lease. Joins are heard of at once, by the stream."""
AT_ONCE: Final = 3
"""Rooms that are fetched side by side: each holds its state as JSON. Those that pause after a failure do not count."""
MAX_SERVERS: Final = 6
MAX_TOLD: Final = 10
"""States that wait in memory; more are asked for again."""
MAX_STATE: Final = 400_000
FEW: Final = 100
"""So many events are fetched one by one; more come faster with the whole state."""
FIRST_PAUSE_S: Final = 2.0
MAX_PAUSE_S: Final = 600.0
PORTION: Final = 100
LOOKED_UP: Final = 5_000
TRIES: Final = 20


@dataclass(slots=True)
class _Progress:
    """Written down with each portion, for clients and admins."""

    table: PartialJoins
    room_nid: int
    total: int
    done: int = 0

    async def add(self, count: int) -> None:
        self.done = min(self.total, self.done + count)
        await self.table.save_progress(self.room_nid, self.done, self.total)


class Completing:
    """The worker."""

    def __init__(
        self,
        us: str,
        table: PartialJoins,
        rooms: Rooms,
        *,
        outliers: Outliers,
        gathering: Gathering,
        rechecking: Rechecking,
        events: Events,
        states: StateTable,
        peers: PeerEvents,
        stream: Stream,
        feed: Feed,
        leases: Leases,
        owner: str,
        clock: Clock,
        faults: Faults,
    ) -> None:
        self._us = us
        self._table = table
        self._rooms = rooms
        self._outliers = outliers
        self._gathering = gathering
        self._rechecking = rechecking
        self._events = events
        self._states = states
        self._peers = peers
        self._stream = stream
        self._feed = feed
        self._leases = leases
        self._owner = owner
        self._clock = clock
        self._faults = faults
        feed.register(self.apply)
        self._news = asyncio.Event()
        self._running: set[int] = set()
        """Rooms with a task, and those that are just being joined."""
        self._places = asyncio.Semaphore(AT_ONCE)
        self._told: dict[int, tuple[Collection[Event], Collection[EventId]]] = {}
        """States that came with joins, and which of their events are rejected, by room."""

    def apply(self, row: Row) -> None:
        """Hear of rooms that any process has joined; called by the feed."""
        if isinstance(row, PartialRow) and row.is_partial:
            self._news.set()

    @contextmanager
    def held(self, room_nid: int) -> Iterator[None]:
        """Leave a room alone that is just being joined, and look at it afterwards."""
        self._running.add(room_nid)
        try:
            yield
        finally:
            self._running.discard(room_nid)
            self._news.set()

    def told(self, room: Room, events: Collection[Event], rejected: Collection[EventId]) -> None:
        """Take a state that came whole with the join: nobody need be asked for it, unless another process goes on."""
        if len(self._told) < MAX_TOLD and not self._feed.is_shared:
            self._told[room.room_nid] = (events, rejected)

    async def run(self) -> None:
        """Do what is to be done; runs as long as the process."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._news.clear()
                try:
                    if not self._feed.is_shared or await self._leases.take(self._owner, [LEASE], LEASE_S):
                        await self._begin_all(tasks)
                except (Unavailable, StorageFull):
                    log.warning("members are put off", why="the database is away")
                try:
                    async with asyncio.timeout(LOOK_S):
                        await self._news.wait()
                except TimeoutError:
                    continue

    async def _begin_all(self, tasks: asyncio.TaskGroup) -> None:
        for join in await self._table.unfinished():
            if join.room_nid not in self._running:
                self._running.add(join.room_nid)
                tasks.create_task(self._until_whole(join))

    async def _until_whole(self, join: PartialJoin) -> None:
        """Try, with pauses that grow, until the room is whole or nobody here is in it."""
        pause = FIRST_PAUSE_S
        try:
            while not await self._try_in_turn(join):
                await self._clock.sleep(pause)
                pause = min(MAX_PAUSE_S, pause * 2)
        finally:
            self._told.pop(join.room_nid, None)
            self._running.discard(join.room_nid)
            self._news.set()

    async def _try_in_turn(self, join: PartialJoin) -> bool:
        async with self._places:
            return await self._try(join)

    async def _try(self, join: PartialJoin) -> bool:
        try:
            room = await self._rooms.find(join.room_id)
            if room is not None and room.is_partial and room.has_server(self._us):
                await self._complete(room, join)
        except (FederationError, MatrixError, ProtocolError, Stale) as error:
            log.info("members still lack", room_id=join.room_id, why=str(error))
            return False
        except Exception:
            log.exception("members still lack", room_id=join.room_id)
            return False
        return True

    async def _complete(self, room: Room, join: PartialJoin) -> None:
        began = self._clock.monotonic()
        join = await self._with_what_was_told(room, join)
        state = await self._fetched(room, join)
        await self._faults.at("partial.fetched")
        await self._fill(room, state)
        await self._faults.at("partial.filled")
        await self._rechecking.close(join)
        took = round(self._clock.monotonic() - began, 1)
        log.info("room is whole", room_id=join.room_id, state=len(state), seconds=took)

    # -- the state before our join ---------------------------------------------------------------------------------

    async def _with_what_was_told(self, room: Room, join: PartialJoin) -> PartialJoin:
        """Store what came with the join, if it did: only its place lacks then."""
        events, rejected = self._told.pop(room.room_nid, ((), ()))
        if not events:
            return join
        await self._outliers.store(room, events, rejected)
        await self._table.save_progress(room.room_nid, len(events), len(events))
        return join._replace(done=len(events), total=len(events))

    async def _fetched(self, room: Room, join: PartialJoin) -> Sequence[EventId]:
        """Ids of the state, all stored. Raises what the last of the servers answered."""
        told = await self._states.state_at((room.chain_id, 0))
        known = {EventId(entry.event_id) for key, entry in told.items() if key[0] != MEMBER}
        problem: Exception = Unavailable("Nobody is left to be asked.")
        others = [server for server in join.servers if server not in (self._us, join.via)]
        for server in [join.via, *others][:MAX_SERVERS]:
            try:
                state = await self._fetch_from(server, room, join)
                if not known <= set(state):
                    # Who took the join told another state then; whoever lies, one of the two does.
                    raise BadResponse(server, "the state before the join is not the one that was told with it")
            except (FederationError, ProtocolError) as error:
                log.info("members not told", server=server, room_id=room.room_id, why=str(error))
                problem = error
            else:
                return state
        raise problem

    async def _fetch_from(self, server: str, room: Room, join: PartialJoin) -> list[EventId]:
        if join.done:
            state = await self._resumed(server, room, join)
            if state is not None:
                return state
        pdus, auth_chain = await self._peers.state(server, room.room_id, join.event_id)
        if len(pdus) + len(auth_chain) > MAX_STATE:
            raise BadResponse(server, f"the state has more than {MAX_STATE} events")
        progress = _Progress(self._table, room.room_nid, len(pdus) + len(auth_chain))
        ids = await self._gathering.store(room, [*pdus, *auth_chain], progress.add)
        return [event_id for event_id in ids[: len(pdus)] if event_id is not None]

    async def _resumed(self, server: str, room: Room, join: PartialJoin) -> list[EventId] | None:
        """The state, where most of it was stored before a restart; None if it is easier to fetch all of it."""
        told = await self._peers.state_ids(server, room.room_id, join.event_id)
        named = list(dict.fromkeys([*told.state, *told.auth_chain]))
        missing: set[str] = set()
        async for portion in slices(named, LOOKED_UP):
            missing |= await self._events.missing(portion)
            if len(missing) > FEW:
                return None
        progress = _Progress(self._table, room.room_nid, len(named), len(named) - len(missing))
        texts = [await self._text(server, event_id) for event_id in sorted(missing)]
        await self._gathering.store(room, [text for text in texts if text], progress.add)
        return [EventId(event_id) for event_id in told.state]

    async def _text(self, server: str, event_id: str) -> bytes:
        """One PDU as JSON, empty if it is not to be had."""
        try:
            return canonical_json.encode_lenient(await self._peers.event(server, event_id))
        except FederationError:
            return b""

    # -- its place in the room -------------------------------------------------------------------------------------

    async def _fill(self, room: Room, state: Sequence[EventId]) -> None:
        """Let every entry that lacks stand at the beginning of the room's first chain."""
        taken: set[int] = set()
        async for portion in slices(state, PORTION):
            stored = [one for one in await self._events.by_id(portion) if _is_entry(one, room) and one.state_key_nid]
            await self._faults.at("partial.filling")
            await self._fill_portion(room, [one for one in stored if _first(one, taken)])

    async def _fill_portion(self, begun: Room, stored: Sequence[StoredEvent]) -> None:
        room_id = begun.room_id
        for _ in range(TRIES):
            room = await self._rooms.room(room_id)
            if not room.is_partial or room.chain_id != begun.chain_id:
                raise Unavailable("The room was emptied, or entered anew.")
            rows = await self._rows(room, stored)
            if not rows:
                return
            try:
                outcome = await self._stream.submit(Filling(self._rooms, room, rows))
            except Stale:
                continue
            if not outcome.refused:
                await self._feed.reached(outcome.last)
                return
            await self._rooms.reload(room_id)
        raise Unavailable("The room is too busy.")

    async def _rows(self, room: Room, stored: Collection[StoredEvent]) -> list[StateRow]:
        spans = await self._states.spans(room.chain_id, [one.state_key_nid for one in stored if one.state_key_nid])
        rows: list[StateRow] = []
        for one in stored:
            number = one.state_key_nid or 0
            first, last = spans.get(number, (None, 0))
            if first == 0:
                continue
            row = row_of_stored(room, one)
            row.is_current = last == 0  # else it was changed since
            rows.append(row)
        return rows


def _is_entry(stored: StoredEvent, room: Room) -> bool:
    return stored.room_nid == room.room_nid and stored.state_key is not None and not stored.flags & REJECTED


def _first(stored: StoredEvent, taken: set[int]) -> bool:
    """Whether nothing told before holds the same key."""
    number = stored.state_key_nid or 0
    if number in taken:
        return False
    taken.add(number)
    return True
