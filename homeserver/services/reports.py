"""Reporting events, rooms and users to the admin. Spec: Client-Server API, Reporting Content."""

from homeserver.clock import Clock
from homeserver.errors import InvalidParam, NotFound
from homeserver.protocol.errors import BadIdentifier
from homeserver.protocol.identifiers import parse_user_id, server_of
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.services.visibility import Visibility
from homeserver.storage.reports import NewReport
from homeserver.storage.reports import Reports as ReportTable
from homeserver.storage.users import Users

MAX_REASON = 10_000


class Reports:
    """Takes reports."""

    def __init__(
        self, server: str, table: ReportTable, users: Users, rooms: Rooms, visibility: Visibility, clock: Clock
    ) -> None:
        self._server = server
        self._table = table
        self._users = users
        self._rooms = rooms
        self._visibility = visibility
        self._clock = clock

    async def event(
        self, requester: Requester, room_id: str, event_id: str, reason: str | None, score: int | None
    ) -> None:
        """Report an event of a room the requester is joined to and that they can see. Raises NotFound."""
        room = await self._rooms.find(room_id)
        if room is None or not room.is_joined(requester.user_id):
            raise NotFound("You are not in that room, or it does not exist.")
        event = await self._visibility.event_in_room(requester.user_id, room_id, event_id)
        await self._add(NewReport(requester.user_id, room.room_id, event_id, event.sender, reason=reason, score=score))

    async def room(self, requester: Requester, room_id: str, reason: str) -> None:
        """Report a room, joined or not. Raises NotFound."""
        room = await self._rooms.room(room_id)
        await self._add(NewReport(requester.user_id, room.room_id, reason=reason))

    async def user(self, requester: Requester, user_id: str, reason: str) -> None:
        """Report a user of this server or another. Who does not exist here is not told. Raises InvalidParam."""
        try:
            parse_user_id(user_id)
        except BadIdentifier as bad:
            raise InvalidParam(str(bad)) from bad
        if server_of(user_id) == self._server and await self._users.read(user_id) is None:
            return
        await self._add(NewReport(requester.user_id, user_id=user_id, reason=reason))

    async def _add(self, report: NewReport) -> None:
        if report.reason is not None and (len(report.reason) > MAX_REASON or "\0" in report.reason):
            raise InvalidParam(f"A reason has at most {MAX_REASON} characters.")
        await self._table.add(report, self._clock.now_ms())
