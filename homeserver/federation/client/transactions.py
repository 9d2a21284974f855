"""Bringing events and EDUs to a peer. Spec: Server-Server API, Transactions."""

from collections.abc import Sequence
from typing import Final

from homeserver.federation.client.requests import Requests, path
from homeserver.protocol import canonical_json

SEND_S: Final = 60.0
MAX_PDUS: Final = 50
MAX_EDUS: Final = 100


class Transactions:
    """Sends one transaction."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    async def send(
        self,
        server: str,
        txn_id: str,
        *,
        ts: int,
        pdus: Sequence[bytes],
        edus: Sequence[bytes],
    ) -> dict[str, str]:
        """Event ids that the peer did not take, with its reasons. The same `txn_id` must carry the same content.

        PDUs and EDUs are canonical JSON, encoded once for all the servers that they go to.
        """
        origin = canonical_json.encode_lenient(self._requests.us)
        body = b'{"edus":[%b],"origin":%b,"origin_server_ts":%d,"pdus":[%b]}' % (
            b",".join(edus),
            origin,
            ts,
            b",".join(pdus),
        )
        answer = await self._requests.put(
            server, path("send", txn_id), body, timeout_s=SEND_S, is_urgent=True, must_be_taken=True
        )
        results = answer.get("pdus")
        if not isinstance(results, dict):
            return {}
        return {
            event_id: str(result["error"])[:500]
            for event_id, result in results.items()
            if isinstance(result, dict) and "error" in result
        }
