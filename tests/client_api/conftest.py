"""A running server for each test of the client API."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from homeserver.config.server import Database as DatabaseConfig
from homeserver.storage.database import Database
from tests.support.client import Server

if TYPE_CHECKING:
    from tests.support.postgres import Cluster


@pytest.fixture
async def own_server(cluster: "Cluster", tmp_path: Path) -> AsyncIterator[Server]:
    """A server of its own, seen by a client."""
    from tests.support.running import running_app

    async with running_app(cluster, tmp_path) as (_, server):
        yield server


@pytest.fixture
def server(own_server: Server) -> Server:
    """What tests call the server; modules whose tests leave each other alone share one in its place."""
    return own_server


@pytest.fixture
async def house(cluster: "Cluster", tmp_path: Path) -> AsyncIterator[tuple[Server, Database]]:
    """A server, and a look into its database."""
    from tests.support.running import running_app

    async with (
        cluster.database() as url,
        running_app(cluster, tmp_path, database=DatabaseConfig(url=url)) as (_, server),
    ):
        database = await Database.open(url)
        yield server, database
        await database.close()
