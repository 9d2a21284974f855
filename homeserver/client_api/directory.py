"""Aliases and the public room list. Spec: Client-Server API, Room aliases; Listing rooms."""

from typing import Literal

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import OPTIONAL, USER, Call, EndpointTable
from homeserver.errors import MissingToken
from homeserver.protocol.identifiers import RoomId
from homeserver.services.directory import Directory
from homeserver.services.public_rooms import Asked, PublicRooms


class Alias(msgspec.Struct):
    """Body of PUT /directory/room/{roomAlias}."""

    room_id: str


class ListVisibility(msgspec.Struct):
    """Body of PUT /directory/list/room/{roomId}."""

    visibility: Literal["public", "private"] = "public"


class SearchFilter(msgspec.Struct, frozen=True):
    """`filter` of POST /publicRooms."""

    generic_search_term: str | None = None
    room_types: list[str | None] | None = None


class QueryPublicRooms(msgspec.Struct):
    """Body of POST /publicRooms."""

    limit: int | None = None
    since: str | None = None
    filter: SearchFilter = SearchFilter()
    include_all_networks: bool = False
    third_party_instance_id: str | None = None


def endpoints(endpoint: EndpointTable, directory: Directory, public_rooms: PublicRooms, *, without_auth: bool) -> None:
    """Register the endpoints; `without_auth`: the list can be read without an account."""

    @endpoint("GET", "/v3/directory/room/<alias>", auth=OPTIONAL, limit="directory", socket=True)
    async def room_of_alias(_call: Call[None], alias: str) -> Answer:
        """Spec: Client-Server API, GET /directory/room/{roomAlias}."""
        room_id, servers = await directory.resolve(alias)
        return {"room_id": room_id, "servers": list(servers)}

    @endpoint("PUT", "/v3/directory/room/<alias>", auth=USER, limit="directory", body=Alias, socket=True)
    async def set_room_alias(call: Call[Alias], alias: str) -> Answer:
        """Spec: Client-Server API, PUT /directory/room/{roomAlias}."""
        await directory.create_alias(call.requester, alias, call.body.room_id)
        return {}

    @endpoint("DELETE", "/v3/directory/room/<alias>", auth=USER, limit="directory", socket=True)
    async def delete_room_alias(call: Call[None], alias: str) -> Answer:
        """Spec: Client-Server API, DELETE /directory/room/{roomAlias}."""
        await directory.delete_alias(call.requester, alias)
        return {}

    @endpoint("GET", "/v3/rooms/<room_id>/aliases", auth=USER, limit="read", socket=True)
    async def local_aliases(call: Call[None], room_id: RoomId) -> Answer:
        """Spec: Client-Server API, GET /rooms/{roomId}/aliases."""
        return {"aliases": await directory.aliases_of(call.requester, room_id)}

    @endpoint("GET", "/v3/directory/list/room/<room_id>", auth=OPTIONAL, limit="directory", socket=True)
    async def room_visibility(_call: Call[None], room_id: RoomId) -> Answer:
        """Spec: Client-Server API, GET /directory/list/room/{roomId}."""
        return {"visibility": "public" if await directory.is_public(room_id) else "private"}

    @endpoint(
        "PUT", "/v3/directory/list/room/<room_id>", auth=USER, limit="directory", body=ListVisibility, socket=True
    )
    async def set_room_visibility(call: Call[ListVisibility], room_id: RoomId) -> Answer:
        """Spec: Client-Server API, PUT /directory/list/room/{roomId}."""
        await directory.set_public(call.requester, room_id, is_public=call.body.visibility == "public")
        return {}

    @endpoint("GET", "/v3/publicRooms", auth=OPTIONAL, limit="directory", socket=True)
    async def list_public_rooms(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /publicRooms."""
        if call.requester_or_none is None and not without_auth:
            raise MissingToken
        asked = Asked(limit=call.query.int("limit", 0) or None, since=call.query.text("since"))
        return await public_rooms.page(asked, call.query.text("server"))

    @endpoint("POST", "/v3/publicRooms", auth=USER, limit="directory", body=QueryPublicRooms, socket=True)
    async def query_public_rooms(call: Call[QueryPublicRooms]) -> Answer:
        """Spec: Client-Server API, POST /publicRooms."""
        body = call.body
        asked = Asked(
            limit=body.limit,
            since=body.since,
            term=body.filter.generic_search_term,
            types=body.filter.room_types,
            network=body.third_party_instance_id,
            all_networks=body.include_all_networks,
        )
        return await public_rooms.page(asked, call.query.text("server"))
