"""Aliases and the public room list. Spec: Client-Server API, Room aliases; Published room directory."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import orjson

from homeserver.clock import Clock
from homeserver.config.content import Rooms as Policy
from homeserver.errors import BadAlias, Exclusive, Forbidden, InvalidParam, NotFound, RoomInUse
from homeserver.protocol.errors import BadIdentifier
from homeserver.protocol.identifiers import RoomId, parse_alias, server_of
from homeserver.protocol.search_terms import fold
from homeserver.services.heads import Room
from homeserver.services.intents import Draft
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.services.turns import slices
from homeserver.storage.room_list import ListedRoom, RoomList
from homeserver.storage.rooms import RoomTable

CANONICAL_ALIAS = "m.room.canonical_alias"
CREATE = "m.room.create"
MAX_ALIASES = 100
MAX_PUBLIC_ROOMS = 500
MAX_SINCE_DIGITS = 10
LOOKED_AT = 200
"""Rooms whose names are looked through at a time."""


class AliasTarget(Protocol):
    """Where an alias of another server leads."""

    @property
    def room_id(self) -> str: ...

    @property
    def servers(self) -> Sequence[str]: ...


class RemoteAliases(Protocol):
    """Asks another server for an alias."""

    async def directory(self, server: str, alias: str) -> AliasTarget:
        """Raises an error of federation where nobody answers."""


class AliasMakers(Protocol):
    """Application services: which aliases are theirs alone, and making those that somebody asks for."""

    def is_reserved_alias(self, alias: str, *, for_user: str) -> bool: ...

    async def makes_alias(self, alias: str) -> bool: ...


class Filters(NamedTuple):
    """Which rooms of the list are asked for. `types`: None among them stands for rooms without one; None: all.

    `alone`: these rooms in place of the list; `more`: these beside it.
    """

    term: str | None = None
    types: Sequence[str | None] | None = None
    alone: Sequence[str] | None = None
    more: Sequence[str] = ()


ALL = Filters()
EVERYBODY = Policy()


class Directory:
    """Names of rooms, and the list of those that are public."""

    def __init__(
        self,
        *,
        server: str,
        table: RoomTable,
        room_list: RoomList,
        rooms: Rooms,
        clock: Clock,
        policy: Policy = EVERYBODY,
    ) -> None:
        """`policy`: who may list rooms and name them."""
        self._server = server
        self._policy = policy
        self._table = table
        self._list = room_list
        self._rooms = rooms
        self._clock = clock
        self._remote: RemoteAliases | None = None
        self._appservices: AliasMakers | None = None

    def ask_appservices_by(self, appservices: AliasMakers) -> None:
        """Keep aliases for application services, and have them make those that are asked for."""
        self._appservices = appservices

    def ask_others_by(self, remote: RemoteAliases) -> None:
        """Look aliases of other servers up there."""
        self._remote = remote

    async def resolve(self, alias: str) -> tuple[RoomId, Sequence[str]]:
        """The room of an alias and servers that are in it. Raises InvalidParam, NotFound."""
        server = _server_of_alias(alias)
        if server != self._server:
            if self._remote is None:
                raise NotFound("This server does not federate.")
            target = await self._remote.directory(server, alias)
            return RoomId(target.room_id), list(target.servers)
        found = await self._table.room_of_alias(alias)
        if found is None and self._appservices is not None and await self._appservices.makes_alias(alias):
            found = await self._table.room_of_alias(alias)
        if found is None:
            raise NotFound("Room alias not found.")
        room = await self._rooms.find(found[0])
        return RoomId(found[0]), [self._server, *(one for one in (room.servers if room else ()) if one != self._server)]

    async def create_alias(self, requester: Requester, alias: str, room_id: str) -> None:
        """Name a room. Raises RoomInUse, Exclusive, Forbidden for who is not in the room, InvalidParam."""
        if _server_of_alias(alias) != self._server:
            raise InvalidParam("Aliases of this server end with its name.")
        self._check_reserved(requester, alias)
        if self._policy.aliases_require_membership:
            await self._rooms.joined_by(requester.user_id, room_id)
        else:
            await self._rooms.room(room_id)
        if len(await self._table.aliases_of(room_id)) >= MAX_ALIASES:
            raise Forbidden(f"A room has at most {MAX_ALIASES} aliases.")
        if not await self._table.create_alias(alias, room_id, requester.user_id, self._clock.now_ms()):
            raise RoomInUse("The alias is taken.", status=409)

    def _check_reserved(self, requester: Requester, alias: str) -> None:
        if self._appservices is not None and self._appservices.is_reserved_alias(alias, for_user=requester.user_id):
            raise Exclusive("The alias is reserved by an application service.")

    async def delete_alias(self, requester: Requester, alias: str) -> None:
        """Take a name back: who made it, and who may set the room's aliases. Raises NotFound, Forbidden."""
        found = await self._table.room_of_alias(alias)
        if found is None:
            raise NotFound("Room alias not found.")
        room_id, creator = found
        self._check_reserved(requester, alias)
        if requester.user_id != creator and not requester.is_admin:
            room = await self._rooms.joined_by(requester.user_id, room_id)
            if room.power.of_user(requester.user_id) < room.power.for_event(CANONICAL_ALIAS, is_state=True):
                raise Forbidden("You may not remove this alias.")
        await self._table.delete_alias(alias)

    async def aliases_of(self, requester: Requester, room_id: str) -> list[str]:
        """Local aliases of a room, for its members and, where the world may read it, for everyone."""
        room = await self._rooms.find(room_id)
        if room is None or room.history_visibility != "world_readable":
            await self._rooms.joined_by(requester.user_id, room_id)
        return await self._table.aliases_of(room_id)

    async def check_canonical_alias(self, requester: Requester, room: Room, draft: Draft) -> None:
        """New aliases in `m.room.canonical_alias` must lead to the room. Raises BadAlias, InvalidParam."""
        del requester
        before = room.content(CANONICAL_ALIAS)
        known = {before.get("alias"), *_texts(before.get("alt_aliases"))}
        wanted = [alias for alias in (draft.content.get("alias"), *_texts(draft.content.get("alt_aliases"))) if alias]
        for alias in wanted:
            if alias in known:
                continue
            if not isinstance(alias, str):
                raise InvalidParam("An alias is a text.")
            try:
                room_id, _ = await self.resolve(alias)
            except NotFound as missing:
                raise BadAlias(f"{alias} does not exist.") from missing
            if room_id != room.room_id:
                raise BadAlias(f"{alias} is the alias of another room.")

    async def is_public(self, room_id: str) -> bool:
        """Whether the room is in the public list. Raises NotFound."""
        record = await self._table.load_head(room_id)
        if record is None:
            raise NotFound("Unknown room.")
        return record.is_public

    async def set_public(self, requester: Requester, room_id: str, *, is_public: bool) -> None:
        """Publish or hide the room. Raises Forbidden."""
        room = await self._rooms.joined_by(requester.user_id, room_id)
        if room.power.of_user(requester.user_id) < room.power.for_event(CANONICAL_ALIAS, is_state=True):
            raise Forbidden("You may not publish this room.")
        if is_public:
            self.check_may_publish(requester)
        await self._table.set_public(room.room_nid, is_public=is_public)

    def check_may_publish(self, requester: Requester) -> None:
        """Raise Forbidden where the admin keeps the list for others."""
        allowed = self._policy.publish_to_directory
        if allowed == "nobody" or (allowed == "admins" and not requester.is_admin):
            raise Forbidden("On this server not everybody may list rooms.")

    async def public_rooms(
        self, *, limit: int | None, since: str | None, term: str | None, filters: Filters = ALL
    ) -> dict[str, Any]:
        """A page of the public list, most members first. `since` is a number of rooms to skip."""
        start = int(since) if since is not None and since.isdecimal() and len(since) < MAX_SINCE_DIGITS else 0
        count = max(1, min(limit if limit is not None else MAX_PUBLIC_ROOMS, MAX_PUBLIC_ROOMS))
        if filters == ALL and not term:
            total, listed = await self._list.page(start, count)
            shown = [summary for one in listed if (summary := _listed_summary(one)) is not None]
        else:
            found = await self._matching(term, filters)
            total, shown = len(found), found[start : start + count]
        page: dict[str, Any] = {"chunk": shown, "total_room_count_estimate": total}
        if start + count < total:
            page["next_batch"] = str(start + count)
        if start > 0:
            page["prev_batch"] = str(max(0, start - count))
        return page

    async def _matching(self, term: str | None, filters: Filters) -> list[dict[str, Any]]:
        """Summaries of all rooms that pass, in their order [1 trip, and 1 for each `LOOKED_AT` rooms]."""
        if filters.alone is not None:
            ids = list(filters.alone)
        else:
            ids = list(dict.fromkeys([*await self._list.public_room_ids(), *filters.more]))
        found: list[dict[str, Any]] = []
        async for portion in slices(ids, LOOKED_AT):
            listed = {one.room_id: one for one in await self._list.rooms(portion)}
            shown = [_listed_summary(listed[room_id]) for room_id in portion if room_id in listed]
            found += [one for one in shown if one is not None and _passes(one, term, filters)]
        return found


def public_summary(room: Room) -> dict[str, Any]:
    """What the world learns of a public room. Spec: Client-Server API, GET /publicRooms."""
    return _summary(room.room_id, room.count("join"), room.content)


def _listed_summary(listed: ListedRoom) -> dict[str, Any] | None:
    """The same for one that was read for the list; None where we lack its state."""
    events = map(orjson.loads, listed.bodies)
    contents = {event["type"]: event["content"] for event in events}
    if CREATE not in contents:
        return None
    return _summary(listed.room_id, listed.joined_members, lambda event_type: contents.get(event_type, {}))


def _summary(room_id: str, joined: int, content: Callable[[str], Mapping[str, Any]]) -> dict[str, Any]:
    rule = content("m.room.join_rules").get("join_rule")
    entry = {
        "room_id": room_id,
        "num_joined_members": joined,
        "world_readable": content("m.room.history_visibility").get("history_visibility") == "world_readable",
        "guest_can_join": content("m.room.guest_access").get("guest_access") == "can_join",
        "join_rule": rule if isinstance(rule, str) else "invite",
        "name": content("m.room.name").get("name"),
        "topic": content("m.room.topic").get("topic"),
        "avatar_url": content("m.room.avatar").get("url"),
        "canonical_alias": content(CANONICAL_ALIAS).get("alias"),
        "room_type": content(CREATE).get("type"),
    }
    return {key: value for key, value in entry.items() if value is not None}


def _passes(room: Mapping[str, Any], term: str | None, filters: Filters) -> bool:
    return _has(room, term) and (filters.types is None or room.get("room_type") in filters.types)


def _has(room: Mapping[str, Any], term: str | None) -> bool:
    if not term:
        return True
    texts = (room.get("name"), room.get("topic"), room.get("canonical_alias"))
    wanted = fold(term)
    return any(isinstance(text, str) and wanted in fold(text) for text in texts)


def _texts(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _server_of_alias(alias: str) -> str:
    try:
        return server_of(parse_alias(alias))
    except BadIdentifier as bad:
        raise InvalidParam(str(bad)) from bad
