"""For application services, and asking them: pings, their part of the room directory, third-party networks.

Spec: Application Service API, Client-Server API Extensions; Client-Server API, Third-party Networks.
"""

from typing import Any, Literal

import msgspec

from homeserver.asgi.responses import Answer, Raw, encode
from homeserver.client_api.http import APPSERVICE, USER, Call, EndpointTable
from homeserver.errors import MissingParam
from homeserver.protocol.identifiers import RoomId
from homeserver.services.appservices.asking import Asking
from homeserver.services.rooms import Rooms
from homeserver.storage.appservices import Appservices


class Ping(msgspec.Struct):
    """Body of POST /appservice/{appserviceId}/ping."""

    transaction_id: str | None = None


class ListVisibility(msgspec.Struct):
    """Body of PUT /directory/list/appservice/{networkId}/{roomId}."""

    visibility: Literal["public", "private"]


def endpoints(endpoint: EndpointTable, asking: Asking, table: Appservices, rooms: Rooms) -> None:
    """Register the endpoints."""

    @endpoint("POST", "/v1/appservice/<appservice_id>/ping", auth=APPSERVICE, limit="account", body=Ping)
    async def ping_appservice(call: Call[Ping], appservice_id: str) -> Answer:
        """Spec: Application Service API, POST /appservice/{appserviceId}/ping."""
        caller = call.requester.appservice_id
        return {"duration_ms": await asking.ping(appservice_id, caller, call.body.transaction_id)}

    @endpoint(
        "PUT",
        "/v3/directory/list/appservice/<network_id>/<room_id>",
        auth=APPSERVICE,
        limit="directory",
        body=ListVisibility,
    )
    async def list_appservice_room(call: Call[ListVisibility], network_id: str, room_id: RoomId) -> Answer:
        """Spec: Application Service API, PUT /directory/list/appservice/{networkId}/{roomId}."""
        room = await rooms.room(room_id)
        await table.publish(
            call.requester.appservice_id or "",
            network_id,
            room.room_id,
            is_public=call.body.visibility == "public",
        )
        return {}

    @endpoint("GET", "/v3/thirdparty/protocols", auth=USER, limit="directory", socket=True)
    async def third_party_protocols(_call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /thirdparty/protocols."""
        return await asking.protocols()

    @endpoint("GET", "/v3/thirdparty/protocol/<protocol>", auth=USER, limit="directory", socket=True)
    async def third_party_protocol(_call: Call[None], protocol: str) -> Answer:
        """Spec: Client-Server API, GET /thirdparty/protocol/{protocol}."""
        return await asking.protocol(protocol)

    async def found(call: Call[Any], kind: str, protocol: str | None) -> Answer:
        return Raw(encode(await asking.third_party(kind, protocol, call.query.pairs())))

    @endpoint("GET", "/v3/thirdparty/user/<protocol>", auth=USER, limit="directory", socket=True)
    async def third_party_users(call: Call[None], protocol: str) -> Answer:
        """Spec: Client-Server API, GET /thirdparty/user/{protocol}."""
        return await found(call, "user", protocol)

    @endpoint("GET", "/v3/thirdparty/location/<protocol>", auth=USER, limit="directory", socket=True)
    async def third_party_locations(call: Call[None], protocol: str) -> Answer:
        """Spec: Client-Server API, GET /thirdparty/location/{protocol}."""
        return await found(call, "location", protocol)

    @endpoint("GET", "/v3/thirdparty/user", auth=USER, limit="directory", socket=True)
    async def third_party_user_of(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /thirdparty/user."""
        if not call.query.text("userid"):
            raise MissingParam("The query parameter 'userid' is missing")
        return await found(call, "user", None)

    @endpoint("GET", "/v3/thirdparty/location", auth=USER, limit="directory", socket=True)
    async def third_party_location_of(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /thirdparty/location."""
        if not call.query.text("alias"):
            raise MissingParam("The query parameter 'alias' is missing")
        return await found(call, "location", None)
