"""The threads of a room, and the way to a date in it. Spec: Client-Server API, Threading; GET /timestamp_to_event."""

from typing import NamedTuple

import orjson

from homeserver.errors import InvalidParam, NotFound
from homeserver.protocol.positions import BadPosition, PageToken, parse_token
from homeserver.protocol.redaction import redact_body
from homeserver.services.visibility import Reader, Seen, Visibility
from homeserver.storage.events.dates import Dates
from homeserver.storage.events.relations import MAX_POSITION, Relations

MAX_PAGE = 200
LOOK_AT = 50
PAGES = 20
"""How many times `LOOK_AT` events are looked at before a date counts as one without events."""


class ThreadPage(NamedTuple):
    """Roots of threads, those with the newest replies first. `end`: the token of what follows, None for nothing."""

    roots: list[Seen]
    end: str | None


class Threads:
    """Finds places in a room, as one user may see it."""

    def __init__(self, visibility: Visibility, relations: Relations, dates: Dates) -> None:
        self._visibility = visibility
        self._relations = relations
        self._dates = dates

    async def page(
        self, user_id: str, room_id: str, *, participated: bool, start: str | None, limit: int
    ) -> ThreadPage:
        """A page of the room's threads. Raises Forbidden, InvalidParam for a bad token [2 trips]."""
        reader = await self._visibility.reader(user_id, room_id)
        limit = max(1, min(limit, MAX_PAGE))
        upto = reader.left_at if reader.left_at is not None and reader.membership != "join" else MAX_POSITION
        found = await self._relations.threads(
            reader.room.room_nid,
            start=_boundary(start),
            limit=limit,
            participated_by=user_id if participated else None,
            upto=upto,
        )
        roots = await self._roots(reader, [root for root, _ in found])
        return ThreadPage(roots, str(PageToken(found[-1][1] - 1)) if len(found) == limit else None)

    async def _roots(self, reader: Reader, event_ids: list[str]) -> list[Seen]:
        """The roots that may be seen; those of ignored users are shown redacted, for the thread's sake."""
        seen = await self._visibility.listed(reader._replace(ignored=frozenset()), event_ids)
        return [_redacted(reader, one) if one.event.sender in reader.ignored else one for one in seen]

    async def at(self, user_id: str, room_id: str, ts: int, *, backwards: bool) -> Seen:
        """The event nearest to a time, in one direction. Raises Forbidden, NotFound [2 trips, 2 more for each 50].

        Of what the user may not see at most the nearest thousand events are passed over.
        """
        reader = await self._visibility.reader(user_id, room_id)
        nid = reader.room.room_nid
        for n in range(PAGES):
            ids = await self._dates.nearest(nid, ts, backwards=backwards, skip=n * LOOK_AT, limit=LOOK_AT)
            seen = await self._visibility.listed(reader, ids) if ids else []
            if seen:
                return seen[0]
            if len(ids) < LOOK_AT:
                break
        raise NotFound(f"There is no event {'before' if backwards else 'after'} that time.")


def _boundary(token: str | None) -> int:
    """The room position below which the page begins."""
    if token is None:
        return MAX_POSITION
    try:
        parsed = parse_token(token)
    except BadPosition as bad:
        raise InvalidParam("`from` is no token of this server.") from bad
    if not isinstance(parsed, PageToken):
        raise InvalidParam("`from` is no token of this list.")
    return min(parsed.room_position, MAX_POSITION - 1) + 1


def _redacted(reader: Reader, seen: Seen) -> Seen:
    body = orjson.dumps(redact_body(orjson.loads(seen.event.body), reader.room.rules))
    return seen._replace(event=seen.event._replace(body=body))
