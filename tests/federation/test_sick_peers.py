"""R-5: peers that refuse, hang, drip, fail or talk nonsense delay nothing to the others, and cost little memory.

The peers are one listener on loopback, told apart by the Host header; requests go through the real HTTP client.
"""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any

import orjson
import psutil
import pytest

from homeserver.net.addresses import AddressPolicy
from homeserver.net.connector import tls_context
from homeserver.net.http import Answer, HttpClient, Request, Streamed
from homeserver.net.testing import FakeNet
from tests.support import crowd
from tests.support.federation import Homeserver, eventually, homeservers
from tests.support.ports import free_port
from tests.support.postgres import Cluster

SICKNESSES = ("hang", "refuse", "drip", "broken", "busy", "nonsense", "reset", "flood", "absent", "hang")
EVERY_S = 0.0025
"""Between messages, for each destination: the machine is to be busy, not overrun."""
BUSY_S = 1.0
"""What a busy machine may add, whoever is sick; one place that a sick peer holds costs others two seconds and more."""
MAX_GROWN_BYTES = 100 * 1024 * 1024


class Ward(FakeNet):
    """A net whose strangers live on loopback: the well take transactions, the others do as their sickness says."""

    def __init__(self, hosts: list[str]) -> None:
        super().__init__()
        self.sick: dict[str, str] = {}
        self.arrived: dict[tuple[str, str], float] = {}
        self.hosts = frozenset(hosts)
        self.names = dict.fromkeys(hosts, ("127.0.0.1",))
        self._client = HttpClient(AddressPolicy.of(True), self, tls_context(), user_agent="test", per_host=2)
        self._port = 0
        self._closed = free_port()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            await self._client.close()
            server.close()

    async def send(self, request: Request) -> Answer:
        if request.host not in self.hosts:
            return await super().send(request)
        return await self._client.send(self._local(request))

    def stream(self, request: Request) -> AbstractAsyncContextManager[Streamed]:
        return self._client.stream(self._local(request))

    def _local(self, request: Request) -> Request:
        port = self._closed if self.sick.get(request.host) == "refuse" else self._port
        return replace(request, scheme="http", port=port, tls_name=None)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                host, body = await _read(reader)
                sickness = self.sick.get(host)
                if sickness is not None:
                    await _suffer(sickness, writer)
                    return
                now = time.monotonic()
                for pdu in orjson.loads(body or b"{}").get("pdus", ()):
                    self.arrived.setdefault((host, pdu["content"].get("body", "")), now)
                writer.write(_response(200, b'{"pdus":{}}'))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
    body = await reader.readexactly(int(fields.get("content-length", 0)))
    return fields["host"].partition(":")[0], body


def _response(status: int, body: bytes, **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} x", f"Content-Length: {len(body)}", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def _suffer(sickness: str, writer: asyncio.StreamWriter) -> None:
    """Answer one request, in its way; the connection is closed afterwards."""
    if sickness == "hang":
        await asyncio.sleep(3600)
    elif sickness in {"drip", "flood"}:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        drop = b"1\r\n{\r\n" if sickness == "drip" else b"8000\r\n" + b"[" * 0x8000 + b"\r\n"
        while True:
            writer.write(drop)
            await writer.drain()
            if sickness == "drip":
                await asyncio.sleep(0.5)
    elif sickness == "reset":
        writer.transport.abort()
    else:
        answers = {
            "broken": _response(502, b"<html>bad gateway</html>"),
            "busy": _response(429, b'{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2000}'),
            "nonsense": _response(200, b"<html>welcome</html>"),
            "absent": _response(404, b"<html>not found</html>"),
        }
        writer.write(answers[sickness])
        await writer.drain()


@asynccontextmanager
async def _ward(cluster: Cluster, count: int) -> AsyncIterator[tuple[Homeserver, Ward, str]]:
    """A server, its net, and a room with a user of each of `count` peers."""
    ward = Ward(crowd.names(count))
    async with ward.open(), homeservers(cluster, ward, "a.test") as (a,):
        room = await a.creates_room(a.user("alice"))
        await crowd.joins(a, room, crowd.names(count))
        await a.says(a.user("alice"), room, "first")

        async def all_have_it() -> bool:
            return all((host, "first") in ward.arrived for host in ward.hosts)

        await eventually(all_have_it, within_s=60)
        yield a, ward, room


async def _delays(a: Homeserver, ward: Ward, room: str, to: list[str], label: str, messages: int) -> list[float]:
    """Say something every moment; seconds from each commit to each arrival, sorted."""
    said: dict[str, float] = {}
    for number in range(messages):
        text = f"{label} {number}"
        await a.says(a.user("alice"), room, text)
        said[text] = time.monotonic()
        await asyncio.sleep(EVERY_S * len(ward.hosts))

    async def all_have_all() -> bool:
        return all((host, text) in ward.arrived for host in to for text in said)

    await eventually(all_have_all, within_s=30)
    return sorted(max(0.0, ward.arrived[host, text] - at) for host in to for text, at in said.items())


def _p99(delays: list[float]) -> float:
    return delays[int(len(delays) * 0.99)]


async def _stays_fast(
    cluster: Cluster, count: int, messages: int, record: Callable[[str, Any], None]
) -> tuple[float, float]:
    """p99 in seconds to the half that stays well: with all well, and with the other half sick."""
    async with _ward(cluster, count) as (a, ward, room):
        hosts = crowd.names(count)
        well, ill = hosts[::2], hosts[1::2]
        await _delays(a, ward, room, hosts, "warm", 5)
        base = _p99(await _delays(a, ward, room, well, "all well", messages))
        process = psutil.Process()
        memory, tasks = process.memory_info().rss, len(asyncio.all_tasks())
        ward.sick = {host: SICKNESSES[number % len(SICKNESSES)] for number, host in enumerate(ill)}
        sick = _p99(await _delays(a, ward, room, well, "half sick", messages))
        grown = process.memory_info().rss - memory
        record(f"R-5, {count} destinations", f"p99 {base * 1000:.0f} ms all well, {sick * 1000:.0f} ms half sick")
        record("memory grown by", f"{grown / 2**20:.0f} MB")
        assert grown < MAX_GROWN_BYTES
        assert len(asyncio.all_tasks()) - tasks < 4 * count
        return base, sick


@pytest.fixture
def heap() -> Iterator[None]:
    """As `serve` has it: what all tests before this one left is not the server's to walk through.

    One walk of a quarter of a second delays all that one message brings about, and that is the p99 of a hundred.
    """
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.timeout(120)
@pytest.mark.usefixtures("heap")
async def test_sick_peers_delay_nothing_to_the_well(
    cluster: Cluster, record_property: Callable[[str, Any], None]
) -> None:
    base, sick = await _stays_fast(cluster, 40, 25, record_property)
    assert sick <= 1.2 * base + BUSY_S


@pytest.mark.full("federation")
@pytest.mark.timeout(400)
@pytest.mark.usefixtures("heap")
async def test_a_hundred_sick_peers_delay_nothing_to_a_hundred_well_ones(
    cluster: Cluster, record_property: Callable[[str, Any], None]
) -> None:
    base, sick = await _stays_fast(cluster, 200, 100, record_property)
    assert sick <= 1.2 * base


@pytest.mark.timeout(60)
async def test_who_was_sick_gets_what_it_missed_once_it_speaks(cluster: Cluster) -> None:
    async with _ward(cluster, 9) as (a, ward, room):
        ill = crowd.names(9)
        ward.sick = {host: SICKNESSES[number] for number, host in enumerate(ill)}
        texts = [f"n{number}" for number in range(60)]
        for text in texts:
            await a.says(a.user("alice"), room, text)

        async def most_are_left_alone() -> bool:
            return sum([not await a.federation.peers.may_ask(f"{host}:8448") for host in ill]) >= 5

        await eventually(most_are_left_alone, within_s=20)
        hanging = {host for host, sickness in ward.sick.items() if sickness in {"hang", "drip"}}
        ward.sick = dict.fromkeys(hanging, "hang")
        for host in ill:
            await a.federation.peers.heard_from(f"{host}:8448")

        async def all_have_all() -> bool:
            return all((host, text) in ward.arrived for host in ill if host not in hanging for text in texts)

        await eventually(all_have_all, within_s=10)
