"""The one aiohttp connector: resolves once, checks each address at the moment a socket is made for it.

The check stands where the socket connects, so no spelling of an address, no redirect and no second DNS answer gets
past it. Every HTTP client of the server is built on it (`net.http`); nothing else may open sockets to strangers.
"""

import socket
import ssl
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from homeserver.net.addresses import AddressPolicy
from homeserver.net.errors import AddressRefused
from homeserver.net.resolver import Resolver

AddressInfo = tuple[
    int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]
]


class SafeConnector(aiohttp.TCPConnector):
    """Connections for one purpose, to the addresses that its policy allows."""

    def __init__(
        self, policy: AddressPolicy, resolver: Resolver, tls: ssl.SSLContext, *, per_host: int, keepalive_s: float
    ) -> None:
        super().__init__(
            resolver=_Adapter(resolver),
            use_dns_cache=False,
            ssl=tls,
            limit=0,
            limit_per_host=per_host,
            keepalive_timeout=keepalive_s,
            socket_factory=self._open_socket,
        )
        self._policy = policy

    def _open_socket(self, info: AddressInfo) -> socket.socket:
        family, kind, protocol, _, address = info
        why = self._policy.why_refused(str(address[0]), address[1])
        if why is not None:
            raise AddressRefused(f"{address[0]} port {address[1]}: {why}")
        return socket.socket(family=family, type=kind, proto=protocol)


class _Adapter(AbstractResolver):
    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in await self._resolver.addresses(host)
        ]

    async def close(self) -> None:
        return


def tls_context(ca_files: Sequence[Path] = (), *, verify: bool = True) -> ssl.SSLContext:
    """Client TLS: the system's authorities and `ca_files` beside them. `verify` False trusts anybody (tests only).

    All who ask for the same share one: to load the system's authorities takes 55 ms. Nobody changes what they get.
    """
    return _tls_context(tuple(ca_files), verify)


@cache
def _tls_context(ca_files: tuple[Path, ...], verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for path in ca_files:
        context.load_verify_locations(cafile=path)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
