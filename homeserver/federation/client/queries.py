"""Questions to a peer about its users and aliases. Spec: Server-Server API, Querying for information."""

from dataclasses import dataclass

from homeserver.federation.client.errors import BadResponse
from homeserver.federation.client.requests import Json, Requests, path


@dataclass(frozen=True, slots=True)
class AliasTarget:
    """Where an alias leads, as its server says."""

    room_id: str
    servers: tuple[str, ...]


class Queries:
    """Reads profiles, aliases and device lists of peers."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    async def profile(self, server: str, user_id: str, field: str | None = None) -> Json:
        """The profile, or one field of it; values unchecked."""
        query = [("user_id", user_id)] + ([("field", field)] if field is not None else [])
        return await self._requests.get(server, path("query", "profile"), query, timeout_s=10.0)

    async def directory(self, server: str, alias: str) -> AliasTarget:
        body = await self._requests.get(server, path("query", "directory"), [("room_alias", alias)], timeout_s=10.0)
        room_id, servers = body.get("room_id"), body.get("servers")
        if not isinstance(room_id, str) or not room_id.startswith("!"):
            raise BadResponse(server, "the alias leads to no room id")
        return AliasTarget(room_id, tuple(_names(servers)))

    async def devices(self, server: str, user_id: str) -> Json:
        """The device list of a user, unchecked. Spec: Server-Server API, Device Management."""
        return await self._requests.get(server, path("user", "devices", user_id), timeout_s=20.0)


def _names(servers: object) -> list[str]:
    return [name for name in servers if isinstance(name, str)] if isinstance(servers, list) else []
