"""Coming in by phone number and code: the codes are read where the server's console prints them."""

import re

import asyncpg
import pytest
import yaml
from playwright.async_api import expect

from homeserver.services.phone.signing_in import IDLE_MS
from tests.browser.conftest import NewHouse, NewPerson
from tests.browser.person import LIVE_LIMIT_MS, START_LIMIT_MS, Person
from tests.support.client import Server
from tests.support.server import ServerProcess
from tests.support.waiting import eventually

NATIONAL = "7400 123456"
NUMBER = f"+44 {NATIONAL}"
LOGIN = {"password": {"hash_cost": "test"}, "phone": {"enabled": True}}


def codes(house: ServerProcess) -> list[str]:
    """The codes of all messages so far."""
    return re.findall(r"#(\d{6})", house.log)


async def newest_code(house: ServerProcess, *, after: int = 0) -> str:
    """The code of the newest message, once there are more than `after`."""

    async def has_come() -> bool:
        return len(codes(house)) > after

    await eventually(has_come)
    return codes(house)[-1]


async def asks_for_a_code(person: Person, house: ServerProcess) -> str:
    """Give the number; ends at the card for the code, which is answered."""
    before = len(codes(house))
    await person.at("number").fill(NUMBER)
    await person.at("submit").click()
    await person.at("phone-code").wait_for(timeout=START_LIMIT_MS)
    return await newest_code(house, after=before)


async def in_the_database(house: ServerProcess, statement: str) -> None:
    url = yaml.safe_load(house.local.config.read_text(encoding="utf-8"))["database"]["url"]
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def some_minutes_pass(house: ServerProcess) -> None:
    """Make the messages that were sent older: a number gets none for half a minute after one."""
    await in_the_database(house, "UPDATE sms_sends SET sent_ts = sent_ts - 120000")


def another(code: str) -> str:
    """A code that is not this one."""
    return f"{(int(code) + 1) % 10**6:06}"


async def is_not_the_code(person: Person, code: str) -> None:
    """Give a wrong code: it is told, and the field is empty again."""
    await expect(person.at("code")).to_be_focused()
    await person.at("code").press_sequentially(code)
    await expect(person.at("code")).to_have_attribute("aria-invalid", "true", timeout=LIVE_LIMIT_MS)
    await expect(person.at("code")).to_have_value("")


@pytest.fixture
async def house(new_house: NewHouse) -> ServerProcess:
    return await new_house(login=LOGIN)


async def test_a_number_makes_an_account_and_signs_in_elsewhere(house: ServerProcess, new_person: NewPerson) -> None:
    pia = await new_person("pia", house)
    await pia.opens_the_page()
    await pia.at("country").click(timeout=START_LIMIT_MS)
    await pia.at("country").fill("+44")
    await expect(pia.at("country-option").first).to_be_visible()
    await pia.at("country").press("Enter")
    await expect(pia.at("country")).to_have_value("United Kingdom")
    await expect(pia.at("submit")).to_be_disabled()
    await pia.at("number").press_sequentially(NATIONAL.replace(" ", ""))
    await expect(pia.at("number")).to_have_value(NUMBER)
    await pia.at("submit").click()
    await expect(pia.at("auth-title")).to_have_text(NUMBER, timeout=LIVE_LIMIT_MS)
    await expect(pia.at("resend")).to_be_disabled()
    await pia.at("code").fill(await newest_code(house))
    await pia.at("display-name").fill("Pia Phone")
    await pia.at("username").fill("pia")
    await pia.at("submit").click()
    await pia.is_live()
    await pia.makes_group("By number")

    await some_minutes_pass(house)
    again = await new_person("pia", house)
    await again.opens_the_page()
    code = await asks_for_a_code(again, house)
    await is_not_the_code(again, another(code))
    await again.at("code").press_sequentially(code)
    await again.opens("By number")


@pytest.mark.full("browser")
async def test_five_wrong_codes_end_a_code_and_the_next_one_costs_work(
    house: ServerProcess, new_person: NewPerson
) -> None:
    quin = await new_person("quin", house)
    await quin.opens_the_page()
    code = await asks_for_a_code(quin, house)
    for _ in range(4):
        await is_not_the_code(quin, another(code))
    await quin.at("code").press_sequentially(another(code))
    await expect(quin.at("number")).to_have_attribute("aria-invalid", "true", timeout=LIVE_LIMIT_MS)
    await some_minutes_pass(house)
    fresh = await asks_for_a_code(quin, house)
    await quin.at("code").press_sequentially(fresh)
    await quin.at("phone-name").wait_for(timeout=LIVE_LIMIT_MS)


@pytest.mark.full("browser")
async def test_an_account_that_nobody_used_for_long_asks_whose_it_is(
    house: ServerProcess, new_person: NewPerson
) -> None:
    body = {"client_secret": "before", "send_attempt": 1, "number": NUMBER}
    async with Server(house.url, house.name) as api:
        asked = await api.call("POST", "/unstable/app.hearth/login/sms/request_code", body)
        code = {"sid": asked["sid"], "client_secret": "before", "code": await newest_code(house), "sign_up": True}
        await api.call("POST", "/v3/login", {"type": "app.hearth.login.sms", "username": "before", **code})
    await in_the_database(house, "UPDATE users SET password_hash = 'x'")
    await in_the_database(house, f"UPDATE devices SET created_ts = created_ts - {IDLE_MS}, last_seen_ts = NULL")
    await some_minutes_pass(house)
    sue = await new_person("sue", house)
    await sue.opens_the_page()
    await sue.at("code").fill(await asks_for_a_code(sue, house))
    await sue.at("phone-password").wait_for(timeout=LIVE_LIMIT_MS)
    await sue.at("not-mine").click()
    await sue.at("display-name").fill("Sue")
    await sue.at("submit").click()
    await sue.is_live()


@pytest.mark.full("browser")
async def test_the_name_and_the_password_are_offered_too(house: ServerProcess, new_person: NewPerson) -> None:
    rob = await new_person("rob", house)
    await rob.opens_the_page()
    await rob.at("by-name").click(timeout=START_LIMIT_MS)
    await rob.at("to-sign-up").click()
    await rob.at("username").fill("rob")
    await rob.at("password").fill(rob.password)
    await rob.at("submit").click()
    await rob.is_live()
