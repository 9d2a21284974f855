"""Inviting people: of this server, and of others whose servers sign the invite first.

Spec: Client-Server API, Room membership; Server-Server API, Inviting to a room.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from homeserver.errors import Forbidden, InvalidParam
from homeserver.protocol.errors import BadIdentifier
from homeserver.protocol.identifiers import EventId, UserId, parse_user_id, server_of
from homeserver.services.commits import Commits
from homeserver.services.heads import Room
from homeserver.services.intents import Committed, Draft, Intent
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.services.sending import seemingly_committed

CheckInvite = Callable[[str, str], Awaitable[None]]
"""(invited, inviter): raises InviteBlocked, NotFound or Forbidden for an account that cannot be invited."""


class MemberProfiles(Protocol):
    """Where member events take their names and pictures from."""

    async def member_content(self, user_id: str) -> Mapping[str, Any]:
        """`displayname` and `avatar_url` of a local user, those that are set."""


class RemoteInvites(Protocol):
    """Brings an invite to another server and commits it when that has signed."""

    async def invite(self, room: Room, sender: UserId, draft: Draft) -> Committed:
        """Raises Forbidden or Unavailable when the other server refuses or does not answer."""


class Inviting:
    """Invites users into rooms."""

    def __init__(
        self,
        *,
        server: str,
        rooms: Rooms,
        commits: Commits,
        remote: RemoteInvites | None,
        profiles: MemberProfiles,
        check: CheckInvite,
    ) -> None:
        """`remote` None: this server does not federate."""
        self._server = server
        self._rooms = rooms
        self._commits = commits
        self._remote = remote
        self._profiles = profiles
        self._check = check

    def is_local(self, user_id: str) -> bool:
        """Whether the user is of this server."""
        return server_of(user_id) == self._server

    async def invite(
        self,
        requester: Requester,
        room_id: str,
        target: str,
        *,
        reason: str | None = None,
        is_direct: bool = False,
    ) -> EventId:
        """Invite `target`. Raises Forbidden (also for one who is in the room already), InviteBlocked, Unavailable."""
        room = await self._rooms.joined_by(requester.user_id, room_id)
        try:
            user_id = parse_user_id(target)
        except BadIdentifier as bad:
            raise InvalidParam(str(bad)) from bad
        if room.is_partial and user_id not in room.members:
            room = await self._rooms.whole(room_id)
        if room.is_joined(user_id):
            raise Forbidden(f"{user_id} is in the room already.")
        requester.must_be_active()
        draft = await self.draft(requester, user_id, reason=reason, is_direct=is_direct)
        if requester.is_shadow_banned:
            return seemingly_committed(requester, room, draft, None).event_id
        if self.is_local(user_id):
            return (await self._commits.commit(room, Intent(requester.user_id, draft))).event_id
        if self._remote is None:
            raise Forbidden("This server does not federate: only its own users can be invited.")
        return (await self._remote.invite(room, requester.user_id, draft)).event_id

    async def draft(
        self, requester: Requester, target: UserId, *, reason: str | None = None, is_direct: bool = False
    ) -> Draft:
        """The member event that invites `target`, after asking whether they may be invited by this user."""
        content: dict[str, Any] = {}
        if self.is_local(target):
            await self._check(target, requester.user_id)
            content.update(await self._profiles.member_content(target))
        if is_direct:
            content["is_direct"] = True
        return Draft.member(target, "invite", reason=reason, **content)
