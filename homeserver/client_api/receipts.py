"""Receipts, read markers, typing. Spec: Client-Server API, Receipts; Fully read markers; Typing notifications."""

from typing import Annotated

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import USER, Call, EndpointTable
from homeserver.protocol.identifiers import EventId, RoomId
from homeserver.services.presence import Presence
from homeserver.services.receipts import Receipts
from homeserver.services.typing import Typing

_Id = Annotated[str, msgspec.Meta(max_length=255)]


class Receipt(msgspec.Struct):
    """Body of POST /receipt."""

    thread_id: _Id | None = None


class ReadMarkers(msgspec.Struct):
    """Body of POST /read_markers."""

    fully_read: _Id | None = msgspec.field(default=None, name="m.fully_read")
    read: _Id | None = msgspec.field(default=None, name="m.read")
    read_private: _Id | None = msgspec.field(default=None, name="m.read.private")


class Types(msgspec.Struct):
    """Body of PUT /typing. `timeout` in ms."""

    typing: bool
    timeout: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)] | None = None


def endpoints(endpoint: EndpointTable, receipts: Receipts, typing: Typing, presence: Presence) -> None:
    """Register the endpoints."""

    @endpoint(
        "POST", "/v3/rooms/<room_id>/receipt/<kind>/<event_id>", auth=USER, limit="light", body=Receipt, socket=True
    )
    async def send_receipt(call: Call[Receipt], room_id: RoomId, kind: str, event_id: EventId) -> Answer:
        """Spec: Client-Server API, POST /rooms/{roomId}/receipt/{receiptType}/{eventId}."""
        presence.active(call.requester.user_id)
        await receipts.mark(call.requester.user_id, room_id, {kind: event_id}, thread=call.body.thread_id)
        return {}

    @endpoint("POST", "/v3/rooms/<room_id>/read_markers", auth=USER, limit="light", body=ReadMarkers, socket=True)
    async def set_read_markers(call: Call[ReadMarkers], room_id: RoomId) -> Answer:
        """Spec: Client-Server API, POST /rooms/{roomId}/read_markers."""
        body = call.body
        given = {"m.fully_read": body.fully_read, "m.read": body.read, "m.read.private": body.read_private}
        marks = {kind: event_id for kind, event_id in given.items() if event_id is not None}
        presence.active(call.requester.user_id)
        await receipts.mark(call.requester.user_id, room_id, marks)
        return {}

    @endpoint("PUT", "/v3/rooms/<room_id>/typing/<user_id>", auth=USER, limit="light", body=Types, socket=True)
    async def set_typing(call: Call[Types], room_id: RoomId, user_id: str) -> Answer:
        """Spec: Client-Server API, PUT /rooms/{roomId}/typing/{userId}."""
        presence.active(call.requester.user_id)
        await typing.change(call.requester, room_id, user_id, typing=call.body.typing, timeout_ms=call.body.timeout)
        return {}
