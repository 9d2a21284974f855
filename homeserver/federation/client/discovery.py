"""From a server name to where its federation traffic goes. Spec: Server-Server API, Server discovery."""

import asyncio
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

from homeserver.clock import Clock
from homeserver.net.errors import NetError, ResolveFailed
from homeserver.net.http import Answer, Http, fetch
from homeserver.net.resolver import Resolver, SrvRecord
from homeserver.protocol import canonical_json
from homeserver.protocol.errors import BadIdentifier, BadJson
from homeserver.protocol.identifiers import parse_server_name
from homeserver.protocol.server_acl import host_of, is_ip_literal

DEFAULT_PORT: Final = 8448
WELL_KNOWN_BYTES: Final = 50 * 1024
WELL_KNOWN_S: Final = 12.0
REDIRECTS: Final = 5
DEFAULT_CACHE_S: Final = 24 * 3600.0
MIN_CACHE_S: Final = 3600.0
MAX_CACHE_S: Final = 48 * 3600.0
FIRST_ERROR_S: Final = 120.0
MAX_ERROR_S: Final = 3600.0
MAX_CACHED: Final = 20_000


@dataclass(frozen=True, slots=True)
class Target:
    """Dial `host`:`port`; the certificate must fit `tls_name`; the Host header is `authority`."""

    host: str
    port: int
    tls_name: str
    authority: str


@dataclass(frozen=True, slots=True)
class _WellKnown:
    """`delegated` is None when there is none that is valid. Times are monotonic seconds."""

    delegated: str | None
    until: float
    error_s: float = 0.0


class Discovery:
    """Finds targets, and remembers well-known answers (SRV and addresses are the resolver's to remember)."""

    def __init__(self, http: Http, resolver: Resolver, clock: Clock) -> None:
        self._http = http
        self._resolver = resolver
        self._monotonic = clock.monotonic
        self._now_ms = clock.now_ms
        self._well_known: dict[str, _WellKnown] = {}
        self._asking: dict[str, asyncio.Future[_WellKnown]] = {}

    async def targets(self, server: str) -> list[Target]:
        """Where to try, in order; never empty. Raises ResolveFailed."""
        host, port = split_name(server)
        if is_ip_literal(host) or port is not None:
            return [_direct(host, port, server)]
        delegated = await self._delegation(host)
        if delegated is not None:
            host, port = split_name(delegated)
            if is_ip_literal(host) or port is not None:
                return [_direct(host, port, delegated)]
        return await self._by_srv(host)

    def forget(self, server: str) -> None:
        """Ask for the well-known again at the next request: what it said did not work."""
        known = self._well_known.get(server)
        if known is not None and known.delegated is not None:
            del self._well_known[server]

    async def _by_srv(self, host: str) -> list[Target]:
        """The certificate is the host's, never the SRV target's: DNS proves nothing."""
        for service in ("_matrix-fed", "_matrix"):
            records = await self._srv(f"{service}._tcp.{host}")
            if records:
                return [Target(record.target, record.port, host, host) for record in records]
        return [Target(host, DEFAULT_PORT, host, host)]

    async def _srv(self, name: str) -> list[SrvRecord]:
        try:
            return list(await self._resolver.srv(name))
        except ResolveFailed:
            # A name server that is broken for SRV still serves addresses, as a rule; the plain port is worth a try.
            return []

    async def _delegation(self, host: str) -> str | None:
        known = self._well_known.get(host)
        if known is None or known.until <= self._monotonic():
            known = await self._ask_once(host, known)
        return known.delegated

    async def _ask_once(self, host: str, last: _WellKnown | None) -> _WellKnown:
        """One request at a time per host; others wait for it."""
        asking = self._asking.get(host)
        if asking is not None:
            return await asyncio.shield(asking)
        asking = asyncio.get_running_loop().create_future()
        self._asking[host] = asking
        try:
            known = await self._ask(host, last)
        except BaseException as error:
            asking.set_exception(error if isinstance(error, Exception) else ResolveFailed("the request was given up"))
            asking.exception()
            raise
        finally:
            del self._asking[host]
        asking.set_result(known)
        if len(self._well_known) >= MAX_CACHED:
            del self._well_known[next(iter(self._well_known))]
        self._well_known[host] = known
        return known

    async def _ask(self, host: str, last: _WellKnown | None) -> _WellKnown:
        url = f"https://{host}/.well-known/matrix/server"
        try:
            answer = await fetch(
                self._http, url, redirects=REDIRECTS, max_bytes=WELL_KNOWN_BYTES, timeout_s=WELL_KNOWN_S
            )
            delegated = _delegated_to(answer)
        except (NetError, BadJson, BadIdentifier):
            error_s = min(MAX_ERROR_S, last.error_s * 2 if last and last.error_s else FIRST_ERROR_S)
            return _WellKnown(None, self._monotonic() + error_s, error_s)
        return _WellKnown(delegated, self._monotonic() + self._cache_s(answer))

    def _cache_s(self, answer: Answer) -> float:
        wished = DEFAULT_CACHE_S
        directives = [part.strip().lower() for part in answer.headers.get("cache-control", "").split(",")]
        max_age = next((part[8:] for part in directives if part.startswith("max-age=")), None)
        if "no-store" in directives or "no-cache" in directives:
            wished = 0.0
        elif max_age is not None and max_age.isascii() and max_age.isdigit():
            wished = float(max_age[:9])
        elif "expires" in answer.headers:
            wished = self._until(answer.headers["expires"])
        return max(MIN_CACHE_S, min(MAX_CACHE_S, wished))

    def _until(self, expires: str) -> float:
        try:
            return float(parsedate_to_datetime(expires).timestamp() - self._now_ms() / 1000)
        except (ValueError, TypeError, OverflowError):
            return 0.0


def split_name(server: str) -> tuple[str, int | None]:
    """Host (an IPv6 address keeps its brackets) and port of a valid server name."""
    host = host_of(server)
    return host, int(server[len(host) + 1 :]) if len(host) < len(server) else None


def _direct(host: str, port: int | None, authority: str) -> Target:
    bare = host[1:-1] if host.startswith("[") else host
    return Target(bare, port or DEFAULT_PORT, bare, authority)


def _delegated_to(answer: Answer) -> str:
    """Raises BadJson, BadIdentifier."""
    if answer.status != 200:
        raise BadJson(f"status {answer.status}")
    body = canonical_json.decode(answer.body)
    delegated = body.get("m.server") if isinstance(body, dict) else None
    if not isinstance(delegated, str):
        raise BadJson("no m.server")
    return parse_server_name(delegated)
