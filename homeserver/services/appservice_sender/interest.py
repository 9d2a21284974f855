"""What one application service has an interest in: users, and rooms by their id, an alias, or a member.

Spec: Application Service API, Registration.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence

from homeserver.services.appservices.registrations import Registration
from homeserver.services.heads import MEMBER
from homeserver.services.rooms import Rooms
from homeserver.storage.rows import DirectoryRow, EventRow, MemberRow, Row, StateRow

AliasesOf = Callable[[str], Awaitable[Sequence[str]]]
CACHED_ROOMS = 20_000


class Interest:
    """Answers from memory as a rule. Members and aliases are those of now, whenever an event happened."""

    def __init__(self, server: str, registration: Registration, rooms: Rooms, aliases_of: AliasesOf) -> None:
        self._server = server
        self._registration = registration
        self._rooms = rooms
        self._aliases_of = aliases_of
        self._rooms_known: OrderedDict[int, bool] = OrderedDict()
        self._changes = 0

    def user(self, user_id: str) -> bool:
        """Whether the user is one of its own."""
        return user_id.partition(":")[2] == self._server and self._registration.has_user(user_id)

    async def event(self, row: EventRow) -> bool:
        """Whether it is to hear of the event. Spec: Application Service API, Pushing events."""
        if self.user(row.sender) or (row.type == MEMBER and row.state_key is not None and self.user(row.state_key)):
            return True
        return await self.room(row.room_nid)

    async def room(self, room_nid: int) -> bool:
        """Whether the room is of interest [0 trips known, up to 2 new]."""
        known = self._rooms_known.get(room_nid)
        if known is not None:
            self._rooms_known.move_to_end(room_nid)
            return known
        before = self._changes
        await self._rooms.load([room_nid])
        head = self._rooms.cached(room_nid)
        if head is None:
            return False
        found = self._registration.has_room(head.room_id) or any(map(self.user, head.joined_of(self._server)))
        if not found and self._registration.aliases:
            found = any(self._registration.has_alias(alias) for alias in await self._aliases_of(head.room_id))
        if before == self._changes:
            self._rooms_known[room_nid] = found
            if len(self._rooms_known) > CACHED_ROOMS:
                self._rooms_known.popitem(last=False)
        return found

    async def any_room(self, room_nids: Iterable[int]) -> bool:
        """Whether one of the rooms is of interest."""
        for room_nid in room_nids:
            if await self.room(room_nid):
                return True
        return False

    def apply(self, row: Row) -> None:
        """Follow the stream: what is known of a room ends with its user's membership or alias."""
        if isinstance(row, DirectoryRow):
            self._changes += 1
            self._rooms_known.clear()
        elif isinstance(row, EventRow | StateRow):
            if row.type == MEMBER and row.state_key is not None and self.user(row.state_key):
                self._forget(row.room_nid)
        elif isinstance(row, MemberRow) and self.user(row.user_id):
            self._forget(row.room_nid)

    def _forget(self, room_nid: int) -> None:
        self._changes += 1
        self._rooms_known.pop(room_nid, None)
