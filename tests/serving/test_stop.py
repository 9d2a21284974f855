"""The end of the server: idle connections at once, running requests when they are answered, the rest after a while."""

import asyncio
import time

import pytest

from homeserver.serving import server as serving_server
from tests.serving.raw import running


async def test_a_running_request_is_answered_and_its_connection_closed() -> None:
    async with running() as server, await server.opens() as wire:
        await wire.send(b"GET /late HTTP/1.1\r\nHost: a\r\n\r\n" + b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.wait_for(server.app.polling.wait(), 5)
        server.stop.set()
        await asyncio.sleep(0.05)
        server.app.go_on.set()
        rest = await wire.rest()
        assert rest.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in rest
        assert rest.count(b"HTTP/1.1") == 1, "what follows is not begun any more"
        wire.writer.close()
        await asyncio.wait_for(server.task, 2)


async def test_idle_connections_and_half_heads_are_closed_at_once() -> None:
    async with running() as server, await server.opens() as idle, await server.opens() as half:
        await idle.send(b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n")
        await idle.answer()
        await half.send(b"GET /echo HT")
        began = time.monotonic()
        server.stop.set()
        assert await idle.rest() == b""
        assert await half.rest() == b""
        await asyncio.wait_for(server.task, 2)
        assert time.monotonic() - began < 1


async def test_what_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_server, "GRACEFUL_S", 0.3)
    async with running() as server, await server.opens() as wire, await server.opens() as reader:
        await wire.send(b"GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.send(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.wait_for(server.app.polling.wait(), 5)
        server.stop.set()
        await asyncio.wait_for(server.task, 3)


async def test_nobody_new_is_let_in() -> None:
    async with running() as server:
        server.stop.set()
        await asyncio.wait_for(server.task, 3)
        with pytest.raises(OSError, match=r".*"):
            await server.opens()
