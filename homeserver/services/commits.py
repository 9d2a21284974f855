"""The room queues: intents and finished events wait per room, and become one room's part of the next batch.

An intent turns into a signed event only when the batch is cut, on top of the newest head, so nothing is built twice
unless another process was faster. A refused room is read again and built again, in the order it was asked for; nothing
is answered before its commit. Not for: what an intent turns into (`event_builder`); who may send what beyond the
authorisation rules (`sending`, `membership`).
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from homeserver.clock import Clock
from homeserver.errors import MatrixError, Unavailable
from homeserver.protocol.events import Event, StateKey
from homeserver.protocol.identifiers import EventId, RoomId
from homeserver.protocol.signing import SigningKey
from homeserver.services.event_builder import Check, EventBuilder, Notifications
from homeserver.services.feed import Feed
from homeserver.services.heads import Room
from homeserver.services.intents import Committed, Finished, Intent, Repeated, Stale, changes_state, state_keys
from homeserver.services.references import References
from homeserver.services.rooms import Rooms
from homeserver.services.working_head import WorkingHead
from homeserver.storage.database import NidBlocks
from homeserver.storage.errors import BadRow
from homeserver.storage.events.read import Events
from homeserver.storage.rows import EventRow, Rows, TxnKey
from homeserver.storage.state import StateKeys
from homeserver.storage.stream import Outcome, Stream

log = structlog.get_logger()

MAX_PER_BATCH = 100
REFUSALS_BEFORE_WAITING = 3
REMEMBERED_TXNS = 20_000


class SignedFirst(Protocol):
    """Commits what another server must sign before it is sent."""

    def wants(self, room: Room, intent: Intent) -> bool:
        """Whether the event is one of those."""

    async def commit(self, room: Room, intent: Intent) -> Committed:
        """Build, have signed and commit."""


@dataclass(slots=True)
class _Waiting:
    """What waits in a queue: one intent, or several that are committed together or not at all."""

    intents: Sequence[Intent | Finished]
    future: asyncio.Future[list[Committed]]
    nids: Mapping[StateKey, int]

    @property
    def txn(self) -> TxnKey | None:
        return self.intents[0].txn

    def fail(self, error: Exception) -> None:
        """Answer with an error. Nobody may be listening any more, which is no error of its own."""
        if not self.future.done():
            self.future.set_exception(error)
            self.future.exception()


@dataclass(slots=True)
class _Queue:
    room_id: RoomId
    waiting: deque[_Waiting] = field(default_factory=deque)
    running: bool = False
    refused: int = 0
    alone: int = 0
    """So many of the next are committed one by one: one of them cannot be stored."""


class Commits:
    """One queue per busy room; all queues feed the one stream."""

    def __init__(
        self,
        *,
        rooms: Rooms,
        stream: Stream,
        feed: Feed,
        state_keys: StateKeys,
        nids: NidBlocks,
        key: SigningKey,
        notifications: Notifications,
        events: Events,
        clock: Clock,
    ) -> None:
        self.rooms = rooms
        self.references = References(events)
        self._stream = stream
        self._feed = feed
        self._state_keys = state_keys
        self._nids = nids
        self._builder = EventBuilder(
            references=self.references, nids=nids, key=key, notifications=notifications, clock=clock
        )
        self._queues: dict[int, _Queue] = {}
        self._pending_txns: dict[TxnKey, asyncio.Future[list[Committed]]] = {}
        self._known_txns: OrderedDict[TxnKey, EventId] = OrderedDict()
        self._tasks: asyncio.TaskGroup | None = None
        self._signed_first: SignedFirst | None = None

    def check_by(self, check: Check) -> None:
        """Have every event of a local user checked by this too, on the head it is built on; it raises Forbidden."""
        self._builder.check = check

    def sign_first_by(self, signed_first: SignedFirst) -> None:
        """Hand over events that another server must sign before they are sent."""
        self._signed_first = signed_first

    async def run(self) -> None:
        """Own the tasks of the room queues; runs as long as the process."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            await asyncio.get_running_loop().create_future()

    async def intern(self, keys: Sequence[StateKey]) -> None:
        """Have the numbers of state keys ready for an intent that will come."""
        await self._state_keys.intern(keys)

    async def commit(self, room: Room, intent: Intent | Finished) -> Committed:
        """Commit one event to the room and wait for it.

        A cancelled caller does not take its intent back. Raises Forbidden (authorisation rules), Stale (finished
        events), TooLarge, BadJson, or what the database says.
        """
        txn = intent.txn if isinstance(intent, Intent) else None
        if txn is None:
            return (await self.commit_all(room, [intent]))[0]
        known = self._known_txns.get(txn)
        if known is not None:
            return Committed(known, 0, repeated=True)
        pending = self._pending_txns.get(txn)
        if pending is not None:
            return (await asyncio.shield(pending))[0]._replace(repeated=True)
        future = self._pending_txns[txn] = asyncio.get_running_loop().create_future()
        future.add_done_callback(lambda _: self._pending_txns.pop(txn, None))
        if isinstance(intent, Intent) and self._signed_first is not None and self._signed_first.wants(room, intent):
            return await self._have_signed(self._signed_first, room, intent, future)
        return (await self._enqueue(room, [intent], future))[0]

    async def sealed(self, room: Room, intent: Intent) -> Event:
        """Build and sign an event on the head as it is now, without committing it: another server signs it first.

        Raises Forbidden, BadJson, TooLarge.
        """
        await self._builder.refer(room, [intent])
        event, _ = self._builder.event(WorkingHead(room), intent)
        return event

    async def commit_all(self, room: Room, intents: Sequence[Intent | Finished]) -> list[Committed]:
        """Commit several events in this order, in one batch, or none of them. Raises as `commit` does.

        Where another server must sign them first, they are committed one by one.
        """
        first = self._signed_first
        if first is not None and any(isinstance(one, Intent) and first.wants(room, one) for one in intents):
            return [
                await first.commit(room, one)
                if isinstance(one, Intent)
                else (await self._enqueue(room, [one], asyncio.get_running_loop().create_future()))[0]
                for one in intents
            ]
        return await self._enqueue(room, intents, asyncio.get_running_loop().create_future())

    async def _have_signed(
        self, first: SignedFirst, room: Room, intent: Intent, future: "asyncio.Future[list[Committed]]"
    ) -> Committed:
        waiting = _Waiting([intent], future, {})
        try:
            committed = await first.commit(room, intent)
        except BaseException as error:
            waiting.fail(error if isinstance(error, Exception) else Unavailable())
            raise
        self._answer(waiting, [committed])
        return committed

    async def _enqueue(
        self, room: Room, intents: Sequence[Intent | Finished], future: "asyncio.Future[list[Committed]]"
    ) -> list[Committed]:
        try:
            nids = await self._state_keys.intern(state_keys(intents))
        except BaseException as error:
            _Waiting(intents, future, {}).fail(error if isinstance(error, Exception) else Unavailable())
            raise
        queue = self._queues.get(room.room_nid)
        if queue is None:
            queue = self._queues[room.room_nid] = _Queue(room.room_id)
        queue.waiting.append(_Waiting(intents, future, nids))
        if not queue.running:
            queue.running = True
            assert self._tasks is not None, "Commits.run() owns the queues"
            drain = self._drain(room.room_nid, queue)
            try:
                self._tasks.create_task(drain)
            except RuntimeError:  # the group is over
                drain.close()
                queue.running = False
                _fail_all(queue, Unavailable("The server is stopping."))
        return await asyncio.shield(future)

    async def _drain(self, room_nid: int, queue: _Queue) -> None:
        """Bring everything that waits in one room into batches, in order."""
        try:
            while queue.waiting:
                try:
                    await self._next_batch(queue)
                except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
                    _fail_all(queue, error)
        finally:
            queue.running = False
            if not queue.waiting:
                self._queues.pop(room_nid, None)

    async def _next_batch(self, queue: _Queue) -> None:
        room = await self.rooms.room(queue.room_id)
        await self._builder.prepare(room, [intent for waiting in queue.waiting for intent in waiting.intents])
        # For all queues: when the batch is cut, each takes what it can of the same numbers.
        await self._nids.ensure(sum(len(one.intents) for one in queue.waiting) + MAX_PER_BATCH * len(self._queues))
        entry = _RoomEntry(self._builder, self.rooms, room, queue)
        try:
            if queue.refused >= REFUSALS_BEFORE_WAITING:
                outcome = await self._stream.wait_turn(entry, lambda: self.rooms.reload(queue.room_id))
            else:
                outcome = await self._stream.submit(entry)
        except Exception as error:  # noqa: BLE001 - answered to each sender
            if isinstance(error, BadRow) and len(entry.taken) > 1:
                queue.alone = entry.put_back()
            else:
                queue.alone = max(0, queue.alone - 1)
            entry.fail(error)
            self.rooms.forget(queue.room_id)
            return
        if not entry.taken:
            return
        if outcome.refused:
            queue.refused += 1
            self._builder.lacked[room.room_nid] += 1  # by another process, for all that is known here
            self._answer_repeats(entry, outcome)
            entry.put_back()
            self.rooms.forget(queue.room_id)
            return
        queue.refused = 0
        queue.alone = max(0, queue.alone - len(entry.taken))
        if entry.lacks:
            self._builder.lacked[room.room_nid] += 1
        await self._feed.reached(outcome.last)
        for waiting, rows in entry.taken:
            self._answer(waiting, [Committed(EventId(row.event_id), row.position) for row in rows])

    def _answer_repeats(self, entry: "_RoomEntry", outcome: Outcome) -> None:
        """Answer those whose transaction id was used before, or whose very event has come by another way."""
        for waiting, rows in entry.taken:
            first = waiting.intents[0]
            event_id = outcome.repeats.get(first.txn) if first.txn is not None else None
            if event_id is not None and isinstance(first, Finished):
                waiting.fail(Repeated(EventId(event_id)))
            elif event_id is not None:
                self._answer(waiting, [Committed(EventId(event_id), 0, repeated=True)])
            elif not outcome.known.isdisjoint(row.event_id for row in rows):
                waiting.fail(Stale())  # it may lack its place, and those beside it need another

    def _answer(self, waiting: _Waiting, committed: list[Committed]) -> None:
        txn = waiting.txn
        if txn is not None:
            self._known_txns[txn] = committed[0].event_id
            if len(self._known_txns) > REMEMBERED_TXNS:
                self._known_txns.popitem(last=False)
        if not waiting.future.done():
            waiting.future.set_result(committed)

    def forget_txns(self) -> None:
        """Forget which transaction ids were used; the database still knows."""
        self._known_txns.clear()

    def lacked(self, room_nid: int) -> int:
        """How often events of the room may have come that follow others which had not come.

        Where it is another than before, what was not followed then may be followed now.
        """
        return self._builder.lacked[room_nid]


class _RoomEntry:
    """One room's part of the next batch: a run of messages, or a run of state events."""

    def __init__(self, builder: EventBuilder, rooms: Rooms, room: Room, queue: _Queue) -> None:
        self.room_nid: int | None = room.room_nid
        self._builder = builder
        self._rooms = rooms
        self._room = room
        self._queue = queue
        self.taken: list[tuple[_Waiting, list[EventRow]]] = []
        self.lacks = False

    def rows(self, rows: Rows) -> None:
        """Build what waits, on the newest head. Whatever is refused here is answered here."""
        waiting = self._queue.waiting
        head = WorkingHead(self._rooms.cached(self._room.room_nid) or self._room)
        state_run: bool | None = None
        built = 0
        most = 1 if self._queue.alone else MAX_PER_BATCH
        here: set[EventId] = set()
        while waiting and built < most and self._builder.has_numbers_for(waiting[0].intents):
            is_state = any(changes_state(intent) for intent in waiting[0].intents)
            if state_run is None:
                state_run = is_state
            elif state_run is not is_state:
                break
            finished = {one.event.event_id for one in waiting[0].intents if isinstance(one, Finished)}
            if not here.isdisjoint(finished):
                break  # the same event by another way: it is known when the next batch is tried
            here |= finished
            candidate = waiting.popleft()
            together = len(candidate.intents) > 1
            trial, trial_rows = (head.copy(), Rows()) if together else (head, rows)
            try:
                events = [
                    self._builder.build(trial, intent, candidate.nids, trial_rows) for intent in candidate.intents
                ]
            except (MatrixError, Stale) as refused:
                candidate.fail(refused)
                continue
            except Exception as error:
                log.exception("commits.build_failed", room=self._room.room_id)
                candidate.fail(error)
                continue
            if together:
                head = trial
                for row in trial_rows.added:
                    rows.add(row)
            self.taken.append((candidate, events))
            built += len(events)
        self.lacks = head.lacks
        if self.taken:
            events = [row for _, rows_of_one in self.taken for row in rows_of_one]
            rows.rooms.append(head.write(exact=bool(state_run), events=events))

    def put_back(self) -> int:
        """Let those who have no answer wait again, in their order; how many."""
        unanswered = [waiting for waiting, _ in self.taken if not waiting.future.done()]
        self._queue.waiting.extendleft(reversed(unanswered))
        self.taken.clear()
        return len(unanswered)

    def fail(self, error: Exception) -> None:
        for waiting, _ in self.taken:
            waiting.fail(error)


def _fail_all(queue: _Queue, error: Exception) -> None:
    while queue.waiting:
        queue.waiting.popleft().fail(error)
