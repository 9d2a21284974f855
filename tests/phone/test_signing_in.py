"""Signing up and in by number and code, through the whole server; the codes are read where the console prints them."""

from typing import Any
from unittest.mock import ANY

import pytest

from homeserver.app import App
from homeserver.services.phone.signing_in import IDLE_MS, LOGIN_TYPE
from homeserver.storage.database import Database
from tests.phone.house import Phones, ages, approves, log_in, proves, request, resets_password, sign_up
from tests.support.client import PASSWORD, Server, User


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
    ann = User(server, new["user_id"], new["access_token"], new["device_id"])
    _, again = await request(server, "+44 (7400) 123-001", "t")
    status, answer = await log_in(server, again["sid"], "t", code=phones.code)
    assert (status, answer["errcode"]) == (401, "APP.HEARTH.APPROVAL_NEEDED")
    await approves(ann, answer["app.hearth.number"])
    status, known = await log_in(server, again["sid"], "t")
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


@pytest.mark.parametrize(
    ("has_password", "is_signed_in", "begins_anew", "errcode"),
    [
        (False, False, False, None),
        (False, True, True, None),
        (True, True, True, None),
        (False, True, False, "APP.HEARTH.APPROVAL_NEEDED"),
        (True, True, False, "APP.HEARTH.APPROVAL_NEEDED"),
        (True, False, False, "APP.HEARTH.PASSWORD_NEEDED"),
    ],
)
async def test_a_number_that_nobody_used_for_three_months_may_be_of_somebody_else(
    house: tuple[App, Server, Database],
    server: Server,
    phones: Phones,
    has_password: bool,
    is_signed_in: bool,
    begins_anew: bool,
    errcode: str | None,
) -> None:
    number = f"+4474001231{has_password:d}{is_signed_in + 2 * begins_anew:d}"
    old = await sign_up(server, phones, number)
    database = house[2]
    await ages(database, old["user_id"], IDLE_MS)
    if not is_signed_in:
        await server.call("POST", "/v3/logout", token=old["access_token"])
    if has_password:
        await database.execute("UPDATE users SET password_hash = 'x' WHERE user_id = $1", old["user_id"])
    _, asked = await request(server, number, "t")
    given = {"code": phones.code, "begin_anew": begins_anew, "sign_up": True, "recover": True}
    status, answer = await log_in(server, asked["sid"], "t", **given)
    if errcode is not None:
        assert (status, answer["errcode"], answer["app.hearth.idle"]) == (401, errcode, True)
        assert "recovery" not in answer.get("app.hearth.ways", []), "it may be of somebody else"
    else:
        assert status == 200
        assert answer["user_id"] != old["user_id"]


async def test_a_recycled_number_gives_its_new_owner_no_new_password_of_the_old_account(
    house: tuple[App, Server, Database], server: Server, phones: Phones
) -> None:
    old = await sign_up(server, phones, "+447400123030")
    await ages(house[2], old["user_id"], IDLE_MS)
    await server.call("POST", "/v3/logout", token=old["access_token"])
    status, answer = await resets_password(server, phones, "07400 123030")
    assert (status, answer["errcode"]) == (400, "M_THREEPID_AUTH_FAILED")


async def test_no_log_line_holds_a_number(server: Server, phones: Phones) -> None:
    await sign_up(server, phones, "+447400123007")
    await log_in(server, "unknown", code="000000")
    entries = [str({**entry, "text": ""}) for entry in phones.log]
    assert entries
    assert not [entry for entry in entries if "7400123007" in entry or "7400 123007" in entry]


# -- numbers of accounts, as the specification has them ----------------------------------------------------------------


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
