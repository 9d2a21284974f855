"""How far a large room that was just joined is: its members come after the join. See docs/extensions.md."""

from typing import Any

from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.storage.partial_joins import PartialJoins


class JoinProgress:
    """Reads of it."""

    def __init__(self, rooms: Rooms, table: PartialJoins) -> None:
        self._rooms = rooms
        self._table = table

    async def of_room(self, requester: Requester, room_id: str) -> dict[str, Any]:
        """For one who is in the room; `total` null as long as nobody has told it. Raises Forbidden [0 or 1 trip]."""
        room = await self._rooms.joined_by(requester.user_id, room_id)
        if not room.is_partial:
            return {"is_whole": True}
        done, total = await self._table.progress(room.room_nid)
        return {"is_whole": False, "done": done, "total": total}
