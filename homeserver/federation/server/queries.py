"""Questions of peers about users and aliases here. Spec: Server-Server API, Querying for information."""

from collections.abc import Mapping
from typing import Protocol

import orjson

from homeserver.asgi.responses import Answer
from homeserver.errors import InvalidParam, NotFound, Unrecognized
from homeserver.federation.server.http import PeerCall, PeerTable
from homeserver.protocol.identifiers import ServerName, server_of
from homeserver.services.rooms import Rooms


class ProfileReader(Protocol):
    """Who knows the profiles of users here."""

    async def read(self, user_id: str) -> Mapping[str, bytes]:
        """Fields as JSON texts; empty for a user without any, or that does not exist."""
        ...

    async def has_account(self, user_id: str) -> bool:
        """Whether the user exists."""
        ...


class AliasReader(Protocol):
    """Who knows the aliases here."""

    async def room_of_alias(self, alias: str) -> tuple[str, str] | None:
        """(room id, creator), None for an alias that does not exist."""
        ...


def endpoints(endpoint: PeerTable, us: ServerName, profiles: ProfileReader, aliases: AliasReader, rooms: Rooms) -> None:
    """Register them."""

    @endpoint.signed("GET", "/v1/query/profile")
    async def query_profile(call: PeerCall) -> Answer:
        """Spec: Server-Server API, GET query/profile."""
        user_id, field = call.query.required("user_id"), call.query.text("field")
        if server_of(user_id) != us:
            raise InvalidParam("The user is not of this server.")
        profile = await profiles.read(user_id)
        if not profile and not await profiles.has_account(user_id):
            raise NotFound("The user is not known here.")
        wanted = profile if field is None else {name: text for name, text in profile.items() if name == field}
        return {name: orjson.Fragment(text) for name, text in wanted.items()}

    @endpoint.signed("GET", "/v1/query/<query_type>")
    async def query(call: PeerCall, query_type: str) -> Answer:
        """There are no others than the two that have a route of their own. Spec: Server-Server API, GET query."""
        raise Unrecognized(f"Nothing is asked by {query_type!r} here.")

    @endpoint.signed("GET", "/v1/query/directory")
    async def query_directory(call: PeerCall) -> Answer:
        """Spec: Server-Server API, GET query/directory."""
        alias = call.query.required("room_alias")
        found = await aliases.room_of_alias(alias) if server_of(alias) == us else None
        if found is None:
            raise NotFound("The alias is not known here.")
        room = await rooms.find(found[0])
        return {"room_id": found[0], "servers": sorted({us, *(room.servers if room is not None else ())})}
