"""HTTP to strangers: one request, one bounded answer, one deadline. Redirects only where the caller asks for them.

`Http` is what callers see; `HttpClient` is the real one on `SafeConnector`, `net.testing.FakeNet` that of simulations.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Final, Protocol

import aiohttp
from yarl import URL

from homeserver.net.addresses import AddressPolicy
from homeserver.net.connector import SafeConnector
from homeserver.net.errors import (
    AddressRefused,
    BadAnswer,
    NameNotFound,
    NetError,
    ResolveFailed,
    TimedOut,
    TlsFailed,
    TooBig,
    Unreachable,
)
from homeserver.net.resolver import Resolver

CONNECT_S: Final = 10.0
IDLE_S: Final = 30.0
CHUNK_BYTES: Final = 64 * 1024
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Request:
    """`target` is path and query exactly as they go on the wire. `host` and `port` are dialled.

    `tls_name` is the name the certificate must fit and SNI says, `authority` the Host header; both default to the
    dialled host. `max_bytes` bounds the answer, `timeout_s` the whole exchange.
    """

    method: str
    host: str
    port: int
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    scheme: str = "https"
    tls_name: str | None = None
    authority: str | None = None
    max_bytes: int = 1024 * 1024
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` have lower-case names; of a repeated header the first counts."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer whose body comes in parts, which may raise NetError. `headers` as of `Answer`."""

    status: int
    headers: Mapping[str, str]
    parts: AsyncIterator[bytes]


class Http(Protocol):
    """Anything that carries requests. Raises NetError."""

    async def send(self, request: Request) -> Answer:
        """The answer, whatever its status; redirects are not followed."""
        ...

    def stream(self, request: Request) -> AbstractAsyncContextManager[Streamed]:
        """The same for a body that is too large to hold; the deadline spans the whole block."""
        ...


class HttpClient:
    """The HTTP client of one purpose, e.g. federation."""

    def __init__(
        self,
        policy: AddressPolicy,
        resolver: Resolver,
        tls: ssl.SSLContext,
        *,
        user_agent: str,
        per_host: int = 8,
        keepalive_s: float = 60.0,
        proxy: str | None = None,
    ) -> None:
        """`proxy`: `http://host:port`, which connects in our place, to the address that we have checked."""
        self._policy = policy
        self._resolver = resolver
        self._tls = tls
        self._user_agent = user_agent
        self._per_host = per_host
        self._keepalive_s = keepalive_s
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: Request) -> Answer:
        async with self.stream(request) as answer:
            body = bytearray()
            async for part in answer.parts:
                body += part
            return Answer(answer.status, answer.headers, bytes(body))

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[Streamed]:
        try:
            async with asyncio.timeout(request.timeout_s):
                with _translated(request):
                    response = await self._exchange(request)
                try:
                    yield Streamed(response.status, _first_of_each(response), _parts(response, request))
                finally:
                    response.release()
        except TimeoutError as error:
            raise TimedOut(f"{request.host} did not answer in {request.timeout_s:g} s") from error

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _exchange(self, request: Request) -> aiohttp.ClientResponse:
        origin = str(URL.build(scheme=request.scheme, host=request.host, port=request.port)).rstrip("/")
        headers = {"Accept-Encoding": "identity", "User-Agent": self._user_agent, **request.headers}
        if request.authority is not None:
            headers["Host"] = request.authority
        tls_name = request.tls_name
        if self._proxy is not None:
            headers.setdefault("Host", origin.partition("://")[2])
            tls_name = tls_name or request.host
            host = await self._checked_address(request)
            origin = str(URL.build(scheme=request.scheme, host=host, port=request.port)).rstrip("/")
        response = await self._open().request(
            request.method,
            URL(origin + request.target, encoded=True),
            headers=headers,
            data=request.body,
            allow_redirects=False,
            server_hostname=tls_name if request.scheme == "https" else None,
            proxy=self._proxy,
        )
        if response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
            response.close()
            raise BadAnswer(f"{request.host} answered in an encoding that was not offered")
        return response

    async def _checked_address(self, request: Request) -> str:
        """What the proxy is to connect to: an address, for a name could lead it elsewhere than us."""
        try:
            addresses = [str(ip_address(request.host))]
        except ValueError:
            addresses = list(await self._resolver.addresses(request.host))
        for address in addresses:
            why = self._policy.why_refused(address, request.port)
            if why is not None:
                raise AddressRefused(f"{request.host}: {address} port {request.port}: {why}")
        return addresses[0]

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            # The only one that is connected to is the proxy, where there is one: the admin has named it.
            policy = self._policy if self._proxy is None else AddressPolicy.of(True)
            self._session = aiohttp.ClientSession(
                connector=SafeConnector(
                    policy, self._resolver, self._tls, per_host=self._per_host, keepalive_s=self._keepalive_s
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=IDLE_S),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


async def fetch(http: Http, url: str, *, redirects: int = 0, max_bytes: int, timeout_s: float) -> Answer:
    """GET an https URL and follow at most `redirects` hops, each to https again. Raises NetError.

    The deadline spans all hops. The connector checks the address of every hop.
    """
    request = _request_for(URL(url), max_bytes, timeout_s)
    try:
        async with asyncio.timeout(timeout_s):
            for _ in range(redirects + 1):
                answer = await http.send(request)
                if answer.status not in REDIRECTS:
                    return answer
                origin = URL.build(scheme="https", host=request.host, port=request.port)
                here = origin.join(URL(request.target, encoded=True))
                request = _request_for(here.join(URL(answer.headers.get("location", ""))), max_bytes, timeout_s)
    except TimeoutError as error:
        raise TimedOut(f"{url} did not answer in {timeout_s:g} s") from error
    except ValueError as error:
        raise BadAnswer(f"{url} leads to something that is not a URL") from error
    raise BadAnswer(f"{url} redirects more than {redirects} times")


def stream_url(http: Http, url: str, *, max_bytes: int, timeout_s: float) -> AbstractAsyncContextManager[Streamed]:
    """GET an https URL whose body is too large to hold; no redirects. Raises NetError, at once or in the block."""
    try:
        return http.stream(_request_for(URL(url), max_bytes, timeout_s))
    except ValueError as error:
        raise BadAnswer("what should be fetched is not a URL") from error


def _request_for(url: URL, max_bytes: int, timeout_s: float) -> Request:
    if url.scheme != "https" or not url.host or url.user is not None or url.password is not None:
        raise BadAnswer("only plain https URLs are fetched")
    port = url.port or 443
    authority = url.raw_host if port == 443 else f"{url.raw_host}:{port}"
    request = Request("GET", url.host, port, url.raw_path_qs or "/", max_bytes=max_bytes, timeout_s=timeout_s)
    return replace(request, authority=authority)


async def _parts(response: aiohttp.ClientResponse, request: Request) -> AsyncIterator[bytes]:
    if response.content_length is not None and response.content_length > request.max_bytes:
        response.close()
        raise TooBig(f"{request.host} announced {response.content_length} bytes")
    received = 0
    with _translated(request):
        async for chunk in response.content.iter_chunked(CHUNK_BYTES):
            received += len(chunk)
            if received > request.max_bytes:
                response.close()
                raise TooBig(f"{request.host} sent more than {request.max_bytes} bytes")
            yield chunk


@contextmanager
def _translated(request: Request) -> Iterator[None]:
    """Turn what the library raises into NetError."""
    try:
        yield
    except NetError:
        raise
    except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError) as error:
        raise TlsFailed(f"{request.host}: {error}") from error
    except aiohttp.ClientConnectorError as error:
        raise _why_unconnected(request, error) from error
    except (aiohttp.InvalidURL, aiohttp.ClientResponseError, ValueError) as error:
        raise BadAnswer(f"{request.host}: {error}") from error
    except TimeoutError as error:
        raise TimedOut(f"{request.host} fell silent") from error
    except (aiohttp.ClientError, OSError) as error:
        raise Unreachable(f"{request.host}: {type(error).__name__}: {error}") from error


def _first_of_each(response: aiohttp.ClientResponse) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in response.headers.items():
        headers.setdefault(name.lower(), value)
    return headers


def _why_unconnected(request: Request, error: aiohttp.ClientConnectorError) -> NetError:
    """aiohttp wraps what the resolver or the socket raised: give the caller the fact back."""
    cause: BaseException | None = error.os_error
    for known in (AddressRefused, NameNotFound, ResolveFailed):
        if isinstance(cause, known):
            return known(f"{request.host}: {cause}")
    if cause is not None and "not a public address" in str(cause):
        return AddressRefused(f"{request.host}: {cause}")
    return Unreachable(f"{request.host}: {cause}")
