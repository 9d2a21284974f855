"""Heads of rooms: the newest state, members and forward extremities of every busy room, kept in memory.

A head is read from PostgreSQL once [1 trip] and then follows the stream. It may be late, never wrong: whoever writes
on top of it is checked by the gate of `storage.stream`. Not for: states of the past (`storage.state`).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable

from homeserver.errors import Forbidden, NotFound, Unavailable
from homeserver.services.feed import Feed
from homeserver.services.heads import Room
from homeserver.storage.rooms import HeadRecord, RoomTable
from homeserver.storage.rows import HIDDEN, EventRow, MemberRow, PartialRow, PurgedRow, RedactionRow, Row, StateRow

CACHED_ROOMS = 4_000
WHOLE_S = 45.0
_RoomRow = EventRow | MemberRow | StateRow | RedactionRow | PurgedRow | PartialRow


class Rooms:
    """The cached heads. Follows the feed; register it before anything is served."""

    def __init__(self, table: RoomTable, feed: Feed) -> None:
        self._table = table
        self._feed = feed
        self._cached: OrderedDict[int, Room] = OrderedDict()
        self._nids: dict[str, int] = {}
        self._loading: dict[str, asyncio.Future[tuple[Room | None] | None]] = {}
        """Reads under way; None: whoever read was cancelled."""
        self._rows_while_loading: list[list[_RoomRow]] = []
        self._whole: dict[int, asyncio.Event] = {}
        """For rooms that somebody waits for until no member lacks."""
        feed.register(self.apply)

    async def room(self, room_id: str) -> Room:
        """The head of the room [0 trips cached, 1 cold]. Raises NotFound for a room that this server does not have."""
        room = await self.find(room_id)
        if room is None:
            raise NotFound("Unknown room.")
        return room

    async def find(self, room_id: str) -> Room | None:
        """Like `room`, None in place of NotFound."""
        nid = self._nids.get(room_id)
        if nid is not None:
            room = self._cached.get(nid)
            if room is not None:
                self._cached.move_to_end(nid)
                return room
        return await self.reload(room_id)

    async def whole(self, room_id: str, *, timeout_s: float = WHOLE_S) -> Room:
        """The head once no member lacks, at once where none does. Raises NotFound, Unavailable after `timeout_s`."""
        room = await self.room(room_id)
        if not room.is_partial:
            return room
        try:
            async with asyncio.timeout(timeout_s):
                while (room := await self.room(room_id)).is_partial:
                    await self._whole.setdefault(room.room_nid, asyncio.Event()).wait()
        except TimeoutError as error:
            raise Unavailable("The members of this room are still being fetched; try again.") from error
        return room

    async def joined_by(self, user_id: str, room_id: str) -> Room:
        """The room, for one who is joined to it. Raises Forbidden for everyone else, whether the room exists or not."""
        room = await self.find(room_id)
        if room is not None and not room.is_joined(user_id) and self._feed.is_shared:
            room = await self.reload(room_id)
        if room is None or not room.is_joined(user_id):
            raise Forbidden("You are not in this room.")
        return room

    async def reload(self, room_id: str) -> Room | None:
        """Read the head anew [1 trip]; calls for the same room share one read, another begins when that is given up."""
        while (loading := self._loading.get(room_id)) is not None:
            read = await asyncio.shield(loading)
            if read is not None:
                return read[0]
        loading = self._loading[room_id] = asyncio.get_running_loop().create_future()
        try:
            room = await self._load(room_id)
            loading.set_result((room,))
        except Exception as error:
            loading.set_exception(error)
            loading.exception()
            raise
        finally:
            del self._loading[room_id]
            if not loading.done():
                loading.set_result(None)
        return room

    async def load(self, room_nids: Iterable[int]) -> None:
        """Have the heads of these rooms in memory, as far as this server knows them [0 trips, 1 for cold ones]."""
        missing = [nid for nid in room_nids if nid not in self._cached]
        if missing:
            await self._read(lambda: self._table.load_heads(missing))

    async def _load(self, room_id: str) -> Room | None:
        async def record() -> list[HeadRecord]:
            found = await self._table.load_head(room_id)
            return [found] if found is not None else []

        rooms = await self._read(record)
        return rooms[0] if rooms else None

    async def _read(self, read: Callable[[], Awaitable[list[HeadRecord]]]) -> list[Room]:
        """Read heads, and bring them up to what came by meanwhile."""
        missed: list[_RoomRow] = []
        self._rows_while_loading.append(missed)
        try:
            records = await read()
        finally:
            # Nothing is awaited between this and keeping what was read: no row falls in between.
            # By identity: lists of two loads are equal as long as both are empty.
            self._rows_while_loading = [one for one in self._rows_while_loading if one is not missed]
        rooms = [Room(record) for record in records]
        by_nid = {room.room_nid: room for room in rooms}
        for row in missed:
            if row.room_nid in by_nid:
                self._apply_to(by_nid[row.room_nid], row)
        emptied = {
            row.room_nid
            for row in missed
            if isinstance(row, PurgedRow) or (isinstance(row, PartialRow) and row.is_partial)
        }
        for room in rooms:
            if room.room_nid in emptied:
                continue  # it may have been read before that; the next call reads it anew
            self._nids[room.room_id] = room.room_nid
            self._cached[room.room_nid] = room
            self._cached.move_to_end(room.room_nid)
        while len(self._cached) > CACHED_ROOMS:
            _, oldest = self._cached.popitem(last=False)
            self._nids.pop(oldest.room_id, None)
        return rooms

    def cached(self, room_nid: int) -> Room | None:
        """The head if it is in memory."""
        return self._cached.get(room_nid)

    def known(self, room_id: str) -> Room | None:
        """The head if it is in memory, by the room's id."""
        nid = self._nids.get(room_id)
        return self._cached.get(nid) if nid is not None else None

    def keep(self, room: Room) -> None:
        """Take the head of a room that is about to begin, if there is none: what is committed next is applied to it."""
        self._nids[room.room_id] = room.room_nid
        self._cached.setdefault(room.room_nid, room)

    def forget(self, room_id: str) -> None:
        """Drop the head, so that the next call reads it anew."""
        nid = self._nids.pop(room_id, None)
        if nid is not None:
            self._cached.pop(nid, None)

    def apply(self, row: Row) -> None:
        """Follow the stream; called by the feed for each row in order."""
        if isinstance(row, _RoomRow):
            for missed in self._rows_while_loading:
                missed.append(row)
            if isinstance(row, PurgedRow):
                self.forget(row.room_id)
                return
            room = self._cached.get(row.room_nid)
            was_partial = room is not None and room.is_partial
            if room is not None:
                self._apply_to(room, row)
            if isinstance(row, PartialRow):
                self._partial(row, was_partial=was_partial)

    def _partial(self, row: PartialRow, *, was_partial: bool) -> None:
        """Where members lacked before, what else was committed may have been withdrawals: the head is read anew."""
        if row.is_partial:
            if was_partial:
                self.forget(row.room_id)
        elif (waiting := self._whole.pop(row.room_nid, None)) is not None:
            waiting.set()

    @staticmethod
    def _apply_to(room: Room, row: _RoomRow) -> None:
        """Rows that the head held already when it was read change nothing."""
        if row.position <= room.read_at:
            return
        if isinstance(row, EventRow):
            if row.on_head and not row.historical and not row.flags & HIDDEN:
                room.apply_event(row)
            elif row.replaces:
                room.apply_replaced(row)
        elif isinstance(row, MemberRow):
            room.apply_member(row)
        elif isinstance(row, RedactionRow):
            room.apply_redaction(row)
        elif isinstance(row, PartialRow):
            room.apply_partial(row)
        elif isinstance(row, StateRow) and row.is_current:
            room.apply_state(row)
