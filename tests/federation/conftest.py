"""What tests of federation share: an in-memory net, one server or two on it, and a peer that is nobody's friend."""

from collections.abc import AsyncIterator

import pytest

from homeserver.net.testing import FakeNet
from tests.support.evil_peer import EvilPeer
from tests.support.federation import Homeserver, homeservers
from tests.support.postgres import Cluster


@pytest.fixture
def net() -> FakeNet:
    return FakeNet()


@pytest.fixture
async def a(cluster: Cluster, net: FakeNet) -> AsyncIterator[Homeserver]:
    """The server a.test."""
    async with homeservers(cluster, net, "a.test") as (server,):
        yield server


@pytest.fixture
async def pair(cluster: Cluster, net: FakeNet) -> AsyncIterator[list[Homeserver]]:
    """The servers a.test and b.test."""
    async with homeservers(cluster, net, "a.test", "b.test") as servers:
        yield servers


@pytest.fixture
def peer(net: FakeNet) -> EvilPeer:
    return EvilPeer("evil.test", net)
