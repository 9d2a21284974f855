"""Unread counts: read once for a user who is connected here, then kept by the stream.

What is simple is counted in memory; where a row may touch events already counted (a receipt that goes back, a
redaction), the room is counted anew when it is next asked for. Spec: Client-Server API, Receiving notifications.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from homeserver.services.feed import Feed
from homeserver.storage.mentions import Mentions
from homeserver.storage.rows import (
    HIDDEN,
    NOTIFY,
    EventRow,
    MemberRow,
    MentionRow,
    ReceiptRow,
    RedactionRow,
    Row,
    StateRow,
)

READ = ("m.read", "m.read.private")
MAIN = "main"
CACHED_USERS = 20_000


class Count(NamedTuple):
    """What is unread."""

    notifications: int = 0
    highlights: int = 0


@dataclass(slots=True)
class Counts:
    """One user's unread counts of one room; thread None is the main timeline."""

    upto: int = 0
    """Room position up to which was counted."""
    by_thread: dict[str | None, Count] = field(default_factory=dict)
    counted: int = 0
    """Number of the event that was counted last, to which mentions belong."""

    @property
    def total(self) -> Count:
        """All threads and the main timeline together."""
        found = self.by_thread.values()
        return Count(sum(one.notifications for one in found), sum(one.highlights for one in found))

    @property
    def main(self) -> Count:
        """The main timeline alone."""
        return self.by_thread.get(None, Count())

    @property
    def threads(self) -> dict[str, Count]:
        """Threads with anything unread, by the id of their root."""
        return {root: count for root, count in self.by_thread.items() if root is not None}

    def add(self, thread: str | None, notifications: int, highlights: int) -> None:
        """Count more, or less."""
        count = self.by_thread.get(thread, Count())
        count = Count(max(0, count.notifications + notifications), max(0, count.highlights + highlights))
        if count == Count():
            self.by_thread.pop(thread, None)
        else:
            self.by_thread[thread] = count


CountedRow = EventRow | MentionRow | ReceiptRow | RedactionRow | MemberRow | StateRow


class Unread:
    """Knows the unread counts of users who are connected here."""

    def __init__(self, mentions: Mentions, feed: Feed) -> None:
        self._mentions = mentions
        self._users: OrderedDict[str, dict[int, Counts]] = OrderedDict()
        self._by_room: dict[int, dict[str, Counts]] = {}
        self._last: dict[int, EventRow] = {}
        """Room -> its event whose mentions may follow."""
        self._rows_while_loading: list[list[CountedRow]] = []
        feed.register(self.apply)
        feed.on_caught_up(self.forget_all)

    async def of(self, user_id: str, room_nids: Collection[int]) -> dict[int, Counts]:
        """The counts of these rooms [0 trips for a user who was asked about before, else 1]."""
        known = self._users.get(user_id)
        if known is None:
            known = self._users[user_id] = {}
            while len(self._users) > CACHED_USERS:
                self._forget_user(next(iter(self._users)))
        self._users.move_to_end(user_id)
        found = {nid: known[nid] for nid in room_nids if nid in known}
        missing = [nid for nid in room_nids if nid not in found]
        if missing:
            found |= await self._load(user_id, missing)
        return found

    def known(self, user_id: str, room_nid: int) -> Counts | None:
        """The counts of a room if they are in memory."""
        counts = self._users.get(user_id)
        return counts.get(room_nid) if counts is not None else None

    async def _load(self, user_id: str, room_nids: Collection[int]) -> Mapping[int, Counts]:
        missed: list[CountedRow] = []
        self._rows_while_loading.append(missed)
        try:
            read = await self._mentions.unread(user_id, room_nids)
        finally:
            # Nothing is awaited between this and keeping what was read: no row falls in between.
            # By identity: lists of two loads are equal as long as both are empty.
            self._rows_while_loading = [one for one in self._rows_while_loading if one is not missed]
        loaded = {nid: Counts(read.upto.get(nid, 0)) for nid in room_nids}
        for one in read.counts:
            loaded[one.room_nid].by_thread[one.thread_id] = Count(one.notifications, one.highlights)
        known = self._users.setdefault(user_id, {})
        for nid, counts in loaded.items():
            known[nid] = counts
            self._by_room.setdefault(nid, {})[user_id] = counts
        last: dict[int, EventRow] = {}
        for row in missed:
            if row.room_nid not in loaded:
                continue
            if isinstance(row, EventRow):
                last[row.room_nid] = row
            self._change(user_id, loaded[row.room_nid], row, last.get(row.room_nid))
        return loaded

    # -- following the stream --------------------------------------------------------------------------------------

    def apply(self, row: Row) -> None:
        """Follow the stream."""
        if not isinstance(row, CountedRow):
            return
        for missed in self._rows_while_loading:
            missed.append(row)
        users = self._by_room.get(row.room_nid)
        if users is None:
            return
        if isinstance(row, EventRow):
            self._last[row.room_nid] = row
        last = self._last.get(row.room_nid)
        if isinstance(row, MentionRow | ReceiptRow | MemberRow):
            counts = users.get(row.user_id)
            if counts is not None:
                self._change(row.user_id, counts, row, last)
            return
        for user_id, counts in list(users.items()):
            self._change(user_id, counts, row, last)

    def _change(self, user_id: str, counts: Counts, row: CountedRow, last: EventRow | None) -> None:
        match row:
            case EventRow():
                self._count_event(user_id, counts, row)
            case MentionRow():
                if row.user_id == user_id and last is not None and counts.counted == row.event_nid == last.event_nid:
                    counts.add(row.thread_id, row.notify - bool(last.flags & NOTIFY), int(row.highlight))
            case ReceiptRow():
                if row.user_id == user_id and row.type in READ:
                    self._read(user_id, counts, row)
            case RedactionRow():
                if counts.by_thread:
                    self._forget(user_id, row.room_nid)
            case MemberRow() if row.user_id == user_id:
                self._forget(user_id, row.room_nid)
            case StateRow() if row.type == "m.room.member" and row.state_key == user_id:
                self._forget(user_id, row.room_nid)

    def _count_event(self, user_id: str, counts: Counts, row: EventRow) -> None:
        if row.flags & HIDDEN or row.historical or row.room_position <= counts.upto:
            return
        counts.upto, counts.counted = row.room_position, row.event_nid
        if row.membership is not None and row.state_key == user_id:
            self._forget(user_id, row.room_nid)
        elif not row.flags & NOTIFY:
            return
        elif row.sender == user_id:
            counts.by_thread.pop(row.thread_id, None)
        else:
            counts.add(row.thread_id, 1, 0)

    def _read(self, user_id: str, counts: Counts, row: ReceiptRow) -> None:
        """A receipt at the newest event needs no counting."""
        if not counts.by_thread:
            return
        if row.room_position < counts.upto:
            self._forget(user_id, row.room_nid)
        elif row.thread:
            counts.by_thread.pop(None if row.thread == MAIN else row.thread, None)
        else:
            counts.by_thread.clear()

    # -- forgetting ------------------------------------------------------------------------------------------------

    def _forget(self, user_id: str, room_nid: int) -> None:
        """Have the room counted anew."""
        self._users.get(user_id, {}).pop(room_nid, None)
        users = self._by_room.get(room_nid)
        if users is not None:
            users.pop(user_id, None)
            if not users:
                del self._by_room[room_nid]
                self._last.pop(room_nid, None)

    def _forget_user(self, user_id: str) -> None:
        for room_nid in list(self._users[user_id]):
            self._forget(user_id, room_nid)
        del self._users[user_id]

    def forget_all(self) -> None:
        """Rows were read back from PostgreSQL, which does not bring mentions along: count everything anew."""
        self._users.clear()
        self._by_room.clear()
        self._last.clear()
