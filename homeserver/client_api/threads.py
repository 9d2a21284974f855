"""Lists of threads, and the way to a date. Spec: Client-Server API, Threading; Room participation."""

from typing import Any

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import USER, USER_OR_GUEST, Call, EndpointTable
from homeserver.protocol.identifiers import RoomId
from homeserver.services.presentation import Presentation
from homeserver.services.threads import MAX_PAGE, Threads

DEFAULT_PAGE = 50


def endpoints(endpoint: EndpointTable, threads: Threads, presentation: Presentation) -> None:
    """Register the endpoints."""

    @endpoint("GET", "/v1/rooms/<room_id>/threads", auth=USER_OR_GUEST, limit="read", socket=True)
    async def thread_roots(call: Call[None], room_id: RoomId) -> Answer:
        """Spec: Client-Server API, GET /rooms/{roomId}/threads."""
        page = await threads.page(
            call.requester.user_id,
            room_id,
            participated=call.query.one_of("include", ("all", "participated"), "all") == "participated",
            start=call.query.text("from"),
            limit=call.query.int("limit", DEFAULT_PAGE, low=1, high=MAX_PAGE),
        )
        answer: dict[str, Any] = {"chunk": await presentation.events(call.requester, page.roots)}
        return answer if page.end is None else {**answer, "next_batch": page.end}

    @endpoint(
        "GET",
        "/v1/rooms/<room_id>/timestamp_to_event",
        auth=USER,
        limit="read",
        socket=True,
        also=("/unstable/org.matrix.msc3030/rooms/<room_id>/timestamp_to_event",),
    )
    async def event_at_time(call: Call[None], room_id: RoomId) -> Answer:
        """Spec: Client-Server API, GET /rooms/{roomId}/timestamp_to_event."""
        call.query.required("ts")
        backwards = call.query.one_of("dir", ("b", "f")) == "b"
        seen = await threads.at(call.requester.user_id, room_id, call.query.int("ts", 0), backwards=backwards)
        return {"event_id": seen.event.event_id, "origin_server_ts": seen.event.ts}
