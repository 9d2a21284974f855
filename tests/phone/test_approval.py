"""Coming in by number on a new device: with another device's yes, or after a week. Security: S-16 (d)."""

import asyncio
from typing import Any

import pytest

from homeserver.app import App
from homeserver.services.phone.approval import LATE_MS, WAIT_MS, YOUNG_MS, ways_in
from homeserver.services.phone.tickets import LIFE_MS, Tickets
from homeserver.services.threepids.vault import Vault
from homeserver.services.threepids.verifications import Proof, Verifications
from homeserver.storage.database import Database
from homeserver.storage.phone_accounts import PhoneAccount
from homeserver.storage.sign_ins import Recovery, SignInRequest, SignIns
from homeserver.storage.users import User as Account
from tests.phone.conftest import VirtualClock
from tests.phone.house import (
    OURS,
    Phones,
    ages,
    approves,
    comes_back,
    log_in,
    request,
    sign_in_state,
    sign_ins,
    sign_up,
)
from tests.support.client import Server, User

House = tuple[App, Server, Database]
NOW = 1_800_000_000_000
NEEDED = "APP.HEARTH.APPROVAL_NEEDED"


@pytest.mark.parametrize(
    ("signed_in", "password", "second_factor", "idle", "age_ms", "ways"),
    [
        (False, False, False, False, 0, ()),
        (False, False, False, False, YOUNG_MS, ("recovery",)),
        (True, False, False, False, 0, ("approval", "recovery")),
        (True, True, False, False, YOUNG_MS, ("password", "approval", "recovery")),
        (True, True, True, False, YOUNG_MS, ("password",)),
        (False, True, True, False, 0, ("password",)),
        (False, True, False, False, YOUNG_MS, ("password", "recovery")),
        (True, True, False, True, YOUNG_MS, ("password", "approval")),
        (False, False, False, True, YOUNG_MS, ()),
    ],
)
def test_what_an_account_asks_for(
    signed_in: bool, password: bool, second_factor: bool, idle: bool, age_ms: int, ways: tuple[str, ...]
) -> None:
    account = PhoneAccount(
        second_factor, NOW, invitable=True, found=False, is_signed_in=signed_in, created_ts=NOW, sign_outs=0
    )
    assert ways_in(account, has_password=password, is_idle=idle, now_ms=NOW + age_ms) == ways


async def device_of(server: Server, phones: Phones, number: str) -> User:
    """An account by number, and its one device."""
    new = await sign_up(server, phones, number)
    return User(server, new["user_id"], new["access_token"], new["device_id"])


async def _is_told(device: User, since: str) -> dict[str, Any]:
    """What sync tells of those who want to come in, when it does."""
    async with asyncio.timeout(15):
        while True:
            news = await device.call("GET", "/v3/sync", since=since, timeout=15_000)
            for event in news.get("account_data", {}).get("events", []):
                if event["type"] == "app.hearth.sign_ins":
                    return dict(event["content"])
            since = news["next_batch"]


async def waits(server: Server, phones: Phones, number: str, secret: str, **more: Any) -> tuple[str, dict[str, Any]]:
    """Come with a code on a new device; the session and what is asked for."""
    _, asked = await request(server, number, secret)
    status, answer = await log_in(server, asked["sid"], secret, code=phones.code, **more)
    assert (status, answer["errcode"]) == (401, NEEDED)
    return asked["sid"], answer


async def test_another_device_learns_at_once_and_lets_in(server: Server, phones: Phones) -> None:
    ann = await device_of(server, phones, "+447400132001")
    learns = asyncio.ensure_future(_is_told(ann, (await ann.call("GET", "/v3/sync"))["next_batch"]))
    sid, answer = await waits(server, phones, "+447400132001", "new")
    assert answer["app.hearth.ways"] == ["approval", "recovery"]
    [one] = (await learns)["requests"]
    assert (one["ip"], "aiohttp" in one["user_agent"]) == ("127.0.0.1", True)
    assert one.keys() == {"id", "ts", "expires_ts", "ip", "user_agent"}, "the number is not told there"
    assert await sign_in_state(server, sid, "new") == "waiting"
    assert await approves(ann, answer["app.hearth.number"]) == (200, {"state": "approved"})
    assert await sign_in_state(server, sid, "new") == "approved"
    assert (await log_in(server, sid, "other"))[0] == 400, "it is of the browser that asked"
    status, come = await log_in(server, sid, "new")
    assert (status, come["user_id"]) == (200, ann.user_id)
    assert (await sign_ins(ann))["requests"] == []


async def test_who_asks_twice_at_once_is_shown_one_number(house: House, phones: Phones) -> None:
    _, server, database = house
    await device_of(server, phones, "+447400132040")
    sid, _ = await waits(server, phones, "+447400132040", "new")
    await database.execute("DELETE FROM sign_in_requests WHERE sid = $1", sid)
    answers = await asyncio.gather(*(log_in(server, sid, "new") for _ in range(6)))
    assert len({answer["app.hearth.number"] for _, answer in answers}) == 1


async def test_of_two_who_come_at_once_both_are_seen(
    server: Server, phones: Phones, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await device_of(server, phones, "+447400132041")
    read, has_read, other_is_here = SignIns.waiting, asyncio.Event(), asyncio.Event()

    async def is_slow_at_first(self: SignIns, user_id: str, now_ms: int) -> list[SignInRequest]:
        found = await read(self, user_id, now_ms)
        if not has_read.is_set():
            has_read.set()
            await other_is_here.wait()
        return found

    monkeypatch.setattr(SignIns, "waiting", is_slow_at_first)
    async with asyncio.timeout(30):
        one = asyncio.ensure_future(waits(server, phones, "+447400132041", "one"))
        await has_read.wait()
        await waits(server, phones, "+447400132041", "other")
        other_is_here.set()
        await one
    assert len((await sign_ins(ann))["requests"]) == 2


@pytest.mark.parametrize("says", [None, "wrong"])
async def test_a_no_or_another_number_ends_it_for_good(server: Server, phones: Phones, says: str | None) -> None:
    number = f"+44740013200{2 + (says is None)}"
    ann = await device_of(server, phones, number)
    sid, answer = await waits(server, phones, number, "thief")
    [waiting] = (await sign_ins(ann))["requests"]
    given = f"{(int(answer['app.hearth.number']) + 1) % 100:02}" if says else None
    assert await approves(ann, given) == (200, {"state": "refused"})
    assert await sign_in_state(server, sid, "thief") == "refused"
    status, refused = await log_in(server, sid, "thief")
    assert (status, refused["errcode"]) == (400, "M_THREEPID_AUTH_FAILED"), "it takes another code to ask again"
    path = f"{OURS}/account/sign_ins/{waiting['id']}"
    assert (await ann.ask("POST", path, {"number": answer["app.hearth.number"]}))[0] == 404, "it was answered"


async def test_what_waits_is_written_by_the_server_alone(server: Server) -> None:
    ann = await server.register()
    path = f"/v3/user/{ann.user_id}/account_data/app.hearth.sign_ins"
    assert (await ann.ask("PUT", path, {"requests": []}))[0] == 405
    assert (await ann.ask("DELETE", f"{OURS}/account/recovery"))[0] == 404


async def test_who_has_nothing_else_comes_in_after_a_week_in_which_all_devices_see_it(
    house: House, phones: Phones
) -> None:
    _, server, database = house
    ann = await device_of(server, phones, "+447400132010")
    sid, answer = await waits(server, phones, "+447400132010", "new", recover=True)
    due_ts = answer["app.hearth.due_ts"]
    assert (await sign_ins(ann))["recovery"]["due_ts"] == due_ts
    async with asyncio.timeout(15):
        while not (await ann.call("GET", "/v3/sync")).get("rooms", {}).get("invite"):  # noqa: ASYNC110 - told behind the answer
            await asyncio.sleep(0.1)
    assert (await log_in(server, sid, "new", recover=True))[1]["app.hearth.due_ts"] == due_ts, "it does not begin anew"
    await database.execute(
        "UPDATE recoveries SET due_ts = due_ts - $2 WHERE user_id = $1", ann.user_id, WAIT_MS - 60_000
    )
    assert (await log_in(server, sid, "new"))[0] == 401
    await database.execute("UPDATE recoveries SET due_ts = due_ts - $2 WHERE user_id = $1", ann.user_id, 60_000)
    _, asked = await request(server, "+447400132010", "later")
    assert (await log_in(server, asked["sid"], "later", code=phones.code))[1]["user_id"] == ann.user_id
    assert "recovery" not in await sign_ins(ann)
    assert (await waits(server, phones, "+447400132010", "again"))[1].get("app.hearth.due_ts") is None, "only once"


async def test_any_device_stops_who_waits_and_nobody_begins_again_that_day(house: House, phones: Phones) -> None:
    _, server, database = house
    ann = await device_of(server, phones, "+447400132011")
    sid, _ = await waits(server, phones, "+447400132011", "thief", recover=True)
    await ann.call("DELETE", f"{OURS}/account/recovery")
    assert "recovery" not in await sign_ins(ann)
    await database.execute("UPDATE recoveries SET due_ts = due_ts - $2 WHERE user_id = $1", ann.user_id, WAIT_MS)
    status, answer = await log_in(server, sid, "thief", recover=True)
    assert (status, answer.get("app.hearth.due_ts")) == (401, None)


async def test_who_is_stopped_in_the_last_moment_does_not_come_in(
    house: House, phones: Phones, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, server, database = house
    ann = await device_of(server, phones, "+447400132012")
    sid, _ = await waits(server, phones, "+447400132012", "thief", recover=True)
    await database.execute("UPDATE recoveries SET due_ts = due_ts - $2 WHERE user_id = $1", ann.user_id, WAIT_MS)
    use = Verifications.use

    async def is_late(self: Verifications, proof: Proof) -> None:
        await ann.call("DELETE", f"{OURS}/account/recovery")
        await use(self, proof)

    monkeypatch.setattr(Verifications, "use", is_late)
    status, answer = await log_in(server, sid, "thief")
    assert (status, answer["errcode"]) == (400, "M_THREEPID_AUTH_FAILED")


ENDS = ["yes on a device", "a browser that is known", "nobody for a week after it"]


@pytest.mark.parametrize("ends", ENDS)
async def test_a_recovery_ends_by_itself(house: House, phones: Phones, ends: str) -> None:
    _, server, database = house
    number = f"+4474001320{20 + ENDS.index(ends)}"
    ann = await device_of(server, phones, number)
    _, other = await comes_back(server, phones, number, "other", ann)
    left = await server.call("POST", "/v3/logout", {}, token=other["access_token"])
    await waits(server, phones, number, "new", recover=True)
    await database.execute("DELETE FROM sign_in_requests WHERE user_id = $1", ann.user_id)
    if ends == "yes on a device":
        assert (await comes_back(server, phones, number, "b", ann))[0] == 200
    elif ends == "a browser that is known":
        _, asked = await request(server, number, "b")
        known = {"code": phones.code, "return_ticket": left["app.hearth.return_ticket"]}
        assert (await log_in(server, asked["sid"], "b", **known))[0] == 200
    else:
        life = WAIT_MS + LATE_MS
        await database.execute("UPDATE recoveries SET due_ts = due_ts - $2 WHERE user_id = $1", ann.user_id, life)
        assert (await waits(server, phones, number, "late"))[1].get("app.hearth.due_ts") is None
    assert "recovery" not in await sign_ins(ann)


async def test_a_young_account_without_a_device_is_opened_by_the_code_and_an_old_one_is_not(
    house: House, phones: Phones
) -> None:
    _, server, database = house
    ann = await device_of(server, phones, "+447400132030")
    ticket = (await ann.call("POST", "/v3/logout", {}))["app.hearth.return_ticket"]
    status, again = await comes_back(server, phones, "+447400132030", "a", ann)
    assert (status, again["user_id"]) == (200, ann.user_id)
    await server.call("POST", "/v3/logout", {}, token=again["access_token"])
    await ages(database, ann.user_id, YOUNG_MS)
    _, needed = await waits(server, phones, "+447400132030", "b")
    assert needed["app.hearth.ways"] == ["recovery"]
    _, asked = await request(server, "+447400132030", "c")
    known = {"code": phones.code, "return_ticket": ticket}
    assert (await log_in(server, asked["sid"], "c", **known))[1]["user_id"] == ann.user_id, "the browser is known"


async def test_signing_out_everywhere_makes_the_tickets_of_before_void(house: House, phones: Phones) -> None:
    _, server, database = house
    ann = await device_of(server, phones, "+447400132031")
    _, other = await comes_back(server, phones, "+447400132031", "other", ann)
    left = await server.call("POST", "/v3/logout", {}, token=other["access_token"])
    await ann.call("POST", "/v3/logout/all", {})
    await ages(database, ann.user_id, YOUNG_MS)
    known = {"return_ticket": left["app.hearth.return_ticket"]}
    assert (await waits(server, phones, "+447400132031", "new", **known))[1]["app.hearth.ways"] == ["recovery"]


async def test_a_recovery_is_shown_and_told_though_who_noted_it_died(house: House, phones: Phones) -> None:
    _, server, database = house
    ann = await device_of(server, phones, "+447400132013")
    await device_of(server, phones, "+447400132014")
    assert await SignIns(database).plan_recovery(Recovery(ann.user_id, "192.0.2.1", "agent", NOW, NOW + WAIT_MS * 999))
    await waits(server, phones, "+447400132014", "new", recover=True)
    async with asyncio.timeout(15):
        while not (await ann.call("GET", "/v3/sync")).get("rooms", {}).get("invite"):  # noqa: ASYNC110 - told in turn
            await asyncio.sleep(0.1)
    assert (await sign_ins(ann))["recovery"]["ip"] == "192.0.2.1"


def test_a_ticket_is_of_one_account_for_a_month_or_until_the_password_changes(
    vault: Vault, clock: VirtualClock
) -> None:
    ann = Account(
        1,
        "@ann:test",
        None,
        is_guest=False,
        is_admin=False,
        is_locked=False,
        is_deactivated=False,
        is_erased=False,
        created_ts=NOW,
    )
    tickets = Tickets(vault, clock)
    of = PhoneAccount(False, NOW, invitable=True, found=False, is_signed_in=False, created_ts=NOW, sign_outs=0)
    ticket = tickets.make(ann, of)
    assert tickets.is_known(ann, of, ticket)
    assert not tickets.is_known(ann._replace(user_id="@ben:test"), of, ticket)
    assert not tickets.is_known(ann._replace(password_hash="another one"), of, ticket)
    assert not [bad for bad in (None, "", ".", "x.y", "1.ü", "1" + ticket) if tickets.is_known(ann, of, bad)]
    clock.ms += LIFE_MS
    assert not tickets.is_known(ann, of, ticket)
