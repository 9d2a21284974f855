"""Rooms before one joins them: summaries and trees of spaces. Spec: Client-Server API, Spaces; Room summaries."""

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import OPTIONAL, USER_OR_GUEST, Call, EndpointTable
from homeserver.errors import InvalidParam
from homeserver.protocol.identifiers import RoomId
from homeserver.services.spaces.hierarchy import MAX_DEPTH, MAX_LIMIT, Spaces


def endpoints(endpoint: EndpointTable, spaces: Spaces) -> None:
    """Register the endpoints."""

    @endpoint(
        "GET",
        "/v1/rooms/<room_id>/hierarchy",
        auth=USER_OR_GUEST,
        limit="directory",
        socket=True,
        also=("/unstable/org.matrix.msc2946/rooms/<room_id>/hierarchy",),
    )
    async def hierarchy(call: Call[None], room_id: RoomId) -> Answer:
        """Spec: Client-Server API, GET /rooms/{roomId}/hierarchy."""
        query = call.query
        has_depth = query.text("max_depth") is not None
        return await spaces.hierarchy(
            call.requester.user_id,
            room_id,
            suggested_only=query.flag("suggested_only"),
            limit=query.int("limit", MAX_LIMIT // 2, low=1),
            max_depth=query.int("max_depth", MAX_DEPTH) if has_depth else None,
            start=query.text("from"),
        )

    @endpoint(
        "GET",
        "/v1/room_summary/<room>",
        auth=OPTIONAL,
        limit="directory",
        socket=True,
        also=("/unstable/im.nheko.summary/rooms/<room>/summary", "/unstable/im.nheko.summary/summary/<room>"),
    )
    async def room_summary(call: Call[None], room: str) -> Answer:
        """Spec: Client-Server API, GET /room_summary/{roomIdOrAlias}."""
        requester = call.requester_or_none
        via = call.query.all("via")
        if len(via) > MAX_LIMIT:
            raise InvalidParam("Too many servers in `via`.")
        return await spaces.summary(requester.user_id if requester is not None else None, room, via)
