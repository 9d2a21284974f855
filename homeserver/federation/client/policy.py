"""Asking a room's policy server to sign an event. Spec: Server-Server API, Policy Servers."""

from collections.abc import Mapping
from typing import Any, Final

from homeserver.federation.client.errors import BadResponse
from homeserver.federation.client.requests import Requests

SIGN: Final = "/_matrix/policy/v1/sign"
KEY_ID: Final = "ed25519:policy_server"
TIMEOUT_S: Final = 10.0


class Policy:
    """Asks policy servers."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    async def sign(self, server: str, pdu: Mapping[str, Any]) -> str:
        """The signature, unchecked. Raises Refused where the server does not want the event."""
        body = await self._requests.post(server, SIGN, pdu, timeout_s=TIMEOUT_S)
        block = body.get(server)
        signature = block.get(KEY_ID) if isinstance(block, dict) else None
        if not isinstance(signature, str):
            raise BadResponse(server, "no signature of the policy server")
        return signature
