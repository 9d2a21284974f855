"""Clients that are slow, on purpose or not. The limits are made short here."""

import asyncio
import time

import pytest

from homeserver.serving import connection, front
from tests.serving.raw import running, statuses

PUT = b"PUT /echo HTTP/1.1\r\nHost: a\r\n"


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "SWEEP_S", 0.02)
    for name, value in (("HEAD_S", 0.3), ("BODY_GRACE_S", 0.3), ("KEEP_ALIVE_S", 0.8), ("LINGER_S", 0.3)):
        monkeypatch.setattr(connection, name, value)
    monkeypatch.setattr(connection, "WRITE_STALL_S", 0.3)


async def test_a_head_that_does_not_come_to_its_end_is_a_408() -> None:
    async with running() as server, await server.opens() as wire:
        began = time.monotonic()
        await wire.send(b"GET /echo HTTP/1.1\r\nHost: a\r\n")
        assert statuses(await wire.rest()) == [408]
        assert 0.25 < time.monotonic() - began < 0.7


async def test_a_byte_now_and_then_does_not_prolong_the_head() -> None:
    async with running() as server, await server.opens() as wire:
        async with asyncio.timeout(5):
            for byte in b"GET /echo HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 1000:
                await wire.send(bytes([byte]))
                await asyncio.sleep(0.02)
                if wire.reader.at_eof() or wire.reader._buffer:  # type: ignore[attr-defined]
                    break
        assert statuses(await wire.rest()) == [408]


async def test_a_body_that_stalls_is_a_408_before_the_application_is_asked() -> None:
    async with running() as server, await server.opens() as wire:
        await wire.send(PUT + b"Content-Length: 1000\r\n\r\nhello")
        assert statuses(await wire.rest()) == [408]
        assert server.app.paths == []


async def test_a_long_body_that_stalls_is_a_408_and_told_to_the_application() -> None:
    async with running() as server, await server.opens() as wire:
        await wire.send(PUT + b"Content-Length: 1000000\r\n\r\nhello")
        assert statuses(await wire.rest()) == [408]
        assert server.app.gone.is_set()


async def test_a_body_may_take_long_at_one_kilobyte_a_second() -> None:
    async with running() as server, await server.opens() as wire:
        await wire.send(PUT + b"Content-Length: 2000\r\n\r\n")
        for _ in range(20):
            await wire.send(b"x" * 100)
            await asyncio.sleep(0.03)
        assert (await wire.answer())[0] == 200


async def test_an_idle_connection_is_closed_after_a_while() -> None:
    async with running() as server, await server.opens() as wire:
        began = time.monotonic()
        await wire.send(PUT + b"Content-Length: 0\r\n\r\n")
        assert (await wire.answer())[0] == 200
        assert await wire.rest() == b""
        assert time.monotonic() - began > 0.7


async def test_a_request_may_take_longer_to_answer_than_any_limit_of_its_client() -> None:
    async with running() as server, await server.opens() as wire:
        await wire.send(b"GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.sleep(1.2)
        server.app.go_on.set()
        assert await wire.answer() == (200, b"late")


async def test_a_client_that_reads_nothing_is_cut_off() -> None:
    async with running() as server, await server.opens(limit=1024) as wire:
        await wire.send(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.sleep(1)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await wire.reader.readexactly(65536 * 800)


async def test_many_silent_sockets_do_not_slow_an_honest_client() -> None:
    async with running() as server:
        silent = [await server.opens() for _ in range(300)]
        for wire in silent:
            wire.writer.write(b"GET /echo HT")
        async with await server.opens() as honest:
            began = time.monotonic()
            for _ in range(50):
                await honest.send(PUT + b"Content-Length: 2\r\n\r\nhi")
                await honest.answer()
            assert time.monotonic() - began < 1
        for wire in silent:
            wire.writer.close()
