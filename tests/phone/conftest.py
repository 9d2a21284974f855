"""What the tests of phone numbers stand on: a database, a clock of their own, the server's secret."""

from collections.abc import AsyncIterator

import pytest

from homeserver.clock import SystemRng
from homeserver.services.threepids.vault import Vault
from homeserver.storage.database import Database

RNG = SystemRng()


class VirtualClock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.ms = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1000

    async def sleep(self, seconds: float) -> None:
        self.ms += int(seconds * 1000)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await Database.open(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def vault() -> Vault:
    return Vault(b"s" * 32, RNG)
