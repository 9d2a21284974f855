"""The room queues: intents and finished events wait per room, and become one room's part of the next batch.

An intent turns into a signed event only when the batch is cut, on top of the newest head, so nothing is built twice
unless another process was faster. A refused room is read again and built again, in the order it was asked for; nothing
is answered before its commit. Not for: who may send what beyond the authorisation rules (`sending`, `membership`).
A little longer than others: the queue and what it builds share every name.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from homeserver.clock import Clock
from homeserver.errors import BadJson, Forbidden, MatrixError, TooLarge, Unavailable
from homeserver.protocol.auth_rules import auth_state_keys, check
from homeserver.protocol.errors import BadEvent, NotAllowed
from homeserver.protocol.errors import BadJson as NotCanonical
from homeserver.protocol.events import Event, StateKey, build_pdu, seal
from homeserver.protocol.identifiers import EventId, RoomId
from homeserver.protocol.signing import SigningKey
from homeserver.services.event_rows import event_row, redact_row
from homeserver.services.feed import Feed
from homeserver.services.heads import CREATE, Room
from homeserver.services.intents import (
    Committed,
    Finished,
    Intent,
    Repeated,
    Stale,
    changes_state,
    state_keys,
)
from homeserver.services.references import References
from homeserver.services.rooms import Rooms
from homeserver.services.working_head import WorkingHead
from homeserver.storage.database import NidBlocks
from homeserver.storage.errors import BadRow
from homeserver.storage.events.read import Events
from homeserver.storage.rows import (
    NOTIFY,
    EventRow,
    GapRow,
    MentionRow,
    RedactionRow,
    Rows,
    TxnKey,
)
from homeserver.storage.state import StateKeys
from homeserver.storage.stream import Outcome, Stream

log = structlog.get_logger()

GAP = 2**32
"""Room positions left free below an event whose parents are not to be had."""
MAX_PER_BATCH = 100
REFUSALS_BEFORE_WAITING = 3
REMEMBERED_TXNS = 20_000
Check = Callable[[WorkingHead, Intent], None]


class SignedFirst(Protocol):
    """Commits what another server must sign before it is sent."""

    def wants(self, room: Room, intent: Intent) -> bool:
        """Whether the event is one of those."""

    async def commit(self, room: Room, intent: Intent) -> Committed:
        """Build, have signed and commit."""


class Notifications(Protocol):
    """Decides at commit what an event means for unread counts."""

    async def prepare(self, room: Room) -> None:
        """Have the rules of the room's local members in memory."""

    def judge(self, room: Room, event: Event) -> tuple[bool, Sequence[MentionRow]]:
        """Whether the default rules notify, and the members whose result differs."""


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
        self._key = key
        self._notifications = notifications
        self._clock = clock
        self._queues: dict[int, _Queue] = {}
        self._pending_txns: dict[TxnKey, asyncio.Future[list[Committed]]] = {}
        self._known_txns: OrderedDict[TxnKey, EventId] = OrderedDict()
        self._lacked: Counter[int] = Counter()
        self._tasks: asyncio.TaskGroup | None = None
        self._check: Check | None = None
        self._signed_first: SignedFirst | None = None

    def check_by(self, check: Check) -> None:
        """Have every event of a local user checked by this too, on the head it is built on; it raises Forbidden."""
        self._check = check

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
        await self.references.prepare(room, _auth_keys(room, [intent]))
        event, _ = self._event(WorkingHead(room), intent)
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
        await self._notifications.prepare(room)
        if room.rules.ids_in_events:
            await self.references.prepare(
                room, _auth_keys(room, [intent for waiting in queue.waiting for intent in waiting.intents])
            )
        # For all queues: when the batch is cut, each takes what it can of the same numbers.
        await self._nids.ensure(sum(len(one.intents) for one in queue.waiting) + MAX_PER_BATCH * len(self._queues))
        entry = _RoomEntry(self, room, queue)
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
            self._lacked[room.room_nid] += 1  # by another process, for all that is known here
            self._answer_repeats(entry, outcome)
            entry.put_back()
            self.rooms.forget(queue.room_id)
            return
        queue.refused = 0
        queue.alone = max(0, queue.alone - len(entry.taken))
        if entry.lacks:
            self._lacked[room.room_nid] += 1
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

    def has_numbers_for(self, intents: Sequence[Intent | Finished]) -> bool:
        """Whether there are numbers left for these; what has none yet waits for the next batch."""
        return self._nids.left >= len(intents)

    def lacked(self, room_nid: int) -> int:
        """How often events of the room may have come that follow others which had not come.

        Where it is another than before, what was not followed then may be followed now.
        """
        return self._lacked[room_nid]

    # -- building --------------------------------------------------------------------------------------------------

    def build(self, head: WorkingHead, intent: Intent | Finished, nids: Mapping[StateKey, int], rows: Rows) -> EventRow:
        """Turn one intent into rows on top of `head`. Raises what its sender is to hear."""
        if isinstance(intent, Finished):
            return self._place(head, intent, nids, rows)
        event, auth_nids = self._event(head, intent)
        row = event_row(head, event, self._nids.next(), nids, auth_nids, on_head=True)
        row.txn = intent.txn
        self._add(head, event, row, rows)
        if intent.redaction is not None:
            rows.add(_redaction(intent.redaction, event.event_id))
        return row

    def _event(self, head: WorkingHead, intent: Intent) -> tuple[Event, tuple[int, ...]]:
        """Build, check and sign; the event and the numbers of its auth events.

        Spec: Server-Server API, Auth events selection; Room Versions, Authorization rules.
        """
        if self._check is not None:
            self._check(head, intent)
        draft, rules = intent.draft, head.room.rules
        state: dict[StateKey, Event] = {}
        for key in auth_state_keys(draft.type, intent.sender, draft.state_key, draft.content, rules):
            found = head.event(key)
            if found is not None:
                state[key] = found
        is_create = draft.type == "m.room.create" and rules.create_is_room
        try:
            proto = build_pdu(
                rules,
                room_id=None if is_create else head.room.room_id,
                sender=intent.sender,
                type=draft.type,
                state_key=draft.state_key,
                content=draft.content,
                prev_events=[tip.event_id for tip in head.tips()],
                auth_events=[event.event_id for event in state.values()],
                depth=head.depth + 1,
                ts=draft.ts if draft.ts is not None else self._clock.now_ms(),
                redacts=draft.redacts,
                hashes=self.references.hashes,
            )
            event = seal(proto, rules, self._key)
            check(event, state, rules, create=head.event(CREATE) if rules.create_is_room else None)
        except NotAllowed as refused:
            raise Forbidden(f"You may not do that: {refused.why}.") from refused
        except NotCanonical as bad:
            raise BadJson(str(bad)) from bad
        except BadEvent as bad:
            raise TooLarge(str(bad)) from bad
        except KeyError as unknown:  # another process wrote what the event would refer to
            raise Unavailable("The room has changed; try again.") from unknown
        return event, head.nids_of(state)

    def _place(self, head: WorkingHead, finished: Finished, nids: Mapping[StateKey, int], rows: Rows) -> EventRow:
        """Put a finished event onto the head it was prepared for. Raises Stale or Forbidden."""
        event, room = finished.event, head.room
        if not self._fits(head, finished):
            raise Stale
        if finished.check_now:
            _check_now(head, event)
        head.lacks = head.lacks or finished.leaves_lacking
        row = event_row(head, event, self._nids.next(), nids, finished.auth_nids, on_head=not finished.is_hidden)
        if finished.redacted_by is not None:
            redact_row(row, finished.redacted_by.event_id, room.rules)
        row.flags |= finished.flags
        row.txn = finished.txn
        if finished.promotes is not None:
            row.event_nid, row.promoted = finished.promotes, True
        if finished.missing:
            row.skip = GAP
        if finished.behind:
            row.replaces = head.replaced_by([*event.prev_events, *finished.behind])
        if finished.starts_anew:
            row.replaces = tuple(head.room.extremities)
        if not finished.at_head:
            assert finished.point is not None
            row.chain_id, row.sequence = finished.point
            row.is_current_state = False
            row.head_chain_id, row.delta_sequence = finished.delta or (0, None)
        self._add(head, event, row, rows)
        if finished.missing:
            rows.add(GapRow(room_nid=room.room_nid, event_nid=row.event_nid, missing=finished.missing))
        if finished.changes:
            head.change_state(finished.changes, nids, rows, row)
        if finished.redaction is not None:
            rows.add(_redaction(finished.redaction, event.event_id))
        for extra in finished.rows:
            rows.add(extra)
        return row

    def _fits(self, head: WorkingHead, finished: Finished) -> bool:
        """Whether the head is still what the event was prepared for."""
        room = head.room
        if finished.lacked is not None and (head.lacks or finished.lacked != self._lacked[room.room_nid]):
            return False
        if finished.is_hidden and not finished.behind:
            return True
        if finished.at_head:
            return head.stands_on_head(finished.event.prev_events, is_state=finished.event.is_state)
        return finished.seen is None or (finished.seen == room.version and not head.moved)

    def _add(self, head: WorkingHead, event: Event, row: EventRow, rows: Rows) -> None:
        self.references.note(event, head.room.rules)
        if row.on_head:
            notify, mentions = self._notifications.judge(head.room, event)
            if notify:
                row.flags |= NOTIFY
            rows.add(row)
            for mention in mentions:
                rows.add(mention.at(row))
            head.advance(event, row)
        else:
            rows.add(row)
            head.lose_tips(row)


class _RoomEntry:
    """One room's part of the next batch: a run of messages, or a run of state events."""

    def __init__(self, commits: Commits, room: Room, queue: _Queue) -> None:
        self.room_nid: int | None = room.room_nid
        self._commits = commits
        self._room = room
        self._queue = queue
        self.taken: list[tuple[_Waiting, list[EventRow]]] = []
        self.lacks = False

    def rows(self, rows: Rows) -> None:
        """Build what waits, on the newest head. Whatever is refused here is answered here."""
        waiting = self._queue.waiting
        head = WorkingHead(self._commits.rooms.cached(self._room.room_nid) or self._room)
        state_run: bool | None = None
        built = 0
        most = 1 if self._queue.alone else MAX_PER_BATCH
        here: set[EventId] = set()
        while waiting and built < most and self._commits.has_numbers_for(waiting[0].intents):
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
                    self._commits.build(trial, intent, candidate.nids, trial_rows) for intent in candidate.intents
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


def _auth_keys(room: Room, intents: Sequence[Intent | Finished]) -> set[StateKey]:
    """Keys of the state that the events made of these will refer to."""
    return {
        key
        for intent in intents
        if isinstance(intent, Intent)
        for key in auth_state_keys(
            intent.draft.type, intent.sender, intent.draft.state_key, intent.draft.content, room.rules
        )
    }


def _check_now(head: WorkingHead, event: Event) -> None:
    """Check a finished event on the head as it is. Raises Forbidden."""
    rules = head.room.rules
    keys = auth_state_keys(event.type, event.sender, event.state_key, event.content, rules)
    state = {key: found for key in keys if (found := head.event(key)) is not None}
    try:
        check(event, state, rules, create=head.event(CREATE) if rules.create_is_room else None)
    except NotAllowed as refused:
        raise Forbidden(f"The room does not allow that any more: {refused.why}.") from refused


def _redaction(redaction: RedactionRow, by: EventId) -> RedactionRow:
    redaction.redacted_by = by
    return redaction


def _fail_all(queue: _Queue, error: Exception) -> None:
    while queue.waiting:
        queue.waiting.popleft().fail(error)
