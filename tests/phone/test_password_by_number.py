"""Logging in by password where the number or the mail address says who one is. Security: S-12."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from homeserver.config.accounts import Login, Password, PhoneLogin
from homeserver.config.rate_limits import Bucket, RateLimits
from tests.phone.house import Phones, has_number
from tests.support.client import PASSWORD, Server
from tests.support.running import running_app

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

NEVER = 1e-6


async def by(server: Server, identifier: dict[str, Any], password: str = PASSWORD) -> tuple[int, dict[str, Any]]:
    body = {"type": "m.login.password", "identifier": identifier, "password": password}
    return await server.ask("POST", "/v3/login", body)


async def test_a_number_and_the_password_log_in(server: Server, phones: Phones) -> None:
    ann = await has_number(await server.register(), server, phones, "07400 125001")
    for identifier in (
        {"type": "m.id.phone", "country": "GB", "phone": "07400 125001"},
        {"type": "m.id.phone", "country": "US", "phone": "+44 7400 125-001"},
        {"type": "m.id.thirdparty", "medium": "msisdn", "address": "447400125001"},
    ):
        assert (await by(server, identifier))[1]["user_id"] == ann.user_id
    old = {"type": "m.login.password", "medium": "msisdn", "address": "447400125001", "password": PASSWORD}
    assert (await server.ask("POST", "/v3/login", old))[1]["user_id"] == ann.user_id


async def test_unknown_numbers_and_wrong_passwords_are_answered_the_same(server: Server, phones: Phones) -> None:
    await has_number(await server.register(), server, phones, "07400 125002")
    wrong = await by(server, {"type": "m.id.phone", "country": "GB", "phone": "07400 125002"}, "wrong password")
    assert wrong[0] == 403
    assert await by(server, {"type": "m.id.phone", "country": "GB", "phone": "07400 125003"}) == wrong
    assert await by(server, {"type": "m.id.thirdparty", "medium": "email", "address": "x@example.org"}) == wrong


@pytest.mark.parametrize(
    "identifier",
    [
        {"type": "m.id.phone", "phone": "07400 125002"},
        {"type": "m.id.phone", "country": "GB", "phone": "12"},
        {"type": "m.id.phone", "country": 5, "phone": "07400 125002"},
        {"type": "m.id.thirdparty", "medium": "pigeon", "address": "447400125001"},
        {"type": "m.id.thirdparty", "medium": "email", "address": "no address"},
        {"type": "m.id.thirdparty", "address": "447400125001"},
    ],
)
async def test_what_names_nobody_is_refused(server: Server, identifier: dict[str, Any]) -> None:
    status, answer = await by(server, identifier)
    assert (status, answer["errcode"]) == (400, "M_INVALID_PARAM")


async def test_a_number_confirms_whose_password_is_given(server: Server, phones: Phones) -> None:
    ann = await has_number(await server.register(), server, phones, "07400 125004")
    ben = await server.register()
    identifier = {"type": "m.id.thirdparty", "medium": "msisdn", "address": "447400125004"}
    path = "/unstable/app.hearth/account/second_factor"
    for user, expected in ((ben, 401), (ann, 200)):
        _, begun = await user.ask("PUT", path, {"enabled": True})
        auth = {
            "type": "m.login.password",
            "identifier": identifier,
            "password": PASSWORD,
            "session": begun["session"],
        }
        assert (await user.ask("PUT", path, {"enabled": True, "auth": auth}))[0] == expected


async def test_the_limits_of_a_name_do_not_tell_its_number(cluster: "Cluster", tmp_path: Path, phones: Phones) -> None:
    few = Bucket(NEVER, 2.5)
    many = Bucket(1000, 1000)
    limits = RateLimits(login_account=few, login=many, public=many, registration=many, account=many)
    login = Login(password=Password(hash_cost="test"), phone=PhoneLogin(enabled=True))
    async with running_app(cluster, tmp_path, rate_limits=limits, login=login) as (_, server):
        ann = await has_number(await server.register(), server, phones, "07400 125005")
        by_name = {"type": "m.id.user", "user": ann.user_id}
        outcomes = [(await by(server, by_name, "wrong password"))[0] for _ in range(4)]
        assert outcomes == [403, 403, 429, 429]
        answers = []
        for number in ("07400 125005", "07400 125006"):
            identifier = {"type": "m.id.phone", "country": "GB", "phone": number}
            answers.append([(await by(server, identifier, "wrong password"))[0] for _ in range(4)])
        assert answers == [[403, 403, 429, 429]] * 2
