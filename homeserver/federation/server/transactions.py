"""Transactions that peers bring. Spec: Server-Server API, Transactions."""

from typing import Final

from homeserver.asgi.responses import Answer, Raw
from homeserver.federation.server.http import PeerCall, PeerTable
from homeserver.services.inbound import Inbound

MAX_BYTES: Final = 5 * 1024 * 1024


def endpoints(endpoint: PeerTable, inbound: Inbound) -> None:
    """Register them."""

    @endpoint.signed("PUT", "/v1/send/<txn_id>", max_body=MAX_BYTES)
    async def send(call: PeerCall, txn_id: str) -> Answer:
        """Spec: Server-Server API, PUT send."""
        return Raw(await inbound.transaction(call.origin, txn_id, call.object))
