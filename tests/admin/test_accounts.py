"""Accounts by the API of admins, as common tools ask for it."""

import pytest

from tests.admin.conftest import ADMIN, House, mac_of, made_by_secret
from tests.support.client import PASSWORD, Refused


async def test_a_script_that_knows_the_secret_makes_accounts(house: House) -> None:
    made = await made_by_secret(house.server, "scripted", is_admin=False)
    whoami = await house.server.call("GET", "/v3/account/whoami", token=made["access_token"])
    assert whoami["user_id"] == "@scripted:hearth.test"
    with pytest.raises(Refused) as refused:
        await made_by_secret(house.server, "scripted", is_admin=False)
    assert refused.value.errcode == "M_USER_IN_USE"


async def test_without_the_secret_no_account_is_made(house: House) -> None:
    nonce = (await house.server.call("GET", f"{ADMIN}/v1/register"))["nonce"]
    body = {"nonce": nonce, "username": "thief", "password": PASSWORD, "admin": True}
    for wrong in (
        {**body, "mac": mac_of(nonce, "thief", PASSWORD, "admin", secret="guessed")},
        {**body, "mac": mac_of(nonce, "thief", PASSWORD, "notadmin")},
        {**body, "mac": "\u00e9"},
    ):
        status, answer = await house.server.ask("POST", f"{ADMIN}/v1/register", wrong)
        assert (status, answer["errcode"]) == (403, "M_FORBIDDEN")
    stale = {**body, "nonce": "1.x." + nonce.rpartition(".")[2], "mac": "0"}
    for bad in (stale, {**stale, "nonce": ""}, {**stale, "nonce": "\u00e9.1"}):
        assert (await house.server.ask("POST", f"{ADMIN}/v1/register", bad))[0] == 400


async def test_admin_calls_are_for_admins_alone_and_unknown_ones_are_unrecognized(house: House) -> None:
    alice = await house.server.register()
    for method, path in (("GET", "v2/users"), ("GET", "v1/rooms"), ("PUT", f"v2/users/{alice.user_id}")):
        status, answer = await alice.ask(method, f"{ADMIN}/{path}", {})
        assert (status, answer["errcode"]) == (403, "M_FORBIDDEN"), path
    for path in ("v1/whatever", "v9/users", "v1/modify_user"):
        status, answer = await house.admin.ask("GET", f"{ADMIN}/{path}")
        assert (status, answer["errcode"]) == (404, "M_UNRECOGNIZED"), path


async def test_an_account_is_made_shown_changed_and_closed(house: House) -> None:
    admin, server = house.admin, house.server
    path = f"{ADMIN}/v2/users/@made:hearth.test"
    wanted = {
        "password": PASSWORD,
        "displayname": "Made",
        "threepids": [{"medium": "email", "address": "made@hearth.test"}],
        "user_type": "bot",
    }
    status, made = await admin.ask("PUT", path, wanted)
    assert (status, made["displayname"], made["user_type"], made["admin"]) == (201, "Made", "bot", False)
    assert [one["address"] for one in made["threepids"]] == ["made@hearth.test"]
    session = await server.login("made")
    status, changed = await admin.ask("PUT", path, {"displayname": None, "admin": True, "threepids": []})
    assert (status, changed["displayname"], changed["admin"], changed["threepids"]) == (200, None, True, [])
    assert await admin.call("GET", path) == changed
    assert (await session.ask("GET", f"{ADMIN}/v2/users"))[0] == 200, "rights hold at once"
    await admin.call("POST", f"{ADMIN}/v1/reset_password/@made:hearth.test", {"new_password": "another password"})
    assert (await session.ask("GET", "/v3/account/whoami"))[0] == 401
    await server.login("made", password="another password")
    await admin.call("POST", f"{ADMIN}/v1/deactivate/@made:hearth.test", {"erase": True})
    gone = await admin.call("GET", path)
    assert (gone["deactivated"], gone["erased"]) == (True, True)
    assert (await admin.ask("PUT", path, {"deactivated": False}))[0] == 403


async def test_accounts_are_listed_by_page_name_and_state(house: House) -> None:
    admin, server = house.admin, house.server
    users = [await server.register(f"listed{n}") for n in range(5)]
    await admin.call("POST", f"{ADMIN}/v1/deactivate/{users[4].user_id}", {})
    page = await admin.call("GET", f"{ADMIN}/v2/users", None, name="listed", limit=3)
    assert ([one["name"] for one in page["users"]], page["total"], page["next_token"]) == (
        [user.user_id for user in users[:3]],
        4,
        "3",
    )
    rest = await admin.call("GET", f"{ADMIN}/v2/users", None, **{"name": "listed", "limit": 3, "from": 3})
    assert [one["name"] for one in rest["users"]] == [users[3].user_id]
    closed = await admin.call("GET", f"{ADMIN}/v3/users", None, name="listed", deactivated="true")
    assert [one["name"] for one in closed["users"]] == [users[4].user_id]
    every = await admin.call("GET", f"{ADMIN}/v3/users", None, name="listed", order_by="creation_ts", dir="b")
    assert [one["name"] for one in every["users"]] == [user.user_id for user in reversed(users)]
    assert (await admin.ask("GET", f"{ADMIN}/v2/users", None, order_by="password_hash"))[0] == 400


async def test_devices_rooms_and_addresses_of_an_account_are_looked_after(house: House) -> None:
    admin, server = house.admin, house.server
    user = await server.register()
    second = await server.login(user.user_id[1:].partition(":")[0])
    room = await user.creates_room()
    devices = f"{ADMIN}/v2/users/{user.user_id}/devices"
    assert (await admin.call("GET", devices))["total"] == 2
    await admin.call("PUT", f"{devices}/{second.device_id}", {"display_name": "Named by an admin"})
    assert (await admin.call("GET", f"{devices}/{second.device_id}"))["display_name"] == "Named by an admin"
    await admin.call("DELETE", f"{devices}/{second.device_id}")
    assert (await second.ask("GET", "/v3/account/whoami"))[1]["errcode"] == "M_UNKNOWN_TOKEN"
    joined = await admin.call("GET", f"{ADMIN}/v1/users/{user.user_id}/joined_rooms")
    assert joined == {"joined_rooms": [room], "total": 1}
    whois = await admin.call("GET", f"{ADMIN}/v1/whois/{user.user_id}")
    assert whois["user_id"] == user.user_id
    own = await user.call("GET", f"/v3/admin/whois/{user.user_id}")
    assert own["devices"].keys() <= {user.device_id}
    assert (await user.ask("GET", f"/v3/admin/whois/{admin.user_id}"))[0] == 403


async def test_an_admin_logs_in_as_a_user_who_sees_that(house: House) -> None:
    user = await house.server.register()
    answer = await house.admin.call("POST", f"{ADMIN}/v1/users/{user.user_id}/login", {})
    whoami = await house.server.call("GET", "/v3/account/whoami", token=answer["access_token"])
    assert whoami["user_id"] == user.user_id
    names = [device.get("display_name") for device in (await user.call("GET", "/v3/devices"))["devices"]]
    assert f"Admin {house.admin.user_id}" in names


async def test_a_rate_of_its_own_is_shown_and_taken_back(house: House) -> None:
    user = await house.server.register()
    path = f"{ADMIN}/v1/users/{user.user_id}/override_ratelimit"
    assert await house.admin.call("GET", path) == {}
    rate = {"messages_per_second": 100, "burst_count": 1000}
    assert await house.admin.call("POST", path, rate) == rate
    assert await house.admin.call("GET", path) == rate
    assert await house.admin.call("DELETE", path) == {}
    assert await house.admin.call("GET", path) == {}


async def test_registration_tokens_are_made_changed_and_deleted(house: House) -> None:
    admin, path = house.admin, f"{ADMIN}/v1/registration_tokens"
    made = await admin.call("POST", f"{path}/new", {"token": "abc", "uses_allowed": 2})
    assert made == {"token": "abc", "uses_allowed": 2, "pending": 0, "completed": 0, "expiry_time": None}
    assert (await admin.ask("POST", f"{path}/new", {"token": "abc"}))[0] == 400
    assert (await admin.ask("POST", f"{path}/new", {"token": "a b"}))[0] == 400
    assert len((await admin.call("POST", f"{path}/new", {"length": 24}))["token"]) == 24
    changed = await admin.call("PUT", f"{path}/abc", {"uses_allowed": 0})
    assert (changed["uses_allowed"], await admin.call("GET", f"{path}/abc")) == (0, changed)
    usable = await admin.call("GET", path, None, valid="true")
    assert "abc" not in [token["token"] for token in usable["registration_tokens"]]
    await admin.call("DELETE", f"{path}/abc")
    assert (await admin.ask("GET", f"{path}/abc"))[1]["errcode"] == "M_NOT_FOUND"
