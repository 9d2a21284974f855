"""Contacts across two paired servers, over a net in memory with real signatures."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from homeserver.asgi.dispatch import Dispatcher
from homeserver.asgi.observe import RequestObserver
from homeserver.errors import MatrixError
from homeserver.federation.server import contacts as contacts_api
from homeserver.net.testing import FakeNet
from homeserver.protocol.identifiers import UserId
from homeserver.services.discovery.contacts import NEW_A_DAY, ContactDiscovery
from homeserver.services.discovery.pairing import Pairing
from homeserver.services.requester import Requester
from homeserver.services.threepids.addresses import Addresses
from homeserver.services.threepids.vault import Vault
from homeserver.services.threepids.verifications import Verifications
from homeserver.storage.contact_lookups import ContactLookups
from homeserver.storage.phone_accounts import PhoneAccounts
from homeserver.storage.users import Threepid, Threepids, Users
from homeserver.storage.verifications import Verifications as VerificationTable
from tests.phone.conftest import RNG
from tests.support.federation import Homeserver, homeservers
from tests.support.postgres import Cluster

A, B = "a.test:8448", "b.test:8448"


@dataclass
class Side:
    """One of two servers. `spoils` changes what it answers, after it is signed."""

    server: Homeserver
    discovery: ContactDiscovery
    addresses: Addresses
    spoils: dict[str, Any] = field(default_factory=dict)

    async def person(self, n: int, *, knows: list[int]) -> str:
        """Somebody with a number who wants to be found and has others in the address book."""
        user_id = f"@p{n}:{self.server.name}"
        await Users(self.server.database).create(user_id, password_hash=None, now_ms=1)
        await self.addresses.add(Threepid("msisdn", number(n), user_id, 1, 2))
        asker = Requester(UserId(user_id), None, user_nid=1, device_nid=None, session_nid=1)
        await self.discovery.change(asker, is_found=True, is_invitable=None)
        await self.looks_up(user_id, knows)
        return user_id

    async def looks_up(self, user_id: str, people: list[int]) -> dict[int, str]:
        hashes = {self.discovery.hash_of(number(n)): n for n in people}
        found = await self.discovery.lookup(user_id, list(hashes), "sha256", self.discovery.pepper)
        return {hashes[one]: who for one, who in found.items()}


def number(n: int) -> str:
    return f"4474{n:08}"


def side(server: Homeserver, *, pepper: str = "of both", pairs: tuple[str, ...] = (A, B)) -> Side:
    database, clock = server.database, server.clock
    vault = Vault(server.name.encode().ljust(32, b"."), RNG)
    addresses = Addresses(
        Threepids(database), vault, Verifications(VerificationTable(database), vault, clock, RNG), clock
    )
    lookups = ContactLookups(database)
    discovery = ContactDiscovery(
        enabled=True,
        pepper=pepper,
        lookups=lookups,
        accounts=PhoneAccounts(database),
        addresses=addresses,
        vault=vault,
        clock=clock,
    )
    built = Side(server, discovery, addresses)

    async def ask(peer: str, question: Any) -> Any:
        answer = await server.federation.queries.contacts(peer, question)
        return {**answer, **built.spoils}

    pairing = Pairing(
        key=server.key,
        servers=pairs,
        discovery=discovery,
        lookups=lookups,
        keyring=server.federation.keyring,
        ask=ask,
        clock=clock,
    )
    discovery.ask_too(pairing)
    contacts_api.endpoints(server.federation.table, pairing)
    dispatcher = Dispatcher(
        server.federation.routes, observer=RequestObserver(CollectorRegistry()), stopping=asyncio.Event()
    )
    server.application = dispatcher.listener(frozenset({"federation", "keys"}))
    return built


@pytest.fixture
async def pair(cluster: Cluster) -> AsyncIterator[list[Homeserver]]:
    async with homeservers(cluster, FakeNet(), "a.test", "b.test") as servers:
        yield servers


async def test_two_of_paired_servers_find_each_other_if_both_know_the_other(pair: list[Homeserver]) -> None:
    here, there = side(pair[0]), side(pair[1])
    ann = await here.person(1, knows=[2, 3])
    ben = await there.person(2, knows=[1])
    await there.person(3, knows=[])
    assert await here.looks_up(ann, [2, 3]) == {2: ben}
    assert await there.looks_up(ben, [1]) == {1: ann}


async def test_an_answer_that_is_not_signed_as_it_is_finds_nobody(pair: list[Homeserver]) -> None:
    here, there = side(pair[0]), side(pair[1])
    ann = await here.person(1, knows=[2])
    ben = await there.person(2, knows=[1])
    for spoilt in ({"mappings": {here.discovery.hash_of(number(2)): f"@eve:{B}"}}, {"asked": "x"}, {"signatures": {}}):
        here.spoils = spoilt
        assert await here.looks_up(ann, [2]) == {}
    here.spoils = {}
    assert await here.looks_up(ann, [2]) == {2: ben}


@pytest.mark.parametrize(("pepper", "pairs"), [("of both", ()), ("another", (A, B))])
async def test_a_server_that_does_not_pair_too_tells_nothing(
    pair: list[Homeserver], pepper: str, pairs: tuple[str, ...]
) -> None:
    here, there = side(pair[0]), side(pair[1], pepper=pepper, pairs=pairs)
    ann = await here.person(1, knows=[2])
    await there.person(2, knows=[1])
    assert await here.looks_up(ann, [2]) == {}


async def test_a_paired_server_asks_for_its_own_users_only_and_little(pair: list[Homeserver]) -> None:
    here, there = side(pair[0]), side(pair[1])
    own = here.discovery.hash_of(number(0))
    people = list(range(1, NEW_A_DAY + 10))
    for n in people:
        await there.person(n, knows=[0])
    wanted = [here.discovery.hash_of(number(n)) for n in people]
    question = {"finder": f"@any:{A}", "own": [own], "addresses": wanted, "pepper": "of both"}
    ask = pair[0].federation.queries.contacts
    assert len((await ask(B, question))["mappings"]) == NEW_A_DAY
    assert len((await ask(B, question))["mappings"]) == NEW_A_DAY, "the same ones"
    refused = [{"finder": f"@p1:{B}"}, {"finder": "x"}, {"own": [own] * 11}, {"addresses": ["x" * 65]}, {"own": 5}]
    for changes in refused:
        with pytest.raises(MatrixError):
            await ask(B, {**question, **changes})
