"""Changing the roles of a room and who has them: the roles and the power levels they come to, in one commit."""

import asyncio
from collections.abc import Mapping, Sequence
from weakref import WeakValueDictionary

import msgspec

from homeserver.errors import Forbidden, InvalidParam, NotFound
from homeserver.protocol.errors import BadIdentifier
from homeserver.protocol.identifiers import UserId, parse_user_id
from homeserver.protocol.power_levels import creators
from homeserver.services.commits import Commits
from homeserver.services.extensions.role_list import (
    OWNER_LEVEL,
    ROLE_OF,
    ROLES,
    NewRole,
    Role,
    RoleList,
    power_levels,
    problem_of,
    read_list,
    role_ids,
    role_key,
    with_levels,
)
from homeserver.services.heads import Room
from homeserver.services.intents import Draft, Intent
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms

POWER_LEVELS = "m.room.power_levels"


class Roles:
    """Sets roles and gives them to people."""

    def __init__(self, rooms: Rooms, commits: Commits) -> None:
        self._rooms = rooms
        self._commits = commits
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def changing(self, room_id: str) -> asyncio.Lock:
        """Changes of levels are made from the levels before: one at a time."""
        lock = self._locks.get(room_id)
        if lock is None:
            lock = self._locks[room_id] = asyncio.Lock()
        return lock

    async def set_roles(
        self, requester: Requester, room_id: str, roles: Sequence[NewRole], everyone: Sequence[str]
    ) -> RoleList:
        """Put this list, the highest role first, in place of the one in force; the list with its levels.

        Raises InvalidParam for a list that cannot be, Forbidden for who may not: roles at or above one's own level
        stay as they are.
        """
        problem = problem_of(roles, everyone)
        if problem is not None:
            raise InvalidParam(problem)
        async with self.changing(room_id):
            room = await self._rooms.joined_by(requester.user_id, room_id)
            before = roles_in(room)
            listed = RoleList(with_levels(roles, before), tuple(everyone))
            _check_above(room.power.of_user(requester.user_id), before or RoleList(), listed)
            holders = holders_in(room)
            known = {role.id for role in listed.roles}
            drafts = [Draft(ROLES, msgspec.to_builtins(listed), state_key="")]
            for user_id, ids in holders.items():
                left = [one for one in ids if one in known]
                if len(left) != len(ids):
                    drafts.append(Draft(ROLE_OF, {"roles": left}, state_key=role_key(user_id)))
            await self._commit(requester, room, listed, holders, drafts)
        return listed

    async def assign(self, requester: Requester, room_id: str, target: str, ids: Sequence[str]) -> None:
        """Give a user exactly these roles. Raises NotFound for a role that there is not, Forbidden, InvalidParam."""
        user_id = _user(target)
        async with self.changing(room_id):
            room = await self._rooms.joined_by(requester.user_id, room_id)
            listed = roles_in(room) or RoleList()
            level = room.power.of_user(requester.user_id)
            if room.power.of_user(user_id) >= min(level, OWNER_LEVEL) and user_id != requester.user_id:
                raise Forbidden("You may change the roles of those below you.")
            wanted = tuple(dict.fromkeys(ids))
            for role_id in {*wanted, *holders_in(room).get(user_id, ())}:
                role = listed.role(role_id)
                if role is None and role_id in wanted:
                    raise NotFound("There is no such role.")
                if role is not None and role.level >= level:
                    raise Forbidden("You may give and take the roles below your own.")
            holders = {**holders_in(room), user_id: wanted}
            draft = Draft(ROLE_OF, {"roles": list(wanted)}, state_key=role_key(user_id))
            await self._commit(requester, room, listed, holders, [draft])

    async def _commit(
        self,
        requester: Requester,
        room: Room,
        listed: RoleList,
        holders: Mapping[str, Sequence[str]],
        drafts: Sequence[Draft],
    ) -> None:
        before = room.content(POWER_LEVELS)
        levels = power_levels(listed, before, holders, _unlisted(room))
        # The levels first: those who may do the rest are those who may change them.
        changed = [Draft(POWER_LEVELS, levels, state_key="")] if levels != before else []
        intents = [Intent(requester.user_id, draft) for draft in (*changed, *drafts)]
        await self._commits.commit_all(room, intents)


def roles_in(room: Room) -> RoleList | None:
    """The roles in force."""
    return read_list(room.content(ROLES)) if (ROLES, "") in room.state else None


def holders_in(room: Room) -> dict[str, tuple[str, ...]]:
    """Role ids by user id."""
    return {
        state_key[1:]: role_ids(room.content(ROLE_OF, state_key))
        for event_type, state_key in list(room.state)
        if event_type == ROLE_OF and state_key.startswith("_@")
    }


def _unlisted(room: Room) -> frozenset[str]:
    """Creators that the power levels may not name. Spec: Room Version 12, Authorization rules, 10.4."""
    return creators(room.create, room.rules) if room.rules.create_is_room else frozenset()


def _check_above(level: int, before: RoleList, after: RoleList) -> None:
    """Roles at or above one's own level must stay what they are."""

    def above(listed: RoleList) -> list[Role]:
        return [role for role in listed.roles if role.level >= level]

    if above(before) != above(after):
        raise Forbidden("You may change the roles below your own.")


def _user(target: str) -> UserId:
    try:
        return parse_user_id(target)
    except BadIdentifier as bad:
        raise InvalidParam(str(bad)) from bad
