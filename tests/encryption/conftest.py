"""A running server for each test of end-to-end encryption."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.client import Server

if TYPE_CHECKING:
    from tests.support.postgres import Cluster


@pytest.fixture
async def server(cluster: "Cluster", tmp_path: Path) -> AsyncIterator[Server]:
    """A server of its own, seen by a client."""
    from tests.support.running import running_app

    async with running_app(cluster, tmp_path) as (_, server):
        yield server
