"""Reading a room's history. Spec: Client-Server API, Getting events for a room; Relationships; Event context."""

from typing import Any

import orjson

from homeserver.asgi.responses import Answer, Raw
from homeserver.client_api.http import USER, USER_OR_GUEST, Call, EndpointTable
from homeserver.errors import InvalidParam
from homeserver.protocol.errors import BadJson as BadFilter
from homeserver.protocol.filters import EventFilter, parse_event_filter
from homeserver.protocol.identifiers import EventId, RoomId
from homeserver.services.presentation import Presentation, asker_of
from homeserver.services.timeline import Timeline
from homeserver.services.visibility import Visibility
from homeserver.storage.events.relations import RECURSION_DEPTH

DEFAULT_PAGE = 10
MOST = 1_000


def endpoints(endpoint: EndpointTable, timeline: Timeline, visibility: Visibility, presentation: Presentation) -> None:
    """Register the endpoints."""

    @endpoint("GET", "/v3/rooms/<room_id>/messages", auth=USER_OR_GUEST, limit="read", socket=True)
    async def messages(call: Call[None], room_id: RoomId) -> Answer:
        """Spec: Client-Server API, GET /rooms/{roomId}/messages."""
        chosen = _filter(call)
        limit = call.query.int("limit", DEFAULT_PAGE, high=MOST)
        page = await timeline.messages(
            call.requester.user_id,
            room_id,
            start=call.query.text("from"),
            stop=call.query.text("to"),
            backwards=_backwards(call),
            limit=min(limit, chosen.limit) if chosen is not None and chosen.limit else limit,
            chosen=chosen,
            asker=asker_of(call.requester),
        )
        answer: dict[str, Any] = {"start": page.start, "chunk": await presentation.events(call.requester, page.events)}
        if page.end is not None:
            answer["end"] = page.end
        if chosen is not None and chosen.lazy_load_members:
            answer["state"] = await presentation.events(
                call.requester, await timeline.members_of(page, asker_of(call.requester))
            )
        return answer

    @endpoint("GET", "/v3/rooms/<room_id>/context/<event_id>", auth=USER_OR_GUEST, limit="read", socket=True)
    async def context(call: Call[None], room_id: RoomId, event_id: EventId) -> Answer:
        """Spec: Client-Server API, GET /rooms/{roomId}/context/{eventId}."""
        limit = call.query.int("limit", DEFAULT_PAGE, high=MOST)
        asker = asker_of(call.requester)
        found = await timeline.context(asker.user_id, room_id, event_id, limit, asker)
        state = await timeline.members_of(found, asker)
        n = len(found.before)
        events = await presentation.events(call.requester, [*found.before, found.event, *found.after, *state])
        end_of_after = n + 1 + len(found.after)
        return {
            "event": events[n],
            "events_before": events[:n],
            "events_after": events[n + 1 : end_of_after],
            "state": events[end_of_after:],
            "start": found.start,
            "end": found.end,
        }

    @endpoint("GET", "/v3/rooms/<room_id>/event/<event_id>", auth=USER_OR_GUEST, limit="read", socket=True)
    async def event(call: Call[None], room_id: RoomId, event_id: EventId) -> Answer:
        """Spec: Client-Server API, GET /rooms/{roomId}/event/{eventId}."""
        seen = await visibility.one(call.requester.user_id, room_id, event_id, asker_of(call.requester))
        return Raw(orjson.dumps((await presentation.events(call.requester, [seen]))[0]))

    async def related(
        call: Call[None], room_id: str, event_id: str, rel_type: str | None, event_type: str | None
    ) -> Answer:
        recurse = call.query.flag("recurse") or call.query.flag("org.matrix.msc3981.recurse")
        page = await timeline.related(
            call.requester.user_id,
            room_id,
            event_id,
            rel_type=rel_type,
            event_type=event_type,
            start=call.query.text("from"),
            stop=call.query.text("to"),
            backwards=call.query.one_of("dir", ("b", "f"), "b") == "b",
            limit=call.query.int("limit", 50, low=1, high=MOST),
            recurse=recurse,
        )
        answer: dict[str, Any] = {"chunk": await presentation.events(call.requester, page.events)}
        if page.end is not None:
            answer["next_batch"] = page.end
        if recurse:
            answer["recursion_depth"] = RECURSION_DEPTH
        return answer

    @endpoint("GET", "/v1/rooms/<room_id>/relations/<event_id>", auth=USER, limit="read", socket=True)
    async def relations(call: Call[None], room_id: RoomId, event_id: EventId) -> Answer:
        """Spec: Client-Server API, GET /rooms/{roomId}/relations/{eventId}."""
        return await related(call, room_id, event_id, None, None)

    @endpoint("GET", "/v1/rooms/<room_id>/relations/<event_id>/<rel_type>", auth=USER, limit="read", socket=True)
    async def relations_of_type(call: Call[None], room_id: RoomId, event_id: EventId, rel_type: str) -> Answer:
        """Spec: Client-Server API, GET /rooms/{roomId}/relations/{eventId}/{relType}."""
        return await related(call, room_id, event_id, rel_type, None)

    @endpoint(
        "GET",
        "/v1/rooms/<room_id>/relations/<event_id>/<rel_type>/<event_type>",
        auth=USER,
        limit="read",
        socket=True,
    )
    async def relations_of_event_type(
        call: Call[None], room_id: RoomId, event_id: EventId, rel_type: str, event_type: str
    ) -> Answer:
        """Spec: Client-Server API, GET /rooms/{roomId}/relations/{eventId}/{relType}/{eventType}."""
        return await related(call, room_id, event_id, rel_type, event_type)


def _backwards(call: Call[None]) -> bool:
    direction = call.query.required("dir")
    if direction not in {"b", "f"}:
        raise InvalidParam("`dir` is `b` or `f`.")
    return direction == "b"


def _filter(call: Call[None]) -> EventFilter | None:
    text = call.query.text("filter")
    if text is None:
        return None
    try:
        return parse_event_filter(text)
    except BadFilter as bad:
        raise InvalidParam(f"`filter`: {bad}") from bad
