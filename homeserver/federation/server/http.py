"""The table of federation endpoints and the one gate before them: who signed, may they, are they too many.

A handler file has `def endpoints(endpoint: PeerTable, ...) -> None`, which registers handlers by
`@endpoint.signed("PUT", "/v1/send/<txn_id>")`. Paths are below `/_matrix/federation` unless they name the root.
Spec: Server-Server API, Request Authentication, Authentication, Errors.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from homeserver.asgi.request import Query, Request
from homeserver.asgi.responses import Answer
from homeserver.asgi.routes import Params, Route
from homeserver.errors import BadJson, Forbidden, LimitExceeded, MatrixError, NotJson
from homeserver.protocol import canonical_json
from homeserver.protocol.errors import BadJson as NotCanonical
from homeserver.protocol.errors import BadSignature
from homeserver.protocol.identifiers import ServerName
from homeserver.protocol.server_acl import ServerAcl
from homeserver.protocol.x_matrix import BadAuthorization, XMatrix, parse_authorization
from homeserver.services.keyring import Keyring
from homeserver.services.peers import Peers
from homeserver.services.ratelimit import Limits, address_key

ROOT: Final = "/_matrix/federation"
BODY_BYTES: Final = 1024 * 1024
AT_ONCE: Final = 4
"""Requests of one peer that are worked on together."""
IN_LINE: Final = 60
"""Requests of one peer that may wait; further ones are told to come later."""
READ_AT_ONCE: Final = 16
"""Requests of one address that are read and verified together: many servers may share an address."""
READ_IN_LINE: Final = 240

SignedHandler = Callable[..., Awaitable[Answer]]


class Unauthorized(MatrixError):
    """The request is not signed as it must be. Spec: Server-Server API, Request Authentication."""

    default_status = 401
    default_errcode = "M_UNAUTHORIZED"
    default_message = "The request is not signed"


@dataclass(frozen=True, slots=True)
class PeerCall:
    """A verified request of the server `origin`. `body` is None where none was sent."""

    origin: ServerName
    query: Query
    body: Any

    @property
    def object(self) -> dict[str, Any]:
        """The body as a JSON object. Raises BadJson."""
        if not isinstance(self.body, dict):
            raise BadJson("The body must be a JSON object")
        return self.body


class PeerTable:
    """All routes for peers."""

    def __init__(self, us: ServerName, keyring: Keyring, peers: Peers, *, allowed: ServerAcl, limits: Limits) -> None:
        self._us = us
        self._keyring = keyring
        self._peers = peers
        self._allowed = allowed
        self._limits = limits
        self._by_origin = _Turns(AT_ONCE, IN_LINE)
        self._by_address = _Turns(READ_AT_ONCE, READ_IN_LINE)
        self.routes: list[Route] = []
        self.signed_routes: set[tuple[str, str]] = set()

    def signed(self, method: str, path: str, *, max_body: int = BODY_BYTES) -> Callable[[SignedHandler], SignedHandler]:
        """Register a handler of verified requests: `async def name(call: PeerCall, **path parameters)`."""

        def register(handler: SignedHandler) -> SignedHandler:
            async def answer(request: Request, params: Params) -> Answer:
                claimed = self._admit(request)
                # The name is only claimed yet: whoever sends slow bodies in it uses up places of their own address.
                async with self._by_address.turn(address_key(request.ip)):
                    call = await self._verified(claimed, request, max_body)
                async with self._by_origin.turn(call.origin):
                    return await handler(call, **params)

            full = _full(path)
            self.routes.append(Route(method, full, "federation", answer))
            self.signed_routes.add((method, full))
            return handler

        return register

    def open(self, method: str, path: str, *, resource: str = "federation") -> Callable[[SignedHandler], SignedHandler]:
        """Register a handler that anybody may call: `async def name(request: Request, **path parameters)`."""

        def register(handler: SignedHandler) -> SignedHandler:
            async def answer(request: Request, params: Params) -> Answer:
                return await handler(request, **params)

            self.routes.append(Route(method, _full(path), resource, answer))
            return handler

        return register

    def _admit(self, request: Request) -> XMatrix:
        """What can be refused before a byte of the body is read."""
        if request.authorization is None:
            raise Unauthorized
        try:
            claimed = parse_authorization(request.authorization.decode("ascii"))
        except (BadAuthorization, UnicodeDecodeError) as error:
            raise Unauthorized(str(error) if isinstance(error, BadAuthorization) else None) from error
        if claimed.destination not in (None, self._us):
            raise Unauthorized("The request is meant for another server")
        if claimed.origin == self._us or not self._allowed.allows(claimed.origin):
            raise Forbidden("This server does not federate with yours")
        return claimed

    async def _verified(self, claimed: XMatrix, request: Request, max_body: int) -> PeerCall:
        raw = await request.body(max_body)
        body = None
        if raw:
            try:
                body = canonical_json.decode(raw)
            except NotCanonical as error:
                raise NotJson(str(error)) from error
        uri = request.raw_path.decode("ascii", "replace")
        if request.raw_query:
            uri += "?" + request.raw_query.decode("ascii", "replace")
        try:
            key = await self._keyring.request_key(claimed.origin, claimed.key_id)
            claimed.verify(method=request.method, uri=uri, us=self._us, public_key=key, content=body, raw=raw)
        except BadSignature as error:
            raise Unauthorized(f"The signature of the request is not good: {error}") from error
        except NotCanonical as error:
            raise BadJson(str(error)) from error
        request.user = claimed.origin
        await self._peers.heard_from(claimed.origin)
        await self._limits.take("federation", claimed.origin)
        return PeerCall(claimed.origin, request.query, body)


class _Turns:
    """Places by name (an address, a server): so many at once, so many in line behind them."""

    def __init__(self, at_once: int, in_line: int) -> None:
        self._at_once = at_once
        self._in_line = in_line
        self._lines: dict[str, _Line] = {}

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """One of the name's places, when it is free. Raises LimitExceeded where too many wait."""
        line = self._lines.get(name)
        if line is None:
            line = self._lines[name] = _Line(asyncio.Semaphore(self._at_once))
        if line.users >= self._at_once + self._in_line:
            raise LimitExceeded(retry_after_ms=5_000)
        line.users += 1
        try:
            async with line.places:
                yield
        finally:
            line.users -= 1
            if not line.users:
                self._lines.pop(name, None)


@dataclass(slots=True)
class _Line:
    places: asyncio.Semaphore
    users: int = 0


def _full(path: str) -> str:
    return path if path.startswith(("/_matrix/", "/.well-known/")) else ROOT + path
