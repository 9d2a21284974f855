"""What belongs to the user alone: inbox, device lists, receipts as an event, acknowledgements.

Spec: Client-Server API, Send-to-Device messaging; Tracking the device list; Receipts.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from homeserver.protocol.positions import SyncToken
from homeserver.services.heads import MEMBER
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.services.sync.collect.interval import GONE
from homeserver.services.sync.collect.rooms import News, RoomNews
from homeserver.services.sync.collect.viewer import Viewer
from homeserver.storage.events.pages import NEWEST
from homeserver.storage.rows import AccountDataRow, ReceiptRow, Row, ToDeviceRow
from homeserver.storage.to_device import ToDevice

MOST_MESSAGES = 100
"""Of one answer. Spec: Client-Server API, Send-to-Device messaging."""


class DeviceLists(NamedTuple):
    """Users whose devices a client has to look at again, and those it need not watch any more."""

    changed: list[str]
    left: list[str]


class Letters(NamedTuple):
    """Messages to a device that go into one answer; `inbox`: their last position if there are more, for the token."""

    messages: list[ToDeviceRow]
    inbox: int | None


def letters_of(messages: list[ToDeviceRow]) -> Letters:
    """As many as one answer holds."""
    kept = messages[:MOST_MESSAGES]
    return Letters(kept, kept[-1].position if len(kept) < len(messages) else None)


class Inbox:
    """Messages to devices: read for a first sync, deleted when a later request shows that they arrived."""

    def __init__(self, table: ToDevice) -> None:
        self._table = table
        self._delivered: dict[int, int] = {}
        """Device -> position of the newest message handed out and not acknowledged; 0: nothing waits."""

    async def waiting(self, requester: Requester) -> list[ToDeviceRow]:
        """The oldest messages [1 trip]."""
        if requester.device_nid is None:
            return []
        return await self._table.inbox(requester.device_nid, 0, NEWEST, limit=MOST_MESSAGES + 1)

    def knows(self, requester: Requester) -> bool:
        """Whether it is known if messages were handed out and not acknowledged."""
        return requester.device_nid is None or requester.device_nid in self._delivered

    async def look(self, requester: Requester) -> None:
        """Find out whether anything waits that was perhaps handed out before this process knew the device [1 trip]."""
        if requester.device_nid is not None:
            found = await self._table.inbox(requester.device_nid, 0, NEWEST, limit=1)
            self._delivered.setdefault(requester.device_nid, found[0].position if found else 0)

    async def fresh(self, requester: Requester, since: SyncToken, upto: int, news: list[ToDeviceRow]) -> Letters:
        """The next messages of the device: `news` of the interval, or what did not fit before [0 trips, then 1]."""
        if since.inbox is not None and requester.device_nid is not None:
            news = await self._table.inbox(requester.device_nid, since.inbox, upto, limit=MOST_MESSAGES + 1)
        return letters_of(news)

    def delivered(self, requester: Requester, messages: Collection[ToDeviceRow]) -> None:
        """Note what was handed out."""
        if messages and requester.device_nid is not None:
            self._delivered[requester.device_nid] = max(message.position for message in messages)

    async def acknowledge(self, requester: Requester, upto: int) -> None:
        """The device has everything up to `upto`: delete it [0 trips, 1 when something waits]."""
        if requester.device_nid is None:
            return
        newest = self._delivered.get(requester.device_nid)
        if newest == 0 or (newest is not None and newest > upto):
            return
        await self._table.acknowledge(requester.device_nid, upto)
        self._delivered[requester.device_nid] = 0


def inbox_with(
    read: Iterable[ToDeviceRow], rows: Iterable[Row], device_nid: int | None, upto: int
) -> list[ToDeviceRow]:
    """Messages that were read, and those among rows that came after; up to a position, oldest first."""
    found = {row.position: row for row in read}
    found.update({row.position: row for row in rows if isinstance(row, ToDeviceRow) and row.device_nid == device_nid})
    return [found[position] for position in sorted(found) if position <= upto]


def account_data_with(read: Iterable[AccountDataRow], rows: Iterable[Row], user_id: str) -> list[AccountDataRow]:
    """Account data that was read, brought up to date by the rows that came after."""
    found = {(row.room_id, row.type): row for row in read}
    for row in rows:
        if isinstance(row, AccountDataRow) and row.user_id == user_id:
            found[row.room_id, row.type] = row
    return list(found.values())


def receipt_content(rows: Iterable[ReceiptRow]) -> dict[str, Any]:
    """Content of an `m.receipt` event."""
    content: dict[str, Any] = {}
    for row in rows:
        receipt: dict[str, Any] = {"ts": row.ts}
        if row.thread:
            receipt["thread_id"] = row.thread
        content.setdefault(row.event_id, {}).setdefault(row.type, {})[row.user_id] = receipt
    return content


def account_data_event(row: AccountDataRow) -> dict[str, Any]:
    return {"type": row.type, "content": orjson.Fragment(row.content)}


def latest_account_data(rows: Iterable[AccountDataRow]) -> dict[str, AccountDataRow]:
    """The last row of each kind."""
    return {row.type: row for row in rows}


def device_lists(news: News, viewer: Viewer, rooms: Rooms) -> DeviceLists:
    """Whose devices changed, who came into view and who went out of it. Looks at rooms in memory only."""
    changed = {row.user_id for row in news.device_changes}
    gone: set[str] = set()
    for room in news.rooms.values():
        _members_that_moved(room, viewer, rooms, changed, gone)
    left = {user_id for user_id in gone - changed if not _shares_a_room(user_id, viewer, rooms)}
    return DeviceLists(sorted(changed), sorted(left))


def _members_that_moved(room: RoomNews, viewer: Viewer, rooms: Rooms, changed: set[str], gone: set[str]) -> None:
    head = rooms.cached(room.room_nid)
    if room.is_new or (room.before == "join" and room.membership.membership in GONE):
        if head is not None:
            (changed if room.is_new else gone).update(user for user in head.joined() if user != viewer.user_id)
        return
    if head is None or room.membership.membership != "join":
        return
    if head.is_encrypted:
        changed.update(
            row.state_key
            for row in room.state
            if row.type == MEMBER and row.state_key != viewer.user_id and head.is_joined(row.state_key)
        )
    for item in room.items:
        event = item.event
        if event.type != MEMBER or event.state_key in {None, viewer.user_id} or not item.is_current_state:
            continue
        user_id = str(event.state_key)
        if head.is_joined(user_id):
            if head.is_encrypted:
                changed.add(user_id)
        else:
            gone.add(user_id)


def _shares_a_room(user_id: str, viewer: Viewer, rooms: Rooms) -> bool:
    """Whether they are in a room together; a room that is not in memory counts as one."""
    for nid, membership in viewer.rooms.items():
        if membership.membership == "join":
            room = rooms.cached(nid)
            if room is None or room.is_joined(user_id):
                return True
    return False


def by_room(rows: Iterable[AccountDataRow]) -> Mapping[str, list[AccountDataRow]]:
    """Rows of account data by room id."""
    found: dict[str, list[AccountDataRow]] = {}
    for row in rows:
        found.setdefault(row.room_id, []).append(row)
    return found
