"""Events and states that peers ask for.

Spec: Server-Server API, Retrieving events, Backfilling and retrieving missing events.
"""

import msgspec

from homeserver.asgi.responses import Answer, fragments
from homeserver.clock import Clock
from homeserver.errors import BadJson, MissingParam
from homeserver.federation.server.http import PeerCall, PeerTable
from homeserver.services.peer_reads import MAX_BACKFILL, MAX_MISSING, PeerReads
from homeserver.services.resident import Resident


class MissingBody(msgspec.Struct):
    """Spec: Server-Server API, POST get_missing_events."""

    earliest_events: list[str]
    latest_events: list[str]
    limit: int = 10
    min_depth: int = 0


def endpoints(endpoint: PeerTable, reads: PeerReads, resident: Resident, clock: Clock) -> None:
    """Register them."""

    @endpoint.signed("GET", "/v1/event/<event_id>")
    async def event(call: PeerCall, event_id: str) -> Answer:
        """Spec: Server-Server API, GET event."""
        pdu = await reads.event(call.origin, event_id)
        return {"origin": resident.us, "origin_server_ts": clock.now_ms(), "pdus": [pdu]}

    @endpoint.signed("GET", "/v1/state_ids/<room_id>")
    async def state_ids(call: PeerCall, room_id: str) -> Answer:
        """Spec: Server-Server API, GET state_ids."""
        found = await reads.state_before(call.origin, room_id, call.query.required("event_id"))
        return {
            "pdu_ids": [stored.event_id for stored in found.state],
            "auth_chain_ids": [stored.event_id for stored in found.auth_chain],
        }

    @endpoint.signed("GET", "/v1/state/<room_id>")
    async def state(call: PeerCall, room_id: str) -> Answer:
        """Spec: Server-Server API, GET state."""
        found = await reads.state_before(call.origin, room_id, call.query.required("event_id"))
        return {
            "pdus": fragments(await reads.texts(call.origin, room_id, found.state)),
            "auth_chain": fragments(await reads.texts(call.origin, room_id, found.auth_chain)),
        }

    @endpoint.signed("GET", "/v1/event_auth/<room_id>/<event_id>")
    async def event_auth(call: PeerCall, room_id: str, event_id: str) -> Answer:
        """Spec: Server-Server API, GET event_auth."""
        return {"auth_chain": await reads.auth_chain(call.origin, room_id, event_id)}

    @endpoint.signed("GET", "/v1/timestamp_to_event/<room_id>")
    async def timestamp_to_event(call: PeerCall, room_id: str) -> Answer:
        """Spec: Server-Server API, GET timestamp_to_event."""
        call.query.required("ts")
        is_backwards = call.query.one_of("dir", ("f", "b")) == "b"
        event_id, ts = await reads.event_at(call.origin, room_id, call.query.int("ts", 0), is_backwards=is_backwards)
        return {"event_id": event_id, "origin_server_ts": ts}

    @endpoint.signed("GET", "/v1/backfill/<room_id>")
    async def backfill(call: PeerCall, room_id: str) -> Answer:
        """Spec: Server-Server API, GET backfill."""
        event_ids = call.query.all("v")[:MAX_MISSING]
        if not event_ids:
            raise MissingParam("The query parameter 'v' is missing")
        limit = call.query.int("limit", 10, low=1, high=MAX_BACKFILL)
        pdus = await reads.backfill(call.origin, room_id, event_ids, limit)
        return {"origin": resident.us, "origin_server_ts": clock.now_ms(), "pdus": pdus}

    @endpoint.signed("POST", "/v1/get_missing_events/<room_id>")
    async def get_missing_events(call: PeerCall, room_id: str) -> Answer:
        """Spec: Server-Server API, POST get_missing_events."""
        try:
            body = msgspec.convert(call.object, MissingBody)
        except msgspec.ValidationError as error:
            raise BadJson(str(error)) from error
        events = await reads.missing(
            call.origin,
            room_id,
            earliest=body.earliest_events[:MAX_MISSING],
            latest=body.latest_events[:MAX_MISSING],
            limit=body.limit,
            min_depth=body.min_depth,
        )
        return {"events": events}
