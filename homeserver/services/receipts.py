"""Read receipts and the marker of what was read in full. Both only ever go forward.

Spec: Client-Server API, Receipts; Fully read markers; Server-Server API, Receipts.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from homeserver.clock import Clock
from homeserver.errors import InvalidParam, NotFound
from homeserver.protocol.errors import BadIdentifier
from homeserver.protocol.identifiers import parse_event_id, server_of
from homeserver.services.feed import Feed
from homeserver.services.heads import Room
from homeserver.services.intents import relation_of
from homeserver.services.rooms import Rooms
from homeserver.storage.account_data import AccountData
from homeserver.storage.events.read import Events, PageEvent, StoredEvent
from homeserver.storage.receipts import Receipts as ReceiptTable
from homeserver.storage.rows import HIDDEN, AccountDataRow, EventRow, ReceiptRow, Row
from homeserver.storage.stream import Stream

READ, READ_PRIVATE, FULLY_READ = "m.read", "m.read.private", "m.fully_read"
KINDS = (READ, READ_PRIVATE, FULLY_READ)
MAIN = "main"
UNTHREADED = ""
MAX_HOPS = 3
"""Relations followed to find the thread of an event."""
CACHED = 50_000
PEER_RECEIPTS = 500
"""Receipts taken from one EDU."""

RECENT_EVENTS = 20_000
"""Events kept at hand: what is read is mostly new."""

_Places = dict[tuple[str, str], int]
"""(type, thread) -> room position."""


class Readable(NamedTuple):
    """What a receipt needs to know of an event. `relates_to`: the event that it relates to."""

    event_id: str
    event_nid: int
    room_nid: int
    room_position: int
    thread_id: str | None
    relates_to: str | None


class Receipts:
    """Takes receipts of users here and at peers."""

    def __init__(
        self,
        *,
        rooms: Rooms,
        events: Events,
        table: ReceiptTable,
        account_data: AccountData,
        stream: Stream,
        feed: Feed,
        clock: Clock,
    ) -> None:
        self._rooms = rooms
        self._events = events
        self._table = table
        self._account_data = account_data
        self._stream = stream
        self._clock = clock
        self._known: OrderedDict[tuple[str, str], _Places] = OrderedDict()
        """(user id, room id) -> where the user's receipts of the room stand."""
        self._recent: OrderedDict[str, Readable] = OrderedDict()
        feed.register(self.apply)

    async def mark(self, user_id: str, room_id: str, marks: Mapping[str, str], *, thread: str | None = None) -> None:
        """Set markers of one's own: kind -> event id. What would go back changes nothing.

        `thread`: "main", a root's event id, or None for the whole room. Raises Forbidden (not joined), NotFound (no
        such event in the room), InvalidParam (unknown kind, an event that is not in the thread).
        """
        if thread is not None and (not thread or FULLY_READ in marks):
            raise InvalidParam("`thread_id` is `main` or a thread's event id, and not for `m.fully_read`.")
        if not marks.keys() <= set(KINDS):
            raise InvalidParam(f"A receipt is one of {', '.join(KINDS)}.")
        if not all(map(_is_event_id, marks.values())):
            raise InvalidParam("That is not an event id.")
        room = await self._rooms.joined_by(user_id, room_id)
        events = await self._events_of(room, set(marks.values()))
        if thread is not None:
            for event in events.values():
                await self._check_thread(event, thread)
        places = await self._places(user_id, room)
        rows: list[Row] = []
        for kind, event_id in marks.items():
            event = events[event_id]
            if kind == FULLY_READ:
                rows += await self._fully_read(user_id, room, event, places)
            elif event.room_position > places.get((kind, thread or UNTHREADED), 0):
                rows.append(self._row(user_id, room, kind, thread or UNTHREADED, event, self._clock.now_ms()))
        if rows:
            await self._stream.write(*rows)

    async def _events_of(self, room: Room, event_ids: set[str]) -> dict[str, Readable]:
        found = await self._find(room.room_nid, event_ids)
        if found.keys() != event_ids:
            raise NotFound("There is no such event in the room.")
        return found

    async def _find(self, room_nid: int, event_ids: Collection[str]) -> dict[str, Readable]:
        """Those of the events that are in the room and visible [0 trips for recent ones, else 1]."""
        found = {event_id: self._recent[event_id] for event_id in event_ids if event_id in self._recent}
        missing = [event_id for event_id in event_ids if event_id not in found]
        if missing:
            stored = await self._events.by_id(missing)
            found |= {event.event_id: _readable(event) for event in stored if not event.flags & HIDDEN}
        return {event_id: event for event_id, event in found.items() if event.room_nid == room_nid}

    async def _check_thread(self, event: Readable, thread: str) -> None:
        found = await self._thread_of(event)
        if found != (None if thread == MAIN else thread):
            raise InvalidParam("The event is not in that thread.")

    async def _thread_of(self, event: Readable) -> str | None:
        """The root of the event's thread, its own or that of what it relates to; None: the main timeline."""
        for _ in range(MAX_HOPS):
            if event.thread_id is not None:
                return event.thread_id
            if event.relates_to is None:
                return None
            target = (await self._find(event.room_nid, [event.relates_to])).get(event.relates_to)
            if target is None:
                return None
            event = target
        return event.thread_id

    async def _fully_read(self, user_id: str, room: Room, event: Readable, places: _Places) -> Sequence[Row]:
        """The marker, if it goes forward [0 trips warm, 2 cold]."""
        before = places.get((FULLY_READ, UNTHREADED))
        if before is None:
            stored = await self._account_data.read(user_id, room.room_id, FULLY_READ)
            marked = str(orjson.loads(stored).get("event_id")) if stored is not None else None
            found = await self._find(room.room_nid, [marked]) if marked is not None else {}
            before = found[marked].room_position if marked in found else 0
            places[FULLY_READ, UNTHREADED] = before
        if before >= event.room_position:
            return []
        content = orjson.dumps({"event_id": event.event_id})
        return [AccountDataRow(user_id=user_id, room_id=room.room_id, type=FULLY_READ, content=content)]

    @staticmethod
    def _row(user_id: str, room: Room, kind: str, thread: str, event: Readable, ts: int) -> ReceiptRow:
        return ReceiptRow(
            room_nid=room.room_nid,
            room_id=room.room_id,
            user_id=user_id,
            type=kind,
            thread=thread,
            event_id=event.event_id,
            event_nid=event.event_nid,
            room_position=event.room_position,
            ts=ts,
        )

    async def _places(self, user_id: str, room: Room) -> _Places:
        """Where the user's receipts of the room stand [0 trips warm, 1 cold]."""
        key = (user_id, room.room_id)
        places = self._known.get(key)
        if places is None:
            rows = await self._table.of_user(user_id, room.room_nid)
            # One that moved on meanwhile is left where it is at worst, and repeated.
            places = self._known.setdefault(key, {(row.type, row.thread): row.room_position for row in rows})
            if len(self._known) > CACHED:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return places

    def apply(self, row: Row) -> None:
        """Follow the stream."""
        if isinstance(row, EventRow):
            if row.room_position and not row.flags & HIDDEN:
                self._remember(row)
        elif isinstance(row, ReceiptRow):
            places = self._known.get((row.user_id, row.room_id))
            if places is not None:
                key = (row.type, row.thread)
                places[key] = max(places.get(key, 0), row.room_position)
        elif isinstance(row, AccountDataRow) and row.type == FULLY_READ:
            self._marked(row)

    def _marked(self, row: AccountDataRow) -> None:
        """The marker moved; where to is read when it is next asked for, if the event is not at hand."""
        places = self._known.get((row.user_id, row.room_id))
        if places is None:
            return
        event = self._recent.get(str(orjson.loads(row.content).get("event_id")))
        if event is not None:
            places[FULLY_READ, UNTHREADED] = event.room_position
        else:
            places.pop((FULLY_READ, UNTHREADED), None)

    def _remember(self, row: EventRow) -> None:
        target = row.relates[1] if row.relates is not None else None
        self._recent[row.event_id] = Readable(
            row.event_id, row.event_nid, row.room_nid, row.room_position, row.thread_id, target
        )
        if len(self._recent) > RECENT_EVENTS:
            self._recent.popitem(last=False)

    # -- peers -----------------------------------------------------------------------------------------------------

    async def of_peer(self, origin: str, content: Mapping[str, Any]) -> None:
        """Take an EDU: room id -> `m.read` -> user id -> the newest event read. What is malformed is left out."""
        taken = 0
        for room_id, kinds in content.items():
            users = kinds.get(READ) if isinstance(kinds, dict) else None
            if not isinstance(users, dict) or "\0" in room_id:
                continue
            room = await self._rooms.find(room_id)
            if room is None or not room.allows_server(origin):
                continue
            rows: list[Row] = []
            for user_id, receipt in users.items():
                taken += 1
                if taken > PEER_RECEIPTS:
                    break
                if server_of(user_id) == origin and room.is_joined(user_id) and isinstance(receipt, dict):
                    rows += await self._of_peer(room, user_id, receipt)
            if rows:
                await self._stream.write(*rows)

    async def _of_peer(self, room: Room, user_id: str, receipt: Mapping[str, Any]) -> Sequence[Row]:
        ids, data = receipt.get("event_ids"), receipt.get("data")
        event_id = ids[0] if isinstance(ids, list) and ids and isinstance(ids[0], str) else None
        data = data if isinstance(data, dict) else {}
        given, ts = data.get("thread_id"), data.get("ts")
        thread = given if isinstance(given, str) else UNTHREADED
        if event_id is None or not _is_event_id(event_id):
            return []
        if thread not in {UNTHREADED, MAIN} and not _is_event_id(thread):
            return []
        event = (await self._find(room.room_nid, [event_id])).get(event_id)
        places = await self._places(user_id, room)
        if event is None or event.room_position <= places.get((READ, thread), 0):
            return []
        if not isinstance(ts, int) or isinstance(ts, bool) or not 0 <= ts < 2**53:
            ts = self._clock.now_ms()
        return [self._row(user_id, room, READ, thread, event, ts)]


def _readable(event: PageEvent | StoredEvent) -> Readable:
    relation = relation_of(orjson.loads(event.body).get("content", {}))
    target = relation[1] if relation is not None else None
    position = event.room_position or 0
    return Readable(event.event_id, event.event_nid, event.room_nid, position, event.thread_id, target)


def _is_event_id(text: str) -> bool:
    try:
        parse_event_id(text)
    except BadIdentifier:
        return False
    return True
