"""Two processes on one database: one of them fills index and queues, whichever takes the request."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from homeserver.config.network import OutboundHttp
from homeserver.config.server import Database as DatabaseConfig
from tests.services.push.gateway import running_gateway, sets_pusher
from tests.services.search.test_messages import found
from tests.support.client import Server, User
from tools.certificates import LocalCertificate

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

LIMIT_S = 60.0


@contextlib.asynccontextmanager
async def two(cluster: "Cluster", folder: Path) -> AsyncIterator[tuple[Server, Server]]:
    from tests.support.running import running_app

    outbound = OutboundHttp(verify_certificates=False, allow_private_addresses=True)
    async with cluster.database() as url, contextlib.AsyncExitStack() as stack:
        servers = []
        for name in ("one", "two"):
            config = {"database": DatabaseConfig(url=url), "outbound_http": outbound, "processes": 2}
            _, server = await stack.enter_async_context(running_app(cluster, folder / name, **config))
            servers.append(server)
        yield servers[0], servers[1]


async def test_either_process_finds_and_tells_what_came_by_the_other(
    cluster: "Cluster", tmp_path: Path, certificate: LocalCertificate
) -> None:
    async with two(cluster, tmp_path) as (one, other), running_gateway(certificate) as gateway:
        alice, bob = await one.register("alice"), await one.register("bob")
        alice_there = User(other, alice.user_id, alice.token, alice.device_id)
        bob_there = User(other, bob.user_id, bob.token, bob.device_id)
        room = await alice.creates_room(inviting=bob)
        await bob_there.joins(room)
        await sets_pusher(bob, gateway.url, "one")
        await sets_pusher(bob_there, gateway.url, "two")
        said = [await (alice, alice_there)[number % 2].says(f"mango {number}", room) for number in range(4)]
        deadline = time.monotonic() + LIMIT_S
        for reader in (alice, bob_there):
            while len(await found(reader, "mango")) < 4:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.2)
        last = said[-1]
        while not all(last in gateway.events_of(key) for key in ("one", "two")):
            assert time.monotonic() < deadline, gateway.came
            last = await alice.says("again", room)
            await asyncio.sleep(0.5)
        for key in ("one", "two"):
            told = gateway.events_of(key)
            assert len(told) == len(set(told))
