"""Filters of clients: decoded within bounds, compiled once, asked for each event.

Unknown keys are ignored; the stored filter keeps them. Which places apply which part is for the sync engine.
Spec: Client-Server API, Filtering; Lazy-loading room members.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec

from homeserver.protocol.errors import BadJson
from homeserver.protocol.property_paths import ABSENT, Path, parse_path, value_at

MAX_FILTER_BYTES: Final = 64 * 1024
DEFAULT_LIMIT: Final = 10

_Limit = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
_Types = Annotated[tuple[Annotated[str, msgspec.Meta(max_length=255)], ...], msgspec.Meta(max_length=500)]
_Users = Annotated[
    tuple[Annotated[str, msgspec.Meta(pattern="^@", max_length=255)], ...], msgspec.Meta(max_length=2_000)
]
_Rooms = Annotated[
    tuple[Annotated[str, msgspec.Meta(pattern="^!", max_length=255)], ...], msgspec.Meta(max_length=5_000)
]
_Fields = Annotated[tuple[Annotated[str, msgspec.Meta(max_length=512)], ...], msgspec.Meta(max_length=100)]


class EventFilter(msgspec.Struct, frozen=True):
    """Which events to include: of rooms, or (without the keys about rooms) of presence and account data.

    None means: no such condition.
    """

    limit: _Limit | None = None
    types: _Types | None = None
    not_types: _Types = ()
    senders: _Users | None = None
    not_senders: _Users = ()
    rooms: _Rooms | None = None
    not_rooms: _Rooms = ()
    contains_url: bool | None = None
    lazy_load_members: bool = False
    include_redundant_members: bool = False
    unread_thread_notifications: bool = False


class RoomFilter(msgspec.Struct, frozen=True):
    """Which rooms to include, and what of them. `rooms` and `not_rooms` come before those of the parts."""

    rooms: _Rooms | None = None
    not_rooms: _Rooms = ()
    include_leave: bool = False
    state: EventFilter = EventFilter()
    timeline: EventFilter = EventFilter()
    ephemeral: EventFilter = EventFilter()
    account_data: EventFilter = EventFilter()


class Filter(msgspec.Struct, frozen=True):
    """A whole sync filter as the client wrote it."""

    event_fields: _Fields | None = None
    event_format: Literal["client", "federation"] = "client"
    presence: EventFilter = EventFilter()
    account_data: EventFilter = EventFilter()
    room: RoomFilter = RoomFilter()


def parse_filter(text: bytes | str) -> Filter:
    """Decode a sync filter. Raises BadJson with the key that is wrong."""
    return _decode(text, Filter)


def parse_event_filter(text: bytes | str) -> EventFilter:
    """Decode a filter for the events of one room, as `/messages` and `/context` take it. Raises BadJson."""
    return _decode(text, EventFilter)


class EventMatcher:
    """One `EventFilter`, compiled. The room conditions of the enclosing room filter are in it too."""

    __slots__ = ("_contains_url", "_not_rooms", "_not_senders", "_not_types", "_rooms", "_senders", "_types", "filter")

    def __init__(self, chosen: EventFilter, room: RoomFilter | None = None) -> None:
        self.filter = chosen
        self._types = None if chosen.types is None else _TypePatterns(chosen.types)
        self._not_types = _TypePatterns(chosen.not_types)
        self._senders = None if chosen.senders is None else frozenset(chosen.senders)
        self._not_senders = frozenset(chosen.not_senders)
        self._rooms = None if chosen.rooms is None else frozenset(chosen.rooms)
        self._not_rooms = frozenset(chosen.not_rooms)
        if room is not None and room.rooms is not None:
            self._rooms = frozenset(room.rooms) if self._rooms is None else self._rooms.intersection(room.rooms)
        if room is not None:
            self._not_rooms = self._not_rooms.union(room.not_rooms)
        self._contains_url = chosen.contains_url

    @property
    def takes_all(self) -> bool:
        """Whether it includes every event of the rooms that it allows."""
        chosen = self.filter
        return (
            self._types is None
            and not chosen.not_types
            and self._senders is None
            and not self._not_senders
            and self._contains_url is None
        )

    def limit(self, default: int = DEFAULT_LIMIT, most: int = 1_000) -> int:
        """The number of events to return."""
        return min(default if self.filter.limit is None else self.filter.limit, most)

    def allows_room(self, room_id: str) -> bool:
        return room_id not in self._not_rooms and (self._rooms is None or room_id in self._rooms)

    def matches(self, event_type: str, sender: str, room_id: str = "", *, has_url: bool = False) -> bool:
        """Whether an event is included. `has_url`: its content has the key `url`. Presence has no room."""
        return (
            (self._types is None or self._types.match(event_type))
            and not self._not_types.match(event_type)
            and (self._senders is None or sender in self._senders)
            and sender not in self._not_senders
            and (not room_id or self.allows_room(room_id))
            and self._contains_url in (None, has_url)
        )


class SyncFilter:
    """A whole sync filter, compiled."""

    __slots__ = (
        "account_data", "event_fields", "event_format", "include_leave", "presence",
        "room_account_data", "room_ephemeral", "room_state", "room_timeline", "rooms",
    )  # fmt: skip

    def __init__(self, chosen: Filter) -> None:
        room = chosen.room
        self.rooms = EventMatcher(EventFilter(), room)
        """Only its `allows_room` says something."""
        self.room_timeline = EventMatcher(room.timeline, room)
        self.room_state = EventMatcher(room.state, room)
        self.room_ephemeral = EventMatcher(room.ephemeral, room)
        self.room_account_data = EventMatcher(room.account_data, room)
        self.presence = EventMatcher(chosen.presence)
        self.account_data = EventMatcher(chosen.account_data)
        self.include_leave = room.include_leave
        self.event_format = chosen.event_format
        self.event_fields = None if chosen.event_fields is None else tuple(map(parse_path, chosen.event_fields))

    def with_whole_events(self) -> "SyncFilter":
        """The same filter for whole events in the client format."""
        whole = copy(self)
        whole.event_fields, whole.event_format = None, "client"
        return whole


def select_fields(event: Mapping[str, Any], fields: Sequence[Path]) -> dict[str, Any]:
    """A copy of an event in the client format with nothing but the properties at these paths."""
    selected: dict[str, Any] = {}
    for path in fields:
        value = value_at(event, path)
        if value is ABSENT:
            continue
        place = selected
        for name in path[:-1]:
            # A whole object that an earlier path selected belongs to the event: copy it before adding to it.
            place[name] = dict(place.get(name, {}))
            place = place[name]
        place[path[-1]] = value
    return selected


class _TypePatterns:
    """Event types, some with `*` for any run of characters; case counts, and `?` is an ordinary character."""

    __slots__ = ("_plain", "_starred")

    def __init__(self, patterns: Sequence[str]) -> None:
        self._plain = frozenset(pattern for pattern in patterns if "*" not in pattern)
        self._starred = tuple(tuple(pattern.split("*")) for pattern in dict.fromkeys(patterns) if "*" in pattern)

    def match(self, event_type: str) -> bool:
        return event_type in self._plain or any(_fits(parts, event_type) for parts in self._starred)


def _fits(parts: Sequence[str], text: str) -> bool:
    """Whether `text` is these parts in order, with anything between them."""
    first, last = parts[0], parts[-1]
    place, end = len(first), len(text) - len(last)
    if not text.startswith(first) or not text.endswith(last):
        return False
    for part in parts[1:-1]:
        found = text.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return place <= end


_Form = TypeVar("_Form")


def _decode(text: bytes | str, form: type[_Form]) -> _Form:
    if len(text) > MAX_FILTER_BYTES:
        raise BadJson(f"a filter may have {MAX_FILTER_BYTES} bytes")
    try:
        return msgspec.json.decode(text, type=form)
    except (ValueError, RecursionError) as error:
        raise BadJson(f"the filter cannot be read: {error}") from None


EVERYTHING: Final = SyncFilter(Filter())
"""What a client that sends no filter gets."""
