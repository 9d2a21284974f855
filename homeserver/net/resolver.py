"""DNS: addresses and SRV records through dnspython, cached by their time to live within bounds.

Not getaddrinfo: that reads `0x7f.1` as an address, and blocks a thread for each dead name server. The hosts file is
honoured, as container setups need it.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar

import dns.asyncresolver
import dns.exception
import dns.rdatatype
import dns.resolver

from homeserver.net.errors import NameNotFound, ResolveFailed

MIN_TTL_S: Final = 5.0
MAX_TTL_S: Final = 3600.0
NEGATIVE_TTL_S: Final = 60.0
DEADLINE_S: Final = 8.0
MAX_CACHED: Final = 10_000

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class SrvRecord:
    """One SRV record. Lower priority first."""

    target: str
    port: int
    priority: int
    weight: int


class Resolver(Protocol):
    """What the rest of the server asks the DNS."""

    async def addresses(self, host: str) -> Sequence[str]:
        """Numeric addresses of `host`, never empty; raises NameNotFound, ResolveFailed."""
        ...

    async def srv(self, name: str) -> Sequence[SrvRecord]:
        """SRV records in the order to try; empty when there are none; raises ResolveFailed."""
        ...


class DnsResolver:
    """The system's name servers, asked asynchronously. `monotonic` is the clock's; `draw` gives floats in [0, 1)."""

    def __init__(
        self,
        monotonic: Callable[[], float],
        draw: Callable[[], float],
        *,
        hosts: Mapping[str, Sequence[str]] | None = None,
        resolver: dns.asyncresolver.Resolver | None = None,
    ) -> None:
        self._monotonic = monotonic
        self._draw = draw
        self._hosts = read_hosts_file(Path("/etc/hosts")) if hosts is None else hosts
        self._dns = resolver or _system_resolver()
        self._addresses: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._srv: dict[str, tuple[float, tuple[SrvRecord, ...]]] = {}

    async def addresses(self, host: str) -> Sequence[str]:
        name = host.rstrip(".").lower()
        if name in self._hosts:
            return self._hosts[name]
        if name == "localhost" or name.endswith(".localhost"):
            return ("127.0.0.1", "::1")
        now = self._monotonic()
        cached = self._addresses.get(name)
        if cached is None or cached[0] <= now:
            cached = await self._look_up_addresses(name, now)
            _keep(self._addresses, name, cached)
        if not cached[1]:
            raise NameNotFound(f"{host} has no address")
        return cached[1]

    async def srv(self, name: str) -> Sequence[SrvRecord]:
        now = self._monotonic()
        cached = self._srv.get(name)
        if cached is None or cached[0] <= now:
            answer = await self._ask(name, "SRV")
            if answer is None:
                cached = (now + NEGATIVE_TTL_S, ())
            else:
                records = tuple(
                    SrvRecord(str(r.target).rstrip("."), r.port, r.priority, r.weight) for r in answer if r.port
                )
                cached = (now + _bounded(answer.rrset.ttl if answer.rrset else 0), records)
            _keep(self._srv, name, cached)
        usable = [record for record in cached[1] if record.target]
        return in_order(usable, self._draw)

    async def _look_up_addresses(self, name: str, now: float) -> tuple[float, tuple[str, ...]]:
        v6, v4 = await asyncio.gather(self._ask(name, "AAAA"), self._ask(name, "A"), return_exceptions=True)
        found: list[str] = []
        ttl = MAX_TTL_S
        for answer in (v6, v4):
            if isinstance(answer, dns.resolver.Answer):
                found += [r.address for r in answer]
                ttl = min(ttl, _bounded(answer.rrset.ttl if answer.rrset else 0))
        if not found:
            for answer in (v4, v6):
                if isinstance(answer, BaseException):
                    raise answer
            ttl = NEGATIVE_TTL_S
        return now + ttl, tuple(found)

    async def _ask(self, name: str, kind: str) -> dns.resolver.Answer | None:
        """None when there is no such name or record."""
        try:
            return await self._dns.resolve(name, dns.rdatatype.from_text(kind), lifetime=DEADLINE_S)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return None
        except (dns.exception.DNSException, OSError, ValueError, UnicodeError) as error:
            raise ResolveFailed(f"cannot look up {kind} of {name}: {error}") from error


def in_order(records: Sequence[SrvRecord], draw: Callable[[], float]) -> list[SrvRecord]:
    """By priority; within one priority a weighted shuffle. Spec: RFC 2782."""
    ordered: list[SrvRecord] = []
    for priority in sorted({record.priority for record in records}):
        left = sorted((record for record in records if record.priority == priority), key=lambda r: (r.weight, r.target))
        while left:
            threshold = draw() * (sum(record.weight for record in left) or 1)
            running = 0
            for record in left:
                running += record.weight
                if running >= threshold:
                    ordered.append(record)
                    left.remove(record)
                    break
    return ordered


def read_hosts_file(path: Path) -> dict[str, tuple[str, ...]]:
    """Names of the hosts file and their addresses; empty when it cannot be read."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for line in lines:
        address, *names = line.partition("#")[0].split() or [""]
        for name in names:
            found[name.lower()] = (*found.get(name.lower(), ()), address)
    return found


def _system_resolver() -> dns.asyncresolver.Resolver:
    try:
        return dns.asyncresolver.Resolver()
    except dns.resolver.NoResolverConfiguration:
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        return resolver


def _bounded(ttl_s: float) -> float:
    return max(MIN_TTL_S, min(MAX_TTL_S, ttl_s))


def _keep(cache: dict[str, _T], name: str, value: _T) -> None:
    if len(cache) >= MAX_CACHED:
        cache.pop(next(iter(cache)))
    cache[name] = value
