"""Upgrading rooms. Spec: Client-Server API, Room Upgrades."""

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import USER, Call, EndpointTable
from homeserver.protocol.identifiers import RoomId
from homeserver.services.upgrade.rooms import Upgrade


class UpgradeRoom(msgspec.Struct):
    """Body of POST /upgrade."""

    new_version: str
    additional_creators: list[str] = []


def endpoints(endpoint: EndpointTable, upgrade: Upgrade) -> None:
    """Register the endpoint."""

    @endpoint("POST", "/v3/rooms/<room_id>/upgrade", auth=USER, limit="create_room", body=UpgradeRoom, socket=True)
    async def upgrade_room(call: Call[UpgradeRoom], room_id: RoomId) -> Answer:
        """Spec: Client-Server API, POST /rooms/{roomId}/upgrade."""
        body = call.body
        return {
            "replacement_room": await upgrade.upgrade(
                call.requester, room_id, body.new_version, body.additional_creators
            )
        }
