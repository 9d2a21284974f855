"""Questions to a peer about the devices and keys of its users. Spec: Server-Server API, End-to-End Encryption."""

from collections.abc import Collection, Mapping

from homeserver.federation.client.requests import Json, Requests, path

TIMEOUT_S = 20.0


class Devices:
    """Asks peers; what they answer is unchecked."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    async def of_user(self, server: str, user_id: str) -> Json:
        """The device list of a user with its number. Spec: Server-Server API, GET user/devices."""
        return await self._requests.get(server, path("user", "devices", user_id), timeout_s=TIMEOUT_S)

    async def query(self, server: str, user_ids: Collection[str]) -> Json:
        """Identity and cross-signing keys of users. Spec: Server-Server API, POST user/keys/query."""
        body: Json = {"device_keys": {user_id: [] for user_id in user_ids}}
        return await self._requests.post(server, path("user", "keys", "query"), body, timeout_s=TIMEOUT_S)

    async def claim(self, server: str, keys: Mapping[str, Mapping[str, str]]) -> Json:
        """One-time keys: user id -> device id -> algorithm. Spec: Server-Server API, POST user/keys/claim."""
        body = {"one_time_keys": keys}
        return await self._requests.post(server, path("user", "keys", "claim"), body, timeout_s=TIMEOUT_S)
