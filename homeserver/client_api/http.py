"""The table of client endpoints and the one gate before them: token, bucket, body, in this order.

A handler file has `def endpoints(endpoint: EndpointTable, sending: Sending, ...) -> None`, which registers handlers:

    @endpoint("PUT", "/v3/rooms/<room_id>/send/<event_type>/<txn_id>", auth=USER, limit="message", body=dict)
    async def send_message(call: Call[Json], room_id: RoomId, event_type: str, txn_id: str) -> Answer:

Paths are below `/_matrix/client` unless they name the root themselves; `/v3/...` is also served as `/r0/...`. A call
over the WebSocket passes the same gate. Spec: Client-Server API, API Standards; Client Authentication.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from hashlib import blake2b
from typing import Any, Concatenate, Generic, NamedTuple, ParamSpec, TypedDict, TypeVar, Unpack, overload
from urllib.parse import quote

import structlog

from homeserver.asgi.request import JSON_BODY_BYTES, Query, Request
from homeserver.asgi.responses import Answer, Raw
from homeserver.asgi.routes import Params, Route, Routes
from homeserver.client_api.bodies import Decoder, decoder_of
from homeserver.client_api.paths import check_parameters, from_root, names_of
from homeserver.errors import (
    Forbidden,
    GuestAccessForbidden,
    InternalError,
    InvalidParam,
    MatrixError,
    MethodNotAllowed,
    MissingToken,
    Unrecognized,
    UserLocked,
)
from homeserver.services.ratelimit import BUCKETS, Limits, address_key
from homeserver.services.requester import Requester

B = TypeVar("B")
P = ParamSpec("P")
Authenticate = Callable[[str], Awaitable[Requester]]
ActAs = Callable[[Requester, str | None, str | None], Awaitable[Requester]]
"""Whom an application service acts as: itself, the user and the device it names."""
Saw = Callable[[Requester, str, str], None]
EndpointHandler = Callable[..., Awaitable[Answer]]
_Handler = Callable[Concatenate["Call[B]", P], Awaitable[Answer]]

MAX_PARAM_BYTES = 255
_TXN = "txn_id"
_PATH_LETTERS = "/%:!$@~*'(),;=&+"

log = structlog.get_logger("http")


class Auth(Enum):
    """Who may call an endpoint."""

    NONE = "none"
    OPTIONAL = "optional"
    USER = "user"
    USER_OR_GUEST = "user or guest"
    ADMIN = "admin"
    APPSERVICE = "application service"


NONE, OPTIONAL, USER, USER_OR_GUEST, ADMIN = Auth.NONE, Auth.OPTIONAL, Auth.USER, Auth.USER_OR_GUEST, Auth.ADMIN
APPSERVICE = Auth.APPSERVICE
DEVICE_PARAMS = ("device_id", "org.matrix.msc4326.device_id", "org.matrix.msc3202.device_id")
MESSAGES = "message"


class Options(TypedDict, total=False):
    """What a row may say beyond the usual: see `Endpoint`."""

    resource: str
    max_body: int
    max_param: int
    socket: bool
    long_poll: bool
    locked: bool
    also: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A row of the table.

    `resource`: which listeners offer it; `max_body`, `max_param` (of a path parameter) in bytes; `socket`: open to
    the WebSocket; `long_poll`: may wait long; `locked`: open to locked accounts too (logging out); `also`: other paths
    with the same parameters, under which clients ask for it too (unstable names).
    """

    method: str
    path: str
    auth: Auth
    limit: str
    handler: EndpointHandler
    body: type | None
    decode: Decoder | None
    resource: str = "client"
    max_body: int = JSON_BODY_BYTES
    max_param: int = MAX_PARAM_BYTES
    socket: bool = False
    long_poll: bool = False
    locked: bool = False
    also: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the handler function."""
        return self.handler.__name__


class Origin(NamedTuple):
    """Where a call comes from, for limits, session lists and the log."""

    ip: str
    user_agent: str
    request_id: str


@dataclass(slots=True)
class Call(Generic[B]):
    """One call of an endpoint, over HTTP or the WebSocket (`request` is None then)."""

    endpoint: Endpoint
    params: Params
    requester_or_none: Requester | None
    query: Query
    origin: Origin
    body: B
    request: Request | None = None
    access_token: str | None = field(default=None, repr=False)

    @property
    def requester(self) -> Requester:
        """Who calls. Only for endpoints that need a token."""
        if self.requester_or_none is None:
            raise InternalError("an endpoint without auth asked for the requester")
        return self.requester_or_none

    @property
    def http(self) -> Request:
        """The HTTP request (headers, raw path, a body to stream), of endpoints that are not for the socket."""
        if self.request is None:
            raise InternalError("an endpoint of the socket asked for the HTTP request")
        return self.request

    @property
    def ip(self) -> str:
        """The client's address."""
        return self.origin.ip

    @property
    def user_agent(self) -> str:
        """What the client calls itself, at most 255 characters."""
        return self.origin.user_agent

    @property
    def path_hash(self) -> int:
        """The path without its transaction id as a signed 64-bit number: the scope of transaction ids.

        The same for every way to write the path (escapes, `/r0`) and for the WebSocket.
        """
        parts = [self.endpoint.path, *(value for name, value in self.params.items() if name != _TXN)]
        digest = blake2b("\0".join(parts).encode("utf-8"), digest_size=8).digest()
        return int.from_bytes(digest, "big", signed=True)

    @property
    def txn(self) -> tuple[int, str]:
        """The transaction of the call: (path_hash, transaction id)."""
        return self.path_hash, self.params[_TXN]


@dataclass(frozen=True, slots=True)
class Result:
    """How a call over the WebSocket ended: a status and the answer or the error's JSON."""

    status: int
    answer: Answer


class EndpointTable:
    """All client endpoints. Calling it registers one; `routes()` is what the dispatcher takes."""

    def __init__(
        self,
        authenticate: Authenticate,
        limits: Limits,
        *,
        query_access_token: bool = True,
        saw: Saw | None = None,
        act_as: ActAs | None = None,
        is_unlimited: Callable[[str], bool] | None = None,
    ) -> None:
        """`saw` is told of each HTTP request with a token: who, from which address, with which user agent.

        `act_as` and `is_unlimited` are for application services: the latter says whose token they are without limits,
        where they make accounts and log in.
        """
        self._authenticate = authenticate
        self._act_as = act_as
        self._is_unlimited = is_unlimited
        self._saw = saw
        self._limits = limits
        self._query_access_token = query_access_token
        self._by_name: dict[str, Endpoint] = {}
        self._by_path: dict[tuple[str, str], Endpoint] = {}
        self._routes: Routes | None = None

    @overload
    def __call__(
        self, method: str, path: str, *, auth: Auth, limit: str, body: None = None, **options: Unpack[Options]
    ) -> Callable[[_Handler[None, P]], _Handler[None, P]]: ...

    @overload
    def __call__(
        self, method: str, path: str, *, auth: Auth, limit: str, body: type[B], **options: Unpack[Options]
    ) -> Callable[[_Handler[B, P]], _Handler[B, P]]: ...

    def __call__(
        self,
        method: str,
        path: str,
        *,
        auth: Auth,
        limit: str,
        body: type[Any] | None = None,
        **options: Unpack[Options],
    ) -> Callable[[Any], Any]:
        """Register the decorated function as the handler of `method path`; ValueError for a row that is not whole.

        `body`: a msgspec Struct, or `dict` for any JSON object; without one the body is not read.
        """
        if limit not in BUCKETS:
            raise ValueError(f"{method} {path}: no bucket is named {limit!r}")
        full_path = from_root(path)

        def register(handler: EndpointHandler) -> EndpointHandler:
            decode = decoder_of(body) if body else None
            endpoint = Endpoint(method, full_path, auth, limit, handler, body, decode, **options)
            if endpoint.name in self._by_name:
                raise ValueError(f"two endpoints are named {endpoint.name}")
            self._by_name[endpoint.name] = endpoint
            for own_path in (full_path, *(from_root(other) for other in endpoint.also)):
                check_parameters(handler, own_path)
                for old_or_new in names_of(own_path):
                    self._by_path[method, old_or_new] = endpoint
            self._routes = None
            return handler

        return register

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self._by_name.values())

    def named(self, name: str) -> Endpoint:
        """The endpoint whose handler has this name."""
        return self._by_name[name]

    def routes(self) -> list[Route]:
        """The routes of the table, with the old names of paths."""
        handlers = {endpoint.name: self._http_handler(endpoint) for endpoint in self}
        return [
            Route(method, path, endpoint.resource, handlers[endpoint.name], endpoint.long_poll)
            for (method, path), endpoint in self._by_path.items()
        ]

    def _http_handler(self, endpoint: Endpoint) -> Callable[[Request, Params], Awaitable[Answer]]:
        async def answer(request: Request, params: Params) -> Answer:
            token = self._token_of(request)
            requester = await self._admit(endpoint, token, request)
            if requester is not None:
                request.user = requester.user_id
                if self._saw is not None:
                    self._saw(requester, request.ip, request.user_agent)
            _check_sizes(endpoint, params)
            body = endpoint.decode.decode(await request.body(endpoint.max_body)) if endpoint.decode else None
            origin = Origin(request.ip, request.user_agent, request.id)
            call = Call(endpoint, params, requester, request.query, origin, body, request, token)
            return await endpoint.handler(call, **params)

        return answer

    def _token_of(self, request: Request) -> str | None:
        """The access token, None if none or an empty one was given. Spec: Client-Server API, Using access tokens."""
        header = request.authorization
        if header is not None:
            scheme, _, token = header.decode("latin-1").partition(" ")
            return (token.strip() or None) if scheme.lower() == "bearer" else None
        if self._query_access_token and b"access_token=" in request.raw_query:
            return request.query.text("access_token") or None
        return None

    async def _admit(self, endpoint: Endpoint, token: str | None, request: Request) -> Requester | None:
        """Find out who calls, and take a token from the bucket of the endpoint."""
        if endpoint.auth is Auth.NONE or (token is None and endpoint.auth is Auth.OPTIONAL):
            if token is not None and self._is_unlimited is not None and self._is_unlimited(token):
                return None
            await self._limits.take(endpoint.limit, address_key(request.ip))
            return None
        if token is None:
            raise MissingToken
        try:
            requester = await self._authenticate(token)
        except MatrixError:
            await self._limits.take("bad_token", address_key(request.ip))
            raise
        if requester.appservice_id is not None and self._act_as is not None:
            query = request.query
            device_id = next((found for name in DEVICE_PARAMS if (found := query.text(name)) is not None), None)
            requester = await self._act_as(requester, query.text("user_id"), device_id)
        await self._pass(endpoint, requester)
        return requester

    async def _pass(self, endpoint: Endpoint, requester: Requester) -> None:
        """Whether this requester may call this endpoint now."""
        if requester.is_locked and not endpoint.locked:
            raise UserLocked
        if requester.is_guest and endpoint.auth not in {Auth.USER_OR_GUEST, Auth.OPTIONAL}:
            raise GuestAccessForbidden
        if endpoint.auth is Auth.ADMIN and not requester.is_admin:
            raise Forbidden("Only for admins of this server")
        if endpoint.auth is Auth.APPSERVICE and requester.appservice_id is None:
            raise Forbidden("Only for application services")
        if not requester.is_unlimited:
            rate = requester.message_rate if endpoint.limit == MESSAGES else None
            await self._limits.take(endpoint.limit, requester.user_id, rate=rate)

    async def call(
        self,
        method: str,
        path: str,
        *,
        requester: Requester,
        origin: Origin,
        query: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Result:
        """Call an endpoint by its path (percent-encoded as in HTTP), for the WebSocket. Never raises a MatrixError."""
        try:
            endpoint, params = self._find(method, path)
        except MatrixError as error:
            return Result(error.status, error.body())
        return await self.invoke(endpoint, params, requester=requester, origin=origin, query=query, body=body)

    def _find(self, method: str, path: str) -> tuple[Endpoint, Params]:
        if self._routes is None:
            self._routes = Routes(self.routes())
        route, params, known = self._routes.find(method, quote(path, safe=_PATH_LETTERS).encode("ascii"))
        if route is None:
            raise MethodNotAllowed if known else Unrecognized
        endpoint = self._by_path[route.method, route.path]
        if not endpoint.socket:
            raise Unrecognized("This endpoint is not served over the WebSocket")
        return endpoint, params

    async def invoke(
        self,
        endpoint: Endpoint,
        params: Params,
        *,
        requester: Requester,
        origin: Origin,
        query: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Result:
        """Call an endpoint through the same gate as over HTTP. `body` is decoded JSON. Never raises a MatrixError."""
        try:
            await self._pass(endpoint, requester)
            _check_sizes(endpoint, params)
            decoded = endpoint.decode.convert(body) if endpoint.decode else None
            call = Call(endpoint, params, requester, Query(tuple((query or {}).items())), origin, decoded)
            answer = await endpoint.handler(call, **params)
        except MatrixError as error:
            return Result(error.status, error.body())
        except Exception:
            log.exception("call_failed", id=origin.request_id, method=endpoint.method, route=endpoint.path)
            return Result(500, InternalError().body())
        return Result(answer.status if isinstance(answer, Raw) else 200, answer)


def _check_sizes(endpoint: Endpoint, params: Params) -> None:
    for name, value in params.items():
        if len(value) * 4 > endpoint.max_param and len(value.encode("utf-8")) > endpoint.max_param:
            raise InvalidParam(f"The path parameter '{name}' may hold {endpoint.max_param} bytes")
