"""Trees of rooms, and single rooms before one joins them: ours from their heads, others from servers that are in them.

A page is found by walking the tree again from its root: nothing is kept between requests but other servers' answers,
for some minutes. Spec: Client-Server API, Spaces; Server-Server API, Spaces.
"""

import base64
import binascii
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from homeserver.clock import Clock
from homeserver.errors import Forbidden, InvalidParam, MatrixError, NotFound
from homeserver.protocol.identifiers import RoomId
from homeserver.services.heads import Room
from homeserver.services.rooms import Rooms
from homeserver.services.spaces.summary import (
    SPACE,
    Child,
    Summary,
    is_open,
    may_be_shown,
    read_summary,
    summary_of,
)

DEFAULT_LIMIT = 50
MAX_LIMIT = 100
MAX_DEPTH = 20
MAX_ROOMS = 1_000
"""Rooms of one tree: a walk ends there, and so does the tree."""
MAX_REMOTE = 50
"""Questions to other servers in one walk that were not answered lately."""
MAX_SERVERS = 3
FRESH_MS = 5 * 60_000
MISSING_MS = 30_000
CACHED = 2_000
_ALIAS = "#"

Json = Mapping[str, Any]


class RemoteSpaces(Protocol):
    """Asks another server for a room and its children."""

    async def hierarchy(self, server: str, room_id: str, *, suggested_only: bool) -> Json:
        """The answer as it came. Raises an error of federation where nobody answers."""


class Aliases(Protocol):
    """Where aliases are looked up."""

    async def resolve(self, alias: str) -> tuple[RoomId, Sequence[str]]:
        """The room and servers that know it. Raises NotFound."""


class Answered(NamedTuple):
    """What a server said of a room, its children by id, and until when that is believed. `room` None: nothing."""

    room: Summary | None
    children: Mapping[str, Summary]
    until: int


class Asked(NamedTuple):
    """What a walk is for: it must be the same on every page."""

    room_id: str
    max_depth: int
    suggested_only: bool


class Spaces:
    """Shows rooms to those who may join them."""

    def __init__(
        self, *, server: str, rooms: Rooms, aliases: Aliases, remote: RemoteSpaces | None, clock: Clock
    ) -> None:
        """`remote` None: this server does not federate."""
        self._server = server
        self._rooms = rooms
        self._aliases = aliases
        self._remote = remote
        self._clock = clock
        self._answers: OrderedDict[tuple[str, bool], Answered] = OrderedDict()

    # -- one room --------------------------------------------------------------------------------------------------

    async def summary(self, user_id: str | None, room: str, via: Sequence[str]) -> dict[str, Any]:
        """One room, by id or alias; `user_id` None: for anybody. Raises NotFound, InvalidParam."""
        servers = list(via)
        if room.startswith(_ALIAS):
            room, more = await self._aliases.resolve(room)
            servers += more
        elif not room.startswith("!"):
            raise InvalidParam("That is neither a room id nor an alias.")
        head = await self._rooms.find(room)
        membership = head.membership(user_id) if head is not None and user_id is not None else "leave"
        if head is not None and self._knows(head):
            found: Summary | None = summary_of(head)
        else:
            found = await self._ask(room, servers, suggested_only=False) if user_id is not None else None
        if found is None or not await self._may_see(found, membership, user_id):
            raise NotFound("Room not found.")
        return dict(found.fields) if user_id is None else {**found.fields, "membership": membership}

    async def _may_see(self, summary: Summary, membership: str, user_id: str | None) -> bool:
        if user_id is None:
            return is_open(summary.fields)
        joined = await self._joined_of(summary, user_id)
        return may_be_shown(summary, membership, joined.__contains__)

    async def _joined_of(self, summary: Summary, user_id: str) -> set[str]:
        """Of the rooms whose members may join, those that the user is in."""
        known = [(room_id, await self._rooms.find(room_id)) for room_id in summary.allowed_rooms[:MAX_LIMIT]]
        return {room_id for room_id, room in known if room is not None and room.is_joined(user_id)}

    def _knows(self, room: Room) -> bool:
        """Whether this server is in the room, so that its state is the state now."""
        return bool(room.state) and room.has_server(self._server)

    # -- trees -----------------------------------------------------------------------------------------------------

    async def hierarchy(
        self,
        user_id: str,
        room_id: str,
        *,
        suggested_only: bool,
        limit: int | None,
        max_depth: int | None,
        start: str | None,
    ) -> dict[str, Any]:
        """A page of the tree below a space. Raises Forbidden for a root that the user may not see, InvalidParam."""
        asked = Asked(room_id, min(MAX_DEPTH, max_depth if max_depth is not None else MAX_DEPTH), suggested_only)
        skip = _skip_of(start, asked)
        limit = max(1, min(limit if limit is not None else DEFAULT_LIMIT, MAX_LIMIT))
        rooms: list[dict[str, Any]] = []
        n = 0
        async for summary in self._walk(user_id, asked):
            if len(rooms) == limit:
                return {"rooms": rooms, "next_batch": _token(asked, n)}
            n += 1
            if n > skip:
                rooms.append(summary.entry(suggested_only=suggested_only))
        if n == 0:
            raise Forbidden("You are not allowed to view this room.")
        return {"rooms": rooms}

    async def _walk(self, user_id: str, asked: Asked) -> AsyncIterator[Summary]:
        """The rooms of the tree that the user may see, depth first; each once, whatever circles there are."""
        questions = MAX_REMOTE
        seen = {asked.room_id}
        stack: list[tuple[str, Sequence[str], int, Summary | None]] = [(asked.room_id, (), 0, None)]
        n = 0
        while stack and n < MAX_ROOMS:
            room_id, via, depth, told = stack.pop()
            head = await self._rooms.find(room_id)
            known: Mapping[str, Summary] = {}
            if head is not None and self._knows(head):
                summary: Summary | None = summary_of(head)
            elif told is not None and told.fields.get("room_type") != SPACE:
                summary = told
            else:
                if self._fresh(room_id, asked.suggested_only) is None:
                    questions -= 1
                answered = await self._answered(room_id, via, asked.suggested_only) if questions >= 0 else None
                summary, known = (answered.room, answered.children) if answered is not None else (None, {})
            membership = head.membership(user_id) if head is not None else "leave"
            if summary is None or not await self._may_see(summary, membership, user_id):
                continue
            n += 1
            yield summary
            if depth < asked.max_depth:
                children = reversed(_next(summary, asked, seen))
                stack += [(child.room_id, child.via, depth + 1, known.get(child.room_id)) for child in children]

    async def _ask(self, room_id: str, via: Sequence[str], *, suggested_only: bool) -> Summary | None:
        return (await self._answered(room_id, via, suggested_only)).room

    def _fresh(self, room_id: str, suggested_only: bool) -> Answered | None:
        known = self._answers.get((room_id, suggested_only))
        return known if known is not None and known.until > self._clock.now_ms() else None

    async def _answered(self, room_id: str, via: Sequence[str], suggested_only: bool) -> Answered:
        """What another server says of the room: the first that answers."""
        fresh = self._fresh(room_id, suggested_only)
        if fresh is not None:
            return fresh
        now = self._clock.now_ms()
        answered = Answered(None, {}, now + MISSING_MS)
        others = [server for server in dict.fromkeys(via) if server != self._server]
        if self._remote is None or not others:
            return answered
        for server in others[:MAX_SERVERS]:
            try:
                body = await self._remote.hierarchy(server, room_id, suggested_only=suggested_only)
            except MatrixError:
                continue
            room = read_summary(body.get("room"))
            if room is not None and room.room_id == room_id:
                given = body.get("children")
                children = map(read_summary, given if isinstance(given, list) else ())
                known = {child.room_id: child for child in children if child is not None}
                answered = Answered(room, known, now + FRESH_MS)
                break
        self._answers[room_id, suggested_only] = answered
        self._answers.move_to_end((room_id, suggested_only))
        if len(self._answers) > CACHED:
            self._answers.popitem(last=False)
        return answered

    # -- for other servers -----------------------------------------------------------------------------------------

    async def for_server(self, origin: str, room_id: str, *, suggested_only: bool) -> dict[str, Any]:
        """A room and its children, as a peer may know them. Raises NotFound."""
        room = await self._rooms.find(room_id)
        if room is None or not self._knows(room):
            raise NotFound("Room not found.")
        summary = summary_of(room)
        if not await self._may_peer_see(origin, room, summary):
            raise NotFound("Room not found.")
        children, closed = [], []
        for child in _next(summary, Asked(room_id, 1, suggested_only), {room_id}):
            head = await self._rooms.find(child.room_id)
            if head is None or not self._knows(head):
                continue
            of_child = summary_of(head)
            if await self._may_peer_see(origin, head, of_child):
                children.append(dict(of_child.fields))
            else:
                closed.append(child.room_id)
        return {
            "room": summary.entry(suggested_only=suggested_only),
            "children": children,
            "inaccessible_children": closed,
        }

    async def _may_peer_see(self, origin: str, room: Room, summary: Summary) -> bool:
        """Whether one of the server's users may be in the room, or could be."""
        if not room.allows_server(origin):
            return False
        if is_open(summary.fields) or room.has_server(origin):
            return True
        suffix = f":{origin}"
        if any(member.membership == "invite" and user.endswith(suffix) for user, member in room.members.items()):
            return True
        for allowed in summary.allowed_rooms[:MAX_LIMIT]:
            other = await self._rooms.find(allowed)
            if other is not None and other.has_server(origin):
                return True
        return False


def _next(summary: Summary, asked: Asked, seen: set[str]) -> list[Child]:
    """The children to look at next; they count as seen from now on."""
    children = [
        child
        for child in summary.children
        if child.room_id not in seen and (child.is_suggested or not asked.suggested_only)
    ]
    seen.update(child.room_id for child in children)
    return children


def _token(asked: Asked, n: int) -> str:
    text = f"{n}.{asked.max_depth}.{int(asked.suggested_only)}.{asked.room_id}"
    return base64.urlsafe_b64encode(text.encode()).decode("ascii").rstrip("=")


def _skip_of(token: str | None, asked: Asked) -> int:
    """How many rooms were told before. Raises InvalidParam for a token of another question."""
    if token is None:
        return 0
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        n, depth, suggested, room_id = text.split(".", 3)
        same = (room_id, depth, suggested) == (asked.room_id, str(asked.max_depth), str(int(asked.suggested_only)))
    except (binascii.Error, ValueError):
        raise InvalidParam("`from` is no token of this server.") from None
    if not same or not n.isdecimal() or len(n) > len(str(MAX_ROOMS)):
        raise InvalidParam(
            "`from` is a token of another request: the room, max_depth and suggested_only stay the same."
        )
    return int(n)
