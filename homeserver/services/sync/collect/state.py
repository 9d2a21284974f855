"""State of rooms for clients: whole, at the beginning of a timeline, stripped; members as far as they are wanted.

Spec: Client-Server API, Syncing; Lazy-loading room members; Stripped state.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import orjson

from homeserver.protocol.events import StateKey
from homeserver.services.feed import Feed
from homeserver.services.heads import MEMBER, Member, Room
from homeserver.services.sync.collect.items import Item
from homeserver.services.sync.collect.rooms import WholeRoom
from homeserver.storage.events.extras import Extra
from homeserver.storage.events.read import Events
from homeserver.storage.rows import EventRow, RedactionRow, Row

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

    def __init__(self, events: Events, feed: Feed) -> None:
        self._events = events
        self._bodies: OrderedDict[int, bytes] = OrderedDict()
        feed.register(self.apply)

    async def of(self, event_nids: Collection[int]) -> Mapping[int, bytes]:
        """The client format of member events by number [0 trips known, 1 else]."""
        bodies = self._bodies
        missing = [nid for nid in event_nids if nid and nid not in bodies]
        found: dict[int, bytes] = {}
        if missing:
            found = {event.event_nid: event.body for event in await self._events.by_nid(missing)}
        for nid in event_nids:
            body = bodies.get(nid)
            if body is not None:
                found[nid] = body
        for nid in missing:
            if nid in found:
                bodies[nid] = found[nid]
        while len(bodies) > CACHED_MEMBERS:
            bodies.popitem(last=False)
        return found

    def known(self, event_nid: int) -> bytes | None:
        """The body if it is in memory."""
        return self._bodies.get(event_nid)

    def apply(self, row: Row) -> None:
        """Keep the member events that come by, and follow their redaction."""
        if isinstance(row, EventRow):
            if row.type == MEMBER and row.is_current_state:
                self._bodies[row.event_nid] = row.body
        elif isinstance(row, RedactionRow) and row.target_event_nid in self._bodies:
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
