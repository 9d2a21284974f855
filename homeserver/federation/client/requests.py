"""One signed request to a peer, by name: discovery, X-Matrix, limits, errors. Endpoint files build on `Requests`.

Spec: Server-Server API, Request Authentication.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import quote, urlencode

from homeserver.federation.client.discovery import Discovery, Target
from homeserver.federation.client.errors import BadResponse, NoAnswer, NotContacted, Refused
from homeserver.net.errors import AddressRefused, NameNotFound, NetError, ResolveFailed, TlsFailed, Unreachable
from homeserver.net.http import Answer, Http, Request, Streamed
from homeserver.protocol import canonical_json
from homeserver.protocol.errors import BadIdentifier, BadJson
from homeserver.protocol.identifiers import ServerName, parse_server_name
from homeserver.protocol.server_acl import ServerAcl
from homeserver.protocol.signing import SigningKey
from homeserver.protocol.x_matrix import authorization

Json = dict[str, Any]
T = TypeVar("T")

TIMEOUT_S: Final = 30.0
MAX_BYTES: Final = 5 * 1024 * 1024
LARGE_BYTES: Final = 256 * 1024
MAX_ERROR_BYTES: Final = 64 * 1024
REFUSED_ALONE: Final = frozenset({400, 413, 429})
"""Statuses by which a working homeserver refuses one request: what is in it, its size, or that it comes now."""
MAX_STATE_BYTES: Final = 100 * 1024 * 1024
"""Of answers that hold a whole room state."""


class Contact(Protocol):
    """Who keeps score of which peers answer. `services.peers` does."""

    async def may_ask(self, server: str) -> bool:
        """False while the peer is being left alone after failures."""
        ...

    async def answered(self, server: str) -> None:
        """The peer spoke to us."""
        ...

    async def failed(self, server: str, why: str = "") -> None:
        """The peer did not answer, or has trouble of its own."""
        ...


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    uri: str
    body: bytes | None
    timeout_s: float
    max_bytes: int
    is_signed: bool = True
    is_urgent: bool = False
    must_be_taken: bool = False
    accept: str = "application/json"


class Requests:
    """Requests to peers in our name. Raises FederationError."""

    def __init__(
        self, key: SigningKey, http: Http, discovery: Discovery, *, contact: Contact, allowed: ServerAcl
    ) -> None:
        self.us = key.server
        self._key = key
        self._http = http
        self._discovery = discovery
        self._contact = contact
        self._allowed = allowed

    async def get(
        self,
        server: str,
        path: str,
        query: Sequence[tuple[str, str]] = (),
        *,
        timeout_s: float = TIMEOUT_S,
        max_bytes: int = MAX_BYTES,
        is_signed: bool = True,
        is_urgent: bool = False,
    ) -> Json:
        """The JSON object that the peer answers. `is_urgent` asks a peer that is being left alone, too."""
        uri = _uri(path, query)
        return await self._ask(server, _Call("GET", uri, None, timeout_s, max_bytes, is_signed, is_urgent))

    async def put(
        self,
        server: str,
        path: str,
        body: Mapping[str, Any] | bytes,
        *,
        query: Sequence[tuple[str, str]] = (),
        timeout_s: float = TIMEOUT_S,
        max_bytes: int = MAX_BYTES,
        is_urgent: bool = False,
        must_be_taken: bool = False,
    ) -> Json:
        """As `get`. `body` as bytes: canonical JSON already.

        `must_be_taken`: whoever answers this as no homeserver would counts as failing, though something answers there.
        """
        data = body if isinstance(body, bytes) else canonical_json.encode_lenient(body)
        call = _Call(
            "PUT",
            _uri(path, query),
            data,
            timeout_s,
            max_bytes,
            is_urgent=is_urgent,
            must_be_taken=must_be_taken,
        )
        return await self._ask(server, call)

    async def post(
        self,
        server: str,
        path: str,
        body: Mapping[str, Any],
        *,
        timeout_s: float = TIMEOUT_S,
        max_bytes: int = MAX_BYTES,
        is_signed: bool = True,
    ) -> Json:
        data = canonical_json.encode_lenient(body)
        return await self._ask(server, _Call("POST", path, data, timeout_s, max_bytes, is_signed))

    @asynccontextmanager
    async def stream(
        self,
        server: str,
        path: str,
        query: Sequence[tuple[str, str]] = (),
        *,
        timeout_s: float,
        max_bytes: int,
        is_signed: bool = True,
        is_urgent: bool = False,
        body: Mapping[str, Any] | None = None,
    ) -> AsyncIterator[Streamed]:
        """An answer of status 200 that is too large to hold; its parts may raise NetError. With a `body`: to a PUT."""
        method = "GET" if body is None else "PUT"
        data = None if body is None else canonical_json.encode_lenient(body)
        call = _Call(method, _uri(path, query), data, timeout_s, max_bytes, is_signed, is_urgent, accept="*/*")
        headers = await self._permitted(server, call)
        async with AsyncExitStack() as opened:
            answer = await self._send(
                server, call, lambda request: opened.enter_async_context(self._http.stream(request)), headers
            )
            await self._noted(server, answer.status)
            if answer.status != 200:
                raise Refused(server, answer.status, await _error_body(answer))
            yield answer

    async def _ask(self, server: str, call: _Call) -> Json:
        headers = await self._permitted(server, call)
        answer = await self._send(server, call, self._http.send, headers)
        if call.must_be_taken:
            return await self._taken(server, answer)
        await self._noted(server, answer.status)
        if len(answer.body) > LARGE_BYTES:  # a whole room's state: reading it would hold the loop up
            return await asyncio.to_thread(_read, server, answer)
        return _read(server, answer)

    async def _taken(self, server: str, answer: Answer) -> Json:
        """The answer to what every homeserver takes; a refusal of just this body, or for now, is no failure."""
        try:
            body = _read(server, answer)
        except (BadResponse, Refused) as error:
            if answer.status in REFUSED_ALONE:
                await self._contact.answered(server)
            else:
                await self._contact.failed(server, str(error))
            raise
        await self._contact.answered(server)
        return body

    async def _permitted(self, server: str, call: _Call) -> dict[str, str]:
        """The headers of the request, if the peer may be asked now."""
        if server == self.us or not _is_server_name(server) or not self._allowed.allows(server):
            raise NotContacted(server, "we do not federate with this server")
        if not call.is_urgent and not await self._contact.may_ask(server):
            raise NotContacted(server, "it failed lately and is being left alone")
        headers = {"Accept": call.accept}
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        if call.is_signed:
            headers["Authorization"] = authorization(
                self._key, method=call.method, uri=call.uri, destination=ServerName(server), content=call.body
            )
        return headers

    async def _noted(self, server: str, status: int) -> None:
        if status >= 500:
            await self._contact.failed(server, f"it answers with status {status}")
        else:
            await self._contact.answered(server)

    async def _send(
        self, server: str, call: _Call, send: Callable[[Request], Awaitable[T]], headers: Mapping[str, str]
    ) -> T:
        """Try the targets in order until one connects."""
        problem: NetError = Unreachable("no target")
        try:
            for target in await self._discovery.targets(server):
                try:
                    return await send(_request(target, call, headers))
                except (Unreachable, TlsFailed, AddressRefused, NameNotFound, ResolveFailed) as error:
                    problem = error
            self._discovery.forget(server)
        except NetError as error:
            problem = error
        await self._contact.failed(server, str(problem))
        raise NoAnswer(server, str(problem)) from problem


def path(*segments: str, prefix: str = "/_matrix/federation/v1") -> str:
    """`segments` below `prefix`, each percent-encoded whole."""
    return "/".join((prefix, *(quote(segment, safe="") for segment in segments)))


def pairs(name: str, values: Iterable[str]) -> list[tuple[str, str]]:
    """A query parameter that is given several times."""
    return [(name, value) for value in values]


def _is_server_name(text: str) -> bool:
    try:
        parse_server_name(text)
    except BadIdentifier:
        return False
    return True


def _request(target: Target, call: _Call, headers: Mapping[str, str]) -> Request:
    return Request(
        call.method,
        target.host,
        target.port,
        call.uri,
        headers=headers,
        body=call.body,
        tls_name=target.tls_name,
        authority=target.authority,
        max_bytes=call.max_bytes,
        timeout_s=call.timeout_s,
    )


def _uri(path: str, query: Sequence[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(query, quote_via=quote)}" if query else path


async def _error_body(answer: Streamed) -> Json:
    """The JSON of an error, empty if it is none."""
    body = bytearray()
    try:
        async for part in answer.parts:
            body += part
            if len(body) > MAX_ERROR_BYTES:
                return {}
        decoded = canonical_json.decode(bytes(body))
    except (NetError, BadJson):
        return {}
    return decoded if isinstance(decoded, dict) else {}


def _read(server: str, answer: Answer) -> Json:
    try:
        body = canonical_json.decode(answer.body)
    except BadJson as error:
        if answer.status == 200:
            raise BadResponse(server, "the answer is not JSON") from error
        body = None
    if answer.status != 200:
        raise Refused(server, answer.status, body if isinstance(body, dict) else {})
    if isinstance(body, list) and len(body) == 2 and body[0] == 200:
        body = body[1]  # the first form of invites, joins and leaves
    if not isinstance(body, dict):
        raise BadResponse(server, "the answer is not a JSON object")
    return body
