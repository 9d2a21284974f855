"""Key server, notary, version: what anybody may ask.

Spec: Server-Server API, Retrieving server keys, Server implementation.
"""

from typing import Final

from homeserver import __version__
from homeserver.asgi.request import Request
from homeserver.asgi.responses import Answer
from homeserver.errors import BadJson, MatrixError, NotJson
from homeserver.federation.server.http import PeerTable
from homeserver.protocol import canonical_json
from homeserver.protocol.errors import BadIdentifier
from homeserver.protocol.errors import BadJson as NotCanonical
from homeserver.protocol.identifiers import parse_server_name
from homeserver.services.keyring import Keyring
from homeserver.services.ratelimit import Limits, address_key

MAX_QUERIED: Final = 100
BODY_BYTES: Final = 64 * 1024


def endpoints(endpoint: PeerTable, keyring: Keyring, limits: Limits) -> None:
    """Register them."""

    async def documents(request: Request, wanted: dict[str, int]) -> Answer:
        await limits.take("federation", address_key(request.ip), n=max(1, len(wanted)))
        return {"server_keys": await keyring.documents(wanted)}

    @endpoint.open("GET", "/_matrix/key/v2/server", resource="keys")
    async def own_keys(_request: Request) -> Answer:
        """Spec: Server-Server API, Publishing Keys."""
        return keyring.own_document()

    @endpoint.open("GET", "/_matrix/key/v2/server/<key_id>", resource="keys")
    async def own_keys_by_id(_request: Request, key_id: str) -> Answer:
        """The older form; the whole document is right whatever key is named."""
        del key_id
        return keyring.own_document()

    @endpoint.open("GET", "/_matrix/key/v2/query/<server>", resource="keys")
    async def query_one(request: Request, server: str) -> Answer:
        """Spec: Server-Server API, Querying Keys Through Another Server."""
        return await documents(request, {_name(server): request.query.int("minimum_valid_until_ts", 0)})

    @endpoint.open("GET", "/_matrix/key/v2/query/<server>/<key_id>", resource="keys")
    async def query_one_by_id(request: Request, server: str, key_id: str) -> Answer:
        """The older form; whatever key is named, the document tells them all."""
        del key_id
        return await query_one(request, server)

    @endpoint.open("POST", "/_matrix/key/v2/query", resource="keys")
    async def query_many(request: Request) -> Answer:
        """Spec: Server-Server API, Querying Keys Through Another Server."""
        try:
            body = canonical_json.decode(await request.body(BODY_BYTES))
        except NotCanonical as error:
            raise NotJson(str(error)) from error
        servers = body.get("server_keys") if isinstance(body, dict) else None
        if not isinstance(servers, dict) or len(servers) > MAX_QUERIED:
            raise BadJson(f"server_keys must be an object of at most {MAX_QUERIED} servers")
        return await documents(request, {_name(server): _needed_until(keys) for server, keys in servers.items()})

    @endpoint.open("GET", "/v1/version")
    async def version(_request: Request) -> Answer:
        """Spec: Server-Server API, Server implementation."""
        return {"server": {"name": "Hearth", "version": __version__}}


def _name(text: str) -> str:
    try:
        return parse_server_name(text)
    except BadIdentifier as error:
        raise MatrixError(str(error), errcode="M_INVALID_PARAM") from error


def _needed_until(keys: object) -> int:
    """The latest `minimum_valid_until_ts` (ms) of the keys asked for; 0 when none is named."""
    entries = keys.values() if isinstance(keys, dict) else ()
    times = [entry.get("minimum_valid_until_ts") for entry in entries if isinstance(entry, dict)]
    return max((ts for ts in times if type(ts) is int), default=0)
