"""`/v3/sync`: the answer of the classic long-poll, made of what the collector finds.

Spec: Client-Server API, Syncing; Filtering.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import orjson

from homeserver.clock import Clock
from homeserver.protocol.positions import SyncToken
from homeserver.services.feed import Feed
from homeserver.services.one_time_keys import OneTimeKeys
from homeserver.services.presence import Presence
from homeserver.services.push_rules import SHOWN, PushRules, shown
from homeserver.services.requester import Requester
from homeserver.services.states import States
from homeserver.services.sync.collect.interval import GONE, HIDDEN_ACCOUNT_DATA, Interval
from homeserver.services.sync.collect.own import (
    Inbox,
    account_data_event,
    account_data_with,
    by_room,
    device_lists,
    inbox_with,
    latest_account_data,
    letters_of,
)
from homeserver.services.sync.collect.rooms import Collector, News, RoomNews
from homeserver.services.sync.collect.viewer import Viewer
from homeserver.services.sync.federation_format import FederationFormat
from homeserver.services.sync.v3_quick import QuickIncrement
from homeserver.services.sync.v3_rooms import Beside, Block, Json, RoomBlocks, SentMembers, Wanted
from homeserver.services.typing import Typing
from homeserver.services.unread import Unread
from homeserver.storage.account_data import AccountData
from homeserver.storage.members import Membership
from homeserver.storage.receipts import Receipts
from homeserver.storage.rows import AccountDataRow, ReceiptRow

PENDING = frozenset({"invite", "knock"})
REMEMBERED_DEVICES = 20_000


class ClassicSync:
    """Answers `/v3/sync`."""

    def __init__(
        self,
        *,
        feed: Feed,
        collector: Collector,
        blocks: RoomBlocks,
        quick: QuickIncrement,
        inbox: Inbox,
        account_data: AccountData,
        receipts: Receipts,
        push_rules: PushRules,
        unread: Unread,
        typing: Typing,
        presence: Presence,
        states: States,
        one_time_keys: OneTimeKeys,
        federation_format: FederationFormat,
        stopping: asyncio.Event,
        clock: Clock,
    ) -> None:
        self._feed = feed
        self._collector = collector
        self._blocks = blocks
        self._quick = quick
        self._inbox = inbox
        self._account_data = account_data
        self._receipts = receipts
        self._push_rules = push_rules
        self._unread = unread
        self._typing = typing
        self._presence = presence
        self._states = states
        self._one_time_keys = one_time_keys
        self._federation_format = federation_format
        self._stopping = stopping
        self._clock = clock
        self._sent: OrderedDict[tuple[int, int | None], SentMembers] = OrderedDict()

    async def sync(self, requester: Requester, wanted: Wanted) -> Json:
        """The next answer: at once if there is anything, else when something comes or `timeout_s` has passed."""
        with self._presence.syncing(requester.user_id, requester.device_id or "", wanted.presence):
            if wanted.chosen.event_format == "client":
                return await self._sync(requester, wanted)
            answer = await self._sync(requester, replace(wanted, chosen=wanted.chosen.with_whole_events()))
            await self._federation_format.put(answer, wanted.chosen)
            return answer

    async def _sync(self, requester: Requester, wanted: Wanted) -> Json:
        sent = self._sent_members(requester)
        since = wanted.since
        if since is None or not await self._is_reached(since.position):
            sent.confirmed.clear()
            return await self._first(requester, wanted, sent)
        sent.confirm(str(since))
        viewers = self._collector.viewers
        beside = () if self._inbox.knows(requester) else (self._inbox.look(requester), self._key_counts(requester))
        arrival = await viewers.arrive(requester, since.position, *beside, timeline=wanted.limit + 1)
        listener, missed = arrival.listener, arrival.missed
        await self._inbox.acknowledge(requester, since.stored)
        deadline = self._clock.monotonic() + wanted.timeout_s
        while True:
            ticket = listener.ticket
            viewer = await viewers.viewer(requester, listener, arrival.upto)
            token = self._token()
            if since == token and not wanted.full_state:
                # The common poll: nothing happened at all.
                left = deadline - self._clock.monotonic()
                if left <= 0 or self._stopping.is_set():
                    return await self._ended(requester, {}, token, sent)
                await self._feed.wait(listener, ticket, left)
                continue
            quick = self._quick.answer(viewer, wanted, sent, since, token) if since.inbox is None else {}
            if quick:
                return await self._ended(requester, quick, token, sent)
            news = await self._collector.news(
                viewer,
                since.position,
                token.position,
                limit=wanted.limit,
                missed=missed,
                beside=partial(self._wanted_with_missed, viewer, wanted),
            )
            missed = None
            news.to_device, inbox = await self._inbox.fresh(requester, since, token.position, news.to_device)
            token = replace(token, inbox=inbox)
            answer = await self._increment(viewer, wanted, sent, news, since)
            left = deadline - self._clock.monotonic()
            if answer or wanted.full_state or left <= 0 or self._stopping.is_set():
                self._inbox.delivered(requester, news.to_device)
                return await self._ended(requester, answer, token, sent)
            # Nothing up to here concerns this client: the next look starts here.
            since = token
            await self._feed.wait(listener, ticket, left)

    def _wanted_with_missed(
        self, viewer: Viewer, wanted: Wanted, interval: Interval
    ) -> list[Coroutine[Any, Any, object]]:
        """What the answer needs besides the events of an interval from the database: read with those."""
        joined = [nid for nid in interval.rooms if nid in viewer.rooms and viewer.rooms[nid].membership == "join"]
        reads: list[Coroutine[Any, Any, object]] = [self._unread.of(viewer.user_id, joined)]
        if wanted.lazy:
            events = ((nid, row) for nid in joined for row in interval.rooms[nid].events[-wanted.limit :])
            reads.append(self._blocks.member_events.of_users({(nid, row.sender) for nid, row in events}))
        return reads

    def _token(self) -> SyncToken:
        """Where the process is now."""
        return SyncToken(self._feed.head, self._states.epoch, self._states.counter)

    async def _is_reached(self, position: int) -> bool:
        """Whether this process has all of the stream up to a token; one from the future is of another database."""
        if position <= self._feed.head:
            return True
        try:
            async with asyncio.timeout(2.0):
                await self._feed.reached(position)
        except TimeoutError:
            return False
        return True

    def _sent_members(self, requester: Requester) -> SentMembers:
        key = (requester.user_nid, requester.device_nid)
        sent = self._sent.get(key)
        if sent is None:
            sent = self._sent[key] = SentMembers()
            if len(self._sent) > REMEMBERED_DEVICES:
                self._sent.popitem(last=False)
        self._sent.move_to_end(key)
        return sent

    # -- an interval -----------------------------------------------------------------------------------------------

    async def _increment(self, viewer: Viewer, wanted: Wanted, sent: SentMembers, news: News, since: SyncToken) -> Json:
        """What is new, as an answer without its token; empty when there is nothing."""
        answer: Json = {}
        rooms = await self._rooms(viewer, wanted, sent, news, since)
        if rooms:
            answer["rooms"] = rooms
        kept = wanted.chosen.account_data
        rows = [row for row in latest_account_data(news.account_data).values() if kept.matches(row.type, "")]
        if rows:
            answer["account_data"] = {"events": [account_data_event(row) for row in rows]}
        if news.to_device:
            answer["to_device"] = {"events": [_raw(row.content) for row in news.to_device]}
        presence = self._presence_events(viewer, wanted, since)
        if presence:
            answer["presence"] = {"events": presence}
        if news.device_changes or news.rooms:
            lists = device_lists(news, viewer, self._collector.rooms)
            if lists.changed or lists.left:
                answer["device_lists"] = {"changed": lists.changed, "left": lists.left}
        if news.keys_changed:
            answer.update(await self._key_counts(viewer.requester))
        return answer

    def _presence_events(self, viewer: Viewer, wanted: Wanted, since: SyncToken | None) -> list[Json]:
        after: int | None = None
        if since is not None and since.epoch == self._states.epoch:
            after = since.n
            if after >= self._states.counter:
                return []
        if not self._presence.enabled:
            return []
        matcher = wanted.chosen.presence
        events = self._presence.visible_to(viewer.user_id, after)
        return [event for event in events if matcher.matches("m.presence", event["sender"])]

    def _typing_in(self, viewer: Viewer, since: SyncToken) -> dict[int, list[str]]:
        """Rooms where who is typing changed."""
        counter = since.n if since.epoch == self._states.epoch else 0
        if counter >= self._states.counter:
            return {}
        return {
            nid: self._typing.users_in(nid)
            for nid in self._typing.changed_since(counter)
            if nid in viewer.rooms and viewer.rooms[nid].membership == "join"
        }

    async def _rooms(self, viewer: Viewer, wanted: Wanted, sent: SentMembers, news: News, since: SyncToken) -> Json:
        typing = self._typing_in(viewer, since)
        if not news.rooms and not typing and not wanted.full_state:
            return {}
        allows = wanted.chosen.rooms.allows_room
        found = {nid: room for nid, room in news.rooms.items() if allows(room.room_id)}
        for nid in typing.keys() - found.keys():
            if allows(viewer.rooms[nid].room_id):
                found[nid] = RoomNews.nothing(viewer.rooms[nid])
        if wanted.full_state:
            for nid, membership in viewer.rooms.items():
                if nid not in found and membership.membership == "join" and allows(membership.room_id):
                    found[nid] = RoomNews.nothing(membership)
        joined = [room for room in found.values() if room.membership.membership == "join"]
        gone = [room for room in found.values() if room.membership.membership in GONE]
        pending = [room.membership for room in found.values() if room.membership.membership in PENDING]
        blocks = await self._joined_blocks(viewer, wanted, joined, news.upto)
        beside = await self._beside(viewer, joined, blocks, typing)
        rooms = {
            "join": await self._blocks.joined(viewer, wanted, sent, blocks, beside),
            "leave": await self._blocks.left(viewer, wanted, [self._blocks.block(room, wanted) for room in gone]),
        }
        rooms["invite"], rooms["knock"] = await self._blocks.invited(viewer, pending)
        return {section: entries for section, entries in rooms.items() if entries}

    async def _joined_blocks(
        self, viewer: Viewer, wanted: Wanted, joined: Sequence[RoomNews], upto: int
    ) -> list[Block]:
        whole = [room for room in joined if room.is_new or wanted.full_state]
        blocks = [self._blocks.block(room, wanted) for room in joined if room not in whole]
        by_nid = {room.room_nid: room for room in whole}
        memberships = [one.membership for one in whole]
        for room in await self._collector.whole(viewer, memberships, limit=wanted.limit, upto=upto):
            news = by_nid[room.room.room_nid]
            block = self._blocks.whole_block(room, wanted, news)
            if not news.is_new:
                block.timeline = self._blocks.block(news, wanted).timeline
            blocks.append(block)
        return blocks

    async def _beside(
        self, viewer: Viewer, joined: Sequence[RoomNews], blocks: Sequence[Block], typing: Mapping[int, Sequence[str]]
    ) -> Beside:
        """What stands in the blocks besides events; rooms that are new to the client get all of it."""
        receipts: dict[int, Sequence[ReceiptRow]] = {room.room_nid: room.receipts for room in joined}
        account_data: dict[str, Sequence[AccountDataRow]] = {room.room_id: room.account_data for room in joined}
        shown_typing = dict(typing)
        new = [room for room in joined if room.is_new]
        if new:
            receipts.update(await self._receipts_of(viewer, [room.room_nid for room in new]))
            all_data = by_room(await self._account_data.of_user(viewer.user_id))
            for room in new:
                account_data[room.room_id] = all_data.get(room.room_id, ())
                shown_typing[room.room_nid] = self._typing.users_in(room.room_nid)
        counts = await self._unread.of(viewer.user_id, [block.room_nid for block in blocks])
        return Beside(receipts, account_data, shown_typing, counts)

    async def _receipts_of(self, viewer: Viewer, room_nids: Sequence[int]) -> dict[int, list[ReceiptRow]]:
        """All receipts of rooms that the viewer may see [1 trip]."""
        found: dict[int, list[ReceiptRow]] = {}
        for row in await self._receipts.of_rooms(room_nids) if room_nids else ():
            if row.type != "m.read.private" or row.user_id == viewer.user_id:
                found.setdefault(row.room_nid, []).append(row)
        return found

    # -- the first answer ------------------------------------------------------------------------------------------

    async def _first(self, requester: Requester, wanted: Wanted, sent: SentMembers) -> Json:
        """Everything, for a client without a token [3 trips: the user's own, rooms with events, members]."""
        viewers = self._collector.viewers
        while True:
            arrival = await viewers.arrive(
                requester,
                None,
                self._account_data.of_user(requester.user_id),
                self._inbox.waiting(requester),
                self._push_rules.of(requester.user_id),
                self._key_counts(requester),
                timeline=0,
            )
            viewer = await viewers.viewer(requester, arrival.listener)
            token = self._token()
            meanwhile = self._feed.rows(arrival.head, token.position)
            if meanwhile is not None:
                break
        all_data = account_data_with(arrival.read[0], meanwhile, viewer.user_id)
        letters = letters_of(inbox_with(arrival.read[1], meanwhile, requester.device_nid, token.position))
        token = replace(token, inbox=letters.inbox)
        self._inbox.delivered(requester, letters.messages)
        # Rooms may change while they are read; the token stands before that, so what changes comes again as news.
        viewer = viewer._replace(rooms=dict(viewer.rooms))
        allows = wanted.chosen.rooms.allows_room
        memberships = [one for one in viewer.rooms.values() if not one.forgotten and allows(one.room_id)]
        joined = [one for one in memberships if one.membership == "join"]
        pending = [one for one in memberships if one.membership in PENDING]
        nids = [one.room_nid for one in joined]
        whole, receipts, counts, _ = await self._collector.reads.together(
            self._collector.whole(viewer, joined, limit=wanted.limit, upto=token.position),
            self._receipts_of(viewer, nids),
            self._unread.of(viewer.user_id, nids),
            self._blocks.load_invited(pending),
        )
        blocks = [self._blocks.whole_block(room, wanted, None) for room in whole]
        typing = {nid: users for nid in nids if (users := self._typing.users_in(nid))}
        beside = Beside(receipts, by_room(all_data), typing, counts)
        rooms = {"join": await self._blocks.joined(viewer, wanted, sent, blocks, beside)}
        rooms["invite"], rooms["knock"] = await self._blocks.invited(viewer, pending)
        rooms["leave"] = await self._left_rooms(viewer, wanted, memberships) if wanted.chosen.include_leave else {}
        answer: Json = {
            "rooms": rooms,
            "account_data": {"events": await self._first_account_data(viewer, wanted, all_data)},
            "to_device": {"events": [_raw(row.content) for row in letters.messages]},
            "presence": {"events": self._presence_events(viewer, wanted, None)},
        }
        return await self._ended(viewer.requester, answer, token, sent)

    async def _first_account_data(self, viewer: Viewer, wanted: Wanted, rows: Sequence[AccountDataRow]) -> list[Json]:
        """Global account data, with the default push rules of those who changed none."""
        kept = wanted.chosen.account_data
        found = [row for row in rows if not row.room_id and not row.type.startswith(HIDDEN_ACCOUNT_DATA)]
        events = [account_data_event(row) for row in found if kept.matches(row.type, "")]
        if all(row.type != SHOWN for row in found) and kept.matches(SHOWN, ""):
            rules = await self._push_rules.of(viewer.user_id)
            events.append({"type": SHOWN, "content": _raw(shown(rules, viewer.user_id))})
        return events

    async def _left_rooms(self, viewer: Viewer, wanted: Wanted, memberships: Sequence[Membership]) -> Json:
        """Rooms that the viewer left, as they were then."""
        gone = [one for one in memberships if one.membership in GONE and one.event_nid]
        blocks = []
        for membership in gone:
            left = await self._collector.left(viewer, membership, limit=wanted.limit)
            if left is not None:
                blocks.append(self._blocks.block(left, wanted))
        return await self._blocks.left(viewer, wanted, blocks)

    # -- every answer ----------------------------------------------------------------------------------------------

    async def _ended(self, requester: Requester, answer: Json, token: SyncToken, sent: SentMembers) -> Json:
        sent.token = str(token)
        return {**answer, "next_batch": sent.token, **await self._key_counts(requester)}

    async def _key_counts(self, requester: Requester) -> Json:
        left = await self._one_time_keys.counts(requester)
        return {
            "device_one_time_keys_count": left.counts,
            "device_unused_fallback_key_types": left.unused_fallback,
            "org.matrix.msc2732.device_unused_fallback_key_types": left.unused_fallback,
        }


def _raw(content: bytes) -> orjson.Fragment:
    return orjson.Fragment(content)
