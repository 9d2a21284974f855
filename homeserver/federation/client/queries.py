"""Questions to a peer about its users, aliases and rooms. Spec: Server-Server API, Querying for information."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from homeserver.errors import Forbidden, NotFound, Unavailable
from homeserver.federation.client.errors import BadResponse, FederationError, Refused
from homeserver.federation.client.requests import Json, Requests, path
from homeserver.protocol.identifiers import server_of

ADDED_LEVELS: Final = 10
"""In which an answer may stand in ours: what is written has no more levels than orjson takes."""
CONTACTS: Final = "/_matrix/federation/unstable/app.hearth/contacts/lookup"


@dataclass(frozen=True, slots=True)
class AliasTarget:
    """Where an alias leads, as its server says."""

    room_id: str
    servers: tuple[str, ...]


class Queries:
    """Reads profiles, aliases, device lists and public rooms of peers."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    async def profile(self, server: str, user_id: str, field: str | None = None) -> Json:
        """The profile, or one field of it; values unchecked. Raises NotFound, Forbidden, Unavailable."""
        query = [("user_id", user_id)] + ([("field", field)] if field is not None else [])
        with _in_words_for_clients():
            return _shown(server, await self._requests.get(server, path("query", "profile"), query, timeout_s=10.0))

    async def directory(self, server: str, alias: str) -> AliasTarget:
        """Where an alias leads. Raises NotFound, Forbidden, Unavailable."""
        with _in_words_for_clients():
            body = await self._requests.get(server, path("query", "directory"), [("room_alias", alias)], timeout_s=10.0)
            room_id, servers = body.get("room_id"), body.get("servers")
            if not isinstance(room_id, str) or not room_id.startswith("!"):
                raise BadResponse(server, "the alias leads to no room id")
            return AliasTarget(room_id, tuple(_names(servers)))

    async def hierarchy(self, server: str, room_id: str, *, suggested_only: bool) -> Json:
        """A room and its children, unchecked. Raises NotFound, Forbidden, Unavailable."""
        query = [("suggested_only", "true" if suggested_only else "false")]
        with _in_words_for_clients():
            return _shown(server, await self._requests.get(server, path("hierarchy", room_id), query, timeout_s=10.0))

    async def timestamp_to_event(self, server: str, room_id: str, *, ts: int, backwards: bool) -> Json:
        """The event nearest to a time, unchecked. Raises NotFound, Forbidden, Unavailable."""
        query = [("ts", str(ts)), ("dir", "b" if backwards else "f")]
        with _in_words_for_clients():
            return await self._requests.get(server, path("timestamp_to_event", room_id), query, timeout_s=10.0)

    async def public_rooms(self, server: str, body: Json) -> Json:
        """A page of the server's public list, unchecked. Raises NotFound, Forbidden, Unavailable."""
        with _in_words_for_clients():
            return _shown(server, await self._requests.post(server, path("publicRooms"), body, timeout_s=10.0))

    async def contacts(self, server: str, question: Mapping[str, Any]) -> Json:
        """Who has the numbers that a user looks for; unchecked. Raises NotFound, Forbidden, Unavailable.

        Not of the specification: docs/extensions.md, Being found by number.
        """
        with _in_words_for_clients():
            return await self._requests.post(server, CONTACTS, question, timeout_s=5.0)

    async def devices(self, server: str, user_id: str) -> Json:
        """The device list of a user, unchecked. Spec: Server-Server API, Device Management."""
        return await self._requests.get(server, path("user", "devices", user_id), timeout_s=20.0)

    async def openid_user(self, server: str, token: str) -> str:
        """The user that an OpenID token of that server stands for. Raises NotFound, Forbidden, Unavailable.

        Spec: Server-Server API, OpenID.
        """
        with _in_words_for_clients():
            body = await self._requests.get(
                server, path("openid", "userinfo"), [("access_token", token)], timeout_s=10.0, is_signed=False
            )
            user_id = body.get("sub")
            if not isinstance(user_id, str) or server_of(user_id) != server:
                raise BadResponse(server, "the token stands for nobody there")
            return user_id

    async def version(self, server: str) -> tuple[str, str]:
        """Name and version of what runs there. Raises NotFound, Forbidden, Unavailable."""
        with _in_words_for_clients():
            body = (await self._requests.get(server, path("version"), timeout_s=10.0, is_signed=False)).get("server")
            about = body if isinstance(body, dict) else {}
            return str(about.get("name", ""))[:100], str(about.get("version", ""))[:100]


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


def _shown(server: str, body: Json) -> Json:
    """What clients are shown of: it must be possible to write it again. Raises BadResponse."""
    levels: object = body
    for _ in range(ADDED_LEVELS):
        levels = [levels]
    try:
        orjson.dumps(levels)
    except TypeError as error:
        raise BadResponse(server, f"the answer cannot be shown: {error}") from error
    return body


def _names(servers: object) -> list[str]:
    return [name for name in servers if isinstance(name, str)] if isinstance(servers, list) else []
