"""Working off what is staged: fetching the ancestors of events that came before them, within budgets.

Rooms are worked on side by side, one room by one worker at a time, whatever the number of processes; origins in a room
take turns. Spec: Server-Server API, Backfilling and retrieving missing events; Room State Resolution.
"""

import asyncio
from collections.abc import Container, Mapping, Sequence
from contextlib import suppress
from typing import Final

import structlog

from homeserver.clock import Clock
from homeserver.errors import MatrixError
from homeserver.federation.client.errors import FederationError
from homeserver.federation.client.events import Events as PeerEvents
from homeserver.protocol import canonical_json
from homeserver.protocol.errors import ProtocolError
from homeserver.protocol.events import Event
from homeserver.protocol.identifiers import EventId
from homeserver.services.acceptance import Acceptance, MissingAncestors
from homeserver.services.ancestors import Ancestors, oldest_first
from homeserver.services.heads import Room
from homeserver.services.intents import Stale
from homeserver.services.known import Known
from homeserver.services.rooms import Rooms
from homeserver.storage.errors import DatabaseDown, DatabaseFull
from homeserver.storage.events.read import Events
from homeserver.storage.rows import OUTLIER, StagedDoneRow
from homeserver.storage.staging import Staged, StagedRoom, StagingTable

log = structlog.get_logger()

WORKERS: Final = 8
CLAIM_MS: Final = 6_000
"""So long a process that died keeps a room from the others at most."""
RENEW_S: Final = 2.0
BUDGET_S: Final = 100.0
"""For one room's turn; what is not done then waits for its next turn."""
POLL_S: Final = 5.0
PER_TURN: Final = 100
PRUNE_S: Final = 3600.0
KEPT_MS: Final = 3 * 24 * 3600 * 1000
MISSING_LIMIT: Final = 20
MAX_MISSING_ROUNDS: Final = 5
FIRST_PAUSE_MS: Final = 10_000
MAX_PAUSE_MS: Final = 3_600_000
MAX_ATTEMPTS: Final = 12
LIFE_MS: Final = 4 * 3_600_000
"""After so many attempts and so long a PDU is given up: nobody has its ancestors. It takes both, since contact with
its origin brings attempts forward."""


class InboundWork:
    """The workers."""

    def __init__(
        self,
        owner: str,
        rooms: Rooms,
        acceptance: Acceptance,
        *,
        staging: StagingTable,
        events: Events,
        peers: PeerEvents,
        ancestors: Ancestors,
        clock: Clock,
    ) -> None:
        self._owner = owner
        self._rooms = rooms
        self._acceptance = acceptance
        self._staging = staging
        self._events = events
        self._peers = peers
        self._ancestors = ancestors
        self._clock = clock
        self._wake = asyncio.Event()
        self._back: set[str] = set()
        self._at_work: dict[str, int] = {}
        """Worker -> the number of the room that it works on."""

    def peer_is_back(self, server: str) -> None:
        """A server that failed speaks to us again: what waits for it is tried soon."""
        self._back.add(server)
        self._wake.set()

    def wake(self) -> None:
        """There is something to do."""
        self._wake.set()

    async def run(self) -> None:
        """Work; runs as long as the process."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._forget_answers())
            tasks.create_task(self._keep_claims())
            for number in range(WORKERS):
                # One of them looks now and then for what was put off or left by a dead process.
                tasks.create_task(self._work(f"{self._owner}-{number}", POLL_S if number == 0 else None))

    async def _work(self, owner: str, poll_s: float | None) -> None:
        while True:
            self._wake.clear()  # before looking, so that what comes meanwhile is looked for again
            try:
                await self._bring_forward()
                now = self._clock.now_ms()
                rooms = await self._staging.claim(owner, now, now + CLAIM_MS, 1)
                if rooms:
                    self._wake.set()
                    self._at_work[owner] = rooms[0].room_nid
                    try:
                        await self._work_off(rooms[0], owner)
                    finally:
                        del self._at_work[owner]
                else:
                    await self._rest(poll_s)
            except (DatabaseDown, DatabaseFull):
                await self._clock.sleep(1.0)

    async def _bring_forward(self) -> None:
        """Not at once: a peer that comes and goes costs an attempt in ten seconds at most."""
        if self._back:
            back, self._back = self._back, set()
            try:
                await self._staging.bring_forward(sorted(back), self._clock.now_ms() + FIRST_PAUSE_MS)
            except (DatabaseDown, DatabaseFull):
                self._back |= back
                raise

    async def _rest(self, poll_s: float | None) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(poll_s):
                await self._wake.wait()

    async def _forget_answers(self) -> None:
        """Peers repeat a transaction for hours, not for days."""
        while True:
            await self._clock.sleep(PRUNE_S)
            try:
                await self._staging.prune(self._clock.now_ms() - KEPT_MS)
            except (DatabaseDown, DatabaseFull):
                continue

    async def _work_off(self, room: StagedRoom, owner: str) -> None:
        """One turn of one room. An event that fails is put off alone; nothing stops the worker."""
        pdu: Staged | None = None
        try:
            async with asyncio.timeout(BUDGET_S):
                for pdu in _in_turn(await self._staging.of_room(room.room_nid, owner, PER_TURN)):
                    await self._try_one(room, pdu)
        except TimeoutError:
            log.info("room takes another turn", room_id=room.room_id)
            if pdu is not None:
                await self._put_off(room, pdu)  # or the next turn would begin, and end, with it
        await self._staging.release(room.room_nid, owner)

    async def _keep_claims(self) -> None:
        """A claim holds as long as somebody works on the room."""
        while True:
            await self._clock.sleep(RENEW_S)
            with suppress(DatabaseDown, DatabaseFull):
                for owner, room_nid in list(self._at_work.items()):
                    await self._staging.renew(room_nid, owner, self._clock.now_ms() + CLAIM_MS)

    async def _try_one(self, room: StagedRoom, pdu: Staged) -> None:
        try:
            await self._take(room, pdu)
        except (DatabaseDown, DatabaseFull):
            raise
        except (FederationError, MissingAncestors, Stale, MatrixError, ProtocolError) as error:
            log.info("staged event put off", room_id=room.room_id, event_id=pdu.event_id, why=str(error))
        except Exception:
            log.exception("staged event failed", room_id=room.room_id, event_id=pdu.event_id)
        else:
            return
        await self._put_off(room, pdu)

    async def _put_off(self, room: StagedRoom, pdu: Staged) -> None:
        now = self._clock.now_ms()
        if pdu.attempts >= MAX_ATTEMPTS and now - pdu.received_ts >= LIFE_MS:
            await self._staging.done(room.room_nid, [pdu.event_id])
        else:
            pause = min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** min(pdu.attempts, MAX_ATTEMPTS))
            await self._staging.put_off(room.room_nid, [pdu.event_id], now + pause)

    async def _take(self, staged_in: StagedRoom, pdu: Staged) -> None:
        """Judge one staged PDU, with whatever ancestors have to be fetched first."""
        room = await self._rooms.find(staged_in.room_id)
        if room is not None:
            (event,) = await self._acceptance.read([canonical_json.decode(pdu.pdu)], room.rules)
            if isinstance(event, Event):
                done = StagedDoneRow(room_nid=room.room_nid, event_id=pdu.event_id)
                await self._with_ancestors(pdu.origin, room, event, done)
        await self._staging.done(staged_in.room_nid, [pdu.event_id])

    async def _with_ancestors(self, origin: str, room: Room, event: Event, done: StagedDoneRow) -> None:
        missing = await self._try(room, event, done)
        if missing is not None and missing.prev_events:
            await self._fetch_missing(origin, room, event)
            missing = await self._try(room, event, done)
        if missing is not None and missing.auth_events:
            await self._ancestors.fetch_auth_chain(origin, room, event)
            missing = await self._try(room, event, done)
        if missing is not None:
            given = await self._ancestors.state_before(origin, room, event, missing.prev_events)
            await self._acceptance.take(room.room_id, event, given=given, rows=(done,))

    async def _try(self, room: Room, event: Event, done: StagedDoneRow) -> MissingAncestors | None:
        try:
            await self._acceptance.take(room.room_id, event, rows=(done,))
        except MissingAncestors as missing:
            return missing
        return None

    # -- the gap between what we have and the event ----------------------------------------------------------------

    async def _fetch_missing(self, origin: str, room: Room, event: Event) -> None:
        """Ask for what lies between our tips and the event, and take it, oldest first."""
        head = await self._rooms.room(room.room_id)
        earliest = [tip.event_id for tip in head.extremities.values()][-MISSING_LIMIT:]
        found: dict[EventId, Event] = {}
        had: set[str] = set()
        between: dict[EventId, Event] = {}
        latest: list[EventId] = [event.event_id]
        for _ in range(MAX_MISSING_ROUNDS):
            pdus = await self._peers.missing_events(
                origin, room.room_id, earliest=earliest, latest=latest, limit=MISSING_LIMIT
            )
            read = await self._acceptance.read(pdus[:MISSING_LIMIT], room.rules)
            here = [e for e in read if isinstance(e, Event) and e.room_id == room.room_id]
            new = {e.event_id: e for e in here if e.event_id not in found}
            if not new:
                break
            found |= new
            had |= {stored.event_id for stored in await self._events.by_id(sorted(new)) if not stored.flags & OUTLIER}
            between = _between(event, found, had)
            named = {prev for fetched in between.values() for prev in fetched.prev_events} - found.keys()
            unknown = await self._events.missing(sorted(named)) if named else set()
            latest = [one for one in new if one in between and not unknown.isdisjoint(between[one].prev_events)]
            if not latest:
                break
        known = Known()
        for fetched in oldest_first(between):
            try:
                await self._acceptance.take(room.room_id, fetched, known=known)
            except MissingAncestors as missing:
                if missing.auth_events:
                    await self._ancestors.fetch_auth_chain(origin, room, fetched)
                if missing.prev_events:
                    given = await self._ancestors.state_before(origin, room, fetched, missing.prev_events)
                    await self._acceptance.take(room.room_id, fetched, given=given)
                elif missing.auth_events:
                    await self._acceptance.take(room.room_id, fetched)


def _between(event: Event, found: Mapping[EventId, Event], had: Container[str]) -> dict[EventId, Event]:
    """Those of the fetched events from which no event that we have parts this one.

    A peer that does not know our tips walks past them. What lies below events that we have is no news: taken now, it
    would be a forward extremity, and bring a state from before our join into the head's.
    """
    between: dict[EventId, Event] = {}
    frontier = list(event.prev_events)
    while frontier:
        event_id = frontier.pop()
        if event_id in found and event_id not in had and event_id not in between:
            between[event_id] = found[event_id]
            frontier += found[event_id].prev_events
    return between


def _in_turn(staged: Sequence[Staged]) -> list[Staged]:
    """Oldest first for each origin, origins taking turns."""
    queues: dict[str, list[Staged]] = {}
    for pdu in staged:
        queues.setdefault(pdu.origin, []).append(pdu)
    turns: list[Staged] = []
    while queues:
        for origin in list(queues):
            turns.append(queues[origin].pop(0))
            if not queues[origin]:
                del queues[origin]
    return turns
