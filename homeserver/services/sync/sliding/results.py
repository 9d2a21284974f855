"""The rooms of an answer: initial, updated, expanded, invited and left ones. Spec: MSC4186, RoomResult."""

from collections.abc import Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from homeserver.protocol.positions import PageToken
from homeserver.services.heads import MEMBER, Member, Room
from homeserver.services.sync.collect.items import Item, Presenter
from homeserver.services.sync.collect.rooms import Collector, RoomNews, WholeRoom
from homeserver.services.sync.collect.state import MemberEvents, heroes, is_named, stripped
from homeserver.services.sync.collect.viewer import Viewer
from homeserver.services.sync.sliding.connection import RoomSent
from homeserver.services.sync.sliding.scope import Activity, InScope, Labels
from homeserver.services.sync.sliding.wanted import Combined
from homeserver.storage.members import Membership
from homeserver.storage.rows import StateRow

Json = dict[str, Any]


@dataclass(slots=True)
class Result:
    """One room on its way into the answer. `is_initial`: the client has nothing of it."""

    membership: Membership
    lists: tuple[str, ...]
    is_initial: bool = False
    json: Json = field(default_factory=dict)
    sent: RoomSent | None = None
    members: list[tuple[str, Member]] = field(default_factory=list)
    """Whose member events are still to be put into `required_state`."""
    shown_types: frozenset[str] = frozenset()
    """Types of the events in the timeline."""

    @property
    def room_nid(self) -> int:
        return self.membership.room_nid


class Results:
    """Makes the rooms of one answer."""

    def __init__(
        self, collector: Collector, presenter: Presenter, member_events: MemberEvents, activity: Activity
    ) -> None:
        self._collector = collector
        self._presenter = presenter
        self.member_events = member_events
        self._activity = activity

    # -- rooms that the client knows -------------------------------------------------------------------------------

    async def updated(
        self, viewer: Viewer, news: Sequence[tuple[RoomNews, InScope, RoomSent]], upto: int
    ) -> list[Result]:
        """What is new of rooms that the client has."""
        events = await self._events(viewer, [item for room, _, _ in news for item in room.items])
        results = []
        for room, scope, sent in news:
            result = self._updated(viewer, room, scope, sent, events)
            if result is not None:
                result.sent = (result.sent or sent)._replace(upto=upto, wanted=scope.wanted)
                results.append(result)
        return results

    def _updated(
        self,
        viewer: Viewer,
        news: RoomNews,
        scope: InScope,
        sent: RoomSent,
        events: Mapping[str, orjson.Fragment],
    ) -> Result | None:
        items, start = news.items, news.start
        if sent.upto:
            fresh = [item for item in items if (item.event.position or 0) > sent.upto]
            start = max(0, start - (len(items) - len(fresh)))
            items = fresh
        timeline = items[start:]
        limit = scope.wanted.timeline_limit
        limited = news.is_cut or len(timeline) > limit
        timeline = timeline[-limit:] if limit else []
        changed = _changed_state(items, news.state, scope.wanted, events)
        room = self._collector.rooms.cached(news.room_nid)
        # Who wants no members is still told how many there are.
        summary = _changed_summary(room, viewer.user_id, items, news.state) if room is not None else {}
        if not items and not changed and not summary:
            return None
        result = Result(news.membership, scope.lists)
        body = result.json
        body["bump_stamp"] = self._activity.bump_stamp(news.room_nid)
        body["lists"] = scope.lists
        _put_timeline(body, timeline, events, limited=limited, live=len(timeline))
        body.update(summary)
        if room is not None and scope.wanted.lazy:
            result.members = _unseen_members(room.members, timeline, sent.members, changed)
            result.sent = sent.with_members(frozenset(user_id for user_id, _ in result.members))
        if changed:
            body["required_state"] = list(changed.values())
        return result

    # -- rooms that the client gets whole --------------------------------------------------------------------------

    async def whole(
        self,
        viewer: Viewer,
        rooms: Sequence[tuple[Membership, InScope]],
        labels: Labels,
        known: Mapping[int, RoomSent],
        since: int,
        upto: int,
    ) -> list[Result]:
        """Joined rooms from nothing, or (`known`) with more than the client asked for before [2 trips, heads warm].

        `since`, `upto`: the connection's stream positions before and after; what came between is live.
        """
        by_limit: dict[int, list[Membership]] = {}
        scopes = {membership.room_nid: scope for membership, scope in rooms}
        for membership, scope in rooms:
            by_limit.setdefault(scope.wanted.timeline_limit, []).append(membership)
        pages = [
            self._collector.whole(viewer, memberships, limit=limit, upto=upto)
            for limit, memberships in by_limit.items()
        ]
        read = await self._collector.reads.together(*pages, *self._members_ahead(viewer, rooms, upto))
        found: list[WholeRoom] = [whole for page in read[: len(pages)] for whole in page]
        events = await self._events(viewer, [item for whole in found for item in whole.items])
        return [
            self._whole(
                viewer,
                whole,
                scopes[whole.room.room_nid],
                labels=labels,
                known=known.get(whole.room.room_nid),
                since=since,
                upto=upto,
                events=events,
            )
            for whole in found
        ]

    def _members_ahead(
        self, viewer: Viewer, rooms: Sequence[tuple[Membership, InScope]], upto: int
    ) -> list[Coroutine[Any, Any, object]]:
        """Have the member events in memory that these rooms will show."""
        lazy: list[int] = []
        limit = 0
        nids: list[int] = []
        for membership, scope in rooms:
            room, wanted = self._collector.rooms.cached(membership.room_nid), scope.wanted
            if room is None:
                continue
            if wanted.lazy:
                limit = max(limit, wanted.timeline_limit)
                lazy.append(room.room_nid)
            users = [viewer.user_id] if wanted.lazy else room.members
            shown = (room.members.get(user) for user in users if wanted.matches(MEMBER, user))
            nids += [member.event_nid for member in shown if member is not None]
        return [self.member_events.of(nids), self.member_events.of_speakers(lazy, limit, upto)]

    def _whole(
        self,
        viewer: Viewer,
        whole: WholeRoom,
        scope: InScope,
        *,
        labels: Labels,
        known: RoomSent | None,
        since: int,
        upto: int,
        events: Mapping[str, orjson.Fragment],
    ) -> Result:
        room, wanted = whole.room, scope.wanted
        result = Result(whole.membership, scope.lists, is_initial=known is None)
        body = result.json
        body["bump_stamp"] = self._activity.bump_stamp(room.room_nid)
        body["membership"] = "join"
        body["lists"] = scope.lists
        live = sum(1 for item in whole.items if since and (item.event.position or 0) > since)
        if known is None or wanted.timeline_limit > known.wanted.timeline_limit or live:
            has_create = any(item.event.type == "m.room.create" for item in whole.items)
            _put_timeline(body, whole.items, events, limited=whole.has_more or not has_create, live=live)
            boundary = (whole.items[0].event.room_position or 0) - 1 if whole.items else whole.last_position
            body["prev_batch"] = str(PageToken(boundary))
        result.shown_types = frozenset(
            item.event.type
            for item in whole.items
            if not item.event.redacted_by and b'"rel_type":"m.replace"' not in item.event.body
        )
        if known is None:
            body["initial"] = True
            body["is_dm"] = whole.membership.room_id in labels.direct
            _put_summary(body, room, viewer.user_id, None)
        elif "timeline" in body:
            body["expanded_timeline"] = True
        state = [orjson.Fragment(entry.body) for key, entry in whole.state.items() if wanted.matches(*key)]
        body["required_state"] = state
        have = frozenset[str]() if known is None else known.members
        result.members = _wanted_members(whole.members, whole.items, wanted, have, viewer.user_id)
        sent = RoomSent(upto, wanted, "join", have)
        result.sent = sent.with_members(frozenset(user_id for user_id, _ in result.members)) if wanted.lazy else sent
        return result

    # -- invitations and rooms left --------------------------------------------------------------------------------

    async def pending(self, viewer: Viewer, rooms: Sequence[tuple[Membership, InScope]], upto: int) -> list[Result]:
        """Invited and knocked rooms: stripped state alone."""
        local = [one for one, _ in rooms if one.stripped_state is None]
        await self._collector.load(one.room_nid for one in local)
        bodies = await self.member_events.of([one.event_nid for one in local if one.event_nid])
        results = []
        for one, scope in rooms:
            room = self._collector.rooms.cached(one.room_nid)
            if one.stripped_state is not None:
                events: object = orjson.Fragment(one.stripped_state)
            elif room is not None:
                events = stripped(room, viewer.user_id, bodies.get(one.event_nid or 0))
            else:
                continue
            result = Result(one, scope.lists, is_initial=True)
            result.json = {
                "initial": True,
                "membership": one.membership,
                "stripped_state": events,
                "bump_stamp": max(one.position, self._activity.bump_stamp(one.room_nid)),
                "lists": scope.lists,
            }
            result.sent = RoomSent(upto, scope.wanted, one.membership)
            results.append(result)
        return results

    async def left(self, viewer: Viewer, rooms: Sequence[tuple[RoomNews, RoomSent | None]], limit: int) -> list[Result]:
        """Rooms that the viewer is not in any more: up to the leaving and nothing after it."""
        events = await self._events(viewer, [item for room, _ in rooms for item in room.items])
        results = []
        for room, sent in rooms:
            most = min(limit, sent.wanted.timeline_limit if sent is not None else 1)
            items = [
                item for item in room.items[room.start :] if sent is None or (item.event.position or 0) > sent.upto
            ]
            # The viewer's own leaving is always told.
            kept = items[-max(most, 1) :]
            result = Result(room.membership, ())
            result.json = {
                "membership": room.membership.membership,
                "bump_stamp": room.membership.position,
                "lists": (),
            }
            limited = room.is_cut or len(items) > len(kept)
            _put_timeline(result.json, kept, events, limited=limited, live=len(kept))
            own = events.get(room.membership.event_id or "")
            if own is not None:
                result.json["required_state"] = [own]
            if sent is not None and sent.membership in {"invite", "knock"}:
                result.json["stripped_state"] = []
            results.append(result)
        return results

    # -- members ---------------------------------------------------------------------------------------------------

    async def add_members(self, results: Iterable[Result]) -> None:
        """Put the member events that are wanted into the rooms [0 trips known, 1 for the rest]."""
        with_members = [result for result in results if result.members]
        if not with_members:
            return
        bodies = await self.member_events.of(
            [member.event_nid for result in with_members for _, member in result.members]
        )
        for result in with_members:
            state = result.json.setdefault("required_state", [])
            for _, member in result.members:
                body = bodies.get(member.event_nid)
                if body is not None:
                    state.append(orjson.Fragment(body))

    async def _events(self, viewer: Viewer, items: Sequence[Item]) -> Mapping[str, orjson.Fragment]:
        return (await self._presenter.present(viewer.requester, items)).events


def _put_timeline(
    body: Json, items: Sequence[Item], events: Mapping[str, orjson.Fragment], *, limited: bool, live: int
) -> None:
    body["timeline"] = [events[item.event.event_id] for item in items]
    body["num_live"] = live
    body["limited"] = limited
    if limited and items:
        body["prev_batch"] = str(PageToken((items[0].event.room_position or 0) - 1))


def _changed_state(
    items: Sequence[Item], rows: Sequence[StateRow], wanted: Combined, events: Mapping[str, orjson.Fragment]
) -> dict[tuple[str, str], orjson.Fragment | Json]:
    """The last change of each wanted state key; an emptied one is a stub without content."""
    changes: list[tuple[int, tuple[str, str], orjson.Fragment | Json]] = []
    for item in items:
        event = item.event
        if item.is_current_state and event.state_key is not None and wanted.matches(event.type, event.state_key):
            changes.append((event.position or 0, (event.type, event.state_key), events[event.event_id]))
    for row in rows:
        if wanted.matches(row.type, row.state_key):
            stub = {"type": row.type, "state_key": row.state_key}
            held = orjson.Fragment(row.body) if row.event_id is not None and row.body else stub
            changes.append((row.position, (row.type, row.state_key), held))
    changes.sort(key=lambda change: change[0])
    return {key: held for _, key, held in changes}


def _changed_summary(room: Room, viewer: str, items: Iterable[Item], rows: Iterable[StateRow]) -> Json:
    """What these changes touch of what `_put_summary` puts."""
    types = {item.event.type for item in items if item.is_current_state} | {row.type for row in rows}
    summary: Json = {}
    if types:
        _put_summary(summary, room, viewer, types)
    return summary


def _put_summary(body: Json, room: Room, viewer: str, changed: Collection[str] | None) -> None:
    """Name, avatar, heroes and counts, as far as what changed (None: everything) touches them."""
    if changed is None or "m.room.name" in changed:
        name = room.content("m.room.name").get("name")
        if name or changed is not None:
            body["name"] = name or None
    if changed is None or "m.room.avatar" in changed:
        avatar = room.content("m.room.avatar").get("url")
        if avatar or changed is not None:
            body["avatar"] = avatar or None
    if changed is None or MEMBER in changed:
        body["joined_count"] = room.joined_count
        body["invited_count"] = room.count("invite")
    if not is_named(room) and (changed is None or not {MEMBER, "m.room.name"}.isdisjoint(changed)):
        body["heroes"] = [_hero(user_id, room.members[user_id]) for user_id in heroes(room.members, viewer)]


def _hero(user_id: str, member: Member) -> Json:
    hero: Json = {"user_id": user_id}
    if member.displayname is not None:
        hero["displayname"] = member.displayname
    if member.avatar_url is not None:
        hero["avatar_url"] = member.avatar_url
    return hero


def _speakers(items: Iterable[Item]) -> set[str]:
    users = {item.event.sender for item in items}
    users |= {str(item.event.state_key) for item in items if item.event.type == MEMBER and item.event.state_key}
    return users


def _unseen_members(
    members: Mapping[str, Member],
    timeline: Sequence[Item],
    have: frozenset[str],
    changed: Collection[tuple[str, str]],
) -> list[tuple[str, Member]]:
    """Members who are needed to show the timeline and were not sent."""
    told = {key for kind, key in changed if kind == MEMBER}
    found = []
    for user_id in _speakers(timeline):
        if user_id not in have and user_id not in told:
            member = members.get(user_id)
            if member is not None and member.event_nid:
                found.append((user_id, member))
    return found


def _wanted_members(
    members: Mapping[str, Member], timeline: Sequence[Item], wanted: Combined, have: frozenset[str], viewer: str
) -> list[tuple[str, Member]]:
    """The member events that come with a whole room."""
    if wanted.lazy:
        users = _speakers(timeline) - have
        if wanted.matches(MEMBER, viewer):
            users.add(viewer)
        named = {
            str(element.state_key)
            for one in wanted.required
            for element in one.include
            if element.type == MEMBER and element.state_key is not None
        }
        users |= named
    else:
        users = {user_id for user_id in members if wanted.matches(MEMBER, user_id)}
    return [
        (user_id, member)
        for user_id in sorted(users)
        if (member := members.get(user_id)) is not None and member.event_nid
    ]
