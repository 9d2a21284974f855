"""Identity servers that users name: looking addresses up, leaving invites there, binding.

Each request goes in the name of the user, by the token that the user has there. Nothing that an identity server says is
believed without its shape. Spec: Identity Service API.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
import structlog

from homeserver.errors import Forbidden, InvalidParam, MatrixError, Unavailable
from homeserver.net.errors import NetError
from homeserver.net.http import Http, Request
from homeserver.protocol.errors import BadIdentifier
from homeserver.protocol.identifiers import UserId, parse_server_name, parse_user_id

log = structlog.get_logger()

ROOT: Final = "/_matrix/identity/v2"
ANSWER_BYTES: Final = 64 * 1024
TIMEOUT_S: Final = 10.0
HTTPS_PORT: Final = 443
MAX_TEXT: Final = 1_024
ALGORITHM: Final = "sha256"

Json = Mapping[str, Any]


class BadAnswer(Unavailable):
    """The identity server answered with something else."""

    default_message = "The identity server does not answer as it should"


@dataclass(frozen=True, slots=True)
class IdentityServer:
    """One server with a user's token for it. `name`: host and perhaps a port."""

    name: str
    access_token: str


@dataclass(frozen=True, slots=True)
class KeptInvite:
    """An invite that waits at an identity server. `content`: what the room is told of it."""

    token: str
    content: Json


class IdentityServers:
    """Asks identity servers."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def user_of(self, server: IdentityServer, medium: str, address: str) -> UserId | None:
        """The user that the address is bound to, if any. Raises Forbidden, Unavailable, InvalidParam."""
        details = await self._ask(server, "GET", "/hash_details")
        pepper, algorithms = details.get("lookup_pepper"), details.get("algorithms")
        if not isinstance(pepper, str) or not isinstance(algorithms, list) or ALGORITHM not in algorithms:
            raise BadAnswer
        hashed = _hash(address, medium, pepper)
        body = {"addresses": [hashed], "algorithm": ALGORITHM, "pepper": pepper}
        mappings = (await self._ask(server, "POST", "/lookup", body)).get("mappings")
        found = mappings.get(hashed) if isinstance(mappings, dict) else None
        if found is None:
            return None
        try:
            return parse_user_id(str(found))
        except BadIdentifier as bad:
            raise BadAnswer from bad

    async def keep_invite(self, server: IdentityServer, invite: Json) -> KeptInvite:
        """Leave an invite for an address that nobody has yet. Raises Forbidden, Unavailable, InvalidParam."""
        answer = await self._ask(server, "POST", "/store-invite", invite)
        token, shown, keys = answer.get("token"), answer.get("display_name"), answer.get("public_keys")
        valid = [_key(key) for key in keys] if isinstance(keys, list) else []
        public_keys = [key for key in valid if key is not None]
        if not isinstance(token, str) or not 0 < len(token) <= 255 or not isinstance(shown, str) or not public_keys:
            raise BadAnswer
        first = public_keys[0]
        content = {
            "display_name": shown[:MAX_TEXT],
            "public_key": first["public_key"],
            "key_validity_url": first["key_validity_url"],
            "public_keys": public_keys,
        }
        return KeptInvite(token, content)

    async def bind(self, server: IdentityServer, sid: str, client_secret: str, user_id: str) -> None:
        """Bind an address that was proven there to a user. Raises Forbidden, Unavailable, InvalidParam."""
        body = {"sid": sid, "client_secret": client_secret, "mxid": user_id}
        await self._ask(server, "POST", "/3pid/bind", body)

    async def _ask(self, server: IdentityServer, method: str, path: str, body: Json | None = None) -> Json:
        host, port = _where(server.name)
        if not server.access_token.isascii() or not server.access_token.isprintable():
            raise InvalidParam("`id_access_token` is no token.")
        request = Request(
            method,
            host,
            port,
            ROOT + path,
            headers={"Authorization": f"Bearer {server.access_token}", "Content-Type": "application/json"},
            body=orjson.dumps(body) if body is not None else None,
            authority=server.name,
            max_bytes=ANSWER_BYTES,
            timeout_s=TIMEOUT_S,
        )
        try:
            answer = await self._http.send(request)
            told = orjson.loads(answer.body)
        except (NetError, orjson.JSONDecodeError) as error:
            log.info("identity_server.no_answer", server=server.name, error=str(error))
            raise Unavailable("The identity server does not answer.") from error
        if not isinstance(told, dict):
            raise BadAnswer
        if answer.status != 200:
            raise _refusal(answer.status, told)
        return told


def _where(name: str) -> tuple[str, int]:
    """Host and port of a server name. Raises InvalidParam."""
    try:
        parse_server_name(name)
        parts = urlsplit(f"//{name}")
        return str(parts.hostname), parts.port or HTTPS_PORT
    except (BadIdentifier, ValueError) as bad:
        raise InvalidParam("`id_server` is no server name.") from bad


def _refusal(status: int, told: Json) -> MatrixError:
    errcode = told.get("errcode")
    if status in {401, 403}:
        return Forbidden("The identity server refuses: sign in there again.")
    if status < 500 and isinstance(errcode, str) and errcode.startswith("M_") and len(errcode) < MAX_TEXT:
        return MatrixError("The identity server refuses.", status=400, errcode=errcode)
    return Unavailable("The identity server cannot answer at the moment.")


def _hash(address: str, medium: str, pepper: str) -> str:
    """Spec: Identity Service API, sha256."""
    digest = sha256(f"{address} {medium} {pepper}".encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")


def _key(value: object) -> dict[str, str] | None:
    if not isinstance(value, dict):
        return None
    key, url = value.get("public_key"), value.get("key_validity_url")
    if not isinstance(key, str) or not isinstance(url, str) or len(key) > MAX_TEXT or len(url) > MAX_TEXT:
        return None
    return {"public_key": key, "key_validity_url": url}
