"""Presence. Spec: Client-Server API, Presence."""

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import USER, Call, EndpointTable
from homeserver.services.presence import Presence


class SetPresence(msgspec.Struct):
    """Body of PUT /presence/{userId}/status."""

    presence: str
    status_msg: str | None = None


def endpoints(endpoint: EndpointTable, presence: Presence) -> None:
    """Register the endpoints."""

    @endpoint("GET", "/v3/presence/<user_id>/status", auth=USER, limit="read", socket=True)
    async def presence_of(call: Call[None], user_id: str) -> Answer:
        """Spec: Client-Server API, GET /presence/{userId}/status."""
        return await presence.seen_by(call.requester.user_id, user_id)

    @endpoint("PUT", "/v3/presence/<user_id>/status", auth=USER, limit="light", body=SetPresence, socket=True)
    async def set_presence(call: Call[SetPresence], user_id: str) -> Answer:
        """Spec: Client-Server API, PUT /presence/{userId}/status."""
        await presence.change(call.requester, user_id, call.body.presence, call.body.status_msg)
        return {}
