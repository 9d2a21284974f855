"""TLS, WebSockets and HTTP/2: what the front does itself, and what it hands over."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import h2.config
import h2.connection
import h2.events
import pytest

from tests.serving.raw import Running, Wire, running
from tools.certificates import LocalCertificate

HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@pytest.fixture
async def secure(certificate: LocalCertificate) -> AsyncIterator[Running]:
    async with running(certificate=(Path(certificate.certificate), Path(certificate.private_key))) as server:
        yield server


def trusting(certificate: LocalCertificate, *protocols: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(certificate.authority))
    context.check_hostname = False
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


async def test_http_1_1_over_tls(secure: Running, certificate: LocalCertificate) -> None:
    for protocols in ((), ("http/1.1",)):
        async with await secure.opens(tls=trusting(certificate, *protocols)) as wire:
            for size in (0, 5, 300_000):
                await wire.send(b"PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
                assert await wire.answer() == (200, b"x" * size)
    assert {scope["scheme"] for scope in secure.app.scopes} == {"https"}


async def test_a_long_poll_over_tls_hears_that_its_client_has_gone(
    secure: Running, certificate: LocalCertificate
) -> None:
    wire = await secure.opens(tls=trusting(certificate))
    await wire.send(b"GET /poll HTTP/1.1\r\nHost: a\r\n\r\n")
    await asyncio.wait_for(secure.app.polling.wait(), 5)
    wire.writer.close()
    await asyncio.wait_for(secure.app.gone.wait(), 5)


async def test_a_refused_upload_over_tls_gets_its_answer(secure: Running, certificate: LocalCertificate) -> None:
    async with await secure.opens(tls=trusting(certificate)) as wire:
        await wire.send(b"PUT /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n" + b"x" * 300_000)
        assert await wire.answer() == (413, b"no, thanks")


@pytest.mark.parametrize("is_secure", [False, True])
async def test_http_2_is_handed_over(is_secure: bool, secure: Running, certificate: LocalCertificate) -> None:
    if is_secure:
        async with await secure.opens(tls=trusting(certificate, "h2", "http/1.1")) as wire:
            assert await _ask_over_h2(wire, b"hello") == b"hello"
    else:
        async with running() as plain, await plain.opens() as wire:
            assert await _ask_over_h2(wire, b"hello") == b"hello"


async def test_the_preface_of_http_2_may_come_in_pieces() -> None:
    async with running() as server, await server.opens() as wire:
        assert await _ask_over_h2(wire, b"hello", pieces=True) == b"hello"


async def _ask_over_h2(wire: Wire, body: bytes, *, pieces: bool = False) -> bytes:
    """PUT /echo over HTTP/2; the answer's body."""
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
    connection.initiate_connection()
    fields = [(":method", "PUT"), (":path", "/echo"), (":scheme", "http"), (":authority", "a")]
    connection.send_headers(1, fields)
    connection.send_data(1, body, end_stream=True)
    out = connection.data_to_send()
    for piece in [out[n : n + 1] for n in range(40)] + [out[40:]] if pieces else [out]:
        await wire.send(piece)
        await asyncio.sleep(0)
    answer = b""
    async with asyncio.timeout(5):
        while True:
            for event in connection.receive_data(await wire.reader.read(65536)):
                if isinstance(event, h2.events.DataReceived):
                    answer += event.data or b""
                elif isinstance(event, h2.events.StreamEnded):
                    return answer


@pytest.mark.parametrize("is_secure", [False, True])
async def test_a_websocket_is_handed_over(is_secure: bool, secure: Running, certificate: LocalCertificate) -> None:
    async with running() as plain, aiohttp.ClientSession() as http:
        url = f"wss://localhost:{secure.port}/ws" if is_secure else f"ws://localhost:{plain.port}/ws"
        async with http.ws_connect(url, ssl=trusting(certificate)) as socket:
            for size in (1, 1000, 100_000):
                await socket.send_str("a" * size)
                assert await socket.receive_str() == "a" * size


async def test_a_websocket_may_follow_requests_on_its_connection() -> None:
    masked_hi = b"\x81\x82\x00\x00\x00\x00hi"
    async with running() as server, await server.opens() as wire:
        await wire.send(b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n" + HANDSHAKE)
        assert (await wire.answer())[0] == 200
        head = await asyncio.wait_for(wire.reader.readuntil(b"\r\n\r\n"), 5)
        assert head.startswith(b"HTTP/1.1 101")
        await wire.send(masked_hi)
        assert await asyncio.wait_for(wire.reader.readexactly(4), 5) == b"\x81\x02hi"


async def test_nothing_is_served_on_a_connection_whose_websocket_was_refused() -> None:
    async with running() as server, await server.opens() as wire:
        bad = HANDSHAKE.replace(b"Version: 13", b"Version: 1")
        await wire.send(bad + b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        answers = await wire.rest()
        assert b" 200" not in answers
        assert server.app.paths == []
