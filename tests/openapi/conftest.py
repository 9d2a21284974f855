"""One world for all cases."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.openapi.world import World
    from tests.support.postgres import Cluster


@pytest.fixture(scope="session")
async def world(cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory) -> "AsyncIterator[World]":
    """A server with everything switched on."""
    from tests.openapi.world import world_of

    async with world_of(cluster, tmp_path_factory.mktemp("world")) as world:
        yield world
