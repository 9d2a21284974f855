"""Which rooms a connection looks at: lists by filter, activity and range, and single rooms. Spec: MSC4186.

Membership decides every time: subscribing to a room that one is not in brings nothing (S-11).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from homeserver.services.feed import Feed
from homeserver.services.rooms import Rooms
from homeserver.services.sync.collect.viewer import Viewer
from homeserver.services.sync.sliding.wanted import Combined, Extension, Filters, RoomWanted, Subscription, combined
from homeserver.storage.members import Membership
from homeserver.storage.rows import HIDDEN, AccountDataRow, EventRow, Row
from homeserver.storage.sync_reads import SyncReads

PRESENT = frozenset({"join", "invite", "knock"})
KNOWN_ROOMS = 200_000
BUMPS = (
    "m.room.create",
    "m.room.message",
    "m.room.encrypted",
    "m.sticker",
    "m.call.invite",
    "m.poll.start",
    "org.matrix.msc3381.poll.start",
    "m.beacon_info",
)


class InScope(NamedTuple):
    """Why a room is looked at, and what is wanted of it."""

    wanted: Combined
    lists: tuple[str, ...]
    is_subscribed: bool

    def reaches(self, extension: Extension, room_id: str) -> bool:
        """Whether an extension is wanted for this room."""
        if self.is_subscribed and (extension.rooms is None or room_id in extension.rooms):
            return True
        return bool(self.lists) and (extension.lists is None or any(name in extension.lists for name in self.lists))


@dataclass(slots=True)
class Labels:
    """What the user's account data says of rooms, for the filters."""

    direct: frozenset[str] = frozenset()
    tags: dict[str, frozenset[str]] = field(default_factory=dict)

    def take(self, row: AccountDataRow) -> bool:
        """Follow a row; whether it was one of these."""
        if row.type == "m.direct" and not row.room_id:
            people = orjson.loads(row.content)
            rooms = people.values() if isinstance(people, dict) else ()
            self.direct = frozenset(
                one for held in rooms if isinstance(held, list) for one in held if isinstance(one, str)
            )
            return True
        if row.type == "m.tag" and row.room_id:
            tags = orjson.loads(row.content).get("tags")
            self.tags[row.room_id] = frozenset(tags) if isinstance(tags, dict) else frozenset()
            return True
        return False


@dataclass(slots=True)
class Scope:
    """The rooms looked at, by number; how many each list has, and what its windows hold."""

    rooms: dict[int, InScope]
    counts: dict[str, int]
    windows: dict[str, list[tuple[tuple[int, int], list[int]]]]


class Activity:
    """When something last happened in rooms, by stream position. Follows the feed."""

    def __init__(self, reads: SyncReads, feed: Feed) -> None:
        self._reads = reads
        self._last: dict[int, tuple[int, int]] = {}
        """Room -> positions of its last event and of the last one that lifts it in lists."""
        feed.register(self.apply)

    def apply(self, row: Row) -> None:
        if isinstance(row, EventRow) and not row.flags & HIDDEN and not row.historical:
            known = self._last.get(row.room_nid)
            if known is not None or row.type == "m.room.create":
                bump = row.position if row.type in BUMPS else (known[1] if known is not None else row.position)
                self._last[row.room_nid] = (row.position, bump)

    async def load(self, room_nids: Collection[int]) -> None:
        """Know these rooms [0 trips warm, 1 cold]."""
        missing = [nid for nid in room_nids if nid not in self._last]
        if not missing:
            return
        if len(self._last) > KNOWN_ROOMS:
            self._last.clear()
        found = await self._reads.activity(missing, BUMPS)
        for nid in missing:
            known, read = self._last.get(nid, (0, 0)), found.get(nid, (0, 0))
            self._last[nid] = (max(known[0], read[0]), max(known[1], read[1]))

    def last(self, room_nid: int) -> int:
        return self._last.get(room_nid, (0, 0))[0]

    def bump_stamp(self, room_nid: int) -> int:
        return self._last.get(room_nid, (0, 0))[1]


def scope_of(sub: Subscription, viewer: Viewer, rooms: Rooms, activity: Activity, labels: Labels) -> Scope:
    """The scope as it is now. The heads of the viewer's rooms and their activity are in memory."""
    present = {nid: one for nid, one in viewer.rooms.items() if one.membership in PRESENT and not one.forgotten}
    present = {nid: one for nid, one in present.items() if one.membership == "join" or one.sender not in viewer.ignored}
    wanted: dict[int, list[RoomWanted]] = {}
    names: dict[int, list[str]] = {}
    counts: dict[str, int] = {}
    windows: dict[str, list[tuple[tuple[int, int], list[int]]]] = {}
    order: list[int] | None = None
    for name, listed in sub.lists.items():
        found = [nid for nid, one in present.items() if _belongs(listed.filters, one, rooms, labels, viewer.user_id)]
        counts[name] = len(found)
        if listed.windows:
            if order is None:
                order = sorted(present, key=lambda nid: (activity.last(nid), present[nid].position), reverse=True)
            chosen = set(found)
            ordered = [nid for nid in order if nid in chosen]
            windows[name] = [(window, ordered[window[0] : window[1] + 1]) for window in listed.windows]
            found = list(dict.fromkeys(nid for _, held in windows[name] for nid in held))
        for nid in found:
            wanted.setdefault(nid, []).append(listed)
            names.setdefault(nid, []).append(name)
    subscribed: set[int] = set()
    if sub.room_subscriptions:
        nids = {one.room_id: nid for nid, one in present.items()}
        for room_id, single in sub.room_subscriptions.items():
            found_nid = nids.get(room_id)
            if found_nid is not None:
                subscribed.add(found_nid)
                wanted.setdefault(found_nid, []).append(single)
    configs: dict[tuple[int, ...], Combined] = {}
    in_scope: dict[int, InScope] = {}
    for nid, several in wanted.items():
        key = tuple(map(id, several))
        config = configs.get(key)
        if config is None:
            config = configs[key] = combined(several)
        in_scope[nid] = InScope(config, tuple(names.get(nid, ())), nid in subscribed)
    return Scope(in_scope, counts, windows)


def _belongs(filters: Filters, membership: Membership, rooms: Rooms, labels: Labels, user_id: str) -> bool:
    """Whether a room belongs to a list."""
    is_invited = membership.membership == "invite"
    if filters.is_invited is not None and filters.is_invited is not is_invited:
        return False
    if filters.is_dm is not None and filters.is_dm is not (membership.room_id in labels.direct):
        return False
    tags = labels.tags.get(membership.room_id, frozenset())
    if filters.tags is not None and tags.isdisjoint(filters.tags):
        return False
    if filters.not_tags and not tags.isdisjoint(filters.not_tags):
        return False
    if (
        filters.is_encrypted is None
        and filters.room_types is None
        and not filters.not_room_types
        and not filters.spaces
    ):
        return True
    return _fits_state(filters, membership, rooms, user_id)


def _fits_state(filters: Filters, membership: Membership, rooms: Rooms, user_id: str) -> bool:
    """The conditions about the room's state, or about what an invitation tells of it."""
    content = _contents(membership, rooms)
    room_type = content.get("m.room.create", {}).get("type")
    if filters.is_encrypted is not None and filters.is_encrypted is not ("m.room.encryption" in content):
        return False
    if filters.room_types is not None and room_type not in filters.room_types:
        return False
    if room_type in filters.not_room_types:
        return False
    if filters.spaces:
        children = (
            state_key
            for space in filters.spaces
            for (kind, state_key) in _children(space, rooms, user_id)
            if kind == "m.space.child"
        )
        return membership.room_id in children
    return True


def _contents(membership: Membership, rooms: Rooms) -> Mapping[str, Mapping[str, Any]]:
    """Contents of the create and the encryption event."""
    room = rooms.cached(membership.room_nid)
    if room is not None and room.state:
        found = (room.event(("m.room.create", "")), room.event(("m.room.encryption", "")))
        return {event.type: event.content for event in found if event is not None}
    if membership.stripped_state is None:
        return {}
    events = orjson.loads(membership.stripped_state)
    return {one["type"]: one.get("content", {}) for one in events if isinstance(one, dict) and "type" in one}


def _children(space: str, rooms: Rooms, user_id: str) -> Collection[tuple[str, str]]:
    """State keys of a space that the user is in."""
    room = rooms.known(space)
    if room is None or not room.is_joined(user_id):
        return []
    return [key for key, entry in room.state.items() if b'"via"' in entry.body]
