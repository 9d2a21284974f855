"""Searching for users by id or name, and rooms shared with one. Spec: Client-Server API, User directory; Mutual Rooms.

Found are those who share a room with the searcher or are in a public room, and with `directory.users: all` everyone who
has an account here; with `off` nobody.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import orjson

from homeserver.errors import InvalidParam
from homeserver.protocol.errors import BadIdentifier
from homeserver.protocol.identifiers import parse_user_id
from homeserver.storage.members import Members
from homeserver.storage.profiles import Profiles

DEFAULT_LIMIT = 10
MAX_LIMIT = 50
MAX_TERM = 512
PAGE = 500
MAX_DIGITS = 10


class Hits(NamedTuple):
    """Users found; `limited`: there are more."""

    results: list[Mapping[str, Any]]
    limited: bool


class MutualRooms(NamedTuple):
    """A page of room ids, how many there are in all, and the token of the next page."""

    joined: list[str]
    total: int
    next_batch: str | None


class UserDirectory:
    """Searches."""

    def __init__(self, members: Members, profiles: Profiles, *, scope: Literal["all", "shared_rooms", "off"]) -> None:
        self._members = members
        self._profiles = profiles
        self._scope = scope

    async def search(self, user_id: str, term: str, limit: int = DEFAULT_LIMIT) -> Hits:
        """Users whose id or display name holds `term` [1 trip, 3 with everyone]. Raises InvalidParam."""
        if len(term) > MAX_TERM or "\0" in term:
            raise InvalidParam(f"A search term has at most {MAX_TERM} characters.")
        limit = min(max(limit, 0), MAX_LIMIT)
        if self._scope == "off" or not term.strip():
            return Hits([], limited=False)
        found = await self._members.search(user_id, term.strip(), limit + 1)
        results = {one.user_id: (one.displayname, one.avatar_url) for one in found}
        if self._scope == "all" and len(results) <= limit:
            results |= await self._everyone(user_id, term.strip(), limit + 1)
        shown = [_shown(one, *results[one]) for one in sorted(results)]
        return Hits(shown[:limit], limited=len(shown) > limit)

    async def mutual_rooms(self, user_id: str, other: str, start: str | None) -> MutualRooms:
        """Rooms that both are joined to, from `start` (a `next_batch`) on [1 trip]. Raises InvalidParam.

        Spec: Client-Server API, Mutual Rooms.
        """
        try:
            parse_user_id(other)
        except BadIdentifier as bad:
            raise InvalidParam(str(bad)) from bad
        if other == user_id:
            raise InvalidParam("That is you.")
        if start is not None and not (start.isascii() and start.isdigit() and len(start) < MAX_DIGITS):
            raise InvalidParam("`from` is no token of this server.")
        first = int(start or 0)
        rooms = await self._members.shared_room_ids(user_id, other)
        following = str(first + PAGE) if len(rooms) > first + PAGE else None
        return MutualRooms(rooms[first : first + PAGE], len(rooms), following)

    async def _everyone(self, user_id: str, term: str, limit: int) -> dict[str, tuple[str | None, str | None]]:
        ids = [one for one in await self._profiles.search(term, limit) if one != user_id]
        fields = await self._profiles.of_users(ids)
        return {one: (_text(fields, one, "displayname"), _text(fields, one, "avatar_url")) for one in ids}


def _shown(user_id: str, displayname: str | None, avatar_url: str | None) -> Mapping[str, Any]:
    shown = {"user_id": user_id, "display_name": displayname, "avatar_url": avatar_url}
    return {key: value for key, value in shown.items() if value is not None}


def _text(fields: Mapping[str, Mapping[str, bytes]], user_id: str, name: str) -> str | None:
    stored = fields.get(user_id, {}).get(name)
    value = orjson.loads(stored) if stored is not None else None
    return value if isinstance(value, str) else None
