"""What the tests of phone numbers stand on: a database, a clock of their own, the server's secret."""

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest
import structlog

from homeserver.app import App
from homeserver.clock import SystemRng
from homeserver.config.accounts import Discovery, Login, Password, PhoneLogin
from homeserver.services.phone import guard, own_numbers, work
from homeserver.services.threepids.vault import Vault
from homeserver.storage.database import Database
from tests.phone.house import Phones
from tests.support.client import Server
from tests.support.running import configured, running_on

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

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


@pytest.fixture
def phones() -> Iterator[Phones]:
    heard = Phones()
    with structlog.testing.capture_logs(processors=[heard]):
        yield heard


@pytest.fixture(scope="module")
async def house(
    cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[App, Server, Database]]:
    login = Login(password=Password(hash_cost="test"), phone=PhoneLogin(enabled=True))
    discovery = Discovery(enabled=True, identity_api=True)
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(work, "BITS", 4)
        changed.setattr(guard, "ADDRESS_AN_HOUR", 1000)
        changed.setattr(guard, "DEVICE_A_DAY", 1000)
        changed.setattr(guard, "PREFIX_AN_HOUR", 1000)
        changed.setattr(guard, "NUMBER_PAUSE_MS", 0)
        changed.setattr(guard, "NUMBER_A_DAY", 1000)
        changed.setattr(guard, "NUMBER_IN_10_MIN", 1000)
        changed.setattr(own_numbers, "ROUND_S", 0.1)
        async with (
            cluster.database() as url,
            running_on(configured(url, tmp_path_factory.mktemp("phone"), login=login, discovery=discovery)) as (
                app,
                server,
            ),
        ):
            database = await Database.open(url)
            yield app, server, database
            await database.close()


@pytest.fixture
def server(house: tuple[App, Server, Database]) -> Server:
    return house[1]
