"""An address is proven by whoever reads its messages, once, for what it was asked for, and by nobody else."""

import asyncio
import random
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from homeserver.errors import InvalidParam, LimitExceeded
from homeserver.services.threepids.addresses import Addresses
from homeserver.services.threepids.vault import Vault
from homeserver.services.threepids.verifications import (
    LIFE_MS,
    MaybeSent,
    Proof,
    Purpose,
    ThreepidAuthFailed,
    Verifications,
    Wanted,
)
from homeserver.storage.database import Database
from homeserver.storage.users import Threepids
from homeserver.storage.verifications import DAY_MS, FAILURES_A_DAY, TRIES
from homeserver.storage.verifications import Verifications as Table
from tests.phone.conftest import RNG, VirtualClock

PHONE = "447400123456"
OTHER = "447400123457"


@dataclass
class Post:
    """Carries codes into letter boxes, as a provider that only carries text does."""

    keeps_codes: bool = False
    boxes: dict[str, list[str]] = field(default_factory=dict)
    fails: list[Exception] = field(default_factory=list)
    completions: list[str] = field(default_factory=list)

    async def send(self, wanted: Wanted, sid: str, code: str) -> str | None:
        if self.fails:
            raise self.fails.pop(0)
        self.boxes.setdefault(wanted.address, []).append(code)
        return sid if self.keeps_codes else None

    async def check(self, address: str, reference: str, code: str) -> bool:
        return self.boxes[address][-1] == code

    async def completed(self, address: str) -> None:
        self.completions.append(address)


@dataclass
class House:
    """The service under test and its post."""

    verifications: Verifications
    addresses: Addresses
    post: Post
    clock: VirtualClock

    def last(self, address: str = PHONE) -> str:
        return self.post.boxes[address][-1]


@pytest.fixture(params=[False, True], ids=["our codes", "the provider's codes"])
def house(database: Database, vault: Vault, clock: VirtualClock, request: pytest.FixtureRequest) -> House:
    return _house(database, vault, clock, keeps_codes=request.param)


def _house(database: Database, vault: Vault, clock: VirtualClock, *, keeps_codes: bool = False) -> House:
    verifications, post = Verifications(Table(database), vault, clock, RNG), Post(keeps_codes)
    verifications.carry("msisdn", post)
    return House(verifications, Addresses(Threepids(database), vault, verifications, clock), post, clock)


def _wanted(**changes: Any) -> Wanted:
    return replace(Wanted("msisdn", PHONE, "register", "secret", 1, "192.0.2.1"), **changes)


def _creds(sid: str, client_secret: str = "secret") -> dict[str, str]:
    return {"sid": sid, "client_secret": client_secret}


async def test_a_code_given_back_proves_the_address_once(house: House) -> None:
    sid = await house.verifications.request(_wanted())
    with pytest.raises(ThreepidAuthFailed):
        await house.verifications.proven(_creds(sid), "msisdn", "register")
    assert await house.verifications.submit(sid, "secret", house.last()) is not None
    proof = await house.verifications.proven(_creds(sid), "msisdn", "register")
    assert (proof.medium, proof.address, house.post.completions) == ("msisdn", PHONE, [PHONE])
    await house.verifications.use(proof)
    for _ in range(2):
        with pytest.raises(ThreepidAuthFailed):
            await house.verifications.use(proof)
        with pytest.raises(ThreepidAuthFailed):
            await house.verifications.proven(_creds(sid), "msisdn", "register")


async def test_one_press_sends_one_message_and_another_press_another_code(house: House) -> None:
    sids = await asyncio.gather(*(house.verifications.request(_wanted()) for _ in range(5)))
    assert len(set(sids)) == 1
    assert len(house.post.boxes[PHONE]) == 1
    first = house.last()
    assert await house.verifications.request(_wanted(send_attempt=2)) == sids[0]
    assert len(house.post.boxes[PHONE]) == 2
    if first != house.last():
        assert await house.verifications.submit(sids[0], "secret", first) is None


async def test_a_press_that_failed_can_be_repeated_unless_it_may_have_been_sent(house: House) -> None:
    house.post.fails = [LimitExceeded(retry_after_ms=1), MaybeSent("down")]
    with pytest.raises(LimitExceeded):
        await house.verifications.request(_wanted())
    with pytest.raises(MaybeSent):
        await house.verifications.request(_wanted())
    await house.verifications.request(_wanted())
    assert house.post.boxes == {}
    await house.verifications.request(_wanted(send_attempt=2))
    assert len(house.post.boxes[PHONE]) == 1


async def test_a_code_is_tried_five_times(house: House) -> None:
    sid = await house.verifications.request(_wanted())
    for _ in range(TRIES):
        assert await house.verifications.submit(sid, "secret", "wrong") is None
    assert await house.verifications.submit(sid, "secret", house.last()) is None


async def test_a_number_is_tried_ten_times_a_day_by_all_together(house: House) -> None:
    for number in range(4):
        sid = await house.verifications.request(_wanted(client_secret=f"secret{number}"))
        tries = (house.verifications.submit(sid, f"secret{number}", "wrong") for _ in range(TRIES))
        assert await asyncio.gather(*tries) == [None] * TRIES
    sid = await house.verifications.request(_wanted(client_secret="late"))
    assert await house.verifications.submit(sid, "late", house.last()) is None
    house.clock.ms += DAY_MS + 1
    sid = await house.verifications.request(_wanted(client_secret="next day"[:4]))
    assert await house.verifications.submit(sid, "next", house.last()) is not None


async def test_guesses_of_a_day_succeed_with_a_chance_of_one_in_100000(
    database: Database, vault: Vault, clock: VirtualClock
) -> None:
    house = _house(database, vault, clock)
    looked = 0
    for number in range(30):
        sid = await house.verifications.request(_wanted(client_secret=f"s{number}"))
        for _ in range(TRIES + 1):
            looked += await Table(database).take_try(sid, _digest(f"s{number}"), clock.now_ms()) is not None
    assert looked <= FAILURES_A_DAY == 10


async def test_a_proof_is_too_old_after_fifteen_minutes(house: House) -> None:
    sid = await house.verifications.request(_wanted())
    await house.verifications.submit(sid, "secret", house.last())
    house.clock.ms += LIFE_MS
    with pytest.raises(ThreepidAuthFailed):
        await house.verifications.proven(_creds(sid), "msisdn", "register")


@pytest.mark.parametrize(
    ("creds", "medium", "purpose", "user_id"),
    [
        ({"client_secret": "other"}, "msisdn", "register", ""),
        ({"sid": "other"}, "msisdn", "register", ""),
        ({}, "email", "register", ""),
        ({}, "msisdn", "password", ""),
        ({}, "msisdn", "add", ""),
        ({}, "msisdn", "register", "@eve:test"),
    ],
)
async def test_a_proof_is_of_one_address_for_one_purpose(
    house: House, creds: dict[str, str], medium: Any, purpose: Any, user_id: str
) -> None:
    sid = await house.verifications.request(_wanted())
    await house.verifications.submit(sid, "secret", house.last())
    with pytest.raises(ThreepidAuthFailed):
        await house.verifications.proven({**_creds(sid), **creds}, medium, purpose, user_id)


async def test_a_request_for_nobody_answers_the_same_and_proves_nothing(house: House) -> None:
    sid = (await house.verifications.begin(_wanted(), send=False)).sid
    assert house.post.boxes == {}
    for code in ("", "000000", "None"):
        assert await house.verifications.submit(sid, "secret", code) is None


@pytest.mark.parametrize("changes", [{"client_secret": ""}, {"client_secret": "a b"}, {"send_attempt": -1}])
async def test_a_bad_request_is_refused(house: House, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidParam):
        await house.verifications.request(_wanted(**changes))


async def test_old_sessions_are_pruned(house: House, database: Database) -> None:
    await house.verifications.request(_wanted())
    assert await Table(database).prune(house.clock.now_ms()) == 0
    house.clock.ms += DAY_MS + 1
    assert await Table(database).prune(house.clock.now_ms()) == 1


# -- T15.1: two attackers and a victim -------------------------------------------------------------------------------

AT_ONCE = 8
STEPS = 14
PURPOSES: tuple[Purpose, ...] = ("register", "password", "add", "login")


class Player:
    """Somebody who reads the messages of one address, and knows what all public answers said."""

    def __init__(self, name: str, reads: str) -> None:
        self.name = name
        self.reads = reads
        self.secrets = [f"{name}{number}" for number in range(3)]


async def _play(seed: int, house: House) -> None:
    chance = random.Random(seed)
    victim, *attackers = (Player("victim", PHONE), Player("eve", OTHER), Player("mallory", "447400123458"))
    sids: list[str] = []
    proofs: list[tuple[Player, Proof]] = []
    for _ in range(STEPS):
        player = chance.choice([victim, *attackers, *attackers])
        secret = chance.choice(player.secrets)
        purpose = chance.choice(PURPOSES)
        user_id = f"@{player.name}:test" if purpose == "add" else ""
        match chance.choice(["request", "submit", "submit", "proven", "use", "wait"]):
            case "request":
                address = chance.choice([victim.reads, player.reads])
                wanted = Wanted("msisdn", address, purpose, secret, chance.randrange(4), "192.0.2.1", user_id)
                sids.append(await house.verifications.request(wanted))
            case "submit" if sids:
                known = [*house.post.boxes.get(player.reads, []), "000000"]
                await house.verifications.submit(chance.choice(sids), secret, chance.choice(known))
            case "proven" if sids:
                try:
                    proof = await house.verifications.proven(
                        _creds(chance.choice(sids), secret), "msisdn", purpose, user_id
                    )
                except ThreepidAuthFailed:
                    continue
                assert proof.address == player.reads, f"seed {seed}: {player.name} proved an address of another"
                proofs.append((player, proof))
            case "use" if proofs:
                player, proof = proofs.pop(chance.randrange(len(proofs)))
                try:
                    await _gain(house, f"@{player.name}.{seed}:test", proof, replaces=chance.random() < 0.5)
                except ThreepidAuthFailed:
                    assert proof.sid in house.post.completions, f"seed {seed}: an unused proof was refused"
                else:
                    assert proof.sid not in house.post.completions, f"seed {seed}: a proof was used twice"
                    house.post.completions.append(proof.sid)
                for reader in (victim, *attackers):
                    owner = await house.addresses.owner("msisdn", reader.reads)
                    assert owner in {None, f"@{reader.name}.{seed}:test"}, f"seed {seed}: {owner} took an address"
            case "wait":
                house.clock.ms += chance.choice([1000, 60_000, LIFE_MS // 2])


async def _gain(house: House, account: str, proof: Proof, *, replaces: bool) -> None:
    """Bind the proven address to the account, or put it in the place of the one that it has."""
    own = await house.addresses.of_user(account)
    if replaces and own:
        await house.addresses.replace(account, own[0], proof)
    else:
        await house.addresses.bind(proof, account)


async def _interleave(games: int, database: Database) -> None:
    first = random.SystemRandom().randrange(2**32)
    print(f"seeds {first} to {first + games - 1}")
    for start in range(first, first + games, AT_ONCE):
        houses = {
            seed: _house(database, Vault(seed.to_bytes(32, "big"), RNG), VirtualClock())
            for seed in range(start, min(start + AT_ONCE, first + games))
        }
        await asyncio.gather(*(_play(seed, house) for seed, house in houses.items()))


async def test_whoever_gains_an_address_has_read_its_messages(database: Database) -> None:
    await _interleave(500, database)


@pytest.mark.full("phone")
@pytest.mark.timeout(1800)
async def test_whoever_gains_an_address_has_read_its_messages_10000_times(
    database: Database, record_property: Any
) -> None:
    await _interleave(10_000, database)
    record_property("T15.1 interleavings", 10_000)


def _digest(text: str) -> bytes:
    from hashlib import sha256

    return sha256(text.encode()).digest()
