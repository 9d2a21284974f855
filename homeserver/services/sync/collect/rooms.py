"""What is new of a user's rooms in an interval, and rooms as a whole for those who see them for the first time.

Live: from the ring, no trips. From an older token: the missed rows, and the state at them for the visibility function.
Every event handed out has passed it, or came while the viewer was joined. Spec: Client-Server API, Syncing; Room
History Visibility.
A little longer than others: the ways to the same events, from memory and from the database, stand side by side.
"""

from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from homeserver.protocol.events import StateKey
from homeserver.services.feed import Feed
from homeserver.services.heads import MEMBER, Member, Room, StateEntry
from homeserver.services.rooms import Rooms
from homeserver.services.sync.collect.interval import (
    GONE,
    Interval,
    RoomRows,
    concerns,
    interval_of,
    is_new,
    membership_before,
    rejoinings,
    visible_while_joined,
)
from homeserver.services.sync.collect.items import Item, Live
from homeserver.services.sync.collect.viewer import Viewer, Viewers
from homeserver.services.turns import slices
from homeserver.services.visibility import Reader, Visibility, membership_in
from homeserver.storage.changes import Missed
from homeserver.storage.events.read import Events, Page, PageEvent
from homeserver.storage.members import Membership
from homeserver.storage.rows import (
    AccountDataRow,
    DeviceChangeRow,
    EventRow,
    ReceiptRow,
    Row,
    StateRow,
    ToDeviceRow,
)
from homeserver.storage.state import StateTable
from homeserver.storage.sync_reads import SyncReads

GAP = 2**31
"""Room positions further apart than this have a hole between them."""
ROOMS_AT_ONCE = 25
"""Rooms that are read whole by one statement."""
Beside = Callable[[Interval], Collection[Coroutine[Any, Any, Any]]]
"""What else to read, when it is known what an interval holds."""


@dataclass(slots=True)
class RoomNews:
    """What is new of one room. `items`: the events to be seen, oldest first.

    `before`, `membership`: the viewer's at both ends of the interval. `is_new`: joined within it, so that the client
    must get the room whole. `is_cut`: events are missing before `items[start]`; what comes before it are state changes.
    """

    membership: Membership
    before: str
    is_new: bool
    items: list[Item]
    start: int
    is_cut: bool
    state: list[StateRow]
    receipts: list[ReceiptRow]
    account_data: list[AccountDataRow]
    past: Mapping[StateKey, bytes] = field(default_factory=dict)
    """Of a room that was left, when it is shown from nothing: the state before the first item, as it was then."""

    @classmethod
    def nothing(cls, membership: Membership) -> "RoomNews":
        """A room without news."""
        return cls(membership, membership.membership, False, [], 0, False, [], [], [])

    @property
    def room_nid(self) -> int:
        return self.membership.room_nid

    @property
    def room_id(self) -> str:
        return self.membership.room_id


@dataclass(slots=True)
class News:
    """What is new for a viewer in `(after, upto]`."""

    after: int
    upto: int
    rooms: dict[int, RoomNews]
    account_data: list[AccountDataRow]
    to_device: list[ToDeviceRow]
    device_changes: list[DeviceChangeRow]
    keys_changed: bool = False
    """The one-time or fallback keys of the viewer's device may be others than before."""


class WholeRoom(NamedTuple):
    """A room as it stands: its newest events that the viewer may see, whether there are more, and its state."""

    membership: Membership
    room: Room
    items: list[Item]
    has_more: bool
    state: Mapping[StateKey, StateEntry]
    members: Mapping[str, Member]
    last_position: int


class Collector:
    """Collects for all formats. Has no state of its own."""

    def __init__(
        self,
        *,
        feed: Feed,
        rooms: Rooms,
        events: Events,
        reads: SyncReads,
        viewers: Viewers,
        visibility: Visibility,
        live: Live,
        states: StateTable,
    ) -> None:
        self._feed = feed
        self.rooms = rooms
        self._events = events
        self.reads = reads
        self.viewers = viewers
        self._visibility = visibility
        self._live = live
        self._states = states

    # -- what is new -----------------------------------------------------------------------------------------------

    async def news(
        self,
        viewer: Viewer,
        after: int,
        upto: int,
        *,
        limit: int,
        missed: Missed | None = None,
        beside: Beside | None = None,
    ) -> News:
        """What is new in `(after, upto]`; at least the last `limit` events of each room [0 trips live, else 1 or 2].

        `upto` is the head at this moment. `missed`: what `Viewers.arrive` has read; `beside`: what to read with the
        second trip.
        """
        rows = self._feed.rows(after, upto)
        if rows is None:
            since = self._feed.rows(missed.head, upto) if missed is not None and missed.head <= upto else None
            if missed is None or since is None:
                missed = await self.viewers.missed(viewer.requester, after, limit + 1, upto)
            return await self._missed(
                viewer, News(after, upto, {}, [], [], []), [*missed.rows, *(since or ())], limit, beside
            )
        interval = interval_of(rows, viewer.requester, viewer.rooms)
        found: dict[int, RoomNews] = {}
        doubtful: list[RoomNews] = []
        for nid, room_rows in interval.rooms.items():
            membership = viewer.rooms.get(nid)
            if membership is None or not concerns(membership, after):
                continue
            now = membership.membership
            before = membership_before(room_rows.own, now) if room_rows.own else now
            news = self._room_news(viewer, membership, room_rows, before)
            found[nid] = news
            if any(isinstance(item.event, EventRow) and self._live.is_aside(item.event) for item in news.items):
                doubtful.append(news)
        own = (interval.account_data, interval.to_device, interval.device_changes)
        news_of_all = News(after, upto, found, *own, keys_changed=interval.keys_changed)
        if doubtful:
            await self._look_closer(viewer, doubtful)
        return news_of_all

    def _room_news(self, viewer: Viewer, membership: Membership, rows: RoomRows, before: str) -> RoomNews:
        now = membership.membership
        if not rows.own:
            items = [Item(row) for row in rows.events]
        else:
            items = [
                Item(
                    row,
                    (row.membership or "leave") if row.state_key == viewer.user_id and row.type == MEMBER else "join",
                )
                for row in visible_while_joined(rows, before)
            ]
        state = rows.state
        if now in GONE:
            state = [row for row in state if row.position <= membership.position]
        if now in GONE:
            items = [item._replace(left_at=membership.position) for item in items]
        items = _without_ignored(items, viewer.ignored)
        holes = rejoinings(rows, before)
        start = next(
            (n for n in range(len(items) - 1, -1, -1) if _has_hole_below(items[n]) or items[n].event.event_id in holes),
            None,
        )
        return RoomNews(
            membership=membership,
            before=before,
            is_new=is_new(before, now, rows),
            items=items,
            start=start or 0,
            is_cut=start is not None,
            state=state,
            receipts=rows.receipts if now == "join" else [],
            account_data=rows.account_data,
        )

    async def _look_closer(self, viewer: Viewer, doubtful: Sequence[RoomNews]) -> None:
        """Ask the visibility function about rooms with events that came beside the head [1 trip]."""
        ids = [item.event.event_id for news in doubtful for item in news.items]
        keys = await self.viewers.keys(viewer)
        page = await self._events.listed(ids, keys)
        for news in doubtful:
            room = await self.rooms.room(news.room_id)
            mine = _of_room(page, news.room_nid)
            seen = self._visibility.seen(self._reader(viewer, room, news.membership, keys), mine)
            allowed = {one.event.event_id for one in seen}
            news.items = [item for item in news.items if item.event.event_id in allowed]

    async def _missed(self, viewer: Viewer, news: News, rows: Sequence[Row], limit: int, beside: Beside | None) -> News:
        """The same from rows of the database, for a token older than the ring [1 trip]."""
        rooms = dict(viewer.rooms)
        viewer = viewer._replace(rooms=rooms)
        after = news.after
        interval = interval_of(rows, viewer.requester, rooms)
        news.account_data, news.to_device = interval.account_data, interval.to_device
        news.device_changes, news.keys_changed = interval.device_changes, True
        nids = [nid for nid in interval.rooms if nid in rooms]
        more = beside(interval) if beside is not None else []
        if not nids:
            await self.reads.together(*more)
            return news
        keys = await self.viewers.keys(viewer)
        ids = {row.event_id for one in interval.rooms.values() for row in one.events[-limit:]}
        ids |= {row.event_id for one in interval.rooms.values() for row in one.own if isinstance(row, EventRow)}
        listed = self._events.listed(list(ids), keys, viewer.asker)
        page, *_ = await self.reads.together(listed, self.load(nids), *more)
        for nid in nids:
            membership = rooms[nid]
            # A commit that lost a race lets go of the head meanwhile; a room left out here would be lost to the client.
            room = self.rooms.cached(nid) or await self.rooms.find(membership.room_id)
            if concerns(membership, after) and room is not None:
                reader = self._reader(viewer, room, membership, keys)
                held = _of_room(page, nid)
                news.rooms[nid] = self._missed_room(reader, membership, interval.rooms[nid], held, limit)
        return news

    def _missed_room(self, reader: Reader, membership: Membership, rows: RoomRows, page: Page, limit: int) -> RoomNews:
        now = membership.membership
        before = now
        if rows.own:
            first = rows.own[0]
            if isinstance(first, EventRow):
                held = page.history.at(first.chain_id, first.sequence, reader.keys[1])
                before = (membership_in(held.body) if held is not None else None) or "leave"
            else:
                before = membership_before(rows.own, now)
        was_joined = before == "join" or any(row.membership == "join" for row in rows.own)
        is_cut = len(rows.events) > limit
        newest = rows.events[-limit:] if is_cut else rows.events
        older = rows.events[: -len(newest)] if newest else []
        state = rows.state
        if now in GONE:
            newest = [row for row in newest if row.position <= membership.position]
            older = [row for row in older if row.position <= membership.position]
            state = [row for row in state if row.position <= membership.position]
            if not newest:
                newest, older = older[-1:], older[:-1]
        if now in GONE and not was_joined:
            newest = [row for row in newest if row in rows.own]
        ids = {row.event_id for row in newest}
        events = sorted((one for one in page.events if one.event_id in ids), key=lambda one: one.position or 0)
        seen = self._visibility.seen(reader, page._replace(events=events))
        # State that changed below the hole: the viewer was joined then, or gets the room whole.
        changed = [Item(row) for row in older if row.is_current_state] if was_joined else []
        return RoomNews(
            membership=membership,
            before=before,
            is_new=is_new(before, now, rows),
            items=[*changed, *(Item.of(one) for one in seen)],
            start=len(changed),
            # What happened while the viewer was out, before the interval, was never told.
            is_cut=is_cut or (now in GONE and was_joined and before != "join"),
            state=state,
            receipts=rows.receipts if now == "join" else [],
            account_data=rows.account_data,
        )

    # -- rooms as a whole ------------------------------------------------------------------------------------------

    async def load(self, room_nids: Iterable[int]) -> None:
        """Have the heads of these rooms in memory."""
        await self.rooms.load(room_nids)

    async def whole(
        self, viewer: Viewer, memberships: Sequence[Membership], *, limit: int, upto: int
    ) -> list[WholeRoom]:
        """Rooms that the viewer is joined to, with their newest `limit` events up to a position.

        [1 trip for each `ROOMS_AT_ONCE` of them: to read the rows of more would hold everybody else up]
        """
        if not memberships:
            return []
        keys = await self.viewers.keys(viewer)
        whole: list[WholeRoom] = []
        async for portion in slices(memberships, ROOMS_AT_ONCE):
            whole += await self._whole(viewer, portion, keys, limit=limit, upto=upto)
        return whole

    async def _whole(
        self, viewer: Viewer, memberships: Sequence[Membership], keys: tuple[int, int], *, limit: int, upto: int
    ) -> list[WholeRoom]:
        nids = [one.room_nid for one in memberships]
        latest = self._events.latest(nids, limit + 1, keys, asker=viewer.asker)
        page, _ = await self.reads.together(latest, self.load(nids))
        heads: list[WholeRoom] = []
        for membership in memberships:
            room = self.rooms.cached(membership.room_nid) or await self.rooms.find(membership.room_id)
            if room is not None and room.state:
                head = WholeRoom(membership, room, [], False, dict(room.state), dict(room.members), room.last_position)
                heads.append(head)
        by_room: dict[int, list[PageEvent]] = {}
        for event in page.events:
            by_room.setdefault(event.room_nid, []).append(event)
        whole = []
        for head in heads:
            events = by_room.get(head.room.room_nid, [])
            has_more = len(events) > limit
            events = [event for event in events if (event.position or 0) <= upto]
            events = events[-limit:] if limit else []
            reader = self._reader(viewer, head.room, head.membership, keys)
            seen = self._visibility.seen(reader, page._replace(events=events))
            items = _after_gap([Item.of(one) for one in seen])
            whole.append(head._replace(items=items, has_more=has_more or len(items) < len(events)))
        return whole

    async def left(self, viewer: Viewer, membership: Membership, *, limit: int) -> RoomNews | None:
        """A room that the viewer left: its last events and its state as they were then [4 trips]."""
        room = await self.rooms.find(membership.room_id)
        if room is None:
            return None
        keys = await self.viewers.keys(viewer)
        reader = self._reader(viewer, room, membership, keys)
        page = await self._events.page(
            room.room_nid,
            start=membership.room_position + 1,
            limit=limit,
            backwards=True,
            state_key_nids=keys,
            asker=viewer.asker,
        )
        page.events.reverse()
        leaving = await self._events.listed([membership.event_id or ""], keys)
        items = [Item.of(one) for one in self._visibility.seen(reader, page)]
        held = [page_event for page_event in leaving.events if page_event.room_position is not None]
        was_joined = any(
            (before := leaving.history.at(event.chain_id, event.sequence, keys[1])) is not None
            and membership_in(before.body) == "join"
            for event in held
        )
        if not was_joined:
            items = [item for item in items if item.event.event_id == membership.event_id]
        news = RoomNews(membership, "join", False, items, 0, True, [], [], [])
        if was_joined and items and isinstance(items[0].event, PageEvent):
            held_then = await self._states.state_at((items[0].event.chain_id, items[0].event.sequence))
            bodies = await self._events.by_nid([one.event_nid for one in held_then.values()])
            by_id = {one.event_id: one.body for one in bodies}
            news.past = {key: by_id[one.event_id] for key, one in held_then.items() if one.event_id in by_id}
        return news

    async def shown(self, viewer: Viewer, event_ids: Mapping[int, str]) -> dict[int, Item]:
        """Single events, by their rooms' numbers, as far as the viewer may see them [1 trip]."""
        keys = await self.viewers.keys(viewer)
        page = await self._events.listed(list(event_ids.values()), keys, viewer.asker)
        found: dict[int, Item] = {}
        for nid in event_ids:
            room, membership = self.rooms.cached(nid), viewer.rooms.get(nid)
            if room is not None and membership is not None:
                reader = self._reader(viewer, room, membership, keys)
                for one in self._visibility.seen(reader, _of_room(page, nid)):
                    found[nid] = Item.of(one)
        return found

    # -- asking the visibility function ----------------------------------------------------------------------------

    @staticmethod
    def _reader(viewer: Viewer, room: Room, membership: Membership, keys: tuple[int, int]) -> Reader:
        left_at = membership.room_position if membership.membership in GONE else None
        return Reader(viewer.user_id, room, membership.membership, left_at, keys, viewer.ignored)


def _of_room(page: Page, room_nid: int) -> Page:
    return page._replace(events=[event for event in page.events if event.room_nid == room_nid])


def _without_ignored(items: list[Item], ignored: Collection[str]) -> list[Item]:
    if not ignored:
        return items
    return [item for item in items if item.event.sender not in ignored or item.event.state_key is not None]


def _has_hole_below(item: Item) -> bool:
    return isinstance(item.event, EventRow) and item.event.skip > 0


def _after_gap(items: list[Item]) -> list[Item]:
    """The items after the last hole between them."""
    for n in range(len(items) - 1, 0, -1):
        if (items[n].event.room_position or 0) - (items[n - 1].event.room_position or 0) > GAP:
            return items[n:]
    return items
