"""Guests leave the rooms that let none in any more. Spec: Client-Server API, Guest Access, Server behaviour.

Which guests are still where they may not be is found in the database, so nothing is forgotten over a restart.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from homeserver.clock import Clock
from homeserver.errors import MatrixError
from homeserver.protocol.identifiers import UserId
from homeserver.services.joining import guests_may_join
from homeserver.services.rooms import Rooms
from homeserver.storage.errors import DatabaseDown, DatabaseFull
from homeserver.storage.rows import EventRow, Row
from homeserver.storage.users import Users

log = structlog.get_logger()

GUEST_ACCESS = "m.room.guest_access"
RETRY_S = 60.0

Leave = Callable[[UserId, str], Awaitable[None]]


class Guests:
    """Takes guests out of rooms."""

    def __init__(self, users: Users, rooms: Rooms, leave: Leave, clock: Clock) -> None:
        self._users = users
        self._rooms = rooms
        self._leave = leave
        self._clock = clock
        self._changed = asyncio.Event()
        self._changed.set()

    def apply(self, row: Row) -> None:
        """Follow the stream: a room's rule for guests may have changed."""
        if isinstance(row, EventRow) and row.type == GUEST_ACCESS and row.is_current_state:
            self._changed.set()

    async def run(self) -> None:
        """Look after each change, and once at the start; runs as long as the process."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                is_done = await self._look()
            except (DatabaseDown, DatabaseFull):
                is_done = False
            if not is_done:
                await self._clock.sleep(RETRY_S)
                self._changed.set()

    async def _look(self) -> bool:
        """Take guests out where they may not be; False where one could not leave now."""
        is_done = True
        for user_id, room_id in await self._users.guests_in_rooms():
            if guests_may_join(await self._rooms.find(room_id)):
                continue
            try:
                await self._leave(UserId(user_id), room_id)
            except MatrixError as error:
                is_done = False
                log.warning("guests.not_left", room=room_id, error=str(error))
        return is_done
