"""Messages cost money: nobody makes the server send more than its budget, whatever addresses and numbers they have."""

import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
import structlog

from homeserver.config.accounts import Sms, SmsBudget
from homeserver.errors import LimitExceeded, MatrixError, ThreepidDenied, Unavailable
from homeserver.services.phone.guard import (
    ADDRESS_AN_HOUR,
    BREAKER_AFTER,
    DEVICE_A_DAY,
    INVITER_A_DAY,
    NUMBER_A_DAY,
    NUMBER_PAUSE_MS,
    PREFIX_AN_HOUR,
    Budget,
    SpendGuard,
)
from homeserver.services.phone.numbers import parse
from homeserver.services.phone.work import LIFE_MS, Work, WorkNeeded
from homeserver.services.threepids.vault import Vault
from homeserver.storage.database import Database
from homeserver.storage.sms import DAY_MS, HOUR_MS, KEPT_MS, SmsSends
from tests.phone.conftest import VirtualClock
from tests.phone.house import solve

BITS = 6
MUCH = SmsBudget(per_hour=10_000, per_day=10_000)


@dataclass
class Office:
    """The guard, and a person at its counter who does the work that is asked for."""

    guard: SpendGuard
    work: Work
    sends: SmsSends
    clock: VirtualClock

    async def pay(self, number: str, *, address: str = "192.0.2.1", device: str = "phone", works: bool = True) -> int:
        return await self.guard.pay(
            parse(number),
            address=address,
            device=device,
            proof=solve(self.work.challenge(parse(number).e164), BITS) if works else None,
        )


def _office(database: Database, vault: Vault, clock: VirtualClock, budget: SmsBudget = MUCH) -> Office:
    work, sends = Work(vault, clock, BITS), SmsSends(database)
    config = Sms(countries=("GB", "US", "DE"), budget=budget)
    return Office(SpendGuard(config, sends, vault, work, clock), work, sends, clock)


@pytest.fixture
def office(database: Database, vault: Vault, clock: VirtualClock) -> Office:
    return _office(database, vault, clock)


def _number(n: int) -> str:
    """A British mobile number; each of its own block of numbers."""
    return f"+447400{n % 100:02}{(n // 100) % 10_000:04}"


@pytest.mark.parametrize("number", ["+33612345678", "+44 20 7946 0018", "+1 900 234 5678"])
async def test_some_numbers_never_get_a_message(office: Office, number: str) -> None:
    with pytest.raises(ThreepidDenied):
        await office.pay(number)


async def test_no_country_gets_messages_unless_the_admin_chose_it(
    database: Database, vault: Vault, clock: VirtualClock
) -> None:
    office = _office(database, vault, clock)
    office.guard = SpendGuard(Sms(provider="twilio"), office.sends, vault, office.work, clock)
    with pytest.raises(ThreepidDenied):
        await office.pay(_number(1))


async def test_a_number_gets_one_message_in_thirty_seconds_three_in_ten_minutes_and_five_a_day(office: Office) -> None:
    await office.pay(_number(1), address="a1")
    with pytest.raises(LimitExceeded) as refused:
        await office.pay(_number(1), address="a2")
    assert 0 < refused.value.retry_after_ms <= NUMBER_PAUSE_MS
    sent = 1
    for minute in range(24 * 60):
        office.clock.ms += 60_000
        try:
            await office.pay(_number(1), address=f"b{minute}", device=f"d{minute}")
        except LimitExceeded:
            if sent == NUMBER_A_DAY:
                break
        else:
            sent += 1
            assert sent <= NUMBER_A_DAY
            assert minute >= 9 or sent <= 3
    assert sent == NUMBER_A_DAY


async def test_an_address_sends_five_messages_an_hour_and_a_device_ten_a_day(office: Office) -> None:
    for n in range(ADDRESS_AN_HOUR):
        await office.pay(_number(n), device=f"d{n}")
    with pytest.raises(LimitExceeded):
        await office.pay(_number(50), device="d50")
    office.clock.ms += HOUR_MS
    await office.pay(_number(50), device="d50")
    for n in range(DEVICE_A_DAY):
        await office.pay(_number(60 + n), address=f"a{n}", device="one")
    with pytest.raises(LimitExceeded):
        await office.pay(_number(80), address="a80", device="one")


async def test_a_block_of_numbers_gets_ten_messages_an_hour(office: Office) -> None:
    for n in range(PREFIX_AN_HOUR):
        await office.pay(f"+4474001234{n:02}", address=f"a{n}", device=f"d{n}")
    with pytest.raises(LimitExceeded):
        await office.pay("+447400123499", address="a99", device="d99")


@pytest.mark.parametrize(("completed", "is_blocked"), [(0, True), (3, True), (5, False)])
async def test_a_country_whose_codes_do_not_come_back_is_blocked_for_a_day(
    office: Office, completed: int, is_blocked: bool
) -> None:
    for n in range(BREAKER_AFTER):
        await office.pay(_number(n), address=f"a{n}", device=f"d{n}")
        if n < completed:
            await office.guard.completed(_number(n))
    office.clock.ms += 11 * 60_000
    if is_blocked:
        with pytest.raises(ThreepidDenied):
            await office.pay(_number(70), address="late", device="late")
        assert office.guard.refusals == {"country_breaker": 1}
        office.clock.ms += DAY_MS
    await office.pay(_number(71), address="later", device="later")
    await office.pay("+4915123456789", address="german", device="german")


async def test_a_second_message_to_a_number_costs_work_and_the_first_does_not(office: Office) -> None:
    await office.pay(_number(1), works=False)
    office.clock.ms += NUMBER_PAUSE_MS
    for address in ("192.0.2.1", "192.0.2.2"):
        with pytest.raises(WorkNeeded) as asked:
            await office.pay(_number(1), address=address, works=False)
        assert asked.value.body()["app.hearth.bits"] == BITS
    challenge = str(asked.value.body()["app.hearth.challenge"])
    await office.guard.pay(parse(_number(1)), address="192.0.2.2", device="x", proof=solve(challenge, BITS))


async def test_after_a_code_came_back_the_next_message_is_a_first_one_again(office: Office) -> None:
    await office.pay(_number(1), works=False)
    await office.guard.completed(_number(1))
    office.clock.ms += HOUR_MS
    await office.pay(_number(1), works=False)


def test_a_proof_is_for_one_number_and_ten_minutes(vault: Vault, clock: VirtualClock) -> None:
    work = Work(vault, clock, BITS)
    challenge = work.challenge("+447400123456")
    proof = solve(challenge, BITS)
    work.check(proof, "+447400123456")
    unproven = next(f"{challenge}:{n}" for n in range(100) if f"{challenge}:{n}" != proof)
    for bad in (None, "", ":", challenge, unproven, proof.replace(".", "f.", 1), proof + "x" * 200, "é" + proof):
        with pytest.raises(WorkNeeded):
            work.check(bad, "+447400123456")
    with pytest.raises(WorkNeeded):
        work.check(proof, "+447400123457")
    clock.ms += LIFE_MS
    with pytest.raises(WorkNeeded):
        work.check(proof, "+447400123456")


async def test_the_budget_is_a_hard_stop_and_rings_before(
    database: Database, vault: Vault, clock: VirtualClock
) -> None:
    office = _office(database, vault, clock, SmsBudget(per_hour=5, per_day=8))
    with structlog.testing.capture_logs() as heard:
        for n in range(20):
            try:
                await office.pay(_number(n), address=f"a{n}", device=f"d{n}")
            except Unavailable:
                assert n >= 5
    of_guard = [line["event"] for line in heard if line["event"].startswith("text messages")]
    assert of_guard[0] == "text messages: alarm"
    assert await office.guard.budget() == Budget(5, 5, 5, 8)
    office.clock.ms += HOUR_MS
    for n in range(20, 40):
        try:
            await office.pay(_number(n), address=f"a{n}", device=f"d{n}")
        except Unavailable:
            assert n >= 23
    assert await office.guard.budget() == Budget(3, 5, 8, 8)


async def test_what_was_surely_not_sent_is_given_back_and_old_rows_go(office: Office) -> None:
    nid = await office.pay(_number(1))
    await office.guard.take_back(nid)
    assert (await office.guard.budget()).day == 0
    await office.pay(_number(1))
    office.clock.ms += KEPT_MS + 1
    assert await office.sends.prune(office.clock.now_ms()) == 1


# -- T16.1: pumping ----------------------------------------------------------------------------------------------------


async def _pump(office: Office, requests: int, seed: int) -> Counter[str]:
    """A day of requests from 5,000 addresses for numbers of which the attackers earn by each message."""
    chance, outcomes = random.Random(seed), Counter[str]()
    for n in range(requests):
        office.clock.ms += DAY_MS // requests
        number = f"+4474{chance.randrange(10):02}{chance.randrange(10**6):06}" if n % 3 else _number(n)
        try:
            await office.pay(
                number, address=f"198.51.{chance.randrange(5000)}", device=str(chance.random()), works=n % 2 == 0
            )
            outcomes["sent"] += 1
        except (MatrixError, WorkNeeded) as refused:
            outcomes[refused.errcode] += 1
    return outcomes


@pytest.mark.parametrize(
    "requests", [5_000, pytest.param(100_000, marks=[pytest.mark.full("phone"), pytest.mark.timeout(1800)])]
)
async def test_pumping_stays_within_the_budget(
    database: Database, vault: Vault, clock: VirtualClock, record_property: Any, requests: int
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    budget = SmsBudget(per_hour=20, per_day=100)
    outcomes = await _pump(_office(database, vault, clock, budget), requests, seed)
    assert 0 < outcomes["sent"] <= budget.per_day, f"seed {seed}"
    record_property("T16.1", f"{requests} requests, seed {seed}: {msgspec.json.encode(outcomes).decode()}")


async def test_a_number_gets_one_invitation_a_day_and_an_inviter_sends_five(office: Office) -> None:
    guard = office.guard
    assert await guard.pay_invite(parse(_number(1)), "@ann:test") is not None
    assert await guard.pay_invite(parse(_number(1)), "@ben:test") is None
    for n in range(2, 1 + INVITER_A_DAY):
        assert await guard.pay_invite(parse(_number(n)), "@ann:test") is not None
    assert await guard.pay_invite(parse(_number(50)), "@ann:test") is None
    assert await guard.pay_invite(parse("+33612345678"), "@cleo:test") is None, "not a country of this server"
    office.clock.ms += DAY_MS
    assert await guard.pay_invite(parse(_number(1)), "@ann:test") is not None
    assert guard.refusals == {"invite_number": 1, "invite_sender": 1, "country": 1}


async def test_invitations_keep_nobody_from_signing_in(database: Database, vault: Vault, clock: VirtualClock) -> None:
    office = _office(database, vault, clock, SmsBudget(per_hour=60, per_day=60))
    sent = [await office.guard.pay_invite(parse(_number(n)), f"@user{n}:test") for n in range(40)]
    assert len([nid for nid in sent if nid is not None]) == 30, "half of the budget"
    clock.ms += 20 * 60 * 1000
    for n in range(30):
        await office.pay(_number(n), address=f"a{n}", device=f"d{n}")
    with pytest.raises(Unavailable):
        await office.pay(_number(99), address="a99", device="d99")
