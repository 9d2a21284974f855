"""The `rooms` of a `/v3/sync` answer: joined, left, invited and knocked ones.

Spec: Client-Server API, Syncing; Lazy-loading room members; Unread counts.
A little longer than others: what a room's block holds stands in one place.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from homeserver.protocol.filters import EventMatcher, SyncFilter, select_fields
from homeserver.protocol.positions import PageToken, SyncToken
from homeserver.services.heads import MEMBER, Member, Room
from homeserver.services.sync.collect.items import Item, Presenter
from homeserver.services.sync.collect.own import account_data_event, latest_account_data, receipt_content
from homeserver.services.sync.collect.rooms import Collector, RoomNews, WholeRoom
from homeserver.services.sync.collect.state import (
    MemberEvents,
    State,
    at_end,
    before_timeline,
    heroes,
    is_named,
    stripped,
)
from homeserver.services.sync.collect.viewer import Viewer
from homeserver.services.turns import slices
from homeserver.services.unread import Count, Counts
from homeserver.storage.members import Membership
from homeserver.storage.rows import AccountDataRow, ReceiptRow, StateRow

Json = dict[str, Any]
MAX_TIMELINE = 1_000
REMEMBERED_MEMBERS = 10_000
BLOCKS_AT_ONCE = 25
"""Rooms of an answer that are made in one turn of the loop."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request. `state_after`: the name under which the client wants the state at the end of the timeline, or ""."""

    since: SyncToken | None
    chosen: SyncFilter
    full_state: bool = False
    timeout_s: float = 0.0
    state_after: str = ""
    presence: str = "online"

    @property
    def limit(self) -> int:
        return self.chosen.room_timeline.limit(most=MAX_TIMELINE)

    @property
    def lazy(self) -> bool:
        return self.chosen.room_state.filter.lazy_load_members

    @property
    def redundant(self) -> bool:
        """Whether members are wanted again that the client has."""
        return self.chosen.room_state.filter.include_redundant_members


@dataclass(slots=True)
class SentMembers:
    """Which member events a device has: those it confirmed, and those of the last answer under their token."""

    confirmed: OrderedDict[tuple[int, str], str] = field(default_factory=OrderedDict)
    offered: dict[tuple[int, str], str] = field(default_factory=dict)
    token: str = ""

    def confirm(self, token: str) -> None:
        """The device came back with `token`; with another one, the last answer was lost."""
        if token == self.token:
            self.confirmed.update(self.offered)
            while len(self.confirmed) > REMEMBERED_MEMBERS:
                self.confirmed.popitem(last=False)
        self.offered = {}

    def has(self, room_nid: int, user_id: str, event_id: str) -> bool:
        return self.confirmed.get((room_nid, user_id)) == event_id

    def offer(self, room_nid: int, user_id: str, event_id: str) -> None:
        self.offered[room_nid, user_id] = event_id


class Timeline(NamedTuple):
    """What is shown of a room's new events, and the items of state that changed but are not in it."""

    items: list[Item]
    limited: bool
    changed: list[Item]


@dataclass(slots=True)
class Block:
    """One joined or left room on its way into the answer."""

    membership: Membership
    timeline: Timeline
    members: list[Member] = field(default_factory=list)
    """Whose events go into the state beside what changed."""
    news: RoomNews | None = None
    whole: WholeRoom | None = None

    @property
    def room_nid(self) -> int:
        return self.membership.room_nid

    @property
    def last_position(self) -> int:
        return self.whole.last_position if self.whole is not None else 0


class Beside(NamedTuple):
    """What stands in a joined room's block besides events."""

    receipts: Mapping[int, Sequence[ReceiptRow]]
    account_data: Mapping[str, Sequence[AccountDataRow]]
    typing: Mapping[int, Sequence[str]]
    counts: Mapping[int, Counts]


class RoomBlocks:
    """Makes the rooms of one answer."""

    def __init__(self, collector: Collector, presenter: Presenter, member_events: MemberEvents) -> None:
        self._collector = collector
        self._presenter = presenter
        self.member_events = member_events

    def block(self, news: RoomNews, wanted: Wanted) -> Block:
        """A room whose client has its past."""
        return Block(news.membership, _timeline(news.items, news.start, news.is_cut, wanted), news=news)

    def whole_block(self, whole: WholeRoom, wanted: Wanted, news: RoomNews | None) -> Block:
        """A room that the client gets whole."""
        has_create = any(item.event.type == "m.room.create" for item in whole.items)
        timeline = _timeline(whole.items, 0, whole.has_more or not has_create, wanted)
        return Block(whole.membership, timeline._replace(changed=[]), news=news, whole=whole)

    async def joined(
        self, viewer: Viewer, wanted: Wanted, sent: SentMembers, blocks: Sequence[Block], beside: Beside
    ) -> Json:
        """`rooms.join` [0 trips when all is live and members are known, else 1]."""
        items = [item for block in blocks for item in (*block.timeline.items, *block.timeline.changed)]
        presented, _ = await self._collector.reads.together(
            self._presenter.present(viewer.requester, items),
            self.member_events.of({nid for block in blocks for nid in self._needed_members(block, viewer, wanted)}),
        )
        states: dict[int, tuple[State, list[tuple[str, Member | bytes]]]] = {}
        nids: list[int] = []
        async for portion in slices(blocks, BLOCKS_AT_ONCE):
            for block in portion:
                state, members = self._state(block, viewer, wanted, sent, presented.extras, presented.events)
                states[block.room_nid] = (state, members)
                nids += [member.event_nid for _, member in members if isinstance(member, Member)]
        bodies = await self.member_events.of(nids) if nids else {}
        rooms: Json = {}
        async for portion in slices(blocks, BLOCKS_AT_ONCE):
            for block in portion:
                state, members = states[block.room_nid]
                for user_id, member in members:
                    body = member if isinstance(member, bytes) else bodies.get(member.event_nid)
                    if body is not None:
                        state[MEMBER, user_id] = orjson.Fragment(body)
                room = self._joined_room(block, viewer, wanted, state, presented.events)
                has_news = block.whole is not None or bool(block.timeline.items or state or block.timeline.limited)
                if self._add_beside(room, block, wanted, beside) or has_news:
                    rooms[block.membership.room_id] = room
        return rooms

    def _needed_members(self, block: Block, viewer: Viewer, wanted: Wanted) -> Iterable[int]:
        """Numbers of the member events that a block is likely to show."""
        if block.whole is None:
            return ()
        users: Iterable[str] = block.whole.members
        if wanted.lazy:
            users = {viewer.user_id, *(item.event.sender for item in block.timeline.items)}
            if not is_named(block.whole.room):
                users |= set(heroes(block.whole.members, viewer.user_id))
        members = block.whole.members
        return [members[user_id].event_nid for user_id in users if user_id in members]

    async def left(self, viewer: Viewer, wanted: Wanted, blocks: Sequence[Block]) -> Json:
        """`rooms.leave`: up to the viewer's leaving and nothing after it."""
        presented = await self._presenter.present(
            viewer.requester, [item for block in blocks for item in (*block.timeline.items, *block.timeline.changed)]
        )
        rooms: Json = {}
        for block in blocks:
            state = {**_past(block, viewer, wanted), **_changes(block, wanted, presented.events)}
            rooms[block.membership.room_id] = self._events_of(block, wanted, state, presented.events)
        return rooms

    def _state(
        self,
        block: Block,
        viewer: Viewer,
        wanted: Wanted,
        sent: SentMembers,
        extras: Mapping[str, Any],
        events: Mapping[str, orjson.Fragment],
    ) -> tuple[State, list[tuple[str, Member | bytes]]]:
        """The state of a block without the bodies of members, and the members wanted in it."""
        senders = {item.event.sender for item in block.timeline.items}
        if block.whole is not None:
            if wanted.state_after or (block.news is not None and not block.news.is_new):
                state, members = at_end(block.whole), dict[str, Member | bytes | None](block.whole.members)
            else:
                state, held = before_timeline(block.whole._replace(items=block.timeline.items), extras)
                members = dict(held)
            if wanted.lazy:
                room = block.whole.room
                senders.add(viewer.user_id)
                if not is_named(room):
                    senders.update(heroes(block.whole.members, viewer.user_id))
            else:
                senders = set(members)
            chosen = [(user_id, member) for user_id in sorted(senders) if (member := members.get(user_id)) is not None]
        else:
            state = _changes(block, wanted, events)
            chosen = []
            if wanted.lazy:
                chosen = list(self._lazy_members(block, senders, state, wanted, sent))
        for user_id, member in chosen:
            if isinstance(member, Member):
                sent.offer(block.room_nid, user_id, member.event_id)
        matcher = wanted.chosen.room_state
        if matcher.filter.types is not None or matcher.filter.not_types:
            state = {key: body for key, body in state.items() if matcher.matches(key[0], "", "")}
            if not matcher.matches(MEMBER, "", ""):
                chosen = []
        return state, chosen

    def _lazy_members(
        self, block: Block, senders: Collection[str], state: State, wanted: Wanted, sent: SentMembers
    ) -> Iterable[tuple[str, Member]]:
        """Members whom the client needs to show the timeline and does not have."""
        room = self._collector.rooms.cached(block.room_nid)
        if room is None:
            return
        shown = {item.event.event_id for item in block.timeline.items}
        for user_id in sorted(senders):
            member = room.members.get(user_id)
            if member is None or (MEMBER, user_id) in state:
                continue
            if member.event_id in shown:
                sent.offer(block.room_nid, user_id, member.event_id)
            elif wanted.redundant or not sent.has(block.room_nid, user_id, member.event_id):
                yield user_id, member

    def _events_of(self, block: Block, wanted: Wanted, state: State, events: Mapping[str, orjson.Fragment]) -> Json:
        """Timeline and state."""
        items = block.timeline.items
        first = items[0].event.room_position if items else None
        boundary = first - 1 if first is not None else block.last_position
        timeline: Json = {
            "events": [_selected(events[item.event.event_id], wanted) for item in items],
            "limited": block.timeline.limited,
        }
        if items or block.timeline.limited:
            timeline["prev_batch"] = str(PageToken(boundary))
        shown = {"events": [_selected(body, wanted) for body in state.values()]}
        return {"timeline": timeline, wanted.state_after or "state": shown}

    def _joined_room(
        self, block: Block, viewer: Viewer, wanted: Wanted, state: State, events: Mapping[str, orjson.Fragment]
    ) -> Json:
        room = self._events_of(block, wanted, state, events)
        head = block.whole.room if block.whole is not None else self._collector.rooms.cached(block.room_nid)
        if head is not None and _is_summary_due(block):
            room["summary"] = _summary(head, viewer.user_id)
        return room

    def of_talk(self, block: Block, wanted: Wanted, events: Mapping[str, orjson.Fragment]) -> Json:
        """A block of messages and receipts alone, without counts; empty where the filter leaves nothing."""
        if not wanted.chosen.rooms.allows_room(block.membership.room_id):
            return {}
        room = self._events_of(block, wanted, {}, events)
        beside = Beside({block.room_nid: block.news.receipts if block.news is not None else ()}, {}, {}, {})
        has_receipts = self._add_beside(room, block, wanted, beside)
        return room if has_receipts or block.timeline.items or block.timeline.limited else {}

    @staticmethod
    def _add_beside(room: Json, block: Block, wanted: Wanted, beside: Beside) -> bool:
        """Add it; whether any of it is news."""
        room_id, nid = block.membership.room_id, block.room_nid
        ephemeral: list[Json] = []
        receipts = beside.receipts.get(nid)
        matcher = wanted.chosen.room_ephemeral
        if receipts and matcher.matches("m.receipt", "", room_id):
            ephemeral.append({"type": "m.receipt", "content": receipt_content(receipts)})
        typing = beside.typing.get(nid)
        if typing is not None and matcher.matches("m.typing", "", room_id):
            ephemeral.append({"type": "m.typing", "content": {"user_ids": typing}})
        kept = wanted.chosen.room_account_data
        own = latest_account_data(beside.account_data.get(room_id, ())).values()
        room["ephemeral"] = {"events": ephemeral}
        room["account_data"] = {
            "events": [account_data_event(row) for row in own if kept.matches(row.type, "", room_id)]
        }
        counts = beside.counts.get(nid)
        if counts is not None:
            add_counts(room, counts, wanted)
        return bool(receipts or typing is not None or own)

    async def load_invited(self, memberships: Sequence[Membership]) -> Mapping[int, bytes]:
        """Have what is shown of invitations to rooms of this server in memory; bodies of the invitations."""
        local = [one for one in memberships if one.stripped_state is None]
        bodies = self.member_events.of([one.event_nid for one in local if one.event_nid])
        _, found = await self._collector.reads.together(self._collector.load([one.room_nid for one in local]), bodies)
        return dict(found)

    async def invited(self, viewer: Viewer, memberships: Sequence[Membership]) -> tuple[Json, Json]:
        """`rooms.invite` and `rooms.knock` [0 trips when all is in memory]."""
        bodies = await self.load_invited(memberships)
        invited: Json = {}
        knocked: Json = {}
        for one in memberships:
            if one.sender in viewer.ignored:
                continue
            if one.stripped_state is not None:
                events: Any = orjson.Fragment(one.stripped_state)
            else:
                room = self._collector.rooms.cached(one.room_nid)
                if room is None:
                    continue
                events = stripped(room, viewer.user_id, bodies.get(one.event_nid or 0))
            if one.membership == "invite":
                invited[one.room_id] = {"invite_state": {"events": events}}
            else:
                knocked[one.room_id] = {"knock_state": {"events": events}}
        return invited, knocked


def _timeline(items: Sequence[Item], start: int, is_cut: bool, wanted: Wanted) -> Timeline:
    """Cut and filter the events of a room."""
    matcher = wanted.chosen.room_timeline
    chosen = list(range(start, len(items)))
    if chosen and not (matcher.takes_all and matcher.allows_room(items[-1].event.room_id)):
        chosen = [n for n in chosen if _matches(matcher, items[n])]
    limit = wanted.limit
    limited = is_cut or len(chosen) > limit
    if len(chosen) > limit:
        chosen = chosen[-limit:] if limit else []
    kept = set(chosen)
    changed = [item for n, item in enumerate(items) if n not in kept and item.is_current_state]
    return Timeline([items[n] for n in chosen], limited, changed)


def _matches(matcher: EventMatcher, item: Item) -> bool:
    event = item.event
    has_url = matcher.filter.contains_url is not None and b'"url":' in event.body
    return matcher.matches(event.type, event.sender, event.room_id, has_url=has_url)


def _past(block: Block, viewer: Viewer, wanted: Wanted) -> State:
    """The state before the timeline of a room that was left, as far as the filter wants it."""
    past = block.news.past if block.news is not None else {}
    needed = {viewer.user_id, *(item.event.sender for item in block.timeline.items)}
    matcher = wanted.chosen.room_state
    return {
        key: orjson.Fragment(body)
        for key, body in past.items()
        if matcher.matches(key[0], "", "") and (key[0] != MEMBER or not wanted.lazy or key[1] in needed)
    }


def _changes(block: Block, wanted: Wanted, events: Mapping[str, orjson.Fragment]) -> State:
    """What changed in the state: before the timeline's end, or with `state_after` up to it. The last of each key."""
    news = block.news
    if news is None:
        return {}
    items = [item for item in block.timeline.items if item.is_current_state] if wanted.state_after else []
    ordered: list[tuple[int, Item | StateRow]] = [
        (item.event.position or 0, item) for item in (*block.timeline.changed, *items)
    ]
    ordered += [(row.position, row) for row in news.state]
    ordered.sort(key=lambda pair: pair[0])
    state: State = {}
    for _, change in ordered:
        if isinstance(change, StateRow):
            key = (change.type, change.state_key)
            if change.event_id is not None and change.body:
                state[key] = orjson.Fragment(change.body)
            else:
                state.pop(key, None)
        elif change.event.state_key is not None:
            state[change.event.type, change.event.state_key] = events[change.event.event_id]
    return state


def _is_summary_due(block: Block) -> bool:
    if block.whole is not None:
        return True
    changed = any(item.event.type == MEMBER for item in (*block.timeline.items, *block.timeline.changed))
    return changed or (block.news is not None and any(row.type == MEMBER for row in block.news.state))


def _summary(room: Room, viewer: str) -> Json:
    summary: Json = {
        "m.joined_member_count": room.joined_count,
        "m.invited_member_count": room.count("invite"),
    }
    if not is_named(room):
        summary["m.heroes"] = heroes(room.members, viewer)
    return summary


def add_counts(room: Json, counts: Counts, wanted: Wanted) -> None:
    """Put the unread counts into a block."""
    by_thread = wanted.chosen.room_timeline.filter.unread_thread_notifications
    room["unread_notifications"] = _count(counts.main if by_thread else counts.total)
    if by_thread:
        room["unread_thread_notifications"] = {root: _count(count) for root, count in counts.threads.items()}


def _count(count: Count) -> Json:
    return {"notification_count": count.notifications, "highlight_count": count.highlights}


def _selected(event: orjson.Fragment, wanted: Wanted) -> orjson.Fragment | Json:
    """The event, or what `event_fields` leave of it."""
    fields = wanted.chosen.event_fields
    if fields is None:
        return event
    return select_fields(orjson.loads(orjson.dumps(event)), fields)
