"""Who finds whom by number: people who both want it, few a day, whatever a scraper has. Security: S-12."""

from dataclasses import dataclass

import pytest

from homeserver.errors import Forbidden, InvalidParam, LimitExceeded
from homeserver.protocol.identifiers import UserId
from homeserver.services.discovery.contacts import (
    MAX_ASKED,
    MAX_CONTACTS,
    NEW_A_DAY,
    ContactDiscovery,
    InvalidPepper,
)
from homeserver.services.requester import Requester
from homeserver.services.threepids.addresses import Addresses
from homeserver.services.threepids.vault import Vault
from homeserver.services.threepids.verifications import Verifications
from homeserver.storage.contact_lookups import DAY_MS, ContactLookups
from homeserver.storage.database import Database
from homeserver.storage.phone_accounts import PhoneAccounts
from homeserver.storage.users import Threepid, Threepids, Users
from homeserver.storage.verifications import Verifications as VerificationTable
from tests.phone.conftest import RNG, VirtualClock


@dataclass
class Town:
    """Accounts with numbers. People are named by a number of their own."""

    discovery: ContactDiscovery
    addresses: Addresses
    users: Users
    database: Database
    clock: VirtualClock

    async def person(self, n: int, *, knows: list[int] | None = None, is_found: bool = True) -> str:
        """Somebody with a number, who has others in the address book."""
        user_id = f"@p{n}:test"
        await self.users.create(user_id, password_hash=None, now_ms=1)
        await self.addresses.add(Threepid("msisdn", number(n), user_id, 1, 2))
        if is_found:
            await self.discovery.change(requester(user_id), is_found=True, is_invitable=None)
            await self.looks_up(user_id, knows or [])
        return user_id

    async def looks_up(self, user_id: str, people: list[int]) -> dict[int, str]:
        """Whom the user finds, by the number asked for."""
        hashes = {self.discovery.hash_of(number(n)): n for n in people}
        found = await self.discovery.lookup(user_id, list(hashes), "sha256", self.discovery.pepper)
        return {hashes[one]: who for one, who in found.items()}


def number(n: int) -> str:
    return f"4474{n:08}"


def requester(user_id: str) -> Requester:
    return Requester(UserId(user_id), None, user_nid=1, device_nid=None, session_nid=1)


@pytest.fixture
def town(database: Database, vault: Vault, clock: VirtualClock) -> Town:
    addresses = Addresses(
        Threepids(database), vault, Verifications(VerificationTable(database), vault, clock, RNG), clock
    )
    discovery = ContactDiscovery(
        enabled=True,
        pepper=None,
        lookups=ContactLookups(database),
        accounts=PhoneAccounts(database),
        addresses=addresses,
        vault=vault,
        clock=clock,
    )
    addresses.tell_by(discovery.gained)
    return Town(discovery, addresses, Users(database), database, clock)


async def test_two_who_have_each_others_numbers_find_each_other(town: Town) -> None:
    ann = await town.person(1, knows=[2, 3])
    ben = await town.person(2, knows=[1])
    assert await town.looks_up(ann, [2, 3]) == {2: ben}
    assert await town.looks_up(ben, [1, 3]) == {1: ann}


async def test_whose_number_one_has_is_not_found_unless_they_have_mine(town: Town) -> None:
    ann = await town.person(1)
    ben = await town.person(2, knows=[3])
    assert await town.looks_up(ann, [2]) == {}
    assert await town.looks_up(ben, [1]) == {1: ann}, "ann has looked ben up by now"
    assert await town.looks_up(ann, [2]) == {2: ben}


async def test_who_does_not_want_it_is_not_found_and_finds_nobody(town: Town) -> None:
    ann = await town.person(1)
    ben = await town.person(2, is_found=False)
    assert await town.looks_up(ann, [2]) == {}
    with pytest.raises(Forbidden):
        await town.looks_up(ben, [1])


async def test_who_no_longer_wants_it_is_forgotten(town: Town) -> None:
    ann, ben = await town.person(1, knows=[2]), await town.person(2, knows=[1])
    assert await town.looks_up(ann, [2]) == {2: ben}
    await town.discovery.change(requester(ben), is_found=False, is_invitable=None)
    assert await town.looks_up(ann, [2]) == {}
    kept = await town.database.fetchval("SELECT count(*) FROM contacts WHERE user_id = $1", ben)
    assert kept == 0
    await town.discovery.change(requester(ben), is_found=True, is_invitable=None)
    assert await town.looks_up(ann, [2]) == {}, "ben has to look ann up again"


async def test_a_new_number_is_found_and_an_old_one_no_longer(town: Town) -> None:
    ann, ben = await town.person(1, knows=[2, 5]), await town.person(2, knows=[1])
    await town.addresses.add(Threepid("msisdn", number(5), ben, 1, 2))
    assert await town.looks_up(ann, [2, 5]) == {2: ben, 5: ben}
    await town.addresses.remove(ben, "msisdn", number(2))
    assert await town.looks_up(ann, [2, 5]) == {5: ben}


async def test_deactivated_and_locked_accounts_are_not_found(town: Town) -> None:
    ann = await town.person(1)
    ben, cleo = await town.person(2, knows=[1]), await town.person(3, knows=[1])
    await town.users.deactivate(ben, erase=False)
    await town.database.execute("UPDATE users SET is_locked = true WHERE user_id = $1", cleo)
    assert await town.looks_up(ann, [2, 3]) == {}
    assert await town.database.fetchval("SELECT count(*) FROM contacts WHERE user_id = $1", ben) == 0


async def test_the_database_holds_no_hash_that_clients_send(town: Town) -> None:
    await town.person(1, knows=[2])
    sent = town.discovery.hash_of(number(2))
    rows = await town.database.fetch("SELECT lookup_index FROM contacts")
    assert [row["lookup_index"] for row in rows] == [town.discovery.index(sent)]
    assert sent.encode() not in rows[0]["lookup_index"]


async def test_questions_of_another_form_are_refused(town: Town) -> None:
    ann = await town.person(1)
    discovery = town.discovery
    with pytest.raises(InvalidPepper):
        await discovery.lookup(ann, [], "sha256", "another")
    with pytest.raises(InvalidParam):
        await discovery.lookup(ann, [], "none", discovery.pepper)
    with pytest.raises(InvalidParam):
        await discovery.lookup(ann, ["x"] * (MAX_ASKED + 1), "sha256", discovery.pepper)
    with pytest.raises(InvalidParam):
        await discovery.lookup(ann, ["x" * 100], "sha256", discovery.pepper)


@pytest.mark.parametrize(
    ("numbers", "days"), [(MAX_CONTACTS, 2), pytest.param(100_000, 3, marks=pytest.mark.full("phone"))]
)
async def test_a_scrape_learns_at_most_twenty_numbers_a_day(town: Town, numbers: int, days: int) -> None:
    """T12.2, at its worst: everybody wants to be found and has the scraper's number."""
    people = 100
    scraper = await town.person(0)
    for n in range(1, people + 1):
        await town.person(n, knows=[0])
    learnt: set[int] = set()
    refused = 0
    for day in range(1, days + 1):
        for first in range(1, numbers, MAX_ASKED):
            asked = list(range(first, min(first + MAX_ASKED, numbers)))
            try:
                learnt |= set(await town.looks_up(scraper, asked))
            except LimitExceeded:
                refused += 1
        assert len(learnt) == NEW_A_DAY * day
        town.clock.ms += DAY_MS
    assert (refused > 0) is (numbers > MAX_CONTACTS)


async def test_what_was_found_once_is_found_again_without_counting(town: Town) -> None:
    finder = await town.person(0)
    for n in range(1, NEW_A_DAY + 2):
        await town.person(n, knows=[0])
    everybody = list(range(1, NEW_A_DAY + 2))
    first = await town.looks_up(finder, everybody)
    assert len(first) == NEW_A_DAY
    assert await town.looks_up(finder, everybody) == first
    town.clock.ms += DAY_MS
    assert len(await town.looks_up(finder, everybody)) == NEW_A_DAY + 1
