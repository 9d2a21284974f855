"""Memberships asked for in other ways: as state events, and as lists. Spec: Client-Server API, Room membership."""

from collections.abc import Mapping
from typing import Any

from homeserver.errors import BadJson, Forbidden
from homeserver.protocol.identifiers import EventId
from homeserver.services.commits import Commits
from homeserver.services.feed import Feed
from homeserver.services.intents import Draft, Intent
from homeserver.services.inviting import Inviting
from homeserver.services.joining import Joining
from homeserver.services.removing import Removing
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.storage.members import Members

VOUCHED_BY = "join_authorised_via_users_server"


class Memberships:
    """Member events written by hand go the way of the endpoints that are meant for them."""

    def __init__(
        self,
        *,
        rooms: Rooms,
        commits: Commits,
        feed: Feed,
        members: Members,
        joining: Joining,
        inviting: Inviting,
        removing: Removing,
    ) -> None:
        self._rooms = rooms
        self._commits = commits
        self._feed = feed
        self._members = members
        self._joining = joining
        self._inviting = inviting
        self._removing = removing

    async def set_by_state(
        self,
        requester: Requester,
        room_id: str,
        target: str,
        content: Mapping[str, Any],
        *,
        ts: int | None = None,
    ) -> EventId:
        """PUT /state of a member event. One's own join may be sent again with another name or picture.

        `ts`: the time the event is to have, of what is decided in the room itself.
        """
        membership, given = content.get("membership"), content.get("reason")
        reason = given if isinstance(given, str) else None
        if target == requester.user_id and membership in {"join", "leave"}:
            return await self._set_own(requester, room_id, str(membership), content, ts)
        match membership:
            case "invite":
                is_direct = content.get("is_direct") is True
                return await self._inviting.invite(requester, room_id, target, reason=reason, is_direct=is_direct)
            case "ban":
                return await self._removing.ban(requester, room_id, target, reason=reason)
            case "leave":
                room = await self._rooms.joined_by(requester.user_id, room_id)
                undo = self._removing.unban if room.membership(target) == "ban" else self._removing.kick
                return await undo(requester, room_id, target, reason=reason)
            case "join" | "knock":
                raise Forbidden("Nobody else can do that for a user.")
            case _:
                raise BadJson("`membership` is missing or unknown.")

    async def _set_own(
        self, requester: Requester, room_id: str, membership: str, content: Mapping[str, Any], ts: int | None
    ) -> EventId:
        room = await self._rooms.find(room_id)
        if room is not None and room.is_joined(requester.user_id) and membership == "join":
            # Who vouched for the join is the joining server's to say: peers want a signature of theirs beside it.
            given = {key: value for key, value in content.items() if key != VOUCHED_BY}
            draft = Draft("m.room.member", given, state_key=requester.user_id, ts=ts)
            return (await self._commits.commit(room, Intent(requester.user_id, draft))).event_id
        why = content.get("reason")
        reason = why if isinstance(why, str) else None
        if membership == "join":
            await self._joining.join(requester, room_id, reason=reason)
        else:
            await self._removing.leave(requester, room_id, reason=reason)
        room = await self._rooms.room(room_id)
        return room.members[requester.user_id].event_id

    async def joined_rooms(self, user_id: str) -> list[str]:
        """Ids of the rooms that the user is joined to."""
        known = self._feed.rooms_of(user_id)
        rooms = known.values() if known is not None else await self._members.rooms_of(user_id)
        return [room.room_id for room in rooms if room.membership == "join"]
