"""The extensions of an answer: inbox, device lists, account data, receipts, typing, counts, presence, previews.

What belongs to a room is kept apart by room, so that an answer can be split by rooms. Spec: MSC4186, MSC3884, MSC3885,
MSC3959, MSC3960, MSC4508; `app.hearth.*` are our own.
"""

from collections.abc import Collection, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from homeserver.services.one_time_keys import OneTimeKeys
from homeserver.services.presence import Presence
from homeserver.services.push_rules import SHOWN, PushRules, shown
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.services.states import States
from homeserver.services.sync.collect.interval import HIDDEN_ACCOUNT_DATA
from homeserver.services.sync.collect.items import Item, Presenter
from homeserver.services.sync.collect.own import (
    account_data_event,
    device_lists,
    latest_account_data,
    receipt_content,
)
from homeserver.services.sync.collect.rooms import Collector, News
from homeserver.services.sync.collect.viewer import Viewer
from homeserver.services.sync.sliding.connection import Place
from homeserver.services.sync.sliding.results import Result
from homeserver.services.sync.sliding.scope import Scope
from homeserver.services.sync.sliding.wanted import PREFIXED_TYPING, Extension, Extensions, Subscription
from homeserver.services.typing import Typing
from homeserver.services.unread import Unread
from homeserver.storage.events.pages import NEWEST
from homeserver.storage.receipts import Receipts
from homeserver.storage.rows import AccountDataRow, ReceiptRow, ToDeviceRow
from homeserver.storage.sync_reads import SyncReads
from homeserver.storage.to_device import ToDevice

Json = dict[str, Any]
DISPLAYED = (
    "m.room.message",
    "m.room.encrypted",
    "m.sticker",
    "m.poll.start",
    "org.matrix.msc3381.poll.start",
    "m.call.invite",
)
TYPING = "typing"
WATCHED_MEMBERS = 500
COUNTS, PRESENCE, PREVIEW = "app.hearth.counts", "app.hearth.presence", "app.hearth.preview"


@dataclass(slots=True)
class Memory:
    """What is remembered of extensions from one answer to the next; lost, things are sent again."""

    inbox_read: int | None = None
    """Up to where the inbox was handed out; None: it has to be read."""
    inbox_has_more: bool = False
    waiting: list[ToDeviceRow] | None = None
    """The oldest messages, read ahead."""
    totals: dict[int, tuple[int, int]] | None = None
    watched: frozenset[str] = frozenset()


@dataclass(slots=True)
class Extended:
    """The extensions of one answer: `whole` by name, `rooms` by name and room number."""

    whole: dict[str, Json] = field(default_factory=dict)
    rooms: dict[str, dict[int, object]] = field(default_factory=dict)

    def put(self, name: str, room_nid: int, value: object) -> None:
        self.rooms.setdefault(name, {})[room_nid] = value


@dataclass(slots=True)
class Moment:
    """What an answer is made for. `is_first`: the client has nothing yet; `has_new_sub`: it asks for something else."""

    viewer: Viewer
    sub: Subscription
    scope: Scope
    news: News
    results: Sequence[Result]
    before: Place
    place: Place
    is_first: bool
    has_new_sub: bool
    account_data: Sequence[AccountDataRow] | None
    receipts: Sequence[ReceiptRow]
    memory: Memory

    @property
    def wanted(self) -> Extensions:
        return self.sub.extensions

    def reaches(self, extension: Extension, room_nid: int) -> bool:
        """Whether a room the viewer is joined to is in the scope of an extension."""
        in_scope = self.scope.rooms.get(room_nid)
        membership = self.viewer.rooms.get(room_nid)
        return (
            in_scope is not None
            and membership is not None
            and membership.membership == "join"
            and in_scope.reaches(extension, membership.room_id)
        )

    def initial(self, extension: Extension) -> list[int]:
        """Rooms that the client gets from nothing."""
        return [one.room_nid for one in self.results if one.is_initial and self.reaches(extension, one.room_nid)]


class ExtensionBuilder:
    """Makes the extensions of answers."""

    def __init__(
        self,
        *,
        collector: Collector,
        presenter: Presenter,
        rooms: Rooms,
        reads: SyncReads,
        receipts: Receipts,
        to_device: ToDevice,
        push_rules: PushRules,
        unread: Unread,
        typing: Typing,
        presence: Presence,
        states: States,
        one_time_keys: OneTimeKeys,
    ) -> None:
        self._collector = collector
        self._presenter = presenter
        self._rooms = rooms
        self._reads = reads
        self._receipts = receipts
        self._to_device = to_device
        self._push_rules = push_rules
        self._unread = unread
        self._typing = typing
        self._presence = presence
        self._states = states
        self._one_time_keys = one_time_keys

    async def build(self, moment: Moment, inbox_after: int) -> Extended:
        """The extensions that have anything new. `inbox_after`: what the client has stored of its inbox."""
        extended, wanted = Extended(), moment.wanted
        if wanted.to_device.enabled:
            await self._add_inbox(moment, inbox_after, extended)
        if wanted.e2ee.enabled:
            await self._add_devices(moment, extended)
        if wanted.account_data.enabled:
            await self._add_account_data(moment, extended)
        if wanted.receipts.enabled:
            self._add_receipts(moment, extended)
        if wanted.wants_typing:
            self._add_typing(moment, extended)
        if wanted.counts.enabled:
            await self._add_counts(moment, extended)
        if wanted.presence.enabled and self._presence.enabled:
            self._add_presence(moment, extended)
        if wanted.preview.enabled:
            await self._add_previews(moment, extended)
        return extended

    def ahead(self, requester: Requester, sub: Subscription, inbox_after: int) -> list[Coroutine[Any, Any, object]]:
        """What to read when a client comes: first the oldest messages, then what is kept in memory once it is read."""
        wanted = sub.extensions
        reads: list[Coroutine[Any, Any, object]] = [self._oldest(requester, wanted.to_device, inbox_after)]
        if wanted.e2ee.enabled:
            reads.append(self._one_time_keys.counts(requester))
        if wanted.account_data.enabled:
            reads.append(self._push_rules.of(requester.user_id))
        return reads

    async def complete(self, requester: Requester, sub: Subscription, memory: Memory, whole: dict[str, Json]) -> None:
        """Add what clients of the deployed form want in every answer: counts of keys, and where the inbox is."""
        if sub.extensions.e2ee.enabled:
            left = await self._one_time_keys.counts(requester)
            found = whole.setdefault("e2ee", {})
            found.setdefault("device_one_time_keys_count", left.counts)
            found.setdefault("device_unused_fallback_key_types", left.unused_fallback)
        if sub.extensions.to_device.enabled:
            whole.setdefault("to_device", {"next_batch": str(memory.inbox_read or 0), "events": []})

    async def _oldest(self, requester: Requester, wanted: Extension, after: int) -> list[ToDeviceRow]:
        if requester.device_nid is None or not wanted.enabled:
            return []
        return await self._to_device.inbox(requester.device_nid, after, NEWEST, max(1, wanted.limit))

    async def acknowledge_inbox(self, device_nid: int, upto: int) -> None:
        """The client has stored its inbox up to here."""
        await self._to_device.acknowledge(device_nid, upto)

    async def _add_inbox(self, moment: Moment, after: int, extended: Extended) -> None:
        device_nid, memory = moment.viewer.requester.device_nid, moment.memory
        is_read = memory.inbox_read is not None and not memory.inbox_has_more
        if device_nid is None or (is_read and not moment.news.to_device):
            return
        limit = max(1, moment.wanted.to_device.limit)
        start = after if memory.inbox_read is None else memory.inbox_read
        if memory.waiting is None or start != after:
            messages = await self._to_device.inbox(device_nid, start, moment.place.position, limit)
        else:
            messages = memory.waiting[:limit]
        memory.waiting = None
        memory.inbox_has_more = len(messages) == limit
        reached = messages[-1].position if memory.inbox_has_more else moment.place.position
        memory.inbox_read = reached
        if messages or moment.is_first:
            events = [orjson.Fragment(message.content) for message in messages]
            extended.whole["to_device"] = {"next_batch": str(reached), "events": events}

    async def _add_devices(self, moment: Moment, extended: Extended) -> None:
        found: Json = {}
        if moment.is_first or moment.news.keys_changed:
            left = await self._one_time_keys.counts(moment.viewer.requester)
            found["device_one_time_keys_count"] = left.counts
            found["device_unused_fallback_key_types"] = left.unused_fallback
        if not moment.is_first and (moment.news.device_changes or moment.news.rooms):
            lists = device_lists(moment.news, moment.viewer, self._rooms)
            if lists.changed or lists.left:
                found["device_lists"] = {"changed": lists.changed, "left": lists.left}
        if found:
            extended.whole["e2ee"] = found

    async def _add_account_data(self, moment: Moment, extended: Extended) -> None:
        wanted = moment.wanted.account_data
        if moment.is_first:
            kept = [row for row in moment.account_data or () if not row.room_id]
            events = [account_data_event(row) for row in kept if not row.type.startswith(HIDDEN_ACCOUNT_DATA)]
            if all(row.type != SHOWN for row in kept):
                user_id = moment.viewer.user_id
                rules = orjson.Fragment(shown(await self._push_rules.of(user_id), user_id))
                events.append({"type": SHOWN, "content": rules})
        else:
            events = [account_data_event(row) for row in latest_account_data(moment.news.account_data).values()]
        if events:
            extended.whole["account_data"] = {"global": events}
        for nid, room in moment.news.rooms.items():
            if room.account_data and moment.reaches(wanted, nid):
                rows = latest_account_data(room.account_data).values()
                extended.put("account_data", nid, [account_data_event(row) for row in rows])
        by_room: dict[str, list[AccountDataRow]] = {}
        for row in moment.account_data or ():
            if row.room_id:
                by_room.setdefault(row.room_id, []).append(row)
        for nid in moment.initial(wanted):
            held = by_room.get(moment.viewer.rooms[nid].room_id)
            if held:
                extended.put("account_data", nid, [account_data_event(row) for row in held])

    async def receipts_of(self, viewer: Viewer, room_nids: Collection[int]) -> list[ReceiptRow]:
        """All receipts of rooms that the viewer may see [0 trips for none, else 1]."""
        rows = await self._receipts.of_rooms(room_nids) if room_nids else []
        return [row for row in rows if row.type != "m.read.private" or row.user_id == viewer.user_id]

    def _add_receipts(self, moment: Moment, extended: Extended) -> None:
        wanted = moment.wanted.receipts
        rows: dict[int, list[ReceiptRow]] = {}
        for nid, room in moment.news.rooms.items():
            if room.receipts and moment.reaches(wanted, nid):
                rows[nid] = list(room.receipts)
        initial = set(moment.initial(wanted))
        for row in moment.receipts:
            if row.room_nid in initial:
                rows.setdefault(row.room_nid, []).append(row)
        for nid, found in rows.items():
            extended.put("receipts", nid, {"type": "m.receipt", "content": receipt_content(found)})

    def _add_typing(self, moment: Moment, extended: Extended) -> None:
        name = TYPING if moment.wanted.typing.enabled else PREFIXED_TYPING
        wanted = moment.wanted.typing if name == TYPING else moment.wanted.prefixed_typing
        counter = moment.before.counter if moment.before.epoch == self._states.epoch else 0
        changed: Iterable[int] = ()
        if counter < self._states.counter:
            changed = self._typing.changed_since(counter)
        for nid in (*moment.initial(wanted), *changed):
            users = self._typing.users_in(nid)
            if moment.reaches(wanted, nid) and (users or nid in changed):
                extended.put(name, nid, {"type": "m.typing", "content": {"user_ids": users}})

    async def _add_counts(self, moment: Moment, extended: Extended) -> None:
        wanted, memory, user_id = moment.wanted.counts, moment.memory, moment.viewer.user_id
        if memory.totals is None:
            joined = [nid for nid, one in moment.viewer.rooms.items() if one.membership == "join"]
            all_counts = await self._unread.of(user_id, joined)
            memory.totals = {nid: (one.total.notifications, one.total.highlights) for nid, one in all_counts.items()}
        touched = {nid for nid, room in moment.news.rooms.items() if room.items or _has_own(room.receipts, user_id)}
        touched.update(one.room_nid for one in moment.results if one.is_initial)
        counts = await self._unread.of(user_id, [nid for nid in touched if moment.reaches(wanted, nid)])
        for nid, count in counts.items():
            threads = {root: {"n": one.notifications, "h": one.highlights} for root, one in count.threads.items()}
            total = count.total
            memory.totals[nid] = (total.notifications, total.highlights)
            extended.put(COUNTS, nid, {"n": total.notifications, "h": total.highlights, "threads": threads})
        if counts:
            n = sum(one[0] for one in memory.totals.values())
            h = sum(one[1] for one in memory.totals.values())
            extended.whole[COUNTS] = {"total": {"n": n, "h": h}}

    def _add_presence(self, moment: Moment, extended: Extended) -> None:
        memory, before = moment.memory, moment.before
        fresh: frozenset[str] = frozenset()
        if moment.has_new_sub or moment.is_first or not memory.watched or _has_new_members(moment):
            watched = self._watched(moment)
            fresh, memory.watched = watched - memory.watched, watched
        found: Json = dict(self._presence.of(fresh)) if fresh else {}
        if before.epoch != self._states.epoch or before.counter < self._states.counter:
            after = before.counter if before.epoch == self._states.epoch else None
            changed = self._presence.visible_to(moment.viewer.user_id, after)
            found.update({one["sender"]: one["content"] for one in changed if one["sender"] in memory.watched})
        if found:
            extended.whole[PRESENCE] = {"users": found}

    def _watched(self, moment: Moment) -> frozenset[str]:
        """Whose presence the client wants and may see: members of rooms it looks at, which the viewer is joined to."""
        wanted, viewer = moment.wanted.presence, moment.viewer
        users: set[str] = set()
        room_ids = set(wanted.rooms or ())
        named = set(wanted.users or ())
        for nid, membership in viewer.rooms.items():
            room = self._rooms.cached(nid)
            if room is None or membership.membership != "join":
                continue
            if membership.room_id in room_ids and room.joined_count <= WATCHED_MEMBERS:
                users.update(room.joined())
            users.update(user_id for user_id in named if room.is_joined(user_id))
        return frozenset(users)

    async def _add_previews(self, moment: Moment, extended: Extended) -> None:
        """The newest event of a room that a chat list can show, where the timeline holds none."""
        wanted = moment.wanted.preview
        missing = [nid for nid in moment.initial(wanted) if not _shows_something(moment, nid)]
        items: dict[int, Item] = {}
        if missing:
            ids = await self._reads.previews(missing, DISPLAYED, moment.place.position)
            if ids:
                items = await self._collector.shown(moment.viewer, ids)
        for nid, room in moment.news.rooms.items():
            in_scope = moment.scope.rooms.get(nid)
            if in_scope is not None and in_scope.wanted.timeline_limit == 0 and moment.reaches(wanted, nid):
                newest = next((one for one in reversed(room.items) if one.event.type in DISPLAYED), None)
                if newest is not None:
                    items[nid] = newest
        if items:
            presented = await self._presenter.present(moment.viewer.requester, list(items.values()))
            for nid, item in items.items():
                extended.put(PREVIEW, nid, presented.events[item.event.event_id])


def _has_new_members(moment: Moment) -> bool:
    """Whether somebody may have joined or left: then others are seen than before."""
    rooms = moment.news.rooms.values()
    return any(room.is_new or room.is_cut or any(_is_membership(item) for item in room.items) for room in rooms)


def _is_membership(item: Item) -> bool:
    return item.event.type == "m.room.member"


def _shows_something(moment: Moment, room_nid: int) -> bool:
    result = next(one for one in moment.results if one.room_nid == room_nid)
    return any(kind in DISPLAYED for kind in result.shown_types)


def _has_own(receipts: Sequence[ReceiptRow], user_id: str) -> bool:
    return any(row.user_id == user_id for row in receipts)
