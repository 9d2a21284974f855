"""Questions to a peer about its users and aliases. Spec: Server-Server API, Querying for information."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from homeserver.errors import Forbidden, NotFound, Unavailable
from homeserver.federation.client.errors import BadResponse, FederationError, Refused
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
        """The profile, or one field of it; values unchecked. Raises NotFound, Forbidden, Unavailable."""
        query = [("user_id", user_id)] + ([("field", field)] if field is not None else [])
        with _in_words_for_clients():
            return await self._requests.get(server, path("query", "profile"), query, timeout_s=10.0)

    async def directory(self, server: str, alias: str) -> AliasTarget:
        """Where an alias leads. Raises NotFound, Forbidden, Unavailable."""
        with _in_words_for_clients():
            body = await self._requests.get(server, path("query", "directory"), [("room_alias", alias)], timeout_s=10.0)
            room_id, servers = body.get("room_id"), body.get("servers")
            if not isinstance(room_id, str) or not room_id.startswith("!"):
                raise BadResponse(server, "the alias leads to no room id")
            return AliasTarget(room_id, tuple(_names(servers)))

    async def devices(self, server: str, user_id: str) -> Json:
        """The device list of a user, unchecked. Spec: Server-Server API, Device Management."""
        return await self._requests.get(server, path("user", "devices", user_id), timeout_s=20.0)


@contextlib.contextmanager
def _in_words_for_clients() -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        if refused.is_temporary:
            raise Unavailable(f"{refused.server} cannot answer at the moment.") from refused
        if refused.status == 403:
            raise Forbidden(f"{refused.server} does not tell.") from refused
        raise NotFound(f"{refused.server} does not know it.") from refused
    except FederationError as error:
        raise Unavailable(f"{error.server} does not answer.") from error


def _names(servers: object) -> list[str]:
    return [name for name in servers if isinstance(name, str)] if isinstance(servers, list) else []
