"""Waiting for what a server does by itself."""

import asyncio
from collections.abc import Awaitable, Callable


async def eventually(check: Callable[[], Awaitable[bool]], limit_s: float = 20.0) -> None:
    """Wait until `check()` holds; TimeoutError when it does not within `limit_s`."""
    async with asyncio.timeout(limit_s):
        while not await check():  # noqa: ASYNC110 - what is asked is a server
            await asyncio.sleep(0.05)
