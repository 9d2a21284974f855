"""One running server for the tests of the extensions."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from tests.support.client import Server

if TYPE_CHECKING:
    from tests.support.postgres import Cluster


@pytest.fixture(scope="session")
async def server(cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """The server, seen by a client; each test brings users of its own."""
    from tests.support.running import running_app

    async with running_app(cluster, tmp_path_factory.mktemp("extensions")) as (_, server):
        yield server
