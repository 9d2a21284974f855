"""The room queues: intents and finished events wait per room, and become one room's part of the next batch.

An intent turns into a signed event only when the batch is cut, on top of the newest head, so nothing is built twice
unless another process was faster. A refused room is read again and built again, in the order it was asked for; nothing
is answered before its commit. Not for: who may send what beyond the authorisation rules (`sending`, `membership`).
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from homeserver.clock import Clock, Faults
from homeserver.errors import BadJson, Forbidden, MatrixError, TooLarge
from homeserver.protocol.auth_rules import auth_state_keys, check
from homeserver.protocol.errors import BadEvent, NotAllowed
from homeserver.protocol.errors import BadJson as NotCanonical
from homeserver.protocol.events import Event, StateKey, build_pdu, seal, split
from homeserver.protocol.identifiers import EventId, RoomId, UserId
from homeserver.protocol.signing import SigningKey
from homeserver.services.feed import Feed
from homeserver.services.rooms import CREATE, MEMBER, Extremity, Member, Room, Rooms
from homeserver.storage.database import NidBlocks
from homeserver.storage.rows import (
    NOTIFY,
    SOFT_FAILED,
    EventRow,
    MentionRow,
    RedactionRow,
    RoomWrite,
    Row,
    Rows,
    StateRow,
    TxnKey,
)
from homeserver.storage.state import StateKeys
from homeserver.storage.stream import Outcome, Stream

MAX_PREV_EVENTS = 20
MAX_PER_BATCH = 100
REFUSALS_BEFORE_WAITING = 3
REMEMBERED_TXNS = 20_000


class Committed(NamedTuple):
    """Where an event ended up. `repeated`: the transaction id was used before, and this is that event."""

    event_id: EventId
    position: int
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """What a user wants to say, before it is an event."""

    type: str
    content: Mapping[str, Any]
    state_key: str | None = None
    redacts: EventId | None = None
    ts: int | None = None

    @classmethod
    def member(cls, target: str, membership: str, *, reason: str | None = None, **content: Any) -> "Draft":
        """A change of `target`'s membership."""
        if reason is not None:
            content["reason"] = reason
        return cls(MEMBER, {"membership": membership, **content}, state_key=target)


@dataclass(frozen=True, slots=True)
class Intent:
    """A draft with its sender: built into an event when its batch is cut."""

    sender: UserId
    draft: Draft
    txn: TxnKey | None = None
    redaction: RedactionRow | None = None
    """The rewritten target, where the draft is a redaction that takes effect."""


@dataclass(frozen=True, slots=True)
class StateChange:
    """One entry of the current state that resolution changed; `event_nid` None: the key is gone."""

    key: StateKey
    event_nid: int | None
    event_id: EventId | None
    body: bytes = b""
    member: Member | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """An event that is signed already and has passed the checks that need no head.

    `at_head`: its state before is the head's, if its `prev_events` are tips of the head whose state is the head's;
    otherwise `point` names the snapshot before it (stored, or a ChainRow among `rows`), `delta` where a state event
    writes itself on that side chain, and `changes` what resolving it into the head of version `seen` changes. Its
    sender hears Stale when the head has moved on meanwhile.
    """

    event: Event
    auth_nids: tuple[int, ...] = ()
    flags: int = 0
    at_head: bool = True
    point: tuple[int, int] | None = None
    delta: tuple[int, int] | None = None
    changes: Sequence[StateChange] = ()
    seen: int | None = None
    redaction: RedactionRow | None = None
    check_now: bool = False
    """Check the authorisation rules against the head at the moment of the commit (restricted joins, signed invites)."""
    rows: Sequence[Row] = ()
    """Rows to be committed with it, e.g. the end of its staging."""


class Stale(Exception):
    """The head that a finished event was prepared for is no longer the head. Prepare it again."""


class Notifications(Protocol):
    """Decides at commit what an event means for unread counts."""

    async def prepare(self, room: Room) -> None:
        """Have the rules of the room's local members in memory."""

    def judge(self, room: Room, event: Event) -> tuple[bool, Sequence[MentionRow]]:
        """Whether the default rules notify, and the members whose result differs."""


@dataclass(slots=True)
class _Waiting:
    intent: Intent | Finished
    state_key_nid: int | None
    future: asyncio.Future[Committed]
    change_nids: Mapping[StateKey, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Queue:
    room_id: RoomId
    waiting: deque[_Waiting] = field(default_factory=deque)
    running: bool = False
    refused: int = 0


class Commits:
    """One queue per busy room; all queues feed the one stream."""

    def __init__(  # noqa: PLR0913 - the collaborators of the hot path, each used once
        self,
        rooms: Rooms,
        stream: Stream,
        feed: Feed,
        state_keys: StateKeys,
        nids: NidBlocks,
        key: SigningKey,
        notifications: Notifications,
        clock: Clock,
        faults: Faults,
    ) -> None:
        self._rooms = rooms
        self._stream = stream
        self._feed = feed
        self._state_keys = state_keys
        self._nids = nids
        self._key = key
        self._notifications = notifications
        self._clock = clock
        self._faults = faults
        self._queues: dict[int, _Queue] = {}
        self._pending_txns: dict[TxnKey, asyncio.Future[Committed]] = {}
        self._known_txns: OrderedDict[TxnKey, EventId] = OrderedDict()
        self._tasks: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Own the tasks of the room queues; runs as long as the process."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            await asyncio.get_running_loop().create_future()

    async def commit(self, room: Room, intent: Intent | Finished) -> Committed:
        """Commit one event to the room and wait for it.

        A cancelled caller does not take its intent back. Raises Forbidden (authorisation rules), Stale (finished
        events), TooLarge, BadJson, or what the database says.
        """
        txn = intent.txn if isinstance(intent, Intent) else None
        if txn is not None:
            known = self._known_txns.get(txn)
            if known is not None:
                return Committed(known, 0, repeated=True)
            pending = self._pending_txns.get(txn)
            if pending is not None:
                return (await asyncio.shield(pending))._replace(repeated=True)
        future: asyncio.Future[Committed] = asyncio.get_running_loop().create_future()
        if txn is not None:
            self._pending_txns[txn] = future
            future.add_done_callback(lambda _: self._pending_txns.pop(txn, None))
        await self.enqueue(room, intent, future)
        return await asyncio.shield(future)

    async def enqueue(self, room: Room, intent: Intent | Finished, future: "asyncio.Future[Committed]") -> None:
        """Put the intent at the end of the room's queue; `future` gets the outcome."""
        key = _key(intent)
        nid = None
        try:
            if key is not None:
                nid = (await self._state_keys.intern([key]))[key]
            changes: Mapping[StateKey, int] = {}
            if isinstance(intent, Finished) and intent.changes:
                changes = await self._state_keys.intern([change.key for change in intent.changes])
        except BaseException as error:
            future.set_exception(error if isinstance(error, Exception) else asyncio.CancelledError())
            future.exception() if isinstance(error, Exception) else None
            raise
        queue = self._queues.get(room.room_nid)
        if queue is None:
            queue = self._queues[room.room_nid] = _Queue(room.room_id)
        queue.waiting.append(_Waiting(intent, nid, future, changes))
        if not queue.running:
            queue.running = True
            assert self._tasks is not None, "Commits.run() owns the queues"
            self._tasks.create_task(self._drain(room.room_nid, queue))

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
        room = await self._rooms.room(queue.room_id)
        await self._notifications.prepare(room)
        await self._nids.ensure(len(queue.waiting) + MAX_PER_BATCH)
        entry = _RoomEntry(self, room, queue)
        try:
            if queue.refused >= REFUSALS_BEFORE_WAITING:
                outcome = await self._stream.wait_turn(entry)
            else:
                outcome = await self._stream.submit(entry)
        except Exception as error:  # noqa: BLE001 - answered to each sender
            entry.fail(error)
            self._rooms.forget(queue.room_id)
            return
        if not entry.taken:
            return
        if outcome.refused:
            queue.refused += 1
            self._answer_repeats(entry, outcome)
            queue.waiting.extendleft(reversed(entry.unanswered()))
            self._rooms.forget(queue.room_id)
            return
        queue.refused = 0
        await self._feed.reached(outcome.last)
        for waiting, row in entry.taken:
            txn = waiting.intent.txn if isinstance(waiting.intent, Intent) else None
            if txn is not None:
                self._remember(txn, EventId(row.event_id))
            if not waiting.future.done():
                waiting.future.set_result(Committed(EventId(row.event_id), row.position))

    def _answer_repeats(self, entry: "_RoomEntry", outcome: Outcome) -> None:
        for waiting, _ in entry.taken:
            txn = waiting.intent.txn if isinstance(waiting.intent, Intent) else None
            event_id = outcome.repeats.get(txn) if txn is not None else None
            if event_id is not None and not waiting.future.done():
                self._remember(txn, EventId(event_id))
                waiting.future.set_result(Committed(EventId(event_id), 0, repeated=True))
            elif isinstance(waiting.intent, Finished) and waiting.intent.event.event_id in outcome.known:
                waiting.future.set_result(Committed(waiting.intent.event.event_id, 0, repeated=True))

    def _remember(self, txn: TxnKey | None, event_id: EventId) -> None:
        if txn is not None:
            self._known_txns[txn] = event_id
            if len(self._known_txns) > REMEMBERED_TXNS:
                self._known_txns.popitem(last=False)

    # -- building --------------------------------------------------------------------------------------------------

    def build(self, head: "_Working", waiting: _Waiting, rows: Rows) -> EventRow:
        """Turn one intent into rows on top of `head`. Raises what its sender is to hear."""
        intent = waiting.intent
        if isinstance(intent, Finished):
            return self._place(head, intent, waiting, rows)
        event, auth_nids = self._event(head, intent)
        row = self._row(head, event, waiting.state_key_nid, auth_nids, on_head=True)
        row.txn = intent.txn
        self._add(head, event, row, rows)
        if intent.redaction is not None:
            rows.add(_redaction(intent.redaction, event.event_id))
        return row

    def _event(self, head: "_Working", intent: Intent) -> tuple[Event, tuple[int, ...]]:
        """Build, check and sign; the event and the numbers of its auth events. Spec: Server-Server API, Auth events selection; Room Versions, Authorization rules."""
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
            )
            event = seal(proto, rules, self._key)
            check(event, state, rules, create=head.event(CREATE) if rules.create_is_room else None)
        except NotAllowed as refused:
            raise Forbidden(f"You may not do that: {refused.why}.") from refused
        except NotCanonical as bad:
            raise BadJson(str(bad)) from bad
        except BadEvent as bad:
            raise TooLarge(str(bad)) from bad
        return event, head.nids_of(state)

    def _place(self, head: "_Working", finished: Finished, waiting: _Waiting, rows: Rows) -> EventRow:
        """Put a finished event onto the head it was prepared for. Raises Stale or Forbidden."""
        event, room = finished.event, head.room
        soft_failed = bool(finished.flags & SOFT_FAILED)
        if finished.at_head:
            if not head.stands_on_head(event.prev_events):
                raise Stale
        elif finished.seen is not None and (finished.seen != room.version or head.moved):
            raise Stale
        if finished.check_now:
            keys = auth_state_keys(event.type, event.sender, event.state_key, event.content, room.rules)
            state = {key: found for key in keys if (found := head.event(key)) is not None}
            try:
                check(event, state, room.rules, create=head.event(CREATE) if room.rules.create_is_room else None)
            except NotAllowed as refused:
                raise Forbidden(f"The room does not allow that any more: {refused.why}.") from refused
        row = self._row(head, event, waiting.state_key_nid, finished.auth_nids, on_head=not soft_failed)
        row.flags |= finished.flags
        if not finished.at_head:
            assert finished.point is not None
            row.chain_id, row.sequence = finished.point
            row.is_current_state = False
            row.head_chain_id, row.delta_sequence = finished.delta or (0, None)
        self._add(head, event, row, rows)
        if finished.changes:
            head.change_state(finished.changes, waiting.change_nids, rows)
        if finished.redaction is not None:
            rows.add(_redaction(finished.redaction, event.event_id))
        for extra in finished.rows:
            rows.add(extra)
        return row

    def _row(
        self, head: "_Working", event: Event, state_key_nid: int | None, auth_nids: tuple[int, ...], *, on_head: bool
    ) -> EventRow:
        room = head.room
        body, envelope = split(event, room.rules)
        is_state = event.state_key is not None and on_head
        is_member = event.type == MEMBER and event.state_key is not None
        content = event.content
        return EventRow(
            event_nid=self._nids.next(),
            event_id=event.event_id,
            room_nid=room.room_nid,
            room_id=room.room_id,
            type=event.type,
            state_key=event.state_key,
            state_key_nid=state_key_nid,
            sender=event.sender,
            ts=event.ts,
            depth=event.depth,
            chain_id=head.chain_id,
            sequence=head.sequence,
            head_chain_id=head.chain_id,
            auth_nids=auth_nids,
            redacts=event.redacts(room.rules),
            body=body,
            envelope=envelope,
            membership=event.membership if is_member else None,
            displayname=_text(content.get("displayname")) if is_member else None,
            avatar_url=_text(content.get("avatar_url")) if is_member else None,
            relates=relation_of(content),
            on_head=on_head,
            is_current_state=is_state,
            delta_sequence=head.sequence + 1 if is_state else None,
            replaces=head.replaced_by(event.prev_events) if on_head else (),
        )

    def _add(self, head: "_Working", event: Event, row: EventRow, rows: Rows) -> None:
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


class _RoomEntry:
    """One room's part of the next batch: a run of messages, or a run of state events."""

    def __init__(self, commits: Commits, room: Room, queue: _Queue) -> None:
        self.room_nid: int | None = room.room_nid
        self._commits = commits
        self._room = room
        self._queue = queue
        self.taken: list[tuple[_Waiting, EventRow]] = []

    def rows(self, rows: Rows) -> None:
        """Build what waits, on the newest head. Whatever is refused here is answered here."""
        waiting = self._queue.waiting
        head = _Working(self._commits._rooms.cached(self._room.room_nid) or self._room)
        state_run: bool | None = None
        while waiting and len(self.taken) < MAX_PER_BATCH:
            is_state = _changes_state(waiting[0].intent)
            if state_run is None:
                state_run = is_state
            elif state_run is not is_state:
                break
            candidate = waiting.popleft()
            try:
                row = self._commits.build(head, candidate, rows)
            except (MatrixError, Stale) as refused:
                candidate.future.set_exception(refused)
                candidate.future.exception()
            else:
                self.taken.append((candidate, row))
        if self.taken:
            rows.rooms.append(head.write(exact=bool(state_run), events=[row for _, row in self.taken]))

    def unanswered(self) -> list[_Waiting]:
        return [waiting for waiting, _ in self.taken if not waiting.future.done()]

    def fail(self, error: Exception) -> None:
        for waiting in self.unanswered():
            waiting.future.set_exception(error)
            waiting.future.exception()


class _Working:
    """A head while a batch is built on it: what the events before in the same batch change lies over the room."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.chain_id = room.chain_id
        self.sequence = room.sequence
        self.depth = room.depth
        self.moved = False
        self._tips: dict[int, Extremity] = dict(room.extremities)
        self._removed: list[int] = []
        self._changed: dict[StateKey, Event | None] = {}
        self._nids: dict[StateKey, int] = {}

    def event(self, key: StateKey) -> Event | None:
        if key in self._changed:
            return self._changed[key]
        return self.room.event(key)

    def tips(self) -> list[Extremity]:
        return list(self._tips.values())[-MAX_PREV_EVENTS:]

    def stands_on_head(self, prev_events: Sequence[EventId]) -> bool:
        """Whether the state after these events is the head's state: all tips, or tips that have the head's point."""
        tips = {tip.event_id: tip for tip in self._tips.values()}
        if not prev_events:
            return not tips
        if any(prev not in tips for prev in prev_events):
            return False
        if len(set(prev_events)) == len(tips):
            return True
        point = (self.chain_id, self.sequence)
        return all((tips[prev].chain_id, tips[prev].sequence) == point for prev in prev_events)

    def replaced_by(self, prev_events: Sequence[EventId]) -> tuple[int, ...]:
        named = set(prev_events)
        return tuple(nid for nid, tip in self._tips.items() if tip.event_id in named)

    def nids_of(self, keys: Iterable[StateKey]) -> tuple[int, ...]:
        """Numbers of the current events under these keys."""
        known = self._nids
        return tuple(nid for key in keys if (nid := known.get(key) or self.room.nid_of(key)) is not None)

    def advance(self, event: Event, row: EventRow) -> None:
        """Take the event onto the working head."""
        for nid in row.replaces:
            del self._tips[nid]
            self._removed.append(nid)
        if row.is_current_state and row.delta_sequence is not None:
            self.sequence = row.delta_sequence
            self._changed[event.key] = event
            self._nids[event.key] = row.event_nid
        after = (row.chain_id, row.sequence) if row.delta_sequence is None else (row.head_chain_id, row.delta_sequence)
        self._tips[row.event_nid] = Extremity(event.event_id, *after)
        self.depth = max(self.depth, event.depth)
        self.moved = True

    def change_state(self, changes: Sequence[StateChange], nids: Mapping[StateKey, int], rows: Rows) -> None:
        """Let the main chain continue with what resolution changed."""
        for change in changes:
            self.sequence += 1
            member = change.member
            rows.add(
                StateRow(
                    room_nid=self.room.room_nid,
                    room_id=self.room.room_id,
                    chain_id=self.chain_id,
                    sequence=self.sequence,
                    type=change.key[0],
                    state_key=change.key[1],
                    state_key_nid=nids[change.key],
                    event_nid=change.event_nid,
                    event_id=change.event_id,
                    body=change.body,
                    membership=member.membership if member else None,
                    displayname=member.displayname if member else None,
                    avatar_url=member.avatar_url if member else None,
                )
            )
        self.moved = True

    def write(self, *, exact: bool, events: Sequence[EventRow]) -> RoomWrite:
        """What the gate of the statement needs: the head as we believe it, and the head after."""
        room = self.room
        on_head = [row for row in events if row.on_head]
        added = [row.event_nid for row in on_head if row.event_nid in self._tips]
        return RoomWrite(
            room_nid=room.room_nid,
            seen=room.version,
            chain_id=room.chain_id,
            sequence=room.sequence,
            exact=exact,
            added=added,
            removed=[nid for nid in self._removed if nid in room.extremities],
            depth=self.depth,
            new_chain_id=self.chain_id,
            new_sequence=self.sequence,
            n=len(on_head),
        )


def relation_of(content: Mapping[str, Any]) -> tuple[str, str, str | None] | None:
    """(rel_type, event_id, key) of `m.relates_to`, where it is well-formed. Spec: Client-Server API, Relationships."""
    relates = content.get("m.relates_to")
    if not isinstance(relates, Mapping):
        return None
    rel_type, target, key = relates.get("rel_type"), relates.get("event_id"), relates.get("key")
    if not isinstance(rel_type, str) or not isinstance(target, str) or len(rel_type) > 255 or len(target) > 255:
        return None
    return (rel_type, target, key if isinstance(key, str) else None)


def _key(intent: Intent | Finished) -> StateKey | None:
    if isinstance(intent, Intent):
        return (intent.draft.type, intent.draft.state_key) if intent.draft.state_key is not None else None
    return intent.event.key if intent.event.is_state else None


def _changes_state(intent: Intent | Finished) -> bool:
    return _key(intent) is not None or (isinstance(intent, Finished) and (bool(intent.changes) or not intent.at_head))


def _redaction(redaction: RedactionRow, by: EventId) -> RedactionRow:
    redaction.redacted_by = by
    return redaction


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _fail_all(queue: _Queue, error: Exception) -> None:
    while queue.waiting:
        future = queue.waiting.popleft().future
        if not future.done():
            future.set_exception(error)
            future.exception()
