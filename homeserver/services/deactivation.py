"""Closing an account for good: nobody logs in any more, and its user leaves every room.

What is left to end, and to leave, is found again after a restart. Spec: Client-Server API, Account deactivation.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from homeserver.clock import Clock
from homeserver.errors import MatrixError
from homeserver.protocol.identifiers import UserId
from homeserver.services.confirmation import Confirmation
from homeserver.services.requester import Requester
from homeserver.services.sessions import Sessions
from homeserver.storage.errors import DatabaseDown, DatabaseFull
from homeserver.storage.members import Members
from homeserver.storage.users import Users

log = structlog.get_logger()

Leave = Callable[[UserId, str], Awaitable[None]]
"""Takes a user out of a room, or declines an invite."""
PRESENT = ("join", "invite", "knock")
RETRY_S = 60.0


class Deactivation:
    """Closes accounts."""

    def __init__(
        self,
        *,
        users: Users,
        members: Members,
        sessions: Sessions,
        confirmation: Confirmation,
        leave: Leave,
        clock: Clock,
    ) -> None:
        self._users = users
        self._members = members
        self._sessions = sessions
        self._confirmation = confirmation
        self._leave = leave
        self._clock = clock
        self._closed = asyncio.Event()

    async def close_own(self, requester: Requester, auth: Mapping[str, Any] | None, *, erase: bool) -> None:
        """Close one's own account. Raises ui_auth.Required."""
        await self._confirmation.check(requester, "POST /account/deactivate", {"erase": erase}, auth)
        await self.close(requester.user_id, erase=erase)

    async def close(self, user_id: UserId, *, erase: bool) -> None:
        """Close an account; `erase`: what it sent is not shown to those who join later. Rooms are left afterwards."""
        await self._users.deactivate(user_id, erase=erase)
        await self._sessions.end_all(user_id)
        self._closed.set()

    async def run(self) -> None:
        """Take closed accounts out of their rooms; runs as long as the process."""
        while True:
            self._closed.clear()
            try:
                left_all = await self._leave_rooms()
            except (DatabaseDown, DatabaseFull):
                left_all = False
            try:
                async with asyncio.timeout(None if left_all else RETRY_S):
                    await self._closed.wait()
            except TimeoutError:
                continue

    async def _leave_rooms(self) -> bool:
        """End what closed accounts still have, leave what they are in; False where some could not be left now."""
        for user_id in await self._users.closed_with_access():
            await self._sessions.end_all(user_id)
        left_all = True
        for user_id in await self._users.closed_but_in_rooms(PRESENT):
            for membership in await self._members.rooms_of(user_id):
                if membership.membership not in PRESENT:
                    continue
                try:
                    await self._leave(UserId(user_id), membership.room_id)
                except MatrixError as error:
                    left_all = False
                    log.warning("deactivation.not_left", room=membership.room_id, error=str(error))
        return left_all
