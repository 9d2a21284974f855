"""Finding users, and rooms shared with them. Spec: Client-Server API, User directory; Mutual Rooms."""

from typing import Annotated, Any

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import USER, Call, EndpointTable
from homeserver.services.user_directory import DEFAULT_LIMIT, UserDirectory


class SearchUsers(msgspec.Struct):
    """Body of POST /user_directory/search."""

    search_term: str
    limit: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)] = DEFAULT_LIMIT


def endpoints(endpoint: EndpointTable, user_directory: UserDirectory) -> None:
    """Register the endpoints."""

    @endpoint("POST", "/v3/user_directory/search", auth=USER, limit="search", body=SearchUsers, socket=True)
    async def search_users(call: Call[SearchUsers]) -> Answer:
        """Spec: Client-Server API, POST /user_directory/search."""
        hits = await user_directory.search(call.requester.user_id, call.body.search_term, call.body.limit)
        return {"results": hits.results, "limited": hits.limited}

    @endpoint(
        "GET",
        "/v1/mutual_rooms",
        auth=USER,
        limit="search",
        socket=True,
        also=("/unstable/uk.half-shot.msc2666/user/mutual_rooms",),
    )
    async def mutual_rooms(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /mutual_rooms."""
        query = call.query
        found = await user_directory.mutual_rooms(call.requester.user_id, query.required("user_id"), query.text("from"))
        answer: dict[str, Any] = {"joined": found.joined, "count": found.total}
        if found.next_batch is not None:
            answer["next_batch"] = found.next_batch
        return answer
