"""What peers may know of rooms they are not in: the public list, and spaces.

Spec: Server-Server API, Published Room Directory, Spaces.
"""

from typing import Any, Protocol

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.errors import BadJson, Forbidden
from homeserver.federation.server.http import PeerCall, PeerTable

MAX_ROOMS = 500


class PublicRooms(Protocol):
    """Who keeps the list."""

    async def public_rooms(self, *, limit: int | None, since: str | None, term: str | None) -> dict[str, Any]:
        """A page of the list."""


class Spaces(Protocol):
    """Who knows the children of rooms."""

    async def for_server(self, origin: str, room_id: str, *, suggested_only: bool) -> dict[str, Any]:
        """A room and its children, as far as that server may know them. Raises NotFound."""


class Filter(msgspec.Struct):
    """`filter` of POST publicRooms."""

    generic_search_term: str | None = None


class PublicRoomsBody(msgspec.Struct):
    """Body of POST publicRooms."""

    limit: int | None = None
    since: str | None = None
    filter: Filter | None = None


def endpoints(endpoint: PeerTable, directory: PublicRooms, spaces: Spaces, *, is_public: bool) -> None:
    """Register them. `is_public`: whether other servers may read the list."""

    def check() -> None:
        if not is_public:
            raise Forbidden("This server does not show its list of rooms to other servers.")

    @endpoint.signed("GET", "/v1/publicRooms")
    async def public_rooms(call: PeerCall) -> Answer:
        """Spec: Server-Server API, GET publicRooms."""
        check()
        limit = call.query.int("limit", MAX_ROOMS, high=MAX_ROOMS)
        return await directory.public_rooms(limit=limit, since=call.query.text("since"), term=None)

    @endpoint.signed("POST", "/v1/publicRooms")
    async def search_public_rooms(call: PeerCall) -> Answer:
        """Spec: Server-Server API, POST publicRooms."""
        check()
        try:
            body = msgspec.convert(call.object, PublicRoomsBody)
        except msgspec.ValidationError as error:
            raise BadJson(str(error)) from error
        term = body.filter.generic_search_term if body.filter is not None else None
        return await directory.public_rooms(limit=body.limit, since=body.since, term=term)

    @endpoint.signed("GET", "/v1/hierarchy/<room_id>")
    async def hierarchy(call: PeerCall, room_id: str) -> Answer:
        """Spec: Server-Server API, GET hierarchy."""
        return await spaces.for_server(call.origin, room_id, suggested_only=call.query.flag("suggested_only"))
