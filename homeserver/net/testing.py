"""An in-memory net for simulations: names lead to functions, faults are switched on by name. No socket is opened."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from homeserver.net.errors import NameNotFound, TimedOut, TooBig, Unreachable
from homeserver.net.http import CHUNK_BYTES, Answer, Request, Streamed
from homeserver.net.resolver import SrvRecord

Peer = Callable[[Request], Awaitable[Answer]]


class FakeNet:
    """Both the `Http` and the `Resolver` of a simulation; remembers every request in `sent`."""

    def __init__(self) -> None:
        self.peers: dict[tuple[str, int], Peer] = {}
        self.names: dict[str, Sequence[str]] = {}
        self.srv_records: dict[str, Sequence[SrvRecord]] = {}
        self.down: set[str] = set()
        self.silent: set[str] = set()
        self.sent: list[Request] = []

    def answers(self, host: str, port: int, peer: Peer) -> None:
        """Let `peer` answer requests that dial `host`:`port`."""
        self.peers[host, port] = peer

    async def send(self, request: Request) -> Answer:
        self.sent.append(request)
        if request.host in self.silent:
            await asyncio.sleep(request.timeout_s)
            raise TimedOut(f"{request.host} is silent")
        peer = self.peers.get((request.host, request.port))
        if request.host in self.down or peer is None:
            raise Unreachable(f"nobody listens at {request.host}:{request.port}")
        return await peer(request)

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[Streamed]:
        answer = await self.send(request)
        yield Streamed(answer.status, answer.headers, _in_parts(answer.body, request))

    async def addresses(self, host: str) -> Sequence[str]:
        try:
            return self.names[host]
        except KeyError:
            raise NameNotFound(f"{host} has no address") from None

    async def srv(self, name: str) -> Sequence[SrvRecord]:
        return self.srv_records.get(name, ())


async def _in_parts(body: bytes, request: Request) -> AsyncIterator[bytes]:
    if len(body) > request.max_bytes:
        raise TooBig(f"{request.host} announced {len(body)} bytes")
    for start in range(0, len(body), CHUNK_BYTES):
        yield body[start : start + CHUNK_BYTES]
