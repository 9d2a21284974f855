"""Closing a group: nobody can come in any more, everyone is taken out, and it is in no list."""

from homeserver.errors import Forbidden
from homeserver.services.commits import Commits
from homeserver.services.heads import Room
from homeserver.services.intents import Draft, Intent
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.storage.rooms import RoomTable

CLOSED = "app.hearth.closed"
REMOVED_TOGETHER = 50
_PRESENT = ("join", "invite", "knock")


class Closing:
    """Closes rooms for all."""

    def __init__(self, rooms: Rooms, commits: Commits, table: RoomTable) -> None:
        self._rooms = rooms
        self._commits = commits
        self._table = table

    async def close(self, requester: Requester, room_id: str, *, reason: str | None) -> None:
        """Close a room that one stands above all others in. Asked again, it goes on where it stopped.

        Raises Forbidden for who is not in it or not above all others.
        """
        room = await self._rooms.joined_by(requester.user_id, room_id)
        user_id, power = requester.user_id, room.power
        own = power.of_user(user_id)
        others = [one for one, member in room.members.items() if member.membership in _PRESENT and one != user_id]
        if own < max(power.kick, power.for_event("m.room.join_rules", is_state=True)):
            raise Forbidden("You may not close this room.")
        if any(power.of_user(one) >= own for one in others):
            raise Forbidden("Somebody else stands as high as you: they must leave, or step down first.")
        await self._table.set_public(room.room_nid, is_public=False)
        for alias in await self._table.aliases_of(room_id):
            await self._table.delete_alias(alias)
        closed = {"reason": reason} if reason is not None else {}
        drafts = [
            Draft("m.room.join_rules", {"join_rule": "invite"}, state_key=""),
            Draft(CLOSED, closed, state_key=""),
        ]
        await self._commit(requester, room, drafts)
        for start in range(0, len(others), REMOVED_TOGETHER):
            group = others[start : start + REMOVED_TOGETHER]
            await self._commit(requester, room, [Draft.member(one, "leave", reason=reason) for one in group])
        await self._commit(requester, room, [Draft.member(user_id, "leave", reason=reason)])

    async def _commit(self, requester: Requester, room: Room, drafts: list[Draft]) -> None:
        await self._commits.commit_all(room, [Intent(requester.user_id, draft) for draft in drafts])
