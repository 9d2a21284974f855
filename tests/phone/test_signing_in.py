"""Signing up and in by number and code, through the whole server; the codes are read where the console prints them."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from homeserver.app import App
from homeserver.config.accounts import Login, Password, PhoneLogin
from homeserver.services.phone import guard, work
from homeserver.services.phone.signing_in import IDLE_MS, LOGIN_TYPE
from homeserver.storage.database import Database
from tests.phone.test_guard import solve
from tests.support.client import Server
from tests.support.running import configured, running_on

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

REQUEST = "/unstable/app.hearth/login/sms/request_code"


class Phones:
    """Every phone of the country: what the console printed."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.log: list[dict[str, Any]] = []

    def __call__(self, _logger: object, _method: str, entry: dict[str, Any]) -> dict[str, Any]:
        self.log.append(dict(entry))
        if "text" in entry:
            self.texts.append(entry["text"])
        raise structlog.DropEvent

    @property
    def code(self) -> str:
        found = re.search(r"#(\d{6})$", self.texts[-1])
        assert found is not None
        return found[1]


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
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(work, "BITS", 4)
        changed.setattr(guard, "ADDRESS_AN_HOUR", 1000)
        changed.setattr(guard, "DEVICE_A_DAY", 1000)
        changed.setattr(guard, "PREFIX_AN_HOUR", 1000)
        changed.setattr(guard, "NUMBER_PAUSE_MS", 0)
        async with _house(cluster, tmp_path_factory.mktemp("phone"), login) as built:
            yield built


@asynccontextmanager
async def _house(cluster: "Cluster", folder: Path, login: Login) -> AsyncIterator[tuple[App, Server, Database]]:
    async with (
        cluster.database() as url,
        running_on(configured(url, folder, login=login)) as (app, server),
    ):
        database = await Database.open(url)
        yield app, server, database
        await database.close()


@pytest.fixture
def server(house: tuple[App, Server, Database]) -> Server:
    return house[1]


async def request(server: Server, number: str, secret: str = "s", **more: Any) -> tuple[int, dict[str, Any]]:
    """Ask for a code; work that is asked for is done."""
    body = {"number": number, "client_secret": secret, "send_attempt": 1, **more}
    status, answer = await server.ask("POST", REQUEST, body)
    if answer.get("errcode") == "APP.HEARTH.WORK_NEEDED":
        proof = solve(answer["app.hearth.challenge"], answer["app.hearth.bits"])
        status, answer = await server.ask("POST", REQUEST, {**body, "proof": proof})
    return status, answer


async def log_in(server: Server, sid: str, secret: str = "s", **more: Any) -> tuple[int, dict[str, Any]]:
    return await server.ask("POST", "/v3/login", {"type": LOGIN_TYPE, "sid": sid, "client_secret": secret, **more})


async def sign_up(server: Server, phones: Phones, number: str, secret: str = "s") -> dict[str, Any]:
    status, asked = await request(server, number, secret)
    assert status == 200, asked
    status, answer = await log_in(server, asked["sid"], secret, code=phones.code, sign_up=True)
    assert status == 200, answer
    return answer


async def test_a_new_number_becomes_an_account_and_a_known_one_signs_in(server: Server, phones: Phones) -> None:
    assert LOGIN_TYPE in {flow["type"] for flow in (await server.ask("GET", "/v3/login"))[1]["flows"]}
    _, asked = await request(server, "07400 123001", country="GB")
    assert asked["number"] == "+44 7400 123001"
    assert phones.texts[-1].endswith(f"@hearth.test #{phones.code}")
    status, answer = await log_in(server, asked["sid"], code=phones.code)
    assert (status, answer["errcode"]) == (401, "APP.HEARTH.NEW_NUMBER")
    status, new = await log_in(server, asked["sid"], sign_up=True, username="Ann.Phone")
    assert (status, new["user_id"]) == (200, "@ann.phone:hearth.test")
    _, again = await request(server, "+44 (7400) 123-001", "t")
    status, known = await log_in(server, again["sid"], "t", code=phones.code)
    assert (status, known["user_id"]) == (200, "@ann.phone:hearth.test")
    assert known["device_id"] != new["device_id"]
    assert (await log_in(server, again["sid"], "t"))[0] == 400, "a proof is used once"


async def test_a_wrong_code_signs_nobody_in(server: Server, phones: Phones) -> None:
    _, asked = await request(server, "+447400123002")
    wrong = f"{(int(phones.code) + 1) % 10**6:06}"
    for _ in range(5):
        status, answer = await log_in(server, asked["sid"], code=wrong, sign_up=True)
        assert (status, answer["errcode"]) == (400, "M_THREEPID_AUTH_FAILED")
    assert (await log_in(server, asked["sid"], code=phones.code, sign_up=True))[0] == 400


async def test_a_code_is_of_the_browser_that_asked_for_it(server: Server, phones: Phones) -> None:
    _, asked = await request(server, "+447400123003", "mine")
    status, _ = await log_in(server, asked["sid"], "theirs", code=phones.code, sign_up=True)
    assert status == 400
    assert (await log_in(server, asked["sid"], "mine", code=phones.code, sign_up=True))[0] == 200


async def test_a_taken_name_leaves_the_number_free(server: Server, phones: Phones) -> None:
    await server.register("taken")
    _, asked = await request(server, "+447400123004")
    status, answer = await log_in(server, asked["sid"], code=phones.code, sign_up=True, username="taken")
    assert (status, answer["errcode"]) == (400, "M_USER_IN_USE")
    assert (await log_in(server, asked["sid"], sign_up=True, username="free"))[0] == 200


async def test_a_second_factor_is_asked_for_where_it_is_set(server: Server, phones: Phones) -> None:
    ann = await sign_up(server, phones, "+447400123005")
    token = ann["access_token"]
    path = "/unstable/app.hearth/account/second_factor"
    status, answer = await server.ask("PUT", path, {"enabled": True}, token=token)
    assert (status, answer["errcode"]) == (400, "M_INVALID_PARAM"), "there is no password yet"


@pytest.mark.parametrize(("has_password", "begins_anew"), [(False, False), (True, True), (True, False)])
async def test_a_number_that_nobody_used_for_three_months_may_be_of_somebody_else(
    house: tuple[App, Server, Database], server: Server, phones: Phones, has_password: bool, begins_anew: bool
) -> None:
    number = f"+4474001231{has_password:d}{begins_anew:d}"
    old = await sign_up(server, phones, number)
    database = house[2]
    await database.execute(
        "UPDATE devices SET created_ts = created_ts - $2, last_seen_ts = NULL WHERE user_id = $1",
        old["user_id"],
        IDLE_MS,
    )
    if has_password:
        await database.execute("UPDATE users SET password_hash = 'x' WHERE user_id = $1", old["user_id"])
    _, asked = await request(server, number, "t")
    status, answer = await log_in(server, asked["sid"], "t", code=phones.code, begin_anew=begins_anew, sign_up=True)
    if has_password and not begins_anew:
        assert (status, answer["errcode"], answer["app.hearth.idle"]) == (401, "APP.HEARTH.PASSWORD_NEEDED", True)
    else:
        assert status == 200
        assert answer["user_id"] != old["user_id"]


async def test_no_log_line_holds_a_number(server: Server, phones: Phones) -> None:
    await sign_up(server, phones, "+447400123007")
    await log_in(server, "unknown", code="000000")
    entries = [str({**entry, "text": ""}) for entry in phones.log]
    assert entries
    assert not [entry for entry in entries if "7400123007" in entry or "7400 123007" in entry]
