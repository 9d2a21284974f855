"""Two server processes on loopback, real TLS and real sockets: the everyday life of a room on both."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from tests.support.client import Server, User
from tests.support.postgres import Cluster
from tests.support.server import ServerProcess

NewServer = Callable[..., Awaitable[ServerProcess]]


@pytest.fixture
async def servers(cluster: Cluster, new_server: NewServer) -> AsyncIterator[list[ServerProcess]]:
    async with AsyncExitStack() as resources:
        urls = [await resources.enter_async_context(cluster.database()) for _ in range(2)]
        yield [await new_server(database={"url": url}) for url in urls]


async def test_a_conversation_across_two_servers_survives_a_kill(servers: list[ServerProcess]) -> None:
    a, b = servers
    async with Server(a.url, a.name) as at_a, Server(b.url, b.name) as at_b:
        alice, bob = await at_a.register("alice"), await at_b.register("bob")
        room = await alice.creates_room()
        await alice.invites(bob, room)
        await bob.joins(room)
        await alice.says("hello", room)
        await _sees(bob, room, "hello")
        await bob.says("hi", room)
        await _sees(alice, room, "hi")
        oops = await bob.says("oops", room)
        await _sees(alice, room, "oops")
        await bob.redacts(room, oops)
        await _no_longer_sees(alice, room, "oops")
        await b.kill()
        for number in range(20):
            await alice.says(f"n{number}", room)
        await b.start()
        await _sees(bob, room, "n19", within_s=40)
        said = [text for text in await bob.sees(room) if text.startswith("n")]
        assert said == [f"n{number}" for number in range(20)]


async def _sees(user: User, room: str, text: str, within_s: float = 10) -> None:
    async with asyncio.timeout(within_s):
        while text not in await user.sees(room):  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.1)


async def _no_longer_sees(user: User, room: str, text: str) -> None:
    async with asyncio.timeout(10):
        while text in await user.sees(room):  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.1)
