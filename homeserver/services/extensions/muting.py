"""Mutes that end by themselves: a power level below that of writing, and a note of when it comes back."""

from typing import Any

import structlog

from homeserver.clock import Clock
from homeserver.errors import Forbidden, InvalidParam, MatrixError, StorageFull, Unavailable
from homeserver.protocol.errors import BadIdentifier
from homeserver.protocol.identifiers import UserId, parse_user_id
from homeserver.services.commits import Commits
from homeserver.services.extensions.local_rules import RESTRICTED
from homeserver.services.extensions.role_list import RoleList, role_key
from homeserver.services.extensions.roles import POWER_LEVELS, Roles, holders_in, roles_in
from homeserver.services.heads import Room
from homeserver.services.intents import Draft, Intent
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.storage.restrictions import Restriction, Restrictions

log = structlog.get_logger()

MUTED_LEVEL = -1
LONGEST_MS = 400 * 24 * 3600 * 1000
ROUND_S = 5.0
AT_ONCE = 50


class Muting:
    """Mutes members of rooms for a time, and lets them write again when it is over."""

    def __init__(self, *, rooms: Rooms, commits: Commits, roles: Roles, table: Restrictions, clock: Clock) -> None:
        self._rooms = rooms
        self._commits = commits
        self._roles = roles
        self._table = table
        self._clock = clock

    async def mute(self, requester: Requester, room_id: str, target: str, until: int | None) -> None:
        """Let `target` write nothing until a time (ms since the epoch); None: let them write again.

        Raises Forbidden for who may not, InvalidParam.
        """
        user_id = _user(target)
        now = self._clock.now_ms()
        if until is not None and not now < until < now + LONGEST_MS:
            raise InvalidParam("`until` lies in the past, or too far away.")
        async with self._roles.changing(room_id):
            room = await self._rooms.joined_by(requester.user_id, room_id)
            if room.power.of_user(user_id) >= room.power.of_user(requester.user_id):
                raise Forbidden("You may mute those below you.")
            if until is not None:
                # Noted first: a mute without an end would be worse than an end without a mute.
                await self._table.set(Restriction(room_id, user_id, until, requester.user_id))
            await self._change(room, requester.user_id, user_id, until)

    async def run(self) -> None:
        """End what is over; runs as long as the process."""
        while True:
            await self._clock.sleep(ROUND_S)
            try:
                await self.end_due()
            except (Unavailable, StorageFull) as error:
                log.warning("muting.put_off", error=type(error).__name__)

    async def end_due(self) -> None:
        """One round. Raises Unavailable, StorageFull."""
        for one in await self._table.due(self._clock.now_ms(), AT_ONCE):
            await self._end(one)

    async def _end(self, one: Restriction) -> None:
        """Let somebody write again, in the name of who muted them. What cannot be done any more is forgotten."""
        try:
            async with self._roles.changing(one.room_id):
                room = await self._rooms.room(one.room_id)
                if room.content(RESTRICTED, role_key(one.user_id)).get("until") == one.until_ts:
                    await self._change(room, UserId(one.set_by), UserId(one.user_id), None)
        except (Unavailable, StorageFull):
            raise
        except MatrixError as error:
            log.warning("muting.not_ended", room=one.room_id, error=str(error))
        await self._table.delete(one)

    async def _change(self, room: Room, by: UserId, user_id: UserId, until: int | None) -> None:
        note = Draft(RESTRICTED, {"until": until} if until is not None else {}, state_key=role_key(user_id))
        before = room.content(POWER_LEVELS)
        users = dict(before.get("users", {}))
        if until is not None:
            users[user_id] = MUTED_LEVEL
        elif users.get(user_id) == MUTED_LEVEL:
            users.pop(user_id)
            level = _level_by_roles(room, user_id)
            users.update({user_id: level} if level else {})
        content: dict[str, Any] = {**before, "users": users}
        drafts = [Draft(POWER_LEVELS, content, state_key="")] if content != before else []
        await self._commits.commit_all(room, [Intent(by, draft) for draft in (*drafts, note)])


def _level_by_roles(room: Room, user_id: str) -> int:
    ids = holders_in(room).get(user_id, ())
    return max((role.level for role in (roles_in(room) or RoleList()).roles if role.id in ids), default=0)


def _user(target: str) -> UserId:
    try:
        return parse_user_id(target)
    except BadIdentifier as bad:
        raise InvalidParam(str(bad)) from bad
