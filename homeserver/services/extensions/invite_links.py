"""Links by which people come into a room that they could not join otherwise: who opens one is invited and joined.

The invitation is made in the name of who made the link, so a link can never do more than its maker may.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from homeserver.clock import Clock, Rng
from homeserver.errors import Forbidden, InvalidParam, NotFound
from homeserver.protocol.identifiers import RoomId, UserId
from homeserver.services.commits import Commits
from homeserver.services.heads import Room
from homeserver.services.intents import Draft, Intent
from homeserver.services.inviting import MemberProfiles
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.storage.invite_links import InviteLink
from homeserver.storage.invite_links import InviteLinks as InviteLinkTable

TOKEN_LETTERS = 22
MAX_LINKS = 50
MAX_NAME = 64
KNOCKED = ("knock", "knock_restricted")
GONE = "This link leads nowhere any more."


class Comings(Protocol):
    """How people come into rooms otherwise."""

    async def join(
        self, requester: Requester, room: str, *, via: Sequence[str] = (), reason: str | None = None
    ) -> RoomId:
        """Join a room that lets one in."""

    async def knock(
        self, requester: Requester, room: str, *, via: Sequence[str] = (), reason: str | None = None
    ) -> RoomId:
        """Ask to be let in."""


class InviteLinks:
    """Makes, shows, revokes and follows links."""

    def __init__(
        self,
        *,
        rooms: Rooms,
        commits: Commits,
        table: InviteLinkTable,
        profiles: MemberProfiles,
        joining: Comings,
        clock: Clock,
        rng: Rng,
    ) -> None:
        self._rooms = rooms
        self._commits = commits
        self._table = table
        self._profiles = profiles
        self._joining = joining
        self._clock = clock
        self._rng = rng

    async def make(
        self,
        requester: Requester,
        room_id: str,
        *,
        name: str,
        expires_ts: int | None,
        max_uses: int | None,
        approval: bool,
    ) -> dict[str, Any]:
        """A new link to a room. Raises Forbidden for who may not invite, InvalidParam."""
        room = await self._for_inviter(requester, room_id)
        if approval and room.join_rule not in KNOCKED:
            raise InvalidParam("Only a room that people ask to join has links with approval.")
        if len(name) > MAX_NAME or "\0" in name or (max_uses is not None and not 0 < max_uses < 2**31):
            raise InvalidParam(f"A name has at most {MAX_NAME} letters, and a limit of uses is a number above 0.")
        if expires_ts is not None and not self._clock.now_ms() < expires_ts < 2**53:
            raise InvalidParam("`expires_ts` lies in the past, or too far away.")
        if len(await self._table.of_room(room_id)) >= MAX_LINKS:
            raise Forbidden(f"A room has at most {MAX_LINKS} links.")
        now = self._clock.now_ms()
        token = self._rng.letters(TOKEN_LETTERS)
        link = InviteLink(token, room_id, requester.user_id, name, now, expires_ts, max_uses, 0, approval)
        await self._table.add(link)
        return _shown(link, [])

    async def of_room(self, requester: Requester, room_id: str) -> list[dict[str, Any]]:
        """The links of a room, the newest first, for those who may invite. Raises Forbidden."""
        await self._for_inviter(requester, room_id)
        return [_shown(link, users) for link, users in await self._table.of_room(room_id)]

    async def revoke(self, requester: Requester, room_id: str, token: str) -> None:
        """End a link: one's own, or of others with the power to kick. Raises NotFound, Forbidden."""
        room = await self._for_inviter(requester, room_id)
        link = await self._table.read(token) if token.isalnum() else None
        if link is None or link.room_id != room_id:
            raise NotFound("There is no such link.")
        if link.creator != requester.user_id and room.power.of_user(requester.user_id) < room.power.kick:
            raise Forbidden("You may not revoke other people's links.")
        await self._table.delete(token)

    async def preview(self, token: str) -> dict[str, Any]:
        """What the one who got a link sees of the room. Raises NotFound."""
        link, room = await self._target(token)
        shown = {
            "room_id": link.room_id,
            "name": room.content("m.room.name").get("name"),
            "topic": room.content("m.room.topic").get("topic"),
            "avatar_url": room.content("m.room.avatar").get("url"),
            "num_joined_members": room.count("join"),
            "approval": link.approval,
        }
        return {key: value for key, value in shown.items() if value is not None}

    async def follow(self, requester: Requester, token: str) -> dict[str, Any]:
        """Come into the room by its link, or ask to be let in. Raises NotFound, Forbidden (a ban)."""
        link, room = await self._target(token)
        if room.is_joined(requester.user_id):
            return {"room_id": link.room_id, "membership": "join"}
        if not await self._table.take(token, requester.user_id, self._clock.now_ms()):
            raise NotFound(GONE)
        try:
            if link.approval:
                await self._joining.knock(requester, link.room_id)
            elif room.membership(requester.user_id) == "invite" or room.join_rule == "public":
                await self._joining.join(requester, link.room_id)
            else:
                await self._invite_and_join(UserId(link.creator), requester.user_id, room)
        except BaseException:
            await self._table.give_back(token, requester.user_id)
            raise
        return {"room_id": link.room_id, "membership": "knock" if link.approval else "join"}

    async def _invite_and_join(self, inviter: UserId, user_id: UserId, room: Room) -> None:
        if room.membership(user_id) == "ban":
            raise Forbidden("You are banned from this room.")
        profile = await self._profiles.member_content(user_id)
        await self._commits.commit_all(
            room,
            [
                Intent(inviter, Draft.member(user_id, "invite", **profile)),
                Intent(user_id, Draft.member(user_id, "join", **profile)),
            ],
        )

    async def _for_inviter(self, requester: Requester, room_id: str) -> Room:
        room = await self._rooms.joined_by(requester.user_id, room_id)
        if room.power.of_user(requester.user_id) < room.power.invite:
            raise Forbidden("You may not invite people into this room.")
        return room

    async def _target(self, token: str) -> tuple[InviteLink, Room]:
        """A link that still works, and its room."""
        link = await self._table.read(token) if token.isalnum() else None
        if link is None or (link.expires_ts is not None and link.expires_ts <= self._clock.now_ms()):
            raise NotFound(GONE)
        room = await self._rooms.find(link.room_id)
        if room is None or not room.is_joined(link.creator):
            raise NotFound(GONE)
        return link, room


def _shown(link: InviteLink, users: Sequence[str]) -> dict[str, Any]:
    """A link as those who may invite see it."""
    shown = {
        "token": link.token,
        "creator": link.creator,
        "name": link.name,
        "created_ts": link.created_ts,
        "expires_ts": link.expires_ts,
        "max_uses": link.max_uses,
        "uses": link.uses,
        "approval": link.approval,
        "users": list(users),
    }
    return {key: value for key, value in shown.items() if value is not None}
