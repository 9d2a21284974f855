"""One Hearth and one Synapse for a worker's tests, and who creates the room."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from tests.support import parts
from tests.support.client import Server
from tests.support.postgres import Cluster
from tests.support.server import ServerProcess
from tests.support.synapse import SynapseProcess
from tools.certificates import LocalCertificate

VERSIONS = ["10", "12", *(pytest.param(version, marks=pytest.mark.full("interop")) for version in ("6", "9", "11"))]


@dataclass(frozen=True, slots=True)
class Both:
    """The two processes and a client for each."""

    hearth_process: ServerProcess
    synapse_process: SynapseProcess
    hearth: Server
    synapse: Server


@dataclass(frozen=True, slots=True)
class Sides:
    """`home`: where the room is created, `away`: the other server; the room's version."""

    home: Server
    away: Server
    version: str


@pytest.fixture(scope="session")
async def both(
    cluster: Cluster, certificate: LocalCertificate, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Both]:
    """Both servers, running."""
    folder = tmp_path_factory.mktemp("interop")
    async with AsyncExitStack() as resources:
        url = await resources.enter_async_context(cluster.database())
        hearth = ServerProcess(
            folder / "hearth",
            certificate,
            database={"url": url},
            rate_limits={"enabled": False},
            federation={"public_rooms": True},
        )
        resources.push_async_callback(hearth.kill)
        await hearth.start()
        synapse = await SynapseProcess.made(cluster, folder / "synapse", certificate, resources)
        at_hearth = await resources.enter_async_context(Server(hearth.url, hearth.name))
        at_synapse = await resources.enter_async_context(Server(synapse.url, synapse.name))
        yield Both(hearth, synapse, at_hearth, at_synapse)


@pytest.fixture(params=["hearth", "synapse"])
def home(request: pytest.FixtureRequest) -> str:
    """Which of the two creates the room."""
    return str(request.param)


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """The room's version."""
    return str(request.param)


@pytest.fixture
def sides(both: Both, home: str, version: str) -> Sides:
    """The servers by their part in the test."""
    ours, theirs = both.hearth, both.synapse
    return Sides(ours, theirs, version) if home == "hearth" else Sides(theirs, ours, version)


@pytest.fixture
def many(request: pytest.FixtureRequest) -> int:
    """How many messages are many: Synapse takes a moment for each."""
    return 60 if "interop" in parts.asked(request.config) else 24
