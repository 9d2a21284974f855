"""Plain talk: intervals of the stream that mean the same to everyone in a room, found out and rendered once for all.

Messages of one sender to a room go to all its members; only positions and counts differ between them. An interval that
is anything but messages and receipts, for this viewer, is left to the collector. Not for: what else is new (`rooms`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from homeserver.services.feed import Feed
from homeserver.services.requester import Requester
from homeserver.services.sync.collect.items import Live
from homeserver.storage.members import Membership
from homeserver.storage.rows import (
    HIDDEN,
    AccountDataRow,
    DeviceChangeRow,
    EventRow,
    MemberRow,
    OneTimeKeysRow,
    ReceiptRow,
    RedactionRow,
    Row,
    StateRow,
    ToDeviceRow,
)

LONGEST = 500
"""Of a longer interval, counted in positions, nothing is shared."""


@dataclass(slots=True)
class RoomTalk:
    """Messages and public receipts of a room, oldest first, and what was rendered of them so far."""

    room_id: str
    events: list[EventRow] = field(default_factory=list)
    receipts: list[ReceiptRow] = field(default_factory=list)
    senders: set[str] = field(default_factory=set)
    devices: set[tuple[int, int]] = field(default_factory=set)
    """Those that sent the messages: they get their transaction ids along."""
    rendered: dict[object, object] = field(default_factory=dict)
    """By what is asked for; gone with the next commit, before which nothing of it can change."""


@dataclass(slots=True)
class Talk:
    """An interval by rooms; None: there is more to it than talk."""

    rooms: dict[int, RoomTalk | None] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    """Users to whom some of the rows alone belong."""
    is_plain: bool = True


class Talks:
    """The intervals up to the head that were asked for."""

    def __init__(self, feed: Feed, live: Live) -> None:
        self._feed = feed
        self._live = live
        self._head = 0
        self._talks: dict[int, Talk] = {}

    def heard(
        self,
        requester: Requester,
        rooms: Mapping[int, Membership],
        ignored: Collection[str],
        after: int,
        upto: int,
    ) -> list[tuple[int, RoomTalk]] | None:
        """The rooms with talk for this viewer in `(after, upto]`; None when there is anything else, or nothing."""
        talk = self._talk(after, upto)
        if talk is None or not talk.is_plain or requester.user_id in talk.own:
            return None
        found = []
        device = (requester.user_nid, requester.device_nid or 0)
        for nid, room in talk.rooms.items():
            membership = rooms.get(nid)
            if membership is None:
                continue
            if room is None or membership.membership != "join" or membership.position > after:
                return None
            if membership.forgotten or device in room.devices or not room.senders.isdisjoint(ignored):
                return None
            found.append((nid, room))
        return found or None

    def _talk(self, after: int, upto: int) -> Talk | None:
        """The interval, when it ends at the head."""
        if upto != self._feed.head or not 0 < upto - after <= LONGEST:
            return None
        if upto != self._head:
            self._talks.clear()
            self._head = upto
        talk = self._talks.get(after)
        if talk is None:
            rows = self._feed.rows(after, upto)
            if rows is None:
                return None
            talk = self._talks[after] = Talk()
            for row in rows:
                self._take(talk, row)
        return talk

    def _take(self, talk: Talk, row: Row) -> None:
        if isinstance(row, EventRow):
            room = _room(talk, row.room_nid, row.room_id)
            if not self._is_message(row):
                talk.rooms[row.room_nid] = None
            elif room is not None:
                room.events.append(row)
                room.senders.add(row.sender)
                if row.txn is not None:
                    room.devices.add((row.txn.user_nid, row.txn.device_nid))
        elif isinstance(row, ReceiptRow):
            # One's own receipt changes one's counts.
            talk.own.add(row.user_id)
            if row.type != "m.read.private":
                room = _room(talk, row.room_nid, row.room_id)
                if room is not None:
                    room.receipts.append(row)
        elif isinstance(row, StateRow | RedactionRow):
            talk.rooms[row.room_nid] = None
        elif isinstance(row, MemberRow):
            talk.rooms[row.room_nid] = None
            talk.own.add(row.user_id)
        elif isinstance(row, AccountDataRow | ToDeviceRow | OneTimeKeysRow):
            talk.own.add(row.user_id)
        elif isinstance(row, DeviceChangeRow):
            talk.is_plain = False

    def _is_message(self, row: EventRow) -> bool:
        is_plain = row.state_key is None and row.redacts is None and row.redacted_by is None
        is_next = not row.flags & HIDDEN and not row.historical and row.skip == 0
        return is_plain and is_next and not self._live.is_aside(row)


def _room(talk: Talk, room_nid: int, room_id: str) -> RoomTalk | None:
    if room_nid not in talk.rooms:
        talk.rooms[room_nid] = RoomTalk(room_id)
    return talk.rooms[room_nid]
