"""Two processes behind one port, on one embedded database and one Redis."""

import asyncio
import os
import re
import signal
import time
from collections.abc import Awaitable, Callable

import aiohttp

from tests.support.redis import RedisServer
from tests.support.server import ServerProcess


async def test_a_killed_process_is_missed_for_a_moment_only(
    new_server: Callable[..., Awaitable[ServerProcess]], redis: RedisServer
) -> None:
    server = await new_server(processes=2, redis={"url": redis.url})
    deadline = time.monotonic() + 20
    while len(re.findall(r" ready +addresses=", server.log)) < 2:
        assert time.monotonic() < deadline, server.log
        await asyncio.sleep(0.1)
    pids = re.findall(r"pid=(\d+)", server.log)
    os.kill(int(pids[0]), signal.SIGKILL)
    began, answered_since = time.monotonic(), 0.0
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http:
        while time.monotonic() - began < 20 and time.monotonic() - (answered_since or time.monotonic()) < 2:
            try:
                async with http.get(f"{server.url}/health") as answer:
                    answered_since = (answered_since or time.monotonic()) if answer.status == 200 else 0.0
            except aiohttp.ClientError:
                answered_since = 0.0
            await asyncio.sleep(0.05)
    assert time.monotonic() - began < 20, server.log
    assert len(re.findall(r"pid=(\d+)", server.log)) == 3, "the killed one was replaced"
    assert await server.stop() == 0
