"""One server with two bridges for all tests of this folder."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.support.appservice import Appservice
from tests.support.client import Server

if TYPE_CHECKING:
    from tests.support.postgres import Cluster


@dataclass(frozen=True, slots=True)
class House:
    """A server and its bridges: `bridge` gets everything, `quiet` has no address, and everybody in its namespace."""

    server: Server
    bridge: Appservice
    quiet: Appservice


@pytest.fixture(scope="session")
async def house(cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """The server, running."""
    from tests.support.running import running_app

    folder = tmp_path_factory.mktemp("appservices")
    async with AsyncExitStack() as resources:
        bridge = await resources.enter_async_context(Appservice(folder))
        everyone = {"users": [{"exclusive": False, "regex": "@.*"}]}
        quiet = Appservice(folder, "quiet", "_quiet_", more={"url": None, "namespaces": everyone})
        files = (bridge.file, quiet.file)
        _, server = await resources.enter_async_context(running_app(cluster, folder, app_service_config_files=files))
        yield House(server, bridge, quiet)
