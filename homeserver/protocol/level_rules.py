"""The part of the authorisation rules that is about `m.room.power_levels`: rule 10 of version 12's page.

Spec: Room Version 12, Authorisation rules, 10 (and the pages before).
"""

from collections.abc import Mapping
from typing import Any

from homeserver.protocol.errors import NotAllowed
from homeserver.protocol.events import Event
from homeserver.protocol.identifiers import is_user_id
from homeserver.protocol.power_levels import DEFAULTS, creators, read_level
from homeserver.protocol.room_versions import RoomVersion


def check_levels(
    event: Event, current: Mapping[str, Any] | None, sender: int, create: Event, rules: RoomVersion
) -> None:
    """Whether a sender of level `sender` may put this event in place of power levels of content `current` (or none)."""
    if event.state_key is None:
        raise NotAllowed(rules.numbered("10"), "power levels are a state event")
    _check_format(event.content, rules)
    users = event.content.get("users", {})
    if rules.create_is_room and not creators(create, rules).isdisjoint(users):
        raise NotAllowed(rules.numbered("10.4"), "a creator has no entry in users")
    if current is None:
        return
    for name in DEFAULTS:
        old, new = _level(current, name, rules, "10.6.1"), _level(event.content, name, rules, "10.6.2")
        if old != new:
            _refuse(old is not None and old > sender, rules, "10.6.1", f"the level {name} is above the sender's")
            _refuse(new is not None and new > sender, rules, "10.6.2", f"the new level {name} is above the sender's")
    maps = ("events", "notifications") if rules.notification_levels else ("events",)
    changed = [change for name in maps for change in _changes(current, event.content, name, rules)]
    for key, old, _ in changed:
        _refuse(old is not None and old > sender, rules, "10.7.1", f"the level of {key} is above the sender's")
    for key, _, new in changed:
        _refuse(new is not None and new > sender, rules, "10.8.1", f"the new level of {key} is above the sender's")
    changed = _changes(current, event.content, "users", rules)
    for key, old, _ in changed:
        outranks = old is not None and old >= sender and key != event.sender
        _refuse(outranks, rules, "10.9.1", "a user whose level is changed is not below the sender")
    for _, _, new in changed:
        _refuse(new is not None and new > sender, rules, "10.10.1", "a user's new level is above the sender's")


def _check_format(content: Mapping[str, Any], rules: RoomVersion) -> None:
    if rules.integer_levels:
        for name in DEFAULTS:
            _refuse(type(content.get(name, 0)) is not int, rules, "10.1", f"{name} is not an integer")
        for name in ("events", "notifications"):
            _refuse(not _are_integers(content.get(name, {})), rules, "10.2", f"{name} is not an object of integers")
    users = content.get("users", {})
    readable = _are_integers(users) if rules.integer_levels else _are_readable(users)
    _refuse(not readable or not all(map(is_user_id, users)), rules, "10.3", "users does not give levels to user ids")


def _are_integers(levels: object) -> bool:
    return isinstance(levels, Mapping) and all(type(level) is int for level in levels.values())


def _are_readable(levels: object) -> bool:
    try:
        return isinstance(levels, Mapping) and all(read_level(level) is not None for level in levels.values())
    except ValueError:
        return False


def _changes(
    current: Mapping[str, Any], content: Mapping[str, Any], name: str, rules: RoomVersion
) -> list[tuple[str, int | None, int | None]]:
    """Entries of a map of levels that differ, as (key, old, new); None: there is none. Sorted by key."""
    old_levels, new_levels = _map(current, name, rules), _map(content, name, rules)
    changes = []
    for key in sorted({*old_levels, *new_levels}):
        old, new = _level(old_levels, key, rules, "10.7.1"), _level(new_levels, key, rules, "10.8.1")
        if old != new:
            changes.append((key, old, new))
    return changes


def _map(content: Mapping[str, Any], name: str, rules: RoomVersion) -> Mapping[str, Any]:
    """A map of levels. An empty list stands for none in versions 3 to 9, because peers cannot tell them apart."""
    levels = content.get(name, {})
    if levels == []:
        return {}
    if not isinstance(levels, Mapping):
        raise NotAllowed(rules.numbered("10.7.1"), f"{name} is not an object")
    return levels


def _level(levels: Mapping[str, Any], key: str, rules: RoomVersion, rule: str) -> int | None:
    if key not in levels:
        return None
    try:
        return read_level(levels[key])
    except ValueError as error:
        raise NotAllowed(rules.numbered(rule), f"the level of {key} cannot be read") from error


def _refuse(condition: bool, rules: RoomVersion, rule: str, why: str) -> None:
    if condition:
        raise NotAllowed(rules.numbered(rule), why)
