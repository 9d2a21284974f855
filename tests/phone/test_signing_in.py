"""Signing up and in by number and code, through the whole server; the codes are read where the console prints them."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import ANY

import pytest
import structlog

from homeserver.app import App
from homeserver.config.accounts import Login, Password, PhoneLogin
from homeserver.services.phone import guard, work
from homeserver.services.phone.signing_in import IDLE_MS, LOGIN_TYPE
from homeserver.storage.database import Database
from tests.phone.test_guard import solve
from tests.support.client import PASSWORD, Server, User
from tests.support.running import configured, running_on

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

BASE_URL = "http://localhost:8008"
REQUEST = "/unstable/app.hearth/login/sms/request_code"


class Phones:
    """Every phone of the country: what the console printed."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.rang = asyncio.Event()
        self.log: list[dict[str, Any]] = []

    def __call__(self, _logger: object, _method: str, entry: dict[str, Any]) -> dict[str, Any]:
        self.log.append(dict(entry))
        if "text" in entry:
            self.texts.append(entry["text"])
            self.rang.set()
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
    assert (await server.ask("GET", "/versions"))[1]["unstable_features"][LOGIN_TYPE] is True
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


# -- numbers of accounts, as the specification has them ----------------------------------------------------------------


async def asks_by_spec(who: Server | User, phones: Phones, purpose: str, number: str, secret: str) -> dict[str, Any]:
    """`requestToken`, and the code given back where the answer says."""
    phones.rang.clear()
    body = {"country": "GB", "phone_number": number, "client_secret": secret, "send_attempt": 1}
    path = {"register": "/v3/register", "password": "/v3/account/password", "add": "/v3/account/3pid"}[purpose]
    status, asked = await who.ask("POST", f"{path}/msisdn/requestToken", body)
    if asked.get("errcode") == "APP.HEARTH.WORK_NEEDED":
        proof = solve(asked["app.hearth.challenge"], asked["app.hearth.bits"])
        status, asked = await who.ask("POST", f"{path}/msisdn/requestToken", {**body, "proof": proof})
    assert status == 200, asked
    async with asyncio.timeout(10):
        await phones.rang.wait()
    return asked


async def gives_back(server: Server, asked: dict[str, Any], secret: str, code: str) -> bool:
    body = {"sid": asked["sid"], "client_secret": secret, "token": code}
    async with server.session.post(asked["submit_url"].replace(BASE_URL, server.base_url), json=body) as answer:
        return bool((await answer.json())["success"])


async def proves(who: Server | User, server: Server, phones: Phones, purpose: str, number: str) -> dict[str, str]:
    """`threepid_creds` of a proven number."""
    secret = f"{purpose}.{number[-4:]}"
    asked = await asks_by_spec(who, phones, purpose, number, secret)
    assert not await gives_back(server, asked, secret, "no code")
    assert await gives_back(server, asked, secret, phones.code)
    return {"sid": asked["sid"], "client_secret": secret}


async def test_one_signs_up_with_a_proven_number_in_any_client(server: Server, phones: Phones) -> None:
    _, begun = await server.ask("POST", "/v3/register", {"username": "any", "password": PASSWORD})
    assert {"stages": ["m.login.msisdn"]} in begun["flows"]
    creds = await proves(server, server, phones, "register", "07400 124001")
    auth = {"type": "m.login.msisdn", "threepid_creds": creds, "session": begun["session"]}
    await server.call("POST", "/v3/register", {"username": "any", "password": PASSWORD, "auth": auth})
    any_one = await server.login("any")
    assert await any_one.call("GET", "/v3/account/3pid") == {
        "threepids": [{"medium": "msisdn", "address": "447400124001", "validated_at": ANY, "added_at": ANY}]
    }


async def test_a_number_is_added_and_serves_to_confirm_and_for_a_new_password(server: Server, phones: Phones) -> None:
    ben = await server.register()
    creds = await proves(ben, server, phones, "add", "07400 124002")
    await ben.call("POST", "/v3/account/3pid", {"three_pid_creds": creds})
    path = "/unstable/app.hearth/account/second_factor"
    confirmed = await proves(server, server, phones, "password", "07400 124002")
    _, begun = await ben.ask("PUT", path, {"enabled": True})
    auth = {"type": "m.login.msisdn", "threepid_creds": confirmed, "session": begun["session"]}
    assert await ben.call("PUT", path, {"enabled": True, "auth": auth}) == {}
    assert await ben.call("GET", path) == {"enabled": True}


async def test_a_second_factor_stands_against_a_stolen_number(server: Server, phones: Phones) -> None:
    cleo, number = await server.register(), "07400 124003"
    creds = await proves(cleo, server, phones, "add", number)
    await cleo.call("POST", "/v3/account/3pid", {"three_pid_creds": creds})
    path = "/unstable/app.hearth/account/second_factor"
    _, begun = await cleo.ask("PUT", path, {"enabled": True})
    by_password = {"type": "m.login.password", "password": PASSWORD, "session": begun["session"]}
    await cleo.call("PUT", path, {"enabled": True, "auth": by_password})
    # From here on the thief has the number, and nothing else.
    _, asked = await request(server, number, "thief", country="GB")
    status, answer = await log_in(server, asked["sid"], "thief", code=phones.code, begin_anew=True, sign_up=True)
    assert (status, answer["errcode"], answer["app.hearth.idle"]) == (401, "APP.HEARTH.PASSWORD_NEEDED", False)
    assert (await log_in(server, asked["sid"], "thief", password="guess"))[0] == 403
    stolen = await proves(server, server, phones, "password", number)
    body: dict[str, Any] = {"new_password": "the thief's password"}
    _, begun = await server.ask("POST", "/v3/account/password", body)
    body["auth"] = {"type": "m.login.msisdn", "threepid_creds": stolen, "session": begun["session"]}
    status, answer = await server.ask("POST", "/v3/account/password", body)
    assert (status, answer["errcode"]) == (400, "M_THREEPID_AUTH_FAILED")
    assert (await cleo.ask("GET", "/v3/account/whoami"))[0] == 200
    assert (await log_in(server, asked["sid"], "thief", password=PASSWORD))[0] == 200, "it is the password that counts"


async def test_answers_about_numbers_do_not_tell_who_has_an_account(server: Server, phones: Phones) -> None:
    await sign_up(server, phones, "+447400124005")
    answers = []
    for path, number in (("account/password", "07400 124005"), ("account/password", "07400 124006")):
        body = {"country": "GB", "phone_number": number, "client_secret": "x" + number[-1], "send_attempt": 1}
        status, answer = await server.ask("POST", f"/v3/{path}/msisdn/requestToken", body)
        answers.append((status, answer.keys()))
    assert answers[0] == answers[1] == (200, answers[0][1])
