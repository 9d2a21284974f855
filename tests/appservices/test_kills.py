"""The server is killed around a transaction: nothing is lost, the order stays, and a repeat is the same."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.support.appservice import Appservice
from tests.support.client import Server
from tests.support.server import ServerProcess

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

NewServer = Callable[..., Awaitable[ServerProcess]]
LINES = 6
DEATH_S = 1.0
"""A transaction that is not there by then will come after the restart."""


@pytest.mark.parametrize(
    "point", [pytest.param("appservice.kept", marks=pytest.mark.full("reliability")), "appservice.arrived"]
)
async def test_a_bridge_misses_nothing_when_the_server_is_killed(
    cluster: "Cluster", new_server: NewServer, tmp_path: Path, point: str
) -> None:
    async with Appservice(tmp_path) as bridge, cluster.database() as url:
        files = [bridge.file]
        process = await new_server(
            database={"url": url}, rate_limits={"enabled": False}, app_service_config_files=files
        )
        bridge.server_name = process.name
        async with Server(process.url, process.name) as server:
            ghost = await bridge.ghost(server, "killed")
            room = await ghost.creates_room()
            await bridge.until(lambda: bridge.saw(room_id=room, type="m.room.guest_access"))
            await process.stop()
            await process.start(HEARTH_FAULT=f"{point}:3")
            said = []
            for n in range(LINES):
                try:
                    said.append(await ghost.says(f"line {n}", room, f"txn{n}"))
                    async with asyncio.timeout(DEATH_S):
                        await bridge.until(lambda: bridge.saw(event_id=said[-1]))
                except (aiohttp.ClientError, TimeoutError):
                    break
            await process.wait(30)
            await process.start()
            said = [await ghost.says(f"line {n}", room, f"txn{n}") for n in range(LINES)]
            await bridge.until(lambda: bridge.saw(event_id=said[-1]))
            assert [event["event_id"] for event in bridge.saw(room_id=room, type="m.room.message")] == said
            by_id = dict(reversed(bridge.transactions))
            assert all(by_id[txn_id] == body for txn_id, body in bridge.transactions), "repeats are the same"
            if point == "appservice.arrived":
                assert len(bridge.transactions) > len(by_id), "one was repeated"
