"""Phones in the stories: text messages are read where the server's console prints them."""

import re
from dataclasses import dataclass

import asyncpg
import yaml
from playwright.async_api import expect

from tests.browser.person import LIVE_LIMIT_MS, START_LIMIT_MS, Person
from tests.support.client import Server
from tests.support.server import ServerProcess
from tests.support.waiting import eventually

LOGIN = {"password": {"hash_cost": "test"}, "phone": {"enabled": True}}


@dataclass(frozen=True, slots=True)
class Number:
    """A number of Great Britain by its digits after the dial code, as `7400123456`."""

    national: str

    @property
    def shown(self) -> str:
        return f"+44 {self.national[:4]} {self.national[4:]}"

    @property
    def masked(self) -> str:
        return f"+44 •••• ••••{self.national[-2:]}"


def codes(house: ServerProcess) -> list[str]:
    """The codes of all messages so far."""
    return re.findall(r"#(\d{6})", house.log)


async def newest_code(house: ServerProcess, *, after: int = 0) -> str:
    """The code of the newest message, once there are more than `after`."""

    async def has_come() -> bool:
        return len(codes(house)) > after

    await eventually(has_come)
    return codes(house)[-1]


async def in_the_database(house: ServerProcess, statement: str) -> None:
    await from_the_database(house, statement)


async def from_the_database(house: ServerProcess, statement: str) -> object:
    """The first column of the first row, if the statement gives any."""
    url = yaml.safe_load(house.local.config.read_text(encoding="utf-8"))["database"]["url"]
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def a_day_passes(house: ServerProcess) -> None:
    """Make the messages that were sent older: numbers get one in half a minute, addresses ask for few an hour."""
    await in_the_database(house, f"UPDATE sms_sends SET sent_ts = sent_ts - {24 * 3600 * 1000}")


def another(code: str) -> str:
    """A code that is not this one."""
    return f"{(int(code) + 1) % 10**6:06}"


async def asks_for_a_code(person: Person, house: ServerProcess, number: Number) -> str:
    """Give the number on the card; ends at the step for the code, which is answered."""
    before = len(codes(house))
    await person.at("number").fill(number.shown, timeout=START_LIMIT_MS)
    await person.at("submit").click()
    await person.at("phone-code").wait_for(timeout=START_LIMIT_MS)
    return await newest_code(house, after=before)


async def is_not_the_code(person: Person, code: str) -> None:
    """Give a wrong code: it is told, and the field is empty again."""
    await expect(person.at("code")).to_be_focused()
    await person.at("code").press_sequentially(code)
    await expect(person.at("code")).to_have_attribute("aria-invalid", "true", timeout=LIVE_LIMIT_MS)
    await expect(person.at("code")).to_have_value("")


async def is_let_in(newcomer: Person, *, by: Person) -> None:
    """Say yes on a device where the account is signed in, by the number that the new one shows."""
    shown = newcomer.at("sign-in-number")
    await shown.wait_for(timeout=START_LIMIT_MS)
    await by.at("sign-in-number-field").fill(await shown.inner_text(), timeout=START_LIMIT_MS)
    await by.at("sign-in-approve").click()
    await expect(by.at("sign-in-dialog")).to_have_count(0, timeout=START_LIMIT_MS)


async def comes_in(person: Person, house: ServerProcess, number: Number, *, name: str = "") -> None:
    """Sign in by a number, or up with it where `name` is given; ends at the list of chats."""
    await a_day_passes(house)
    await person.opens_the_page()
    await person.at("code").fill(await asks_for_a_code(person, house, number))
    if name:
        await person.at("display-name").fill(name)
        await person.at("username").fill(person.name)
        await person.at("submit").click()
    await person.is_live()


async def has_an_account(house: ServerProcess, name: str, number: Number) -> None:
    """Make an account of a number, as a page elsewhere would, and sign out there."""
    await a_day_passes(house)
    before = len(codes(house))
    async with Server(house.url, house.name) as api:
        body = {"client_secret": name, "send_attempt": 1, "number": number.shown}
        asked = await api.call("POST", "/unstable/app.hearth/login/sms/request_code", body)
        code = await newest_code(house, after=before)
        proof = {"type": "app.hearth.login.sms", "sid": asked["sid"], "client_secret": name, "code": code}
        made = await api.call("POST", "/v3/login", {**proof, "sign_up": True, "username": name})
        await api.call("POST", "/v3/logout", token=made["access_token"])
