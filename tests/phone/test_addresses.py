"""Which account has which address: one at a time, and numbers never in clear."""

import asyncio

import pytest

from homeserver.errors import ThreepidInUse
from homeserver.services.threepids.addresses import Addresses
from homeserver.services.threepids.vault import Vault
from homeserver.services.threepids.verifications import Verifications
from homeserver.storage.database import Database
from homeserver.storage.users import Threepid, Threepids
from homeserver.storage.verifications import Verifications as Table
from tests.phone.conftest import RNG, VirtualClock

NUMBER = "447400123456"


@pytest.fixture
def addresses(database: Database, vault: Vault, clock: VirtualClock) -> Addresses:
    return Addresses(Threepids(database), vault, Verifications(Table(database), vault, clock, RNG), clock)


def _number_of(name: str) -> Threepid:
    return Threepid("msisdn", NUMBER, f"@{name}:test", 1, 2)


async def test_a_number_is_found_shown_and_released(addresses: Addresses) -> None:
    await addresses.add(_number_of("ann"))
    assert await addresses.owner("msisdn", NUMBER) == "@ann:test"
    assert await addresses.of_user("@ann:test") == [_number_of("ann")]
    assert not await addresses.remove("@bob:test", "msisdn", NUMBER)
    assert await addresses.remove("@ann:test", "msisdn", NUMBER)
    assert await addresses.owner("msisdn", NUMBER) is None


async def test_an_address_is_of_one_account_however_many_ask_at_once(addresses: Addresses) -> None:
    tries = (addresses.add(_number_of(name)) for name in ("ann", "bob", "cleo"))
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["NoneType", "ThreepidInUse", "ThreepidInUse"]
    owner = await addresses.owner("msisdn", NUMBER)
    with pytest.raises(ThreepidInUse):
        await addresses.add(_number_of("dan"))
    assert await addresses.owner("msisdn", NUMBER) == owner


async def test_the_database_holds_no_number_in_clear(addresses: Addresses, database: Database) -> None:
    await addresses.add(_number_of("ann"))
    await addresses.add(Threepid("email", "ann@example.org", "@ann:test", 1, 2))
    rows = await database.fetch("SELECT medium, address, sealed FROM threepids ORDER BY medium")
    assert (rows[0]["address"], rows[0]["sealed"]) == ("ann@example.org", None)
    assert NUMBER not in rows[1]["address"]
    assert NUMBER.encode() not in rows[1]["sealed"]
