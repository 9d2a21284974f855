"""State of rooms for clients: whole, at the beginning of a timeline, stripped; members as far as they are wanted.

Spec: Client-Server API, Syncing; Lazy-loading room members; Stripped state.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Collection, Iterable, Mapping
from typing import Any

import orjson

from homeserver.protocol.events import StateKey
from homeserver.services.feed import Feed
from homeserver.services.heads import MEMBER, Member, Room
from homeserver.services.rooms import Rooms
from homeserver.services.sync.collect.items import Item
from homeserver.services.sync.collect.rooms import WholeRoom
from homeserver.storage.events.extras import Extra
from homeserver.storage.events.read import Events
from homeserver.storage.rows import EventRow, RedactionRow, Row
from homeserver.storage.sync_reads import SyncReads

CACHED_MEMBERS = 200_000
HEROES = 5
STRIPPED = (
    "m.room.create",
    "m.room.name",
    "m.room.avatar",
    "m.room.topic",
    "m.room.join_rules",
    "m.room.canonical_alias",
    "m.room.encryption",
)

State = dict[StateKey, orjson.Fragment]


class MemberEvents:
    """Bodies of current member events, shared by all who look at them. Follows the feed."""

    def __init__(self, events: Events, reads: SyncReads, rooms: Rooms, feed: Feed) -> None:
        self._events = events
        self._reads = reads
        self._rooms = rooms
        self._bodies: OrderedDict[int, bytes] = OrderedDict()
        self._redacted: dict[int, bytes] = {}
        """Member events redacted while some are being read."""
        self._reading = 0
        feed.register(self.apply)

    async def of(self, event_nids: Collection[int]) -> Mapping[int, bytes]:
        """The client format of member events by number [0 trips known, 1 else]."""
        missing = [nid for nid in event_nids if nid and nid not in self._bodies]
        if missing:
            held = self._held(event_nids)
            return {**held, **await self._read(self._by_nid(missing))}
        return self._held(event_nids)

    async def of_users(self, members: Collection[tuple[int, str]]) -> None:
        """Have the current member events of users (room number, user id) in memory [0 trips known, 1 else]."""
        missing = [one for one in members if not self._knows(*one)]
        if missing:
            await self._read(self._reads.member_bodies(missing))

    async def of_speakers(self, room_nids: Collection[int], limit: int, upto: int) -> None:
        """Have those that the newest `limit` events of rooms need in memory [0 trips known, 1 else]."""
        missing = [nid for nid in room_nids if not self._knows_all(nid)]
        if missing:
            await self._read(self._reads.speaker_bodies(missing, limit, upto))

    def _held(self, event_nids: Collection[int]) -> dict[int, bytes]:
        bodies = self._bodies
        return {nid: body for nid in event_nids if (body := bodies.get(nid)) is not None}

    async def _by_nid(self, event_nids: Collection[int]) -> dict[int, bytes]:
        return {event.event_nid: event.body for event in await self._events.by_nid(event_nids)}

    def _knows(self, room_nid: int, user_id: str) -> bool:
        room = self._rooms.cached(room_nid)
        member = room.members.get(user_id) if room is not None else None
        return room is not None and (member is None or member.event_nid in self._bodies)

    def _knows_all(self, room_nid: int) -> bool:
        room = self._rooms.cached(room_nid)
        return room is not None and all(one.event_nid in self._bodies for one in room.members.values())

    async def _read(self, read: Awaitable[Mapping[int, bytes]]) -> Mapping[int, bytes]:
        """Keep what is read, but for what was redacted meanwhile."""
        self._reading += 1
        try:
            found = {**await read}
            found.update({nid: body for nid, body in self._redacted.items() if nid in found})
        finally:
            self._reading -= 1
            if not self._reading:
                self._redacted.clear()
        self._bodies.update(found)
        while len(self._bodies) > CACHED_MEMBERS:
            self._bodies.popitem(last=False)
        return found

    def known(self, event_nid: int) -> bytes | None:
        """The body if it is in memory."""
        return self._bodies.get(event_nid)

    def apply(self, row: Row) -> None:
        """Keep the member events that come by, and follow their redaction."""
        if isinstance(row, EventRow):
            if row.type == MEMBER and row.is_current_state:
                self._bodies[row.event_nid] = row.body
        elif isinstance(row, RedactionRow):
            if self._reading:
                self._redacted[row.target_event_nid] = row.body
            if row.target_event_nid in self._bodies:
                self._bodies[row.target_event_nid] = row.body


def speakers(items: Iterable[Item]) -> set[str]:
    """Whose member events a client needs to show these events."""
    users = set()
    for item in items:
        users.add(item.event.sender)
        if item.event.type == MEMBER and item.event.state_key is not None:
            users.add(item.event.state_key)
    return users


def before_timeline(whole: WholeRoom, extras: Mapping[str, Extra]) -> tuple[State, Mapping[str, Member | bytes | None]]:
    """The state at the beginning of the room's timeline: entries, and members (a body where it was an older event)."""
    state: State = {key: orjson.Fragment(entry.body) for key, entry in whole.state.items()}
    members: dict[str, Member | bytes | None] = dict(whole.members)
    touched: set[StateKey] = set()
    for item in whole.items:
        event = item.event
        if event.state_key is None or not item.is_current_state or (event.type, event.state_key) in touched:
            continue
        key = (event.type, event.state_key)
        touched.add(key)
        extra = extras.get(event.event_id)
        previous = extra.previous[1] if extra is not None and extra.previous is not None else None
        if event.type == MEMBER:
            members[event.state_key] = previous
        elif previous is None:
            state.pop(key, None)
        else:
            state[key] = orjson.Fragment(previous)
    return state, members


def at_end(whole: WholeRoom) -> State:
    """The room's current state without members."""
    return {key: orjson.Fragment(entry.body) for key, entry in whole.state.items()}


def heroes(members: Mapping[str, Member], viewer: str) -> list[str]:
    """Up to five others by whom a room without a name is called: present ones, else those who were."""
    for memberships in (("join", "invite"), ("leave", "ban")):
        found = sorted(
            (member.event_nid, user_id)
            for user_id, member in members.items()
            if user_id != viewer and member.membership in memberships
        )
        if found:
            return [user_id for _, user_id in found[:HEROES]]
    return []


def is_named(room: Room) -> bool:
    """Whether a room has a name or a canonical alias."""
    return bool(room.content("m.room.name").get("name") or room.content("m.room.canonical_alias").get("alias"))


def stripped(room: Room, user_id: str, member_body: bytes | None) -> list[dict[str, Any]]:
    """What an invited or knocking user is shown of a room of this server."""
    shown = []
    for event_type in STRIPPED:
        event = room.event((event_type, ""))
        if event is not None:
            entry = {"type": event_type, "state_key": "", "sender": event.sender, "content": event.content}
            shown.append(entry)
    if member_body is not None:
        member = orjson.loads(member_body)
        for key in ("room_id", "unsigned"):
            member.pop(key, None)
        shown.append(member)
    else:
        content = {"membership": room.membership(user_id)}
        shown.append({"type": MEMBER, "state_key": user_id, "sender": user_id, "content": content})
    return shown
