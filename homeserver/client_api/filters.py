"""Filters and the user directory. Spec: Client-Server API, Filtering; User directory."""

from typing import Annotated, Any

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import USER, USER_OR_GUEST, Call, EndpointTable
from homeserver.errors import Forbidden
from homeserver.services.filters import Filters
from homeserver.services.user_directory import DEFAULT_LIMIT, UserDirectory


class SearchUsers(msgspec.Struct):
    """Body of POST /user_directory/search."""

    search_term: str
    limit: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)] = DEFAULT_LIMIT


def endpoints(endpoint: EndpointTable, filters: Filters, user_directory: UserDirectory) -> None:
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

    @endpoint("POST", "/v3/user_directory/search", auth=USER, limit="search", body=SearchUsers, socket=True)
    async def search_users(call: Call[SearchUsers]) -> Answer:
        """Spec: Client-Server API, POST /user_directory/search."""
        hits = await user_directory.search(call.requester.user_id, call.body.search_term, call.body.limit)
        return {"results": hits.results, "limited": hits.limited}
