"""Profiles: names, pictures and whatever else users say of themselves; changes follow them into their rooms.

Spec: Client-Server API, Profiles. Not for: the user directory.
"""

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import orjson
import structlog

from homeserver.clock import Clock
from homeserver.errors import (
    Forbidden,
    GuestAccessForbidden,
    InvalidParam,
    MatrixError,
    NotFound,
    StorageFull,
    TooLarge,
    Unavailable,
)
from homeserver.protocol.errors import BadIdentifier
from homeserver.protocol.identifiers import UserId, parse_user_id, server_of
from homeserver.services.commits import Commits
from homeserver.services.intents import Draft, Intent
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.storage.members import Members
from homeserver.storage.profiles import Profiles as ProfileTable
from homeserver.storage.users import Users

log = structlog.get_logger()

IN_ROOMS = ("displayname", "avatar_url")
"""Fields that member events carry."""
MAX_FIELD_NAME_BYTES = 255
MAX_PROFILE_BYTES = 64 * 1024
MAX_DISPLAY_NAME = 256
MAX_AVATAR_URL = 1_000
AGAIN_S = 30.0
"""When is tried again what could not be done."""


class RemoteProfiles(Protocol):
    """Asks another server for a profile."""

    async def profile(self, server: str, user_id: str, field: str | None = None) -> Mapping[str, Any]:
        """Raises an error of federation where nobody answers."""


class Profiles:
    """Reads profiles of everyone, changes those of users here."""

    def __init__(
        self,
        *,
        server: str,
        table: ProfileTable,
        users: Users,
        members: Members,
        rooms: Rooms,
        commits: Commits,
        clock: Clock,
    ) -> None:
        self._server = server
        self._table = table
        self._users = users
        self._members = members
        self._rooms = rooms
        self._commits = commits
        self._remote: RemoteProfiles | None = None
        self._makes_user: Callable[[str], Awaitable[bool]] | None = None
        self._clock = clock
        self._changed: dict[UserId, None] = {}
        self._news = asyncio.Event()

    def ask_appservices_by(self, makes_user: Callable[[str], Awaitable[bool]]) -> None:
        """Have users made by application services when they are asked for."""
        self._makes_user = makes_user

    def ask_others_by(self, remote: RemoteProfiles) -> None:
        """Ask other servers for their users' profiles."""
        self._remote = remote

    async def of(self, user_id: str, field: str | None = None) -> dict[str, Any]:
        """The profile, or one field of it. Raises NotFound, InvalidParam (no user id)."""
        try:
            server = server_of(parse_user_id(user_id))
        except BadIdentifier as bad:
            raise InvalidParam(str(bad)) from bad
        profile = await self._local(user_id) if server == self._server else await self._foreign(server, user_id, field)
        if field is None:
            return profile
        if field not in profile:
            raise NotFound("The profile has no such field.")
        return {field: profile[field]}

    async def _local(self, user_id: str) -> dict[str, Any]:
        fields = await self._table.read(user_id)
        if not fields and await self._users.read(user_id) is None:
            if self._makes_user is None or not await self._makes_user(user_id):
                raise NotFound("Nobody has that name here.")
            fields = await self._table.read(user_id)
        return {name: orjson.loads(value) for name, value in fields.items()}

    async def _foreign(self, server: str, user_id: str, field: str | None) -> dict[str, Any]:
        if self._remote is None:
            raise NotFound("This server does not federate.")
        return dict(await self._remote.profile(server, user_id, field))

    async def member_content(self, user_id: str) -> dict[str, Any]:
        """What the member events of a local user say of them [1 trip]."""
        fields = await self._table.read(user_id)
        return {name: orjson.loads(fields[name]) for name in IN_ROOMS if name in fields}

    async def set(self, requester: Requester, user_id: str, field: str, value: object) -> None:
        """Set a field of one's own profile. Raises Forbidden, InvalidParam, TooLarge."""
        self._own(requester, user_id, field)
        _check(field, value)
        fields = await self._table.read(user_id)
        fields[field] = orjson.dumps(value)
        if sum(len(name) + len(text) for name, text in fields.items()) > MAX_PROFILE_BYTES:
            raise TooLarge("The profile would be too large.", errcode="M_PROFILE_TOO_LARGE", status=400)
        await self._table.set(user_id, field, fields[field], untold=field in IN_ROOMS)
        self._tell_rooms(requester.user_id, field)

    async def delete(self, requester: Requester, user_id: str, field: str) -> None:
        """Remove a field of one's own profile."""
        self._own(requester, user_id, field)
        if await self._table.delete(user_id, field, untold=field in IN_ROOMS):
            self._tell_rooms(requester.user_id, field)

    @staticmethod
    def _own(requester: Requester, user_id: str, field: str) -> None:
        if requester.user_id != user_id:
            raise Forbidden("That is not your profile.")
        requester.must_be_active()
        if requester.is_guest and field != "displayname":
            raise GuestAccessForbidden("Guests may change their name alone.")

    def _tell_rooms(self, user_id: UserId, field: str) -> None:
        if field in IN_ROOMS:
            self._changed[user_id] = None
            self._news.set()

    async def run(self) -> None:
        """Write changed names and pictures into the rooms of their users, one after the other.

        What fails for a while, or a process did not get done before it ended, is noted in the table and tried again.
        """
        due = 0.0
        while True:
            self._news.clear()
            pause = None
            try:
                if due <= self._clock.monotonic():
                    self._changed |= {
                        UserId(one): None for one in await self._table.untold() if one not in self._changed
                    }
                    due = math.inf
                await self._tell_all()
            except (Unavailable, StorageFull) as error:
                log.warning("profiles.put_off", error=type(error).__name__)
                due = self._clock.monotonic() + AGAIN_S
            if due < math.inf:
                pause = max(0.0, due - self._clock.monotonic())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._news.wait()

    async def _tell_all(self) -> None:
        while self._changed:
            user_id = next(iter(self._changed))
            del self._changed[user_id]
            change = await self._table.change_of(user_id)
            if change is not None:
                await self._rewrite(user_id)
                await self._table.told(user_id, change)

    async def _rewrite(self, user_id: UserId) -> None:
        """Raises Unavailable, StorageFull. A room that refuses does not keep the others from hearing."""
        content = await self.member_content(user_id)
        for membership in await self._members.rooms_of(user_id):
            if membership.membership != "join":
                continue
            room = await self._rooms.find(membership.room_id)
            if room is None:  # deleted meanwhile
                continue
            member = room.members.get(user_id)
            if member is None or (member.displayname, member.avatar_url) == tuple(map(content.get, IN_ROOMS)):
                continue
            try:
                await self._commits.commit(room, Intent(user_id, Draft.member(user_id, "join", **content)))
            except (Unavailable, StorageFull):
                raise
            except MatrixError as refused:
                log.warning("profiles.not_told", room_id=room.room_id, error=refused.message)


def _check(field: str, value: object) -> None:
    if not field or len(field.encode()) > MAX_FIELD_NAME_BYTES:
        raise InvalidParam("The name of the field is too long.", errcode="M_KEY_TOO_LARGE")
    limit = {"displayname": MAX_DISPLAY_NAME, "avatar_url": MAX_AVATAR_URL}.get(field)
    if limit is not None and (not isinstance(value, str) or len(value) > limit):
        raise InvalidParam(f"`{field}` is a text of at most {limit} characters.")
