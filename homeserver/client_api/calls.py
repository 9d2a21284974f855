"""Relays for calls: credentials that hold for a while. Spec: Client-Server API, Voice over IP."""

import base64
import hmac
from hashlib import sha1

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import USER_OR_GUEST, Call, EndpointTable
from homeserver.clock import Clock
from homeserver.config.network import Turn


def endpoints(endpoint: EndpointTable, turn: Turn, clock: Clock) -> None:
    """Register the endpoint."""

    @endpoint("GET", "/v3/voip/turnServer", auth=USER_OR_GUEST, limit="read", socket=True)
    async def turn_server(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /voip/turnServer. Empty without a relay, as clients know it."""
        if not turn.uris or turn.shared_secret is None:
            return {}
        username = f"{clock.now_ms() // 1000 + turn.lifetime}:{call.requester.user_id}"
        return {
            "username": username,
            "password": _password(turn.shared_secret, username),
            "uris": list(turn.uris),
            "ttl": turn.lifetime,
        }


def _password(secret: str, username: str) -> str:
    """What TURN servers with a shared secret expect (HMAC-SHA1 is their choice, not ours)."""
    return base64.b64encode(hmac.new(secret.encode(), username.encode(), sha1).digest()).decode("ascii")
