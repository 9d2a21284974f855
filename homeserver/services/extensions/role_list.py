"""Roles of a room: their shape, and what they come to in power levels. Pure.

A role has a level; the owners stand above all roles, everyone stands at 0. What a role may is written into
`m.room.power_levels`, so that every server and client obeys it. What levels cannot say is checked for local senders
(`local_rules`). Described in docs/extensions.md.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from homeserver.protocol.identifiers import PREFIX

ROLES: Final = f"{PREFIX}roles"
ROLE_OF: Final = f"{PREFIX}role"
OWNER_LEVEL: Final = 100
MAX_ROLES: Final = 30

PERMISSIONS: Final = (
    "send",
    "media",
    "links",
    "react",
    "pin",
    "invite",
    "kick",
    "ban",
    "redact",
    "info",
    "roles",
    "mention_all",
    "call",
)
"""Everything that a role can allow."""
LOCAL_ONLY: Final = frozenset({"media", "links"})
"""What no power level can express: checked by this server for its own users alone."""

_EVENTS: Final[Mapping[str, Sequence[str]]] = {
    "react": ("m.reaction",),
    "pin": ("m.room.pinned_events",),
    "info": ("m.room.name", "m.room.topic", "m.room.avatar"),
    "roles": (ROLES, ROLE_OF, "m.room.power_levels"),
    "call": ("m.call.invite", "m.call.member", "org.matrix.msc3401.call.member"),
}
_NAMED: Final[Mapping[str, str]] = {
    "send": "events_default",
    "invite": "invite",
    "kick": "kick",
    "ban": "ban",
    "redact": "redact",
}


class NewRole(msgspec.Struct, frozen=True):
    """A role as an editor sends it; the order of the list is the order of power, the highest first."""

    id: str
    name: str
    colour: str = ""
    permissions: tuple[str, ...] = ()


class Role(msgspec.Struct, frozen=True):
    """A role in force."""

    id: str
    name: str
    level: int
    colour: str = ""
    permissions: tuple[str, ...] = ()


class RoleList(msgspec.Struct, frozen=True):
    """Content of the state event `app.hearth.roles`: roles, the highest first, and what everyone may."""

    roles: tuple[Role, ...] = ()
    everyone: tuple[str, ...] = ()

    def role(self, role_id: str) -> Role | None:
        return next((role for role in self.roles if role.id == role_id), None)


def read_list(content: Mapping[str, Any]) -> RoleList | None:
    """The list in a state event's content; None for what is none, whoever wrote it."""
    try:
        return msgspec.convert(content, RoleList)
    except msgspec.ValidationError:
        return None


def role_ids(content: Mapping[str, Any]) -> tuple[str, ...]:
    """Ids in the content of a state event `app.hearth.role`."""
    ids = content.get("roles")
    return tuple(one for one in ids if isinstance(one, str)) if isinstance(ids, list) else ()


def role_key(user_id: str) -> str:
    """The state key of a user's roles: a key that begins with `@` could be set by that user alone."""
    return f"_{user_id}"


def problem_of(roles: Sequence[NewRole], everyone: Iterable[str]) -> str | None:
    """Why a list cannot be taken; None when it can."""
    if len(roles) > MAX_ROLES:
        return f"A room has at most {MAX_ROLES} roles."
    if len({role.id for role in roles}) != len(roles):
        return "Two roles have the same id."
    for role in roles:
        if not role.id or len(role.id) > 64 or not role.name.strip() or len(role.name) > 64 or len(role.colour) > 32:
            return "A role has an id and a name of at most 64 letters each, and a colour of at most 32."
        unknown = set(role.permissions).difference(PERMISSIONS)
        if unknown:
            return f"There is no permission {min(unknown)!r}."
    unknown = set(everyone).difference(PERMISSIONS)
    return f"There is no permission {min(unknown)!r}." if unknown else None


def with_levels(roles: Sequence[NewRole], before: RoleList | None) -> tuple[Role, ...]:
    """The roles with levels between everyone's and the owners', falling. Levels that still fit stay as they were."""
    known = {role.id: role.level for role in before.roles} if before is not None else {}
    levels = [known.get(role.id) for role in roles]
    kept = [level for level in levels if level is not None]
    if any(a <= b for a, b in itertools.pairwise(kept)):
        levels = [None] * len(levels)
    filled = _filled(levels) or _filled([None] * len(levels)) or []
    return tuple(
        Role(new.id, new.name.strip(), level, new.colour, _ordered(new.permissions))
        for new, level in zip(roles, filled, strict=True)
    )


def _filled(levels: Sequence[int | None]) -> list[int] | None:
    """The gaps filled evenly between their neighbours; None when a gap has no room."""
    filled: list[int] = []
    above = OWNER_LEVEL
    for at, level in enumerate(levels):
        if level is None:
            after = next(((step, one) for step, one in enumerate(levels[at:]) if one is not None), None)
            steps, below = after if after is not None else (len(levels) - at, 0)
            level = above - (above - below) // (steps + 1)  # noqa: PLW2901 - the gap is filled here
            if level in {above, below}:
                return None
        filled.append(level)
        above = level
    return filled


def threshold(listed: RoleList, permission: str) -> int:
    """The level from which on a permission is had: that of the lowest who has it, the owners' when no role has."""
    if permission in listed.everyone:
        return 0
    return min((role.level for role in listed.roles if permission in role.permissions), default=OWNER_LEVEL)


def power_levels(
    listed: RoleList, before: Mapping[str, Any], holders: Mapping[str, Sequence[str]], creators: Iterable[str]
) -> dict[str, Any]:
    """Content of `m.room.power_levels` for these roles. `holders`: role ids by user, also of those who lost theirs.

    What roles do not speak of stays as it is, the levels of owners and of muted users too.
    """
    events = dict(_object(before.get("events")))
    for permission, types in _EVENTS.items():
        events.update(dict.fromkeys(types, threshold(listed, permission)))
    # Who may not write may still take back what they wrote.
    events["m.room.redaction"] = 0
    named = {name: threshold(listed, permission) for permission, name in _NAMED.items()}
    notifications = {**_object(before.get("notifications")), "room": threshold(listed, "mention_all")}
    users = dict(_object(before.get("users")))
    for user_id, ids in holders.items():
        level = max((role.level for role in listed.roles if role.id in ids), default=0)
        known = users.get(user_id, 0)
        if not isinstance(known, int) or known >= OWNER_LEVEL or known < 0:
            continue
        users[user_id] = level
        if level == 0:
            del users[user_id]
    for creator in creators:
        users.pop(creator, None)
    return {**before, **named, "users_default": 0, "events": events, "notifications": notifications, "users": users}


def allowed(listed: RoleList, ids: Iterable[str], level: int) -> frozenset[str]:
    """What somebody with these roles may; a level that another client gave stands for the role that has it."""
    held = set(ids)
    roles = [role for role in listed.roles if role.id in held or role.level == level]
    return frozenset(listed.everyone).union(*(role.permissions for role in roles))


def _ordered(permissions: Iterable[str]) -> tuple[str, ...]:
    wanted = set(permissions)
    return tuple(one for one in PERMISSIONS if one in wanted)


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
