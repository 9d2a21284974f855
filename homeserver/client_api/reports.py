"""Reporting content. Spec: Client-Server API, Reporting Content."""

from typing import Annotated

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import USER, Call, EndpointTable
from homeserver.protocol.identifiers import EventId, RoomId
from homeserver.services.reports import Reports


class ReportEvent(msgspec.Struct):
    """Body of POST /rooms/{roomId}/report/{eventId}."""

    reason: str | None = None
    score: Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)] | None = None


class Report(msgspec.Struct):
    """Body of POST /rooms/{roomId}/report and /users/{userId}/report."""

    reason: str


def endpoints(endpoint: EndpointTable, reports: Reports) -> None:
    """Register the endpoints."""

    @endpoint(
        "POST", "/v3/rooms/<room_id>/report/<event_id>", auth=USER, limit="account", body=ReportEvent, socket=True
    )
    async def report_event(call: Call[ReportEvent], room_id: RoomId, event_id: EventId) -> Answer:
        """Spec: Client-Server API, POST /rooms/{roomId}/report/{eventId}."""
        await reports.event(call.requester, room_id, event_id, call.body.reason, call.body.score)
        return {}

    @endpoint("POST", "/v3/rooms/<room_id>/report", auth=USER, limit="account", body=Report, socket=True)
    async def report_room(call: Call[Report], room_id: RoomId) -> Answer:
        """Spec: Client-Server API, POST /rooms/{roomId}/report."""
        await reports.room(call.requester, room_id, call.body.reason)
        return {}

    @endpoint("POST", "/v3/users/<user_id>/report", auth=USER, limit="account", body=Report, socket=True)
    async def report_user(call: Call[Report], user_id: str) -> Answer:
        """Spec: Client-Server API, POST /users/{userId}/report."""
        await reports.user(call.requester, user_id, call.body.reason)
        return {}
