"""What a room shows of itself to those who might join it, and who may be shown it.

A summary is a plain mapping as the specification has it: made of a head, or read from another server's answer, of which
only what has the right shape is kept. Spec: Client-Server API, Spaces; GET /room_summary/{roomIdOrAlias}.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from homeserver.services.directory import public_summary
from homeserver.services.heads import Room

CHILD = "m.space.child"
SPACE = "m.space"
MAX_ORDER = 50
KNOCKABLE = ("knock", "knock_restricted")
RESTRICTED = ("restricted", "knock_restricted")
MAX_CHILDREN = 1_000
MAX_VIA = 10
_TEXTS = ("avatar_url", "canonical_alias", "encryption", "join_rule", "name", "room_type", "room_version", "topic")

Json = Mapping[str, Any]


class Child(NamedTuple):
    """A valid `m.space.child` of a space: `event` is its stripped form with `origin_server_ts`."""

    room_id: str
    via: Sequence[str]
    order: str | None
    ts: int
    is_suggested: bool
    event: Json

    @property
    def sort_key(self) -> tuple[bool, str, int, str]:
        """Spec: Client-Server API, Ordering of children within a space."""
        return (self.order is None, self.order or "", self.ts, self.room_id)


class Summary(NamedTuple):
    """A room with its children in order; `fields` without `children_state`."""

    fields: Json
    children: Sequence[Child]

    @property
    def room_id(self) -> str:
        return str(self.fields["room_id"])

    @property
    def allowed_rooms(self) -> Sequence[str]:
        allowed: Sequence[str] = self.fields.get("allowed_room_ids", ())
        return allowed

    def entry(self, *, suggested_only: bool = False) -> dict[str, Any]:
        """As an item of `rooms`, with the children's events."""
        shown = [child.event for child in self.children if child.is_suggested or not suggested_only]
        return {**self.fields, "children_state": shown}


def summary_of(room: Room) -> Summary:
    """The summary of a room that this server is in."""
    fields = public_summary(room)
    fields = {key: value for key, value in fields.items() if key not in _TEXTS or isinstance(value, str)}
    fields["room_version"] = room.rules.id
    allowed = allowed_rooms(room)
    if allowed:
        fields["allowed_room_ids"] = allowed
    algorithm = room.content("m.room.encryption").get("algorithm")
    if isinstance(algorithm, str):
        fields["encryption"] = algorithm
    return Summary(fields, _children_of(room) if fields.get("room_type") == SPACE else ())


def allowed_rooms(room: Room) -> list[str]:
    """Rooms whose members may join this one. Spec: Client-Server API, Restricted rooms."""
    if room.join_rule not in RESTRICTED:
        return []
    allow = room.content("m.room.join_rules").get("allow")
    conditions = allow if isinstance(allow, list) else []
    ids = [
        condition.get("room_id")
        for condition in conditions
        if isinstance(condition, Mapping) and condition.get("type") == "m.room_membership"
    ]
    return [room_id for room_id in ids if isinstance(room_id, str)]


def _children_of(room: Room) -> list[Child]:
    events = (room.event(key) for key in room.state if key[0] == CHILD)
    found = (
        _child({"type": CHILD, "state_key": one.state_key, "content": one.content, "sender": one.sender}, one.ts)
        for one in events
        if one is not None
    )
    return sorted((child for child in found if child is not None), key=lambda child: child.sort_key)[:MAX_CHILDREN]


def _child(event: Json, ts: object) -> Child | None:
    """A child, if the event is a valid one: with the id of a room, and servers to find it by."""
    content, room_id = event.get("content"), event.get("state_key")
    if event.get("type") != CHILD or not isinstance(room_id, str) or not isinstance(content, Mapping):
        return None
    if not room_id.startswith("!") or len(room_id) > 255 or type(ts) is not int:
        return None
    via, order = content.get("via"), content.get("order")
    servers = [server for server in via if isinstance(server, str)] if isinstance(via, list) else []
    if not servers:
        return None
    shown = {
        "type": CHILD,
        "state_key": room_id,
        "content": dict(content),
        "sender": str(event.get("sender", "")),
        "origin_server_ts": ts,
    }
    return Child(
        room_id, servers[:MAX_VIA], order if _is_order(order) else None, ts, content.get("suggested") is True, shown
    )


def _is_order(order: object) -> bool:
    return isinstance(order, str) and 0 < len(order) <= MAX_ORDER and all(" " <= letter <= "~" for letter in order)


def read_summary(value: object) -> Summary | None:
    """The summary that another server sent; None for one that cannot be used."""
    if not isinstance(value, Mapping):
        return None
    room_id, joined = value.get("room_id"), value.get("num_joined_members")
    if not isinstance(room_id, str) or not room_id.startswith("!") or len(room_id) > 255:
        return None
    fields: dict[str, Any] = {
        "room_id": room_id,
        "num_joined_members": joined if type(joined) is int and 0 <= joined < 2**53 else 0,
        "world_readable": value.get("world_readable") is True,
        "guest_can_join": value.get("guest_can_join") is True,
    }
    fields.update({key: value[key] for key in _TEXTS if isinstance(value.get(key), str)})
    allowed = value.get("allowed_room_ids")
    if isinstance(allowed, list) and allowed:
        fields["allowed_room_ids"] = [one for one in allowed if isinstance(one, str)]
    given = value.get("children_state")
    events = [event for event in given if isinstance(event, Mapping)] if isinstance(given, list) else []
    children = (_child(event, event.get("origin_server_ts")) for event in events[:MAX_CHILDREN])
    valid = {child.room_id: child for child in children if child is not None}
    return Summary(fields, sorted(valid.values(), key=lambda child: child.sort_key))


def is_open(fields: Json) -> bool:
    """Whether anybody with an account may join, knock or read: the room shows itself to everyone."""
    return fields.get("join_rule") in {"public", *KNOCKABLE} or fields.get("world_readable") is True


def may_be_shown(summary: Summary, membership: str, is_joined: Callable[[str], bool]) -> bool:
    """Whether a user may be shown the room. `is_joined`: of the rooms whose members may join it."""
    if membership in {"join", "invite"}:
        return True
    if membership == "ban" and summary.fields.get("world_readable") is not True:
        return False
    return is_open(summary.fields) or any(is_joined(room_id) for room_id in summary.allowed_rooms)
