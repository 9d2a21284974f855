"""Profiles. Spec: Client-Server API, Profiles."""

from typing import Any

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import OPTIONAL, USER_OR_GUEST, Call, EndpointTable
from homeserver.errors import MissingParam
from homeserver.services.profiles import Profiles

UNSTABLE = ("/unstable/uk.tcpip.msc4133/profile/<user_id>/<field>",)


def endpoints(endpoint: EndpointTable, profiles: Profiles) -> None:
    """Register the endpoints."""

    @endpoint("GET", "/v3/profile/<user_id>", auth=OPTIONAL, limit="read", socket=True)
    async def profile(_call: Call[None], user_id: str) -> Answer:
        """Spec: Client-Server API, GET /profile/{userId}."""
        return await profiles.of(user_id)

    @endpoint("GET", "/v3/profile/<user_id>/<field>", auth=OPTIONAL, limit="read", socket=True, also=UNSTABLE)
    async def profile_field(_call: Call[None], user_id: str, field: str) -> Answer:
        """Spec: Client-Server API, GET /profile/{userId}/{keyName}."""
        return await profiles.of(user_id, field)

    @endpoint(
        "PUT", "/v3/profile/<user_id>/<field>", auth=USER_OR_GUEST, limit="write", body=dict, socket=True, also=UNSTABLE
    )
    async def set_profile_field(call: Call[dict[str, Any]], user_id: str, field: str) -> Answer:
        """Spec: Client-Server API, PUT /profile/{userId}/{keyName}."""
        if field not in call.body:
            raise MissingParam(f"The body must hold {field!r}.")
        await profiles.set(call.requester, user_id, field, call.body[field])
        return {}

    @endpoint("DELETE", "/v3/profile/<user_id>/<field>", auth=USER_OR_GUEST, limit="write", socket=True, also=UNSTABLE)
    async def delete_profile_field(call: Call[None], user_id: str, field: str) -> Answer:
        """Spec: Client-Server API, DELETE /profile/{userId}/{keyName}."""
        await profiles.delete(call.requester, user_id, field)
        return {}
