"""What one client may take of a process: so many connections, and so many streams begun for nothing."""

import asyncio
from ipaddress import ip_address, ip_network

import aiohttp
import h2.config
import h2.connection
import h2.errors
import h2.events
import pytest

from homeserver.serving import Crowd
from homeserver.serving.crowd import MOST
from homeserver.serving.http2 import BURST
from tests.serving.raw import Wire, running

FIELDS = [(":method", "GET"), (":path", "/poll"), (":scheme", "http"), (":authority", "a")]


class Everyone(Crowd):
    """Counts this machine, too, as if it were a public address."""

    def _key(self, address: str | None) -> int | None:
        return int(ip_address(address)) if address else None


def test_a_public_address_is_full_with_so_many_and_free_again() -> None:
    crowd = Crowd()
    for _ in range(MOST):
        assert not crowd.is_full("1.1.1.1")
        crowd.enter("1.1.1.1")
    assert crowd.is_full("1.1.1.1")
    assert not crowd.is_full("1.1.1.2")
    crowd.leave("1.1.1.1")
    assert not crowd.is_full("1.1.1.1")


def test_a_network_of_version_6_counts_as_one_address() -> None:
    crowd = Crowd(most=2)
    crowd.enter("2606:4700::1")
    crowd.enter("2606:4700::abcd:1")
    assert crowd.is_full("2606:4700::2")
    assert not crowd.is_full("2606:4700:0:1::1")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.1.2.3", "fd00::1", "9.9.9.9", None, "unix"])
def test_private_addresses_and_trusted_proxies_are_not_counted(address: str | None) -> None:
    crowd = Crowd([ip_network("9.9.9.0/24")], most=1)
    crowd.enter(address)
    crowd.enter(address)
    assert not crowd.is_full(address)


async def test_an_address_that_is_full_is_turned_away_until_one_ends() -> None:
    async with running(crowd=Everyone(most=3)) as server, aiohttp.ClientSession() as http:
        first, second = await server.opens(), await server.opens()
        for wire in (first, second):
            assert await _is_answered(wire)
        async with http.ws_connect(f"ws://127.0.0.1:{server.port}/ws") as socket:
            await socket.send_str("hi")
            assert await socket.receive_str() == "hi"
            assert not await _is_answered(await server.opens())
            assert await _is_answered(second)
        async with asyncio.timeout(5):
            while not await _is_answered(await server.opens()):  # noqa: ASYNC110 - its place is free in a moment
                await asyncio.sleep(0.02)
        first.writer.close()
        second.writer.close()


async def _is_answered(wire: Wire) -> bool:
    try:
        await wire.send(b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n")
        return (await wire.answer())[0] == 200
    except (asyncio.IncompleteReadError, ConnectionError):
        return False


def _reset_often(times: int) -> bytes:
    """Streams that are begun and taken back at once."""
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
    connection.initiate_connection()
    for number in range(times):
        stream = 2 * number + 1
        connection.send_headers(stream, FIELDS)
        connection.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)
    return connection.data_to_send()


async def test_a_flood_of_resets_ends_its_connection_and_no_other() -> None:
    async with running() as server, await server.opens() as other, await server.opens() as wire:
        flood = _reset_often(BURST * 10)
        for start in range(0, len(flood), 8192):
            try:
                await wire.send(flood[start : start + 8192])
            except ConnectionError:
                break
        try:
            rest = await wire.rest()
        except ConnectionError:
            rest = b""
        assert len(server.app.paths) <= BURST
        assert rest == b"" or h2.errors.ErrorCodes.ENHANCE_YOUR_CALM.to_bytes(4, "big") in rest
        assert await _is_answered(other)


async def test_who_takes_back_a_few_requests_goes_on() -> None:
    async with running() as server, await server.opens() as wire:
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        connection.initiate_connection()
        fields = [(":method", "GET"), (":path", "/echo"), (":scheme", "http"), (":authority", "a")]
        for number in range(50):
            connection.send_headers(2 * number + 1, [*fields[:1], (":path", "/late"), *fields[2:]], end_stream=True)
            connection.reset_stream(2 * number + 1, h2.errors.ErrorCodes.CANCEL)
        connection.send_headers(101, fields, end_stream=True)
        await wire.send(connection.data_to_send())
        async with asyncio.timeout(5):
            while True:
                events = connection.receive_data(await wire.reader.read(65536))
                assert not any(isinstance(event, h2.events.ConnectionTerminated) for event in events)
                if any(isinstance(event, h2.events.StreamEnded) and event.stream_id == 101 for event in events):
                    return
