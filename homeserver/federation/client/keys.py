"""Signing keys of peers, from themselves or from a notary. Answers are unchecked: `services.keyring` verifies them.

Spec: Server-Server API, Retrieving server keys.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from homeserver.federation.client.requests import Json, Requests

KEYS_S: Final = 10.0
PATH: Final = "/_matrix/key/v2"


class Keys:
    """Asks for keys, unsigned: who cannot verify us yet must be able to answer."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    async def of(self, server: str) -> Json:
        """What `server` says of itself."""
        return await self._requests.get(server, f"{PATH}/server", timeout_s=KEYS_S, is_signed=False)

    async def by_notary(self, notary: str, wanted: Mapping[str, int]) -> list[Any]:
        """What `notary` holds of `wanted` (server -> `minimum_valid_until_ts` in ms)."""
        query = {server: {"": {"minimum_valid_until_ts": ts}} for server, ts in wanted.items()}
        body = await self._requests.post(
            notary, f"{PATH}/query", {"server_keys": query}, timeout_s=KEYS_S, is_signed=False
        )
        found = body.get("server_keys")
        return _objects(found) if isinstance(found, list) else []


def _objects(found: Iterable[Any]) -> list[Any]:
    return [entry for entry in found if isinstance(entry, dict)]
