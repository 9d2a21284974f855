"""What a wake-up costs: nothing of PostgreSQL, by whatever door."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from homeserver.storage import database, stream
from tests.support.client import Server
from tests.support.socket_client import socket

if TYPE_CHECKING:
    from tests.support.postgres import Cluster


class Trips:
    """Round trips of the whole server."""

    def __init__(self) -> None:
        self.reads = self.writes = 0

    def add(self, *, write: bool = False) -> None:
        if write:
            self.writes += 1
        else:
            self.reads += 1


@pytest.fixture
async def counted(
    cluster: "Cluster", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Server, Trips]]:
    from tests.support.running import running_app

    trips = Trips()
    monkeypatch.setattr(database, "count_trip", trips.add)
    monkeypatch.setattr(stream, "count_trip", trips.add)
    async with running_app(cluster, tmp_path) as (_, server):
        yield server, trips


async def test_a_message_to_all_doors_costs_its_one_write_and_no_read(counted: tuple[Server, Trips]) -> None:
    server, trips = counted
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room()
    await bob.joins(room)
    phone = await server.login("bob")
    async with socket(phone) as stream:
        await stream.delta()
        await bob.syncs()
        await alice.says("warm", room)
        await bob.syncs()
        await stream.delta()
        trips.reads = trips.writes = 0
        waiting = asyncio.create_task(bob.syncs(timeout_ms=5_000))
        await asyncio.sleep(0.05)
        await alice.says("counted", room)
        await waiting
        body = await stream.delta()
        assert body["rooms"][room]["num_live"] == 1
        assert (trips.reads, trips.writes) == (0, 1)
