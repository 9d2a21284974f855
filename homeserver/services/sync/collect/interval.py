"""The rows of an interval of the stream, sorted by what one user may get of them: no trips, no formats.

Spec: Client-Server API, Syncing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from homeserver.services.heads import MEMBER
from homeserver.services.requester import Requester
from homeserver.storage.members import Membership
from homeserver.storage.rows import (
    HIDDEN,
    AccountDataRow,
    DeviceChangeRow,
    EventRow,
    MemberRow,
    OneTimeKeysRow,
    ReceiptRow,
    Row,
    StateRow,
    ToDeviceRow,
)

HIDDEN_ACCOUNT_DATA = "app.hearth.push_ruleset"
"""Account data that the server keeps for itself."""
GONE = frozenset({"leave", "ban"})


@dataclass(slots=True)
class RoomRows:
    """What the interval holds of one room, in order."""

    events: list[EventRow] = field(default_factory=list)
    state: list[StateRow] = field(default_factory=list)
    own: list[EventRow | MemberRow | StateRow] = field(default_factory=list)
    """Rows about the user's membership; those of events are in `events` too."""
    receipts: list[ReceiptRow] = field(default_factory=list)
    account_data: list[AccountDataRow] = field(default_factory=list)


@dataclass(slots=True)
class Interval:
    """The rows that concern a user, sorted."""

    rooms: dict[int, RoomRows] = field(default_factory=dict)
    account_data: list[AccountDataRow] = field(default_factory=list)
    to_device: list[ToDeviceRow] = field(default_factory=list)
    device_changes: list[DeviceChangeRow] = field(default_factory=list)
    keys_changed: bool = False
    """The one-time or fallback keys of the device are others than before."""

    def room(self, room_nid: int) -> RoomRows:
        found = self.rooms.get(room_nid)
        if found is None:
            found = self.rooms[room_nid] = RoomRows()
        return found


def interval_of(rows: Iterable[Row], requester: Requester, rooms: Mapping[int, Membership]) -> Interval:
    """Sort rows. `rooms`: the user's memberships at the end of the interval. A row that comes twice counts once."""
    interval = Interval()
    user_id = requester.user_id
    last = 0
    for row in rows:
        if row.position == last and isinstance(row, EventRow):
            continue
        last = row.position
        if isinstance(row, EventRow):
            if row.room_nid in rooms and not row.flags & HIDDEN and not row.historical:
                news = interval.room(row.room_nid)
                news.events.append(row)
                if row.state_key == user_id and row.type == MEMBER and row.is_current_state:
                    news.own.append(row)
        elif isinstance(row, ReceiptRow):
            if row.room_nid in rooms and (row.type != "m.read.private" or row.user_id == user_id):
                interval.room(row.room_nid).receipts.append(row)
        elif isinstance(row, StateRow):
            if row.room_nid in rooms and row.is_current:
                news = interval.room(row.room_nid)
                news.state.append(row)
                if row.type == MEMBER and row.state_key == user_id:
                    news.own.append(row)
        elif isinstance(row, MemberRow):
            if row.user_id == user_id:
                interval.room(row.room_nid).own.append(row)
        else:
            _take_own(row, interval, requester, rooms)
    return interval


def _take_own(row: Row, interval: Interval, requester: Requester, rooms: Mapping[int, Membership]) -> None:
    """Take what belongs to the user and not to a room's timeline."""
    if isinstance(row, AccountDataRow):
        if row.user_id != requester.user_id or row.type.startswith(HIDDEN_ACCOUNT_DATA):
            return
        if not row.room_id:
            interval.account_data.append(row)
            return
        nid = next((nid for nid, one in rooms.items() if one.room_id == row.room_id), None)
        if nid is not None:
            interval.room(nid).account_data.append(row)
    elif isinstance(row, ToDeviceRow):
        if row.device_nid == requester.device_nid:
            interval.to_device.append(row)
    elif isinstance(row, OneTimeKeysRow):
        if row.device_nid == requester.device_nid:
            interval.keys_changed = True
    elif isinstance(row, DeviceChangeRow) and (
        (row.observer or row.user_id) == requester.user_id
        or any(nid in rooms and rooms[nid].membership == "join" for nid in row.room_nids)
    ):
        interval.device_changes.append(row)


def membership_before(rows: Sequence[EventRow | MemberRow | StateRow], now: str) -> str:
    """The user's membership before the first of the rows about it. `now`: the one after the last."""
    first = rows[0]
    if isinstance(first, EventRow):
        content = orjson.loads(first.unsigned).get("prev_content") if first.unsigned else None
        before = content.get("membership") if isinstance(content, dict) else None
        return before if isinstance(before, str) else "leave"
    if isinstance(first, StateRow):
        # Resolution does not say what it replaced: what matters is that the change is seen.
        return "join" if now in GONE else "leave"
    return "invite" if now in GONE else "leave"


def visible_while_joined(rows: RoomRows, before: str) -> list[EventRow]:
    """Events that came while the user was joined, and those of the user's own membership."""
    visible = []
    membership = before
    own = {id(row) for row in rows.own}
    changes = [row for row in rows.own if not isinstance(row, EventRow)]
    for row in rows.events:
        while changes and changes[0].position < row.position:
            membership = changes.pop(0).membership or "leave"
        is_own = id(row) in own
        if membership == "join" or is_own:
            visible.append(row)
        if is_own:
            membership = row.membership or "leave"
    return visible


def is_new(before: str, now: str, rows: RoomRows) -> bool:
    """Whether the user joined within the interval, so that the client must get the room whole."""
    if now != "join" or not rows.own:
        return False
    return before != "join" or any(row.membership != "join" for row in rows.own)


def rejoinings(rows: RoomRows, before: str) -> frozenset[str]:
    """Events by which the user came in again: what happened while they were out is not among the rows' visible ones."""
    found = set()
    for row in rows.own:
        if isinstance(row, EventRow) and row.membership == "join" and before != "join":
            found.add(row.event_id)
        before = row.membership or "leave"
    return frozenset(found)


def concerns(membership: Membership, after: int) -> bool:
    """Whether a room may have anything for a client that stands at `after`."""
    if membership.forgotten:
        return False
    return membership.membership == "join" or membership.position > after
