"""Joining rooms: those that this server is in, and by other servers those that it is not.

Spec: Client-Server API, Joining rooms, Restricted rooms; Server-Server API, Joining rooms.
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol

from homeserver.errors import Forbidden, GuestAccessForbidden, InvalidParam, NotFound
from homeserver.protocol.identifiers import RoomId, UserId, server_of
from homeserver.services.commits import Commits
from homeserver.services.heads import MEMBER, Room
from homeserver.services.intents import Draft, Intent
from homeserver.services.inviting import MemberProfiles
from homeserver.services.remote_join import RemoteJoin
from homeserver.services.requester import Requester
from homeserver.services.room_limits import TooManyRooms
from homeserver.services.rooms import Rooms
from homeserver.services.turns import Turns
from homeserver.storage.members import Members

RESTRICTED_RULES = ("restricted", "knock_restricted")
PRESENT = ("join", "invite")


Joined = Callable[[str, str], Awaitable[None]]


class Aliases(Protocol):
    """Where aliases are looked up."""

    async def resolve(self, alias: str) -> tuple[RoomId, Sequence[str]]:
        """The room and servers that know it. Raises NotFound."""


CheckOpen = Callable[[str], Coroutine[Any, Any, None]]
IsFull = Callable[[Requester], Coroutine[Any, Any, bool]]


class Joining:
    """Brings users into rooms."""

    def __init__(
        self,
        *,
        server: str,
        rooms: Rooms,
        members: Members,
        commits: Commits,
        remote: RemoteJoin | None,
        aliases: Aliases,
        profiles: MemberProfiles,
    ) -> None:
        """`remote` None: this server does not federate."""
        self._server = server
        self._rooms = rooms
        self._members = members
        self._commits = commits
        self._remote = remote
        self._aliases = aliases
        self._profiles = profiles
        self._turns = Turns()
        self._joined: Joined | None = None
        self._check_open: CheckOpen | None = None
        self._is_full: IsFull | None = None

    def refuse_by(self, check_open: CheckOpen) -> None:
        """Have `check_open` asked before somebody joins; it raises Forbidden for a room that is blocked."""
        self._check_open = check_open

    def limit_by(self, is_full: IsFull) -> None:
        """Have `is_full` asked whether somebody is in as many rooms as one may be in."""
        self._is_full = is_full

    def tell_by(self, joined: Joined) -> None:
        """Have `joined(user, room)` called when a user has joined a room by themselves."""
        self._joined = joined

    async def join(
        self,
        requester: Requester,
        room: str,
        *,
        via: Sequence[str] = (),
        reason: str | None = None,
    ) -> RoomId:
        """Join by room id or alias; the room's id. Joining twice changes nothing.

        Raises Forbidden, TooManyRooms, NotFound (an alias, or nobody to ask), IncompatibleRoomVersion, Unavailable.
        """
        requester.must_be_active()
        room_id, servers = await self.named(room, via)
        user_id = requester.user_id
        is_known = self._rooms.known(room_id) is not None
        own, head, _, inviters, is_full, *_ = await self._members.together(
            self._profiles.member_content(user_id),
            self._rooms.find(room_id),
            self._commits.intern([(MEMBER, user_id)]),
            _nobody() if is_known else self._invited_by(room_id, user_id),
            self._is_full(requester) if self._is_full is not None else _no(),
            *([self._check_open(room_id)] if self._check_open is not None else []),
        )
        content = dict(own)
        if reason is not None:
            content["reason"] = reason
        if requester.is_guest and not guests_may_join(head):
            raise GuestAccessForbidden("Guests may not join this room.")
        if head is not None and head.has_server(self._server) and head.is_joined(user_id):
            return room_id
        if is_full:
            raise TooManyRooms
        if not await self._join_here(head, user_id, content):
            if is_known:
                inviters = await self._invited_by(room_id, user_id)
            await self._join_by(head, [*servers, *inviters, *_server_in(room_id)], user_id, room_id, content)
        await self._tell(user_id, room_id)
        return room_id

    async def _join_here(self, head: Room | None, user_id: UserId, content: Mapping[str, Any]) -> bool:
        """Join a room that this server is in; False where that takes another one. Raises Forbidden, Unavailable."""
        if head is None or not head.has_server(self._server):
            return False
        if head.is_joined(user_id):  # by another request
            return True
        if head.is_partial:  # a ban may be among what lacks
            head = await self._rooms.whole(head.room_id)
        authorised_via = await self._authorising_user(head, user_id)
        if authorised_via is not None:
            content = {**content, "join_authorised_via_users_server": authorised_via}
        elif self._needs_authorisation(head, user_id) and self._remote is not None:
            return False
        await self._commits.commit(head, Intent(user_id, Draft.member(user_id, "join", **content)))
        return True

    async def _join_by(
        self, head: Room | None, servers: Sequence[str], user_id: UserId, room_id: RoomId, content: Mapping[str, Any]
    ) -> None:
        """Join by one of `servers`, or of those in the room. The first user of ours brings the others in."""
        if self._remote is None:
            raise NotFound("This server does not know the room, and does not federate.")
        async with self._turns.of(room_id) as has_waited:
            if has_waited:
                head = await self._rooms.find(room_id)
                if await self._join_here(head, user_id, content):
                    return
            others = head.servers if head is not None and head.has_server(self._server) else ()
            await self._remote.join(user_id, room_id, [*servers, *others], content)

    async def _tell(self, user_id: UserId, room_id: RoomId) -> None:
        if self._joined is not None:
            await self._joined(user_id, room_id)

    async def knock(
        self, requester: Requester, room: str, *, via: Sequence[str] = (), reason: str | None = None
    ) -> RoomId:
        """Ask to be let into a room. Raises Forbidden, NotFound, IncompatibleRoomVersion, Unavailable."""
        requester.must_be_active()
        room_id, servers = await self.named(room, via)
        head = await self._rooms.find(room_id)
        content = dict(await self._profiles.member_content(requester.user_id))
        if reason is not None:
            content["reason"] = reason
        if head is not None and head.has_server(self._server):
            head = await self._rooms.whole(room_id)
            draft = Draft.member(requester.user_id, "knock", **content)
            await self._commits.commit(head, Intent(requester.user_id, draft))
        elif self._remote is not None:
            await self._remote.knock(requester.user_id, room_id, [*servers, *_server_in(room_id)], content)
        else:
            raise NotFound("This server does not know the room, and does not federate.")
        return room_id

    async def named(self, room: str, via: Sequence[str]) -> tuple[RoomId, list[str]]:
        """The room of an id or alias, and servers to ask for it. Raises InvalidParam, NotFound."""
        if room.startswith("!") and len(room) > 1:
            return RoomId(room), list(via)
        if room.startswith("#"):
            room_id, servers = await self._aliases.resolve(room)
            return room_id, [*via, *servers]
        raise InvalidParam("That is neither a room id nor an alias.")

    async def _invited_by(self, room_id: RoomId, user_id: UserId) -> list[str]:
        """The server of who invited the user: it is, or was, in the room."""
        known = (await self._members.memberships(room_id, [user_id])).get(user_id)
        return [server_of(known.sender)] if known is not None and known.membership == "invite" else []

    @staticmethod
    def _needs_authorisation(room: Room, user_id: UserId) -> bool:
        """Spec: Room Versions 8 and later, 5.3.5: in a restricted room only who is invited needs no voucher."""
        if not room.rules.restricted or room.join_rule not in RESTRICTED_RULES:
            return False
        return room.membership(user_id) not in PRESENT

    async def _authorising_user(self, room: Room, user_id: UserId) -> UserId | None:
        """A local user who may invite, where one of the allowed rooms that we know lets the joiner in.

        None when none is needed, or when only another server can tell. Raises Forbidden when we know that no allowed
        room holds the user.
        """
        if not self._needs_authorisation(room, user_id):
            return None
        allow = room.content("m.room.join_rules").get("allow")
        rooms = [_allowed_room(condition) for condition in allow] if isinstance(allow, list) else []
        known = [await self._rooms.find(room_id) for room_id in rooms if room_id is not None]
        if not any(allowed is not None and allowed.is_joined(user_id) for allowed in known):
            if all(allowed is not None and not allowed.is_partial for allowed in known):
                raise Forbidden("You are in none of the rooms whose members may join.")
            return None
        power = room.power
        for member in room.joined():
            if server_of(member) == self._server and power.of_user(member) >= power.invite:
                return UserId(member)
        return None


def guests_may_join(room: Room | None) -> bool:
    """Whether the room, as far as this server knows it, lets guests in. Spec: Client-Server API, Guest Access."""
    return room is not None and room.content("m.room.guest_access").get("guest_access") == "can_join"


def _allowed_room(condition: object) -> str | None:
    if not isinstance(condition, Mapping) or condition.get("type") != "m.room_membership":
        return None
    room_id: Any = condition.get("room_id")
    return room_id if isinstance(room_id, str) else None


async def _nobody() -> list[str]:
    return []


async def _no() -> bool:
    return False


def _server_in(room_id: RoomId) -> list[str]:
    """The server that a room id of the versions before 12 names: it may still be in the room."""
    _, colon, server = room_id.partition(":")
    return [server] if colon else []
