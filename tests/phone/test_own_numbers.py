"""Numbers that are changed, lost or given to somebody else. Security: S-15, S-16 (d), (e)."""

import asyncio
from typing import Any

import pytest

from homeserver.app import App
from homeserver.services.phone.own_numbers import WAIT_MS
from homeserver.services.phone.signing_in import IDLE_MS
from homeserver.storage.database import Database
from tests.phone.house import Phones, comes_back, has_number, proves, sign_up
from tests.support.client import PASSWORD, Server, User

House = tuple[App, Server, Database]
PHONE = "/unstable/app.hearth/account/phone"
CHANGE = "/unstable/app.hearth/account/phone/change"
SECOND_FACTOR = "/unstable/app.hearth/account/second_factor"


async def numbers_of(user: User) -> list[str]:
    return [one["address"] for one in (await user.call("GET", PHONE))["numbers"]]


async def signed_up(server: Server, phones: Phones, number: str) -> User:
    new = await sign_up(server, phones, number)
    return User(server, new["user_id"], new["access_token"], new["device_id"])


async def user_by(server: Server, phones: Phones, number: str, secret: str, device: User) -> str | None:
    """Whom a code to the number signs in, with the yes of a device; None where it is a new one."""
    status, answer = await comes_back(server, phones, number, secret, device)
    return answer["user_id"] if status == 200 else None


async def test_settings_are_told_at_once(server: Server, phones: Phones) -> None:
    ann = await signed_up(server, phones, "+447400126001")
    told = await ann.call("GET", PHONE)
    assert told.pop("numbers")[0]["shown"] == "+44 7400 126001"
    assert told == {
        "has_password": False,
        "second_factor": False,
        "discovery": {"available": True, "by_number": "nobody", "invites": True},
    }


async def test_a_number_changes_by_the_password(server: Server, phones: Phones) -> None:
    ann = await has_number(await server.register(), server, phones, "07400 126002")
    body: dict[str, Any] = await proves(ann, server, phones, "add", "07400 126003")
    status, begun = await ann.ask("POST", CHANGE, body)
    assert status == 401
    assert await numbers_of(ann) == ["447400126002"]
    body["auth"] = {"type": "m.login.password", "password": PASSWORD, "session": begun["session"]}
    assert await ann.call("POST", CHANGE, body) == {"changed": True}
    assert await numbers_of(ann) == ["447400126003"]
    assert await user_by(server, phones, "+447400126003", "t", ann) == ann.user_id
    assert await user_by(server, phones, "+447400126002", "t", ann) is None


async def test_a_number_changes_by_a_code_to_the_old_one(server: Server, phones: Phones) -> None:
    ann = await signed_up(server, phones, "+447400126004")
    body: dict[str, Any] = {**await proves(ann, server, phones, "add", "07400 126005"), "old": "447400126004"}
    _, begun = await ann.ask("POST", CHANGE, body)
    old = await proves(server, server, phones, "password", "07400 126004")
    body["auth"] = {"type": "m.login.msisdn", "threepid_creds": old, "session": begun["session"]}
    assert await ann.call("POST", CHANGE, body) == {"changed": True}
    assert await numbers_of(ann) == ["447400126005"]


async def test_a_code_to_the_new_number_alone_changes_nothing(server: Server, phones: Phones) -> None:
    ann = await signed_up(server, phones, "+447400126006")
    body: dict[str, Any] = await proves(ann, server, phones, "add", "07400 126007")
    _, begun = await ann.ask("POST", CHANGE, body)
    new = await proves(server, server, phones, "password", "07400 126007")
    body["auth"] = {"type": "m.login.msisdn", "threepid_creds": new, "session": begun["session"]}
    assert (await ann.ask("POST", CHANGE, body))[0] == 401
    assert await numbers_of(ann) == ["447400126006"]


async def test_another_persons_number_is_not_taken(server: Server, phones: Phones) -> None:
    ann = await has_number(await server.register(), server, phones, "07400 126008")
    ben = await has_number(await server.register(), server, phones, "07400 126009")
    body: dict[str, Any] = await proves(ann, server, phones, "add", "07400 126009")
    _, begun = await ann.ask("POST", CHANGE, body)
    body["auth"] = {"type": "m.login.password", "password": PASSWORD, "session": begun["session"]}
    status, answer = await ann.ask("POST", CHANGE, body)
    assert (status, answer["errcode"]) == (400, "M_THREEPID_IN_USE")
    assert (await numbers_of(ann), await numbers_of(ben)) == (["447400126008"], ["447400126009"])


async def test_who_lost_the_phone_waits_a_week_for_another_number(house: House, phones: Phones) -> None:
    _, server, database = house
    ann = await signed_up(server, phones, "+447400126010")
    body = {**await proves(ann, server, phones, "add", "07400 126011"), "wait": True}
    due_ts = (await ann.call("POST", CHANGE, body))["due_ts"]
    assert (await ann.call("GET", PHONE))["pending_change"] == {"shown": "+44 7400 126011", "due_ts": due_ts}
    assert await numbers_of(ann) == ["447400126010"]
    await database.execute("UPDATE number_changes SET due_ts = due_ts - $1", WAIT_MS)
    async with asyncio.timeout(10):
        while "pending_change" in await ann.call("GET", PHONE):  # noqa: ASYNC110 - the server's own round is waited for
            await asyncio.sleep(0.05)
    assert await numbers_of(ann) == ["447400126011"]


async def test_a_waiting_change_is_taken_back_by_any_device_and_by_the_old_number(
    server: Server, phones: Phones
) -> None:
    ann = await signed_up(server, phones, "+447400126012")
    thief = await proves(ann, server, phones, "add", "07400 126013")
    await ann.call("POST", CHANGE, {**thief, "wait": True})
    await ann.call("DELETE", CHANGE)
    assert (await ann.ask("DELETE", CHANGE))[0] == 404
    again = await proves(ann, server, phones, "add", "07400 126014")
    await ann.call("POST", CHANGE, {**again, "wait": True})
    assert await user_by(server, phones, "+447400126012", "owner", ann) == ann.user_id
    assert "pending_change" not in await ann.call("GET", PHONE)


async def test_the_last_way_into_an_account_is_not_removed(server: Server, phones: Phones) -> None:
    ann = await signed_up(server, phones, "+447400126015")
    number = {"medium": "msisdn", "address": "447400126015"}
    status, answer = await ann.ask("POST", "/v3/account/3pid/delete", number)
    assert (status, answer["errcode"]) == (403, "M_FORBIDDEN")
    ben = await has_number(await server.register(), server, phones, "07400 126016")
    await ben.call("POST", "/v3/account/3pid/delete", {"medium": "msisdn", "address": "447400126016"})
    assert await numbers_of(ben) == []


@pytest.mark.parametrize(("idle", "gets_it"), [(True, True), (False, False)])
async def test_a_recycled_number_is_added_to_its_new_owners_account(
    house: House, phones: Phones, idle: bool, gets_it: bool
) -> None:
    _, server, database = house
    number = f"07400 12602{idle:d}"
    old = await has_number(await server.register(), server, phones, number)
    if idle:
        await database.execute(
            "UPDATE devices SET created_ts = created_ts - $2, last_seen_ts = NULL WHERE user_id = $1",
            old.user_id,
            IDLE_MS,
        )
    new = await server.register()
    creds = await proves(new, server, phones, "add", number, "new")
    status, _ = await new.ask("POST", "/v3/account/3pid", {"three_pid_creds": creds})
    assert (status == 200) is gets_it
    assert bool(await numbers_of(new)) is gets_it


async def test_a_stranger_gets_nothing_by_a_known_number_but_its_code(server: Server, phones: Phones) -> None:
    """A code goes to every number, and is of no use to who asks for the wrong thing."""
    ann = await has_number(await server.register(), server, phones, "07400 126023")
    _, begun = await server.ask("POST", "/v3/register", {"username": "other", "password": PASSWORD})
    creds = await proves(server, server, phones, "register", "07400 126023")
    auth = {"type": "m.login.msisdn", "threepid_creds": creds, "session": begun["session"]}
    status, _ = await server.ask("POST", "/v3/register", {"username": "other", "password": PASSWORD, "auth": auth})
    assert status in {400, 401}
    assert await numbers_of(ann) == ["447400126023"]
    unknown = await proves(server, server, phones, "password", "07400 126024")
    body: dict[str, Any] = {"new_password": "a password of nobody"}
    _, begun = await server.ask("POST", "/v3/account/password", body)
    body["auth"] = {"type": "m.login.msisdn", "threepid_creds": unknown, "session": begun["session"]}
    status, answer = await server.ask("POST", "/v3/account/password", body)
    assert (status, answer["errcode"]) == (400, "M_THREEPID_AUTH_FAILED")
