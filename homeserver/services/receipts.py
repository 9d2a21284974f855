"""Read receipts and the marker of what was read in full. Both only ever go forward.

Spec: Client-Server API, Receipts; Fully read markers; Server-Server API, Receipts.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from homeserver.clock import Clock
from homeserver.errors import InvalidParam, NotFound
from homeserver.protocol.errors import BadIdentifier
from homeserver.protocol.identifiers import parse_event_id, server_of
from homeserver.services.feed import Feed
from homeserver.services.intents import relation_of
from homeserver.services.rooms import Room, Rooms
from homeserver.storage.account_data import AccountData
from homeserver.storage.events.read import Events, StoredEvent
from homeserver.storage.receipts import Receipts as ReceiptTable
from homeserver.storage.rows import HIDDEN, AccountDataRow, ReceiptRow, Row
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

_Places = dict[tuple[str, str], int]
"""(type, thread) -> room position."""


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
        self._known: OrderedDict[tuple[str, int], _Places] = OrderedDict()
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
        places = await self._places(user_id, room.room_nid)
        rows: list[Row] = []
        for kind, event_id in marks.items():
            event = events[event_id]
            if kind == FULLY_READ:
                rows += await self._fully_read(user_id, room, event)
            elif (event.room_position or 0) > places.get((kind, thread or UNTHREADED), 0):
                rows.append(self._row(user_id, room, kind, thread or UNTHREADED, event, self._clock.now_ms()))
        if rows:
            await self._stream.write(*rows)

    async def _events_of(self, room: Room, event_ids: set[str]) -> dict[str, StoredEvent]:
        found = {
            event.event_id: event
            for event in await self._events.by_id(event_ids)
            if event.room_nid == room.room_nid and not event.flags & HIDDEN
        }
        if found.keys() != event_ids:
            raise NotFound("There is no such event in the room.")
        return found

    async def _check_thread(self, event: StoredEvent, thread: str) -> None:
        found = await self._thread_of(event)
        if found != (None if thread == MAIN else thread):
            raise InvalidParam("The event is not in that thread.")

    async def _thread_of(self, event: StoredEvent) -> str | None:
        """The root of the event's thread, its own or that of what it relates to; None: the main timeline."""
        for _ in range(MAX_HOPS):
            if event.thread_id is not None:
                return event.thread_id
            relation = relation_of(orjson.loads(event.body).get("content", {}))
            target = await self._events.by_id([relation[1]]) if relation is not None else []
            if not target or target[0].room_nid != event.room_nid:
                return None
            event = target[0]
        return event.thread_id

    async def _fully_read(self, user_id: str, room: Room, event: StoredEvent) -> Sequence[Row]:
        stored = await self._account_data.read(user_id, room.room_id, FULLY_READ)
        if stored is not None:
            before = await self._events.position_of(room.room_nid, str(orjson.loads(stored).get("event_id")))
            if before is not None and before[0] >= (event.room_position or 0):
                return []
        content = orjson.dumps({"event_id": event.event_id})
        return [AccountDataRow(user_id=user_id, room_id=room.room_id, type=FULLY_READ, content=content)]

    @staticmethod
    def _row(user_id: str, room: Room, kind: str, thread: str, event: StoredEvent, ts: int) -> ReceiptRow:
        return ReceiptRow(
            room_nid=room.room_nid,
            room_id=room.room_id,
            user_id=user_id,
            type=kind,
            thread=thread,
            event_id=event.event_id,
            event_nid=event.event_nid,
            room_position=event.room_position or 0,
            ts=ts,
        )

    async def _places(self, user_id: str, room_nid: int) -> _Places:
        """Where the user's receipts of the room stand [0 trips warm, 1 cold]."""
        places = self._known.get((user_id, room_nid))
        if places is None:
            read = {(row.type, row.thread): row.room_position for row in await self._table.of_user(user_id, room_nid)}
            # One that moved on meanwhile is left where it is at worst, and repeated.
            places = self._known.setdefault((user_id, room_nid), read)
            if len(self._known) > CACHED:
                self._known.popitem(last=False)
        self._known.move_to_end((user_id, room_nid))
        return places

    def apply(self, row: Row) -> None:
        """Follow the stream."""
        if isinstance(row, ReceiptRow):
            places = self._known.get((row.user_id, row.room_nid))
            if places is not None:
                key = (row.type, row.thread)
                places[key] = max(places.get(key, 0), row.room_position)

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
        found = [event for event in await self._events.by_id([event_id]) if event.room_nid == room.room_nid]
        places = await self._places(user_id, room.room_nid)
        if not found or (found[0].room_position or 0) <= places.get((READ, thread), 0):
            return []
        if not isinstance(ts, int) or isinstance(ts, bool) or not 0 <= ts < 2**53:
            ts = self._clock.now_ms()
        return [self._row(user_id, room, READ, thread, found[0], ts)]


def _is_event_id(text: str) -> bool:
    try:
        parse_event_id(text)
    except BadIdentifier:
        return False
    return True
