"""A running server for each test of the client API."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from homeserver.config.server import Database as DatabaseConfig
from homeserver.storage.database import Database
from tests.support.client import PASSWORD, Server, User

if TYPE_CHECKING:
    from tests.support.postgres import Cluster


@pytest.fixture
async def server(cluster: "Cluster", tmp_path: Path) -> AsyncIterator[Server]:
    """A server of its own, seen by a client."""
    from tests.support.running import running_app

    async with running_app(cluster, tmp_path) as (_, server):
        yield server


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


@pytest.fixture(scope="session")
async def shared_server(cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """One server for many tests: they sign up `people` and touch nothing that is not theirs."""
    from tests.support.running import running_app

    async with running_app(cluster, tmp_path_factory.mktemp("shared")) as (_, server):
        yield server


class Crowd(Server):
    """A shared server as one of a test's own: whoever signs up gets a name that is free."""

    async def register(self, localpart: str | None = None, *, password: str = PASSWORD, **more: object) -> User:
        """Sign up somebody; `localpart` is for readers."""
        return await super().register(None, password=password, **more)


@pytest.fixture(scope="session")
async def crowd(shared_server: Server) -> AsyncIterator[Server]:
    """The shared server, for modules whose tests touch only rooms and accounts of their own: theirs is `server`."""
    async with Crowd(shared_server.base_url, shared_server.name) as server:
        yield server
