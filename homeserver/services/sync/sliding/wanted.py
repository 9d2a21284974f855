"""What a client subscribes to: lists of rooms, single rooms, extensions. Decoded within bounds.

Spec: MSC4186; MSC4508 for what extensions have in common; `app.hearth.*` are our own.
"""

from collections.abc import Iterable
from typing import Annotated, Literal, NamedTuple

import msgspec

MAX_LISTS = 100
MAX_ROOMS = 100
MAX_TIMELINE = 200
MAX_ELEMENTS = 500
PREFIXED_TYPING = "org.matrix.msc4508.typing"
"""As clients of `/v4/sync` name the extension while its proposal is open; the answer has the name that was asked."""

_Text = Annotated[str, msgspec.Meta(max_length=255)]
_Texts = Annotated[tuple[_Text, ...], msgspec.Meta(max_length=1_000)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]


class Element(msgspec.Struct, frozen=True):
    """Which state: an absent key stands for any."""

    type: _Text | None = None
    state_key: _Text | None = None

    def matches(self, event_type: str, state_key: str) -> bool:
        return self.type in {None, event_type} and self.state_key in {None, state_key}


_Elements = Annotated[tuple[Element, ...], msgspec.Meta(max_length=MAX_ELEMENTS)]


class RequiredState(msgspec.Struct, frozen=True):
    """State that comes with rooms; `exclude` wins. Of a type that `narrowed` names only what it names is wanted."""

    include: _Elements = ()
    exclude: _Elements = ()
    lazy_members: bool = False
    narrowed: _Elements = msgspec.field(default=(), name="app.hearth.narrowed")

    def matches(self, event_type: str, state_key: str) -> bool:
        if any(one.type == event_type for one in self.narrowed):
            return any(one.matches(event_type, state_key) for one in self.narrowed)
        return any(one.matches(event_type, state_key) for one in self.include) and not any(
            one.matches(event_type, state_key) for one in self.exclude
        )


class RoomWanted(msgspec.Struct, frozen=True):
    """What is wanted of a room."""

    timeline_limit: _Count
    required_state: RequiredState


class Filters(msgspec.Struct, frozen=True):
    """Which rooms belong to a list; all conditions that are given must hold."""

    is_dm: bool | None = None
    is_encrypted: bool | None = None
    is_invited: bool | None = None
    spaces: _Texts | None = None
    room_types: Annotated[tuple[_Text | None, ...], msgspec.Meta(max_length=100)] | None = None
    not_room_types: Annotated[tuple[_Text | None, ...], msgspec.Meta(max_length=100)] = ()
    tags: _Texts | None = None
    not_tags: _Texts = ()


class ListWanted(RoomWanted, frozen=True):
    """A list: rooms by activity, those within `range` (both ends included) or several `ranges`, or all."""

    range: tuple[_Count, _Count] | None = None
    filters: Filters = Filters()
    ranges: Annotated[tuple[tuple[_Count, _Count], ...], msgspec.Meta(max_length=20)] = msgspec.field(
        default=(), name="app.hearth.ranges"
    )

    @property
    def windows(self) -> tuple[tuple[int, int], ...]:
        """The parts that are wanted; none: all."""
        return (self.range,) if self.range is not None else self.ranges


class Extension(msgspec.Struct, frozen=True):
    """An extension; `lists` and `rooms` say for which rooms of those wanted, None: all."""

    enabled: bool = False
    lists: _Texts | None = None
    rooms: _Texts | None = None
    users: _Texts | None = None
    limit: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 100
    since: _Text | None = None


class Extensions(msgspec.Struct, frozen=True):
    """The extensions that this server has; others are ignored."""

    to_device: Extension = Extension()
    e2ee: Extension = Extension()
    account_data: Extension = Extension()
    receipts: Extension = Extension()
    typing: Extension = Extension()
    prefixed_typing: Extension = msgspec.field(default=Extension(), name=PREFIXED_TYPING)
    counts: Extension = msgspec.field(default=Extension(), name="app.hearth.counts")
    presence: Extension = msgspec.field(default=Extension(), name="app.hearth.presence")
    preview: Extension = msgspec.field(default=Extension(), name="app.hearth.preview")

    @property
    def wants_typing(self) -> bool:
        """By whichever of its names."""
        return self.typing.enabled or self.prefixed_typing.enabled


class Subscription(msgspec.Struct, frozen=True):
    """The whole subscription; a later one replaces it."""

    lists: Annotated[dict[_Text, ListWanted], msgspec.Meta(max_length=MAX_LISTS)] = {}
    room_subscriptions: Annotated[dict[_Text, RoomWanted], msgspec.Meta(max_length=MAX_ROOMS)] = {}
    extensions: Extensions = Extensions()
    set_presence: Literal["online", "unavailable", "offline"] = "online"

    @property
    def wants_lazy_members(self) -> bool:
        """Whether members are wanted as far as timelines need them."""
        wanted = (*self.lists.values(), *self.room_subscriptions.values())
        return any(one.required_state.lazy_members for one in wanted)

    @property
    def longest_timeline(self) -> int:
        """The longest timeline that any room may get."""
        wanted = (*self.lists.values(), *self.room_subscriptions.values())
        return min(max((one.timeline_limit for one in wanted), default=0), MAX_TIMELINE)


class Combined(NamedTuple):
    """What several lists and a subscription together want of one room."""

    timeline_limit: int
    required: frozenset[RequiredState]

    def matches(self, event_type: str, state_key: str) -> bool:
        return any(one.matches(event_type, state_key) for one in self.required)

    @property
    def lazy(self) -> bool:
        """Only the members needed to show the timeline: unless somebody wants all of them."""
        return any(one.lazy_members for one in self.required) and not self.wants_all_members

    @property
    def wants_all_members(self) -> bool:
        return any(
            element.type in {None, "m.room.member"} and element.state_key is None and not one.lazy_members
            for one in self.required
            for element in one.include
        )


def combined(wanted: Iterable[RoomWanted]) -> Combined:
    """The longest timeline, and all of the state."""
    found = list(wanted)
    return Combined(
        min(max(one.timeline_limit for one in found), MAX_TIMELINE), frozenset(one.required_state for one in found)
    )
