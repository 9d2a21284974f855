"""What clients of old ask instead of /sync. Spec: Client-Server API, Syncing (deprecated endpoints)."""

from typing import Final

from homeserver.asgi.responses import Answer, Raw, encode
from homeserver.client_api.http import USER, USER_OR_GUEST, Call, EndpointTable
from homeserver.errors import InvalidParam
from homeserver.protocol.identifiers import EventId, RoomId
from homeserver.protocol.positions import BadPosition, SyncToken, parse_sync_token
from homeserver.services.sync.old import DEFAULT_LIMIT, MOST, OldSync

MAX_TIMEOUT_MS: Final = 120_000


def endpoints(endpoint: EndpointTable, old: OldSync) -> None:
    """Register the endpoints."""

    @endpoint("GET", "/v3/events", auth=USER_OR_GUEST, limit="sync", long_poll=True)
    async def event_stream(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /events, of all rooms of the user or of the one that is named."""
        since = _since(call.query.text("from"))
        timeout_s = call.query.int("timeout", 0, high=MAX_TIMEOUT_MS) / 1000
        room_id = call.query.text("room_id")
        if room_id is None:
            return await old.listen(call.requester, since, timeout_s)
        return await old.peek(call.requester, room_id, since, timeout_s)

    @endpoint("GET", "/v3/events/<event_id>", auth=USER, limit="read")
    async def event_of_any_room(call: Call[None], event_id: EventId) -> Answer:
        """Spec: Client-Server API, GET /events/{eventId}."""
        return Raw(encode(await old.event(call.requester, event_id)))

    @endpoint("GET", "/v3/initialSync", auth=USER, limit="sync")
    async def initial_sync(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /initialSync."""
        limit = call.query.int("limit", DEFAULT_LIMIT, high=MOST)
        return await old.rooms(call.requester, limit=limit, archived=call.query.flag("archived"))

    @endpoint("GET", "/v3/rooms/<room_id>/initialSync", auth=USER_OR_GUEST, limit="read")
    async def room_initial_sync(call: Call[None], room_id: RoomId) -> Answer:
        """Spec: Client-Server API, GET /rooms/{roomId}/initialSync."""
        return await old.room(call.requester, room_id, limit=call.query.int("limit", DEFAULT_LIMIT, high=MOST))


def _since(text: str | None) -> SyncToken | None:
    if text is None:
        return None
    try:
        return parse_sync_token(text)
    except BadPosition as bad:
        raise InvalidParam("`from` is no token of this server.") from bad
