"""Reading a room's past: pages, the surroundings of an event, relations.

A page token `t{n}` is the boundary just above room position n; a sync token stands where the room was at that point of
the stream. Spec: Client-Server API, Getting events for a room. Not for: sync.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol

from homeserver.errors import Forbidden, InvalidParam, NotFound
from homeserver.protocol.filters import EventFilter, EventMatcher
from homeserver.protocol.positions import BadPosition, PageToken, parse_token
from homeserver.services.heads import Room
from homeserver.services.visibility import Reader, Seen, Visibility, member_ids
from homeserver.storage.events.extras import Asker
from homeserver.storage.events.read import NEWEST, Events, Page, PageEvent
from homeserver.storage.events.relations import Relations

MAX_PAGE = 1_000
GAP = 2**32
"""Room positions left free for a hole."""
EMPTY_PAGES = 5
"""Pages without a visible event that are skipped before an answer that is empty, but can be followed."""


class Backfill(Protocol):
    """Fetches history that this server lacks."""

    async def fill(self, room: Room, below: int, limit: int) -> bool:
        """Get events below the room position `below`; False when there was nothing, or nobody answered."""


class Chunk(NamedTuple):
    """A page: `start` and `end` tokens (`end` None: nothing further), events in the order asked for."""

    start: str
    end: str | None
    events: list[Seen]
    reader: Reader


class Context(NamedTuple):
    """An event and its neighbours; `before` newest first, `after` oldest first."""

    event: Seen
    before: list[Seen]
    after: list[Seen]
    start: str
    end: str
    reader: Reader


class Timeline:
    """Pages of rooms, as one user may see them."""

    def __init__(self, visibility: Visibility, events: Events, relations: Relations, backfill: Backfill | None) -> None:
        """`backfill` None: this server does not federate."""
        self._visibility = visibility
        self._events = events
        self._relations = relations
        self._backfill = backfill

    async def messages(
        self,
        user_id: str,
        room_id: str,
        *,
        start: str | None,
        stop: str | None,
        backwards: bool,
        limit: int,
        chosen: EventFilter | None = None,
        asker: Asker | None = None,
    ) -> Chunk:
        """A page from `start` (None: from the end that `backwards` comes from) to `stop` at the most.

        With an `asker` the events come with their extras. Raises Forbidden for a room that the user may not read,
        InvalidParam for a bad token.
        """
        reader = await self._visibility.reader(user_id, room_id)
        at = await self._boundary(reader.room, start, NEWEST if backwards else -NEWEST)
        last = await self._boundary(reader.room, stop, -NEWEST if backwards else NEWEST)
        limit = max(1, min(limit, MAX_PAGE))
        matcher = EventMatcher(chosen) if chosen is not None else None
        first_at = at
        found: list[Seen] = []
        ended = False
        for _ in range(EMPTY_PAGES):
            at, seen, ended = await self._page(reader, at, last, limit, backwards=backwards, asker=asker)
            found = [one for one in seen if matcher is None or _matches(matcher, one)]
            if found or ended:
                break
        if first_at in {NEWEST, -NEWEST}:
            first_at = reader.room.last_position if backwards else 0
        return Chunk(str(PageToken(first_at)), None if ended else str(PageToken(at)), found, reader)

    async def _page(
        self, reader: Reader, at: int, last: int, limit: int, *, backwards: bool, asker: Asker | None
    ) -> tuple[int, list[Seen], bool]:
        """One page from the boundary `at`: where it ends, what of it may be seen, and whether nothing follows."""
        start = min(at, NEWEST - 1) + 1 if backwards else at
        page = await self._read(reader, start, limit, backwards=backwards, asker=asker)
        if (
            backwards
            and self._backfill is not None
            and _lacks_history(reader.room, page.events, start, limit)
            and await self._backfill.fill(reader.room, start, limit)
        ):
            page = await self._read(reader, start, limit, backwards=True, asker=asker)
        positions = [event.room_position for event in page.events if event.room_position is not None]
        n = sum(1 for position in positions if (position > last if backwards else position <= last))
        if not n:
            return at, [], True
        seen = self._visibility.seen(reader, page._replace(events=page.events[:n]))
        edge = positions[n - 1]
        return (edge - 1 if backwards else edge), seen, len(positions) < limit or n < len(positions)

    async def _read(self, reader: Reader, start: int, limit: int, *, backwards: bool, asker: Asker | None) -> Page:
        return await self._events.page(
            reader.room.room_nid,
            start=start,
            limit=limit,
            backwards=backwards,
            state_key_nids=reader.keys,
            asker=asker,
        )

    async def _boundary(self, room: Room, token: str | None, otherwise: int) -> int:
        """The room position just below the boundary that a token means [0 trips, 1 for tokens of sync]."""
        if token is None:
            return otherwise
        try:
            parsed = parse_token(token)
        except BadPosition as bad:
            raise InvalidParam("That is no token of this server.") from bad
        if isinstance(parsed, PageToken):
            return parsed.room_position
        found = await self._events.room_position_at([room.room_nid], parsed.position)
        return found.get(room.room_nid, 0)

    async def context(
        self, user_id: str, room_id: str, event_id: str, limit: int, asker: Asker | None = None
    ) -> Context:
        """An event with up to `limit` neighbours, half of them on each side. Raises NotFound."""
        limit = max(0, min(limit, MAX_PAGE))
        older = limit // 2
        return await self.around(user_id, room_id, event_id, before=older, after=limit - older, asker=asker)

    async def around(
        self, user_id: str, room_id: str, event_id: str, *, before: int, after: int, asker: Asker | None = None
    ) -> Context:
        """An event with as many neighbours on each side. Raises NotFound."""
        try:
            reader = await self._visibility.reader(user_id, room_id)
        except Forbidden as error:
            raise NotFound("Event not found.") from error
        page = await self._events.around(event_id, before, after, reader.keys, asker)
        seen = self._visibility.seen(reader, page)
        at = next((n for n, one in enumerate(seen) if one.event.event_id == event_id), None)
        if at is None:
            raise NotFound("Event not found.")
        positions = [event.room_position for event in page.events if event.room_position is not None]
        return Context(
            event=seen[at],
            before=seen[:at][::-1],
            after=seen[at + 1 :],
            start=str(PageToken(positions[0] - 1)),
            end=str(PageToken(positions[-1])),
            reader=reader,
        )

    async def related(
        self,
        user_id: str,
        room_id: str,
        event_id: str,
        *,
        rel_type: str | None,
        event_type: str | None,
        start: str | None,
        stop: str | None,
        backwards: bool,
        limit: int,
        recurse: bool = False,
    ) -> Chunk:
        """Events that relate to one, with `recurse` also those that relate to them, and so on.

        Raises NotFound for an event that the user may not see.
        """
        target = await self._visibility.event_in_room(user_id, room_id, event_id)
        reader = await self._visibility.reader(user_id, room_id)
        at = await self._boundary(reader.room, start, NEWEST if backwards else -NEWEST)
        last = await self._boundary(reader.room, stop, -NEWEST if backwards else NEWEST)
        limit = max(1, min(limit, MAX_PAGE))
        read = self._relations.page_below if recurse else self._relations.page
        found = await read(
            target.room_nid,
            event_id,
            rel_type=rel_type,
            event_type=event_type,
            start=min(at, NEWEST - 1) + 1 if backwards else at,
            limit=limit,
            backwards=backwards,
        )
        asked = [one for one in found if (one.room_position > last if backwards else one.room_position <= last)]
        seen = await self._visibility.listed(reader, [one.event_id for one in asked])
        end: str | None = None
        if len(asked) == limit:
            edge = found[-1].room_position
            end = str(PageToken(edge - 1 if backwards else edge))
        return Chunk(str(PageToken(at)), end, seen, reader)

    async def members_of(self, chunk: Chunk | Context, asker: Asker | None = None) -> list[Seen]:
        """Member events of who speaks in a page, for lazy loading [1 trip]."""
        events = chunk.events if isinstance(chunk, Chunk) else [*chunk.before, chunk.event, *chunk.after]
        members = (chunk.reader.room.members.get(user_id) for user_id in sorted(member_ids(events)))
        ids = [member.event_id for member in members if member is not None and member.event_nid]
        return await self._visibility.listed(chunk.reader, ids, asker) if ids else []


def _lacks_history(room: Room, events: Sequence[PageEvent], start: int, limit: int) -> bool:
    """Whether another server may know events that belong into this page: at its end, or in a hole of it."""
    if len(tuple(room.servers)) <= 1:
        return False
    if len(events) < limit:
        return True
    positions = [start, *(event.room_position or 0 for event in events)]
    return any(above - below >= GAP // 2 for above, below in pairwise(positions) if above < NEWEST)


def _matches(matcher: EventMatcher, seen: Seen) -> bool:
    event = seen.event
    return matcher.matches(event.type, event.sender, event.room_id, has_url=b'"url":' in event.body)
