"""Invites by e-mail address or phone number that have found their user.

Spec: Server-Server API, Third-party invites.
"""

from typing import Any, Final

import msgspec

from homeserver.asgi.request import Request
from homeserver.asgi.responses import Answer
from homeserver.errors import BadJson, NotJson
from homeserver.federation.server.http import PeerCall, PeerTable
from homeserver.protocol import canonical_json
from homeserver.protocol.errors import BadJson as NotCanonical
from homeserver.services.bound_invites import BoundInvite, BoundInvites
from homeserver.services.ratelimit import Limits, address_key

BODY_BYTES: Final = 256 * 1024


class OnBind(msgspec.Struct):
    """Spec: Server-Server API, PUT 3pid/onbind."""

    medium: str
    address: str
    mxid: str
    invites: list[BoundInvite] = []


def endpoints(endpoint: PeerTable, invites: BoundInvites, limits: Limits) -> None:
    """Register them."""

    @endpoint.signed("PUT", "/v1/exchange_third_party_invite/<room_id>")
    async def exchange_third_party_invite(call: PeerCall, room_id: str) -> Answer:
        """Spec: Server-Server API, PUT exchange_third_party_invite."""
        await invites.exchange(call.origin, room_id, call.object)
        return {}

    @endpoint.open("PUT", "/v1/3pid/onbind")
    async def on_bind(request: Request) -> Answer:
        """Spec: Server-Server API, PUT 3pid/onbind."""
        await limits.take("federation", address_key(request.ip))
        body = _read(await request.body(BODY_BYTES))
        await limits.take("federation", address_key(request.ip), n=len(body.invites))
        await invites.bound(body.mxid, body.invites)
        return {}


def _read(raw: bytes) -> OnBind:
    try:
        value: Any = canonical_json.decode(raw)
        return msgspec.convert(value, OnBind)
    except NotCanonical as error:
        raise NotJson(str(error)) from error
    except msgspec.ValidationError as error:
        raise BadJson(str(error)) from error
