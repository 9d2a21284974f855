"""Tokens for other services, and where calls meet. Spec: Client-Server API, OpenID."""

from collections.abc import Mapping, Sequence
from typing import Any

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import USER, Call, EndpointTable
from homeserver.services.openid import LIFE_S, OpenId


def endpoints(endpoint: EndpointTable, openid: OpenId, server: str, transports: Sequence[Mapping[str, Any]]) -> None:
    """Register the endpoints. `transports`: as the configuration lists them."""

    @endpoint("POST", "/v3/user/<user_id>/openid/request_token", auth=USER, limit="account", body=dict, socket=True)
    async def request_openid_token(call: Call[dict[str, Any]], user_id: str) -> Answer:
        """Spec: Client-Server API, POST /user/{userId}/openid/request_token."""
        return {
            "access_token": await openid.token(call.requester, user_id),
            "token_type": "Bearer",
            "matrix_server_name": server,
            "expires_in": LIFE_S,
        }

    @endpoint("GET", "/unstable/org.matrix.msc4143/rtc/transports", auth=USER, limit="read", socket=True)
    async def rtc_transports(_call: Call[None]) -> Answer:
        """Spec: MSC4143, MatrixRTC transports."""
        return {"rtc_transports": list(transports)}
