"""Rooms as an admin sees and changes them: whole lists, blocking, joining others, making them powerful again.

What is read here is read in the admin's name and passes no rule of visibility: that is what an admin is for.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from homeserver.clock import Clock
from homeserver.errors import Forbidden, InvalidParam, NotFound
from homeserver.protocol.errors import BadIdentifier
from homeserver.protocol.identifiers import RoomId, UserId, parse_user_id, server_of
from homeserver.services.commits import Commits
from homeserver.services.heads import POWER_LEVELS, Room
from homeserver.services.intents import Draft, Intent
from homeserver.services.inviting import Inviting
from homeserver.services.joining import Joining
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.storage.admin import AdminReads, ListedRoom
from homeserver.storage.events.read import Events, StoredEvent
from homeserver.storage.users import Users

CREATOR_LEVEL = 100


class AdminRooms:
    """Reads and changes rooms of this server."""

    def __init__(
        self,
        *,
        server: str,
        reads: AdminReads,
        rooms: Rooms,
        events: Events,
        users: Users,
        commits: Commits,
        joining: Joining,
        inviting: Inviting,
        clock: Clock,
    ) -> None:
        self._server = server
        self._reads = reads
        self._rooms = rooms
        self._events = events
        self._users = users
        self._commits = commits
        self._joining = joining
        self._inviting = inviting
        self._clock = clock

    # -- reading ---------------------------------------------------------------------------------------------------

    async def page(
        self,
        start: int,
        limit: int,
        *,
        term: str | None,
        order_by: str,
        backwards: bool,
        is_public: bool | None,
        is_empty: bool | None,
    ) -> tuple[list[ListedRoom], int]:
        """A page of the rooms, and how many there are."""
        return await self._reads.rooms(
            self._server,
            start,
            limit,
            term=term,
            order_by=order_by,
            backwards=backwards,
            is_public=is_public,
            is_empty=is_empty,
        )

    async def one(self, room_id: str) -> tuple[ListedRoom, int]:
        """A room, and how many devices its users here have. Raises NotFound."""
        room = await self._reads.room(self._server, room_id)
        if room is None:
            raise NotFound("Room not found")
        return room, await self._reads.room_devices((await self._rooms.room(room_id)).room_nid, self._server)

    async def names(self, room_id: str) -> tuple[Any, Any]:
        """Name and canonical alias of a room, as far as it is known here."""
        room = await self._rooms.find(room_id)
        if room is None or not room.state:
            return None, None
        return room.content("m.room.name").get("name"), room.content("m.room.canonical_alias").get("alias")

    async def members(self, room_id: str) -> list[str]:
        """Who is joined. Raises NotFound."""
        return sorted((await self._known(room_id)).joined())

    async def state(self, room_id: str) -> Sequence[Any]:
        """The events of the current state. Raises NotFound."""
        room = await self._known(room_id)
        return [
            orjson.Fragment(event.body) for event in await self._events.by_id(list(room.state_event_ids().values()))
        ]

    async def messages(self, room_id: str, start: int | None, limit: int, *, backwards: bool) -> dict[str, Any]:
        """A page of events from a room position on. Raises NotFound."""
        room = await self._known(room_id)
        at = start if start is not None else (room.last_position + 1 if backwards else 0)
        found = await self._reads.events(room.room_nid, at, limit, backwards=backwards)
        answer: dict[str, Any] = {"chunk": [orjson.Fragment(body) for _, body in found], "start": str(at), "state": []}
        if len(found) == limit:
            answer["end"] = str(found[-1][0])
        return answer

    async def event(self, event_id: str) -> StoredEvent | None:
        """An event, whoever may see it."""
        found = await self._events.by_id([event_id]) if "\0" not in event_id else []
        return found[0] if found else None

    async def around(self, room_id: str, event_id: str, limit: int) -> dict[str, Any]:
        """An event with what came before and after. Raises NotFound."""
        room = await self._known(room_id)
        event = await self.event(event_id)
        if event is None or event.room_nid != room.room_nid or event.room_position is None:
            raise NotFound("Event not found.")
        half = max(1, limit // 2)
        before = await self._reads.events(room.room_nid, event.room_position, half, backwards=True)
        after = await self._reads.events(room.room_nid, event.room_position, half, backwards=False)
        return {
            "event": orjson.Fragment(event.body),
            "events_before": [orjson.Fragment(body) for _, body in before],
            "events_after": [orjson.Fragment(body) for _, body in after],
            "state": await self.state(room_id),
            "start": str(before[-1][0] if before else event.room_position),
            "end": str(after[-1][0] if after else event.room_position),
        }

    async def extremities(self, room_id: str) -> list[dict[str, Any]]:
        """The newest events of the room's graph. Raises NotFound."""
        room = await self._known(room_id)
        found = await self._events.by_nid(list(room.extremities))
        return [
            {
                "event_id": event.event_id,
                "depth": event.depth,
                "received_ts": event.ts,
                "state_group": room.extremities[event.event_nid].sequence,
            }
            for event in found
        ]

    async def _known(self, room_id: str) -> Room:
        room = await self._rooms.find(room_id)
        if room is None or not room.state:
            raise NotFound("Room not found")
        return room

    # -- blocking --------------------------------------------------------------------------------------------------

    async def blocked_by(self, room_id: str) -> str | None:
        """The admin who blocked the room."""
        return await self._reads.blocked_by(room_id)

    async def set_blocked(self, requester: Requester, room_id: str, *, is_blocked: bool) -> None:
        """Let nobody here into the room, known here or not; or let them again."""
        if not room_id.startswith("!") or "\0" in room_id:
            raise InvalidParam("That is no room id.")
        if is_blocked:
            await self._reads.block(room_id, requester.user_id, self._clock.now_ms())
        else:
            await self._reads.unblock(room_id)

    async def check_open(self, room_id: str) -> None:
        """Raise Forbidden for a blocked room."""
        if await self._reads.blocked_by(room_id) is not None:
            raise Forbidden("This room is blocked on this server.")

    # -- people ----------------------------------------------------------------------------------------------------

    async def local(self, user_id: str) -> Requester:
        """A user here, to act as. Raises InvalidParam, NotFound."""
        try:
            name = parse_user_id(user_id)
        except BadIdentifier as bad:
            raise InvalidParam(str(bad)) from bad
        user = await self._users.read(name) if server_of(name) == self._server else None
        if user is None or user.is_deactivated:
            raise NotFound("User not found")
        return Requester(UserId(user.user_id), None, user.user_nid, None, 0)

    async def join(self, requester: Requester, room: str, user_id: str, via: Sequence[str]) -> RoomId:
        """Join a user here to a room, invited by the admin where the room asks for that and the admin is in it."""
        user = await self.local(user_id)
        room_id, servers = await self._joining.named(room, via)
        head = await self._rooms.find(room_id)
        if (
            head is not None
            and head.is_joined(requester.user_id)
            and head.join_rule != "public"
            and head.membership(user.user_id) not in {"join", "invite"}
        ):
            await self._inviting.invite(requester, room_id, user.user_id)
        return await self._joining.join(user, room_id, via=servers)

    async def make_admin(self, requester: Requester, room: str, user_id: str | None) -> None:
        """Give a user the level of the most powerful user of this server in the room, in whose name it is done.

        They are invited where they are not in the room and could not join. Raises NotFound, InvalidParam.
        """
        room_id, _ = await self._joining.named(room, ())
        head = await self._known(room_id)
        user = await self.local(user_id) if user_id is not None else requester
        strongest = self._strongest(head)
        draft = Draft(POWER_LEVELS[0], self._raised(head, strongest, user.user_id), state_key="")
        await self._commits.commit(head, Intent(strongest, draft))
        if head.membership(user.user_id) in {"join", "ban"} or head.join_rule == "public":
            return
        as_strongest = await self.local(strongest)
        await self._inviting.invite(as_strongest, room_id, user.user_id)

    def _strongest(self, head: Room) -> UserId:
        power = head.power
        able = [
            UserId(user_id)
            for user_id in head.joined_of(self._server)
            if power.of_user(user_id) >= power.for_event(POWER_LEVELS[0], is_state=True)
        ]
        if not able:
            raise InvalidParam("No user of this server in the room may change the power levels.")
        return max(able, key=power.of_user)

    @staticmethod
    def _raised(head: Room, strongest: UserId, user_id: str) -> Mapping[str, Any]:
        content = dict(head.content(POWER_LEVELS[0]))
        given = content.get("users")
        users = dict(given) if isinstance(given, dict) else {}
        own = users.get(strongest, CREATOR_LEVEL)
        users[user_id] = own if isinstance(own, int) else CREATOR_LEVEL
        return {**content, "users": users}
