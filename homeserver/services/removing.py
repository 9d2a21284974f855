"""Leaving, declining, kicking, banning and forgetting.

Spec: Client-Server API, Leaving rooms, Banning users in a room.
"""

import contextlib
from collections.abc import Callable

from homeserver.errors import Forbidden, InvalidParam, NotFound, Unavailable, Unknown
from homeserver.protocol.errors import BadIdentifier
from homeserver.protocol.identifiers import EventId, UserId, parse_user_id
from homeserver.services.commits import Commits
from homeserver.services.heads import Room
from homeserver.services.intents import Draft, Intent
from homeserver.services.remote_join import RemoteJoin
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.services.sending import seemingly_committed
from homeserver.storage.members import Members, Membership
from homeserver.storage.rows import MemberRow
from homeserver.storage.stream import Stream

PRESENT = ("join", "invite", "knock")


def _anybody(_user_id: UserId, _room: Room) -> None:
    return


class Removing:
    """Takes users out of rooms."""

    def __init__(
        self,
        *,
        server: str,
        rooms: Rooms,
        members: Members,
        commits: Commits,
        stream: Stream,
        remote: RemoteJoin | None,
    ) -> None:
        """`remote` None: this server does not federate."""
        self._server = server
        self._rooms = rooms
        self._members = members
        self._commits = commits
        self._stream = stream
        self._remote = remote
        self._check_leaving: Callable[[UserId, Room], None] = _anybody

    def refuse_leaving_by(self, check: Callable[[UserId, Room], None]) -> None:
        """Have `check` asked before somebody leaves by themselves; it raises what they are to hear."""
        self._check_leaving = check

    async def leave(self, requester: Requester, room_id: str, *, reason: str | None = None) -> None:
        """Leave a room, decline an invite or take a knock back. Leaving twice changes nothing. Raises NotFound."""
        room = await self._rooms.find(room_id)
        if room is not None and room.membership(requester.user_id) in PRESENT:
            self._check_leaving(requester.user_id, room)
        await self.leave_as(requester.user_id, room_id, reason=reason)

    async def leave_as(self, user_id: UserId, room_id: str, *, reason: str | None = None) -> None:
        """`leave` for a local user whom nobody asked (deactivation)."""
        room = await self._rooms.find(room_id)
        if room is None:
            raise NotFound("Unknown room.")
        membership = room.membership(user_id)
        if membership in {"leave", "ban"}:
            if user_id in room.members:
                return
            raise Forbidden("You were never in this room.")
        if room.has_server(self._server):
            await self._commits.commit(room, Intent(user_id, Draft.member(user_id, "leave", reason=reason)))
        else:
            await self._decline(user_id, room, reason)

    async def _decline(self, user_id: UserId, room: Room, reason: str | None) -> None:
        """Out of a room that this server is not in: told to a server that is, and done here in any case."""
        if self._remote is not None:
            with contextlib.suppress(Unavailable):
                await self._remote.leave(user_id, room.room_id, {} if reason is None else {"reason": reason})
        await self._stream.write(
            MemberRow(
                room_nid=room.room_nid,
                room_id=room.room_id,
                user_id=user_id,
                server=self._server,
                membership="leave",
                event_id=None,
                sender=user_id,
            )
        )

    async def kick(self, requester: Requester, room_id: str, target: str, *, reason: str | None = None) -> EventId:
        """Remove `target` from the room, or withdraw their invite or refuse their knock.

        Raises Forbidden if the target is neither joined, invited nor knocking, or outranks the requester.
        """
        room, user_id = await self._room_of(requester, room_id, target)
        if room.membership(user_id) not in PRESENT:
            raise Forbidden(f"{user_id} is not in the room.")
        return await self._set(requester, room, user_id, "leave", reason)

    async def ban(self, requester: Requester, room_id: str, target: str, *, reason: str | None = None) -> EventId:
        """Ban `target`, whether they are in the room or not. Raises Forbidden."""
        room, user_id = await self._room_of(requester, room_id, target)
        return await self._set(requester, room, user_id, "ban", reason)

    async def unban(self, requester: Requester, room_id: str, target: str, *, reason: str | None = None) -> EventId:
        """Lift a ban. Raises Forbidden if there is none, or the requester may not."""
        room, user_id = await self._room_of(requester, room_id, target)
        if room.membership(user_id) != "ban":
            raise Forbidden(f"{user_id} is not banned.")
        return await self._set(requester, room, user_id, "leave", reason)

    async def _room_of(self, requester: Requester, room_id: str, target: str) -> tuple[Room, UserId]:
        """The requester's room, with what the target is in it known."""
        room, user_id = await self._rooms.joined_by(requester.user_id, room_id), _user(target)
        if room.is_partial and user_id not in room.members:
            room = await self._rooms.whole(room_id)
        return room, user_id

    async def _set(
        self, requester: Requester, room: Room, target: UserId, membership: str, reason: str | None
    ) -> EventId:
        requester.must_be_active()
        draft = Draft.member(target, membership, reason=reason)
        if requester.is_shadow_banned:
            return seemingly_committed(requester, room, draft, None).event_id
        return (await self._commits.commit(room, Intent(requester.user_id, draft))).event_id

    async def forget(self, requester: Requester, room_id: str) -> None:
        """Forget a room that was left: it is in no list of the user's any more. Raises Unknown while joined."""
        known = await self._membership(requester.user_id, room_id)
        if known.membership not in {"leave", "ban"}:
            raise Unknown("You must leave the room before you can forget it.", status=400)
        if known.forgotten:
            return
        await self._stream.write(
            MemberRow(
                room_nid=known.room_nid,
                room_id=known.room_id,
                user_id=known.user_id,
                server=self._server,
                membership=known.membership,
                event_id=known.event_id,
                event_nid=known.event_nid,
                sender=known.sender,
                room_position=known.room_position,
                forgotten=True,
            )
        )

    async def _membership(self, user_id: UserId, room_id: str) -> Membership:
        known = (await self._members.memberships(room_id, [user_id])).get(user_id)
        if known is None:
            raise Forbidden("You were never in this room.")
        return known


def _user(target: str) -> UserId:
    try:
        return parse_user_id(target)
    except BadIdentifier as bad:
        raise InvalidParam(str(bad)) from bad
