"""Power levels on their way from a room to its replacement, whose version may know creators above all levels.

Spec: Client-Server API, Room Upgrades; Room Version 12.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from homeserver.protocol.power_levels import CREATOR, DEFAULTS
from homeserver.protocol.room_versions import RoomVersion
from homeserver.services.heads import Room

TOMBSTONE = "m.room.tombstone"
HIGHEST = 100
_NAMED = tuple(DEFAULTS)


def transferred(old: Room, rules: RoomVersion, creators: Sequence[str]) -> dict[str, Any]:
    """The levels of the new room. `creators`: whom its create event makes creators.

    Creators of the old room that are none in the new one keep a level above all others.
    """
    content = dict(old.content("m.room.power_levels"))
    levels = {**DEFAULTS, **{key: level for key, level in content.items() if key in _NAMED}}
    rest = {key: value for key, value in content.items() if key not in {*_NAMED, "users", "events"}}
    events = dict(content.get("events") or {})
    users = dict(content.get("users") or {})
    above = max(HIGHEST, *_numbers(levels.values()), *_numbers(events.values()), *_numbers(users.values()))
    for user_id in _infinite(old):
        users[user_id] = above
    if rules.create_is_room:
        for user_id in creators:
            users.pop(user_id, None)
        if not isinstance(events.get(TOMBSTONE), int) or events[TOMBSTONE] <= levels["state_default"]:
            events[TOMBSTONE] = max(150, above + 50)
    return {**levels, **rest, "users": users, "events": events}


def raised(levels: Mapping[str, Any], user_id: str) -> dict[str, Any]:
    """The same levels with one user who may do everything, to set the room up."""
    events = levels.get("events") or {}
    top = max(HIGHEST, *_numbers(levels.values()), *_numbers(events.values()), *_numbers(levels["users"].values()))
    return {**levels, "users": {**levels["users"], user_id: top}}


def closed(old: Room) -> dict[str, Any] | None:
    """The levels of the old room with talking and inviting for moderators only; None if that is so already."""
    content = dict(old.content("m.room.power_levels"))
    default = content.get("users_default", DEFAULTS["users_default"])
    least = max(50, (default if isinstance(default, int) else 0) + 1)
    changed = dict(content)
    for key in ("events_default", "invite"):
        level = content.get(key, DEFAULTS[key])
        changed[key] = max(least, level if isinstance(level, int) else 0)
    return changed if changed != content else None


def _infinite(old: Room) -> list[str]:
    power = old.power
    create = old.create
    more = create.content.get("additional_creators")
    candidates = [create.sender, *(more if isinstance(more, list) else ())]
    return [user_id for user_id in candidates if isinstance(user_id, str) and power.of_user(user_id) == CREATOR]


def _numbers(values: Iterable[object]) -> list[int]:
    return [value for value in values if type(value) is int]
