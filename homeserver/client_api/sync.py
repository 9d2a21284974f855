"""Asking for what is new. Spec: Client-Server API, Syncing."""

from typing import Annotated, Literal, cast

import msgspec
import orjson

from homeserver.asgi.responses import Answer, Raw
from homeserver.client_api.http import USER_OR_GUEST, Call, EndpointTable
from homeserver.errors import InvalidParam
from homeserver.protocol.filters import EVERYTHING, SyncFilter
from homeserver.protocol.positions import BadPosition, SyncToken, parse_sync_token
from homeserver.services.filters import Filters
from homeserver.services.sync.sliding.deployed import DEPLOYED, DeployedBody, subscription_of
from homeserver.services.sync.sliding.poll import SlidingPoll
from homeserver.services.sync.sliding.wanted import Subscription
from homeserver.services.sync.v3 import ClassicSync
from homeserver.services.sync.v3_rooms import Wanted

MAX_TIMEOUT_MS = 120_000
PRESENCE = ("online", "unavailable", "offline")
Presence = Literal["online", "unavailable", "offline"]
"""What `one_of` has checked the parameter to be."""
STATE_AFTER = (
    ("use_state_after", "state_after"),
    ("org.matrix.msc4222.use_state_after", "org.matrix.msc4222.state_after"),
)
"""A query parameter and the field that it asks for."""


class SlidingBody(Subscription, frozen=True):
    """Body of `/v4/sync`: a subscription, and where the client is. `timeout` in ms."""

    conn_id: Annotated[str, msgspec.Meta(max_length=64)] = ""
    pos: str | None = None
    timeout: Annotated[int, msgspec.Meta(ge=0)] = 0


def endpoints(endpoint: EndpointTable, classic: ClassicSync, poll: SlidingPoll, filters: Filters) -> None:
    """Register the endpoints."""

    @endpoint("GET", "/v3/sync", auth=USER_OR_GUEST, limit="sync", long_poll=True)
    async def sync(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /sync."""
        query = call.query
        wanted = Wanted(
            since=_since(query.text("since")),
            chosen=await _filter(call, filters),
            full_state=query.flag("full_state"),
            timeout_s=query.int("timeout", 0, high=MAX_TIMEOUT_MS) / 1000,
            state_after=next((field for name, field in STATE_AFTER if query.flag(name)), ""),
            presence=query.one_of("set_presence", PRESENCE, "online"),
        )
        return await classic.sync(call.requester, wanted)

    @endpoint("POST", "/v4/sync", auth=USER_OR_GUEST, limit="sync", body=SlidingBody, long_poll=True)
    async def sliding_sync(call: Call[SlidingBody]) -> Answer:
        """Spec: MSC4186."""
        body = call.body
        timeout_s = min(body.timeout, MAX_TIMEOUT_MS) / 1000
        sub = Subscription(body.lists, body.room_subscriptions, body.extensions, body.set_presence)
        return Raw(await poll.sync(call.requester, body.conn_id, body.pos, sub, timeout_s))

    @endpoint(
        "POST",
        "/unstable/org.matrix.simplified_msc3575/sync",
        auth=USER_OR_GUEST,
        limit="sync",
        body=DeployedBody,
        long_poll=True,
    )
    async def deployed_sliding_sync(call: Call[DeployedBody]) -> Answer:
        """Spec: MSC4186."""
        query, body = call.query, call.body
        presence = cast("Presence", query.one_of("set_presence", PRESENCE, "online"))
        sub = subscription_of(body, call.requester.user_id, presence)
        timeout_s = query.int("timeout", 0, high=MAX_TIMEOUT_MS) / 1000
        answer = await poll.sync(call.requester, body.conn_id, query.text("pos"), sub, timeout_s, DEPLOYED)
        if body.txn_id is not None:
            answer = b'{"txn_id":%b,%b' % (orjson.dumps(body.txn_id), answer[1:])
        return Raw(answer)


def _since(text: str | None) -> SyncToken | None:
    if not text:
        return None
    try:
        return parse_sync_token(text)
    except BadPosition as bad:
        raise InvalidParam("`since` is no token of this server.") from bad


async def _filter(call: Call[None], filters: Filters) -> SyncFilter:
    given = call.query.text("filter")
    if not given:
        return EVERYTHING
    return await filters.for_sync(call.requester.user_id, given)
