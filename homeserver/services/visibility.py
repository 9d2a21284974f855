"""Who sees which event: the one way to read events on somebody's behalf.

Every read path fetches "the events of room R as X may see them" here; no other does. Decisions are `protocol`'s, by the
state before each event, which the page of storage brings along. Spec: Client-Server API, Room History Visibility.
"""

import contextlib
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

import orjson

from homeserver.errors import Forbidden, NotFound
from homeserver.protocol.events import Event
from homeserver.protocol.identifiers import RoomId, server_of
from homeserver.protocol.redaction import redact_body
from homeserver.protocol.visibility import HistoryVisibility, history_visibility, server_may_see, user_may_see
from homeserver.services.heads import MEMBER, Room, event_of_body
from homeserver.services.rooms import Rooms
from homeserver.storage.events.extras import NOTHING, Asker, Extra
from homeserver.storage.events.read import Events, Page, PageEvent
from homeserver.storage.members import Members
from homeserver.storage.rows import HIDDEN
from homeserver.storage.state import StateKeys

VISIBILITY_KEY = ("m.room.history_visibility", "")
PAST_MEMBERS = ("leave", "ban")
LOOK_BACK = 8
"""Changes of a membership that may lie between being joined and now (a declined invite, a ban after leaving)."""
IgnoredBy = Callable[[str], Coroutine[Any, Any, frozenset[str]]]


class Seen(NamedTuple):
    """An event that may be shown, with the viewer's membership when it happened.

    `extra`: what is shown beside it, None where that is still to be read.
    """

    event: PageEvent
    membership: str
    extra: Extra | None = None


class Reader(NamedTuple):
    """Someone reading a room: what they are to it now, and up to which room position they were joined if they left."""

    user_id: str
    room: Room
    membership: str
    left_at: int | None
    keys: tuple[int, int]
    """Numbers of the state keys of the room's visibility and of the reader's membership."""
    ignored: frozenset[str]


class Visibility:
    """Decides, event by event. Has no state of its own."""

    def __init__(
        self, rooms: Rooms, events: Events, members: Members, state_keys: StateKeys, ignored_by: IgnoredBy
    ) -> None:
        self._rooms = rooms
        self._events = events
        self._members = members
        self._state_keys = state_keys
        self._ignored_by = ignored_by
        self._erased: AbstractSet[str] = frozenset()

    def hide_erased(self, user_ids: AbstractSet[str]) -> None:
        """Show what these users sent as if redacted, to those who were not in the room then."""
        self._erased = user_ids

    async def reader(self, user_id: str, room_id: str) -> Reader:
        """The user as a reader of the room: joined now or once, or anyone where the world may read.

        Raises Forbidden for everyone else, whether the room exists or not.
        """
        room = await self._rooms.find(room_id)
        if room is None or not room.state:
            raise Forbidden("You are not in this room.")
        membership = room.membership(user_id)
        left_at: int | None = None
        if membership in PAST_MEMBERS:
            left_at = await self._left_at(room, user_id)
        if membership != "join" and left_at is None and room.history_visibility != "world_readable":
            raise Forbidden("You are not in this room.")
        keys = await self._state_keys.intern([VISIBILITY_KEY, (MEMBER, user_id)])
        numbers = (keys[VISIBILITY_KEY], keys[MEMBER, user_id])
        return Reader(user_id, room, membership, left_at, numbers, await self._ignored_by(user_id))

    async def _left_at(self, room: Room, user_id: str) -> int | None:
        """Room position of the event that ended the user's being joined; None for one who was never joined.

        None too for one who has forgotten the room. Spec: Client-Server API, Leaving rooms.
        """
        if user_id not in room.members:
            return None
        known = await self._members.membership(room.room_nid, user_id)
        if known is None or known.forgotten or known.event_id is None:
            return None
        nids = await self._state_keys.intern([(MEMBER, user_id)])
        nid, event_id = nids[MEMBER, user_id], known.event_id
        for _ in range(LOOK_BACK):
            page = await self._events.listed([event_id], [nid])
            if not page.events or page.events[0].room_nid != room.room_nid:
                return None
            event = page.events[0]
            before = page.history.at(event.chain_id, event.sequence, nid)
            if before is None or before.event_id is None:
                return None
            if membership_in(before.body) == "join":
                return event.room_position
            event_id = before.event_id
        return None

    def seen(self, reader: Reader, page: Page) -> list[Seen]:
        """Those events of the page that the reader may see, in the same order."""
        visible = []
        extras, erased, ignored = page.extras, self._erased, reader.ignored
        room_nid = reader.room.room_nid if reader.membership == "join" else None
        points: dict[tuple[int, int], _Before] = {}
        for stored in page.events:
            point = (stored.chain_id, stored.sequence)
            before = points.get(point)
            if before is None:
                before = points[point] = _before(reader, page, point)
            # What `_may_see` says of a message to a member, without the call: there are thousands in a first sync.
            is_plain = stored.state_key is None and stored.room_nid == room_nid and not stored.flags & HIDDEN
            if (
                before.is_plain_seen and stored.sender not in ignored
                if is_plain
                else self._may_see(reader, stored, before)
            ):
                extra = None if extras is None else extras.get(stored.event_nid, NOTHING)
                if stored.sender in erased and stored.state_key is None and before.membership != "join":
                    visible.append(Seen(_pruned(stored, reader.room), before.membership or "leave", NOTHING))
                elif is_plain:
                    visible.append(Seen(stored, before.membership or "leave", extra))
                else:
                    visible.append(Seen(stored, _shown_membership(reader, stored, before.membership), extra))
        return visible

    @staticmethod
    def _may_see(reader: Reader, stored: PageEvent, before: "_Before") -> bool:
        if stored.flags & HIDDEN or stored.room_nid != reader.room.room_nid:
            return False
        if stored.state_key is None:
            if stored.sender in reader.ignored:
                return False
            if reader.membership == "join":
                return before.is_plain_seen
        joined_since = reader.membership == "join" or (
            reader.left_at is not None and (stored.room_position or 0) <= reader.left_at
        )
        return user_may_see(
            _event(stored, reader.user_id),
            reader.user_id,
            visibility=before.visibility,
            membership=before.membership,
            joined_since=joined_since,
        )

    async def joined(self, user_id: str, room_id: str) -> Room:
        """The room, for one who is joined to it. Raises Forbidden."""
        return await self._rooms.joined_by(user_id, room_id)

    async def event_in_room(self, user_id: str, room_id: str, event_id: str) -> PageEvent:
        """The event of this room, for one who may see it. Raises NotFound for everything else [1 trip]."""
        return (await self.one(user_id, room_id, event_id)).event

    async def one(self, user_id: str, room_id: str, event_id: str, asker: Asker | None = None) -> Seen:
        """`event_in_room` with the reader's membership at the event."""
        try:
            reader = await self.reader(user_id, room_id)
        except Forbidden as error:
            raise NotFound("Event not found.") from error
        seen = await self.listed(reader, [event_id], asker)
        if not seen:
            raise NotFound("Event not found.")
        return seen[0]

    async def listed(self, reader: Reader, event_ids: Sequence[str], asker: Asker | None = None) -> list[Seen]:
        """Those of the events that are in the room and to be seen, in the order of the ids [1 trip]."""
        return self.seen(reader, await self._events.listed(event_ids, reader.keys, asker))

    async def of_rooms(self, user_id: str, event_ids: Mapping[str, Collection[str]]) -> set[str]:
        """Those of the events, given by the id of their room, that the user may see.

        [1 trip, and 1 for each room that the user has left]
        """
        return {one.event.event_id for one in await self.in_rooms(user_id, event_ids)}

    async def in_rooms(
        self, user_id: str, event_ids: Mapping[str, Collection[str]], asker: Asker | None = None
    ) -> list[Seen]:
        """The same as events, in the order of the ids within each room [trips as of `of_rooms`]."""
        readers: dict[int, Reader] = {}
        for room_id in event_ids:
            with contextlib.suppress(Forbidden):
                reader = await self.reader(user_id, room_id)
                readers[reader.room.room_nid] = reader
        if not readers:
            return []
        keys = next(iter(readers.values())).keys
        page = await self._events.listed([one for ids in event_ids.values() for one in ids], keys, asker)
        visible: list[Seen] = []
        for room_nid, reader in readers.items():
            events = [stored for stored in page.events if stored.room_nid == room_nid]
            visible += self.seen(reader, page._replace(events=events))
        return visible

    async def for_server(self, server: str, room: Room, event_ids: Sequence[str]) -> dict[str, bool]:
        """Ids of events of the room, and whether a peer may see each whole, or only redacted [1 trip].

        Spec: Server-Server API, Backfilling and retrieving missing events.
        """
        members = [(MEMBER, user_id) for user_id in room.members if server_of(user_id) == server]
        nids = await self._state_keys.intern([VISIBILITY_KEY, *members])
        page = await self._events.listed(event_ids, list(nids.values()))
        answers: dict[str, bool] = {}
        for stored in page.events:
            if stored.room_nid != room.room_nid:
                continue
            before = page.history.at(stored.chain_id, stored.sequence, nids[VISIBILITY_KEY])
            held = (page.history.at(stored.chain_id, stored.sequence, nids[key]) for key in members)
            memberships = [membership_in(found.body) or "leave" for found in held if found is not None]
            if stored.sender in self._erased and stored.state_key is None and "join" not in memberships:
                answers[stored.event_id] = False
                continue
            answers[stored.event_id] = server_may_see(
                _event(stored, stored.state_key),
                server,
                visibility=history_visibility(_content(before.body) if before else None),
                memberships=memberships,
            )
        return answers


def _pruned(stored: PageEvent, room: Room) -> PageEvent:
    """The event as a redaction would leave it."""
    return stored._replace(body=orjson.dumps(redact_body(orjson.loads(stored.body), room.rules)))


def member_ids(events: Iterable[Seen]) -> set[str]:
    """Senders and targets, for lazy loading. Spec: Client-Server API, Lazy-loading room members."""
    ids: set[str] = set()
    for seen in events:
        ids.add(seen.event.sender)
        if seen.event.type == MEMBER and seen.event.state_key is not None:
            ids.add(seen.event.state_key)
    return ids


class _Before(NamedTuple):
    """What held before events that stand on the same state: the room's visibility, the reader's membership.

    `is_plain_seen`: whether one who is joined now sees a message there.
    """

    visibility: HistoryVisibility
    membership: str | None
    is_plain_seen: bool


def _before(reader: Reader, page: Page, point: tuple[int, int]) -> _Before:
    held = page.history.at(*point, reader.keys[1])
    membership = membership_in(held.body) if held is not None else None
    rule = page.history.at(*point, reader.keys[0])
    visibility = history_visibility(_content(rule.body) if rule is not None else None)
    seen = user_may_see(_PLAIN, reader.user_id, visibility=visibility, membership=membership, joined_since=True)
    return _Before(visibility, membership, seen)


def _event(stored: PageEvent, user_id: str | None) -> Event:
    """What a decision about this user reads of an event; content only where it matters."""
    if stored.state_key is not None and (
        stored.type == VISIBILITY_KEY[0] or (stored.type == MEMBER and stored.state_key == user_id)
    ):
        return event_of_body(orjson.loads(stored.body), RoomId(stored.room_id))
    return _PLAIN


_PLAIN = event_of_body({"event_id": "", "type": "", "sender": "", "content": {}, "origin_server_ts": 0}, RoomId(""))
"""Stands for every event whose content no decision reads."""


def _content(body: bytes | None) -> Mapping[str, Any] | None:
    if body is None:
        return None
    content = orjson.loads(body).get("content")
    return content if isinstance(content, dict) else None


def membership_in(body: bytes | None) -> str | None:
    """The membership that a stored member event states."""
    content = _content(body)
    membership = content.get("membership") if content is not None else None
    return membership if isinstance(membership, str) else None


def _shown_membership(reader: Reader, stored: PageEvent, before: str | None) -> str:
    """`unsigned.membership`: the reader's, after the event. Spec: Client-Server API, Room event format."""
    if stored.type == MEMBER and stored.state_key == reader.user_id:
        return membership_in(stored.body) or "leave"
    return before or "leave"
