"""R-18: messages to devices and changes of device lists survive a kill of the server at any point, each once."""

import random
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from tests.support.client import Json, Server, User
from tests.support.crypto import Device
from tests.support.server import ServerProcess

NewServer = Callable[..., Awaitable[ServerProcess]]
POINTS = ("stream.before_statement", "stream.after_statement", "stream.after_answers")


DEHYDRATED = "/unstable/org.matrix.msc3814.v1/dehydrated_device"
SETTINGS = {"rate_limits": {"enabled": False}, "federation": {"enabled": False}}


class Stubborn:
    """A client that asks again until it is answered; it starts the server again when it has died."""

    def __init__(self, process: ServerProcess) -> None:
        self._process = process
        self.deaths = 0

    async def does(self, user: User, method: str, path: str, body: Json | None = None, **query: Any) -> Json:
        while True:
            try:
                return await user.call(method, path, body, **query)
            except (aiohttp.ClientError, OSError):
                self.deaths += 1
                await self._process.kill()
                await self._process.start()


async def syncs(client: Stubborn, user: User) -> Json:
    """One sync; its token is kept once it has arrived."""
    query = {"timeout": 0} | ({"since": user.next_batch} if user.next_batch else {})
    answer = await client.does(user, "GET", "/v3/sync", **query)
    user.next_batch = answer["next_batch"]
    return answer


@pytest.mark.timeout(180)
async def test_messages_and_changes_survive_kills(new_server: NewServer, database_url: str) -> None:
    await _survives(await new_server(database={"url": database_url}, **SETTINGS), messages=10, seed=1)


@pytest.mark.full("reliability")
@pytest.mark.timeout(900)
async def test_many_messages_and_changes_survive_many_kills(new_server: NewServer, database_url: str) -> None:
    await _survives(await new_server(database={"url": database_url}, **SETTINGS), messages=100, seed=2)


async def _survives(process: ServerProcess, messages: int, seed: int) -> None:
    chance, client = random.Random(seed), Stubborn(process)
    async with Server(process.url, process.name) as server:
        alice, bob = await server.users("alice", "bob")
        room = await alice.creates_public_room()
        await bob.joins(room)
        await bob.syncs()
        got: list[int] = []
        told = 0
        for n in range(messages):
            if n % 4 == 0:
                await process.kill()
                await process.start(HEARTH_FAULT=f"{chance.choice(POINTS)}:{chance.randint(1, 6)}")
            body = {"messages": {bob.user_id: {"*": {"n": n}}}}
            await client.does(alice, "PUT", f"/v3/sendToDevice/m.x/{n}", body)
            device = Device(alice, device_id=f"D{n}")
            new_device = {"device_id": device.device_id, "device_data": {}, "device_keys": device.keys}
            await client.does(alice, "PUT", DEHYDRATED, new_device)
            answer = await syncs(client, bob)
            got += [event["content"]["n"] for event in answer.get("to_device", {}).get("events", [])]
            told += alice.user_id in answer.get("device_lists", {}).get("changed", [])
        assert got == list(range(messages))
        assert told == messages
        assert client.deaths > 0
