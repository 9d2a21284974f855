"""Filters. Spec: Client-Server API, Filtering."""

from typing import Any

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import USER_OR_GUEST, Call, EndpointTable
from homeserver.errors import Forbidden
from homeserver.services.filters import Filters


def endpoints(endpoint: EndpointTable, filters: Filters) -> None:
    """Register the endpoints."""

    def own(call: Call[Any], user_id: str) -> str:
        if call.requester.user_id != user_id:
            raise Forbidden("That is not your account.")
        return user_id

    @endpoint("POST", "/v3/user/<user_id>/filter", auth=USER_OR_GUEST, limit="write", body=dict, socket=True)
    async def create_filter(call: Call[dict[str, Any]], user_id: str) -> Answer:
        """Spec: Client-Server API, POST /user/{userId}/filter."""
        return {"filter_id": await filters.create(own(call, user_id), call.body)}

    @endpoint("GET", "/v3/user/<user_id>/filter/<filter_id>", auth=USER_OR_GUEST, limit="read", socket=True)
    async def stored_filter(call: Call[None], user_id: str, filter_id: str) -> Answer:
        """Spec: Client-Server API, GET /user/{userId}/filter/{filterId}."""
        return await filters.read(own(call, user_id), filter_id)
