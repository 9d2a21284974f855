"""One's own account and devices: what needs the password once more, and what ends with it."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from homeserver.config.server import Database as DatabaseConfig
from homeserver.services.push_rules import STORED
from homeserver.storage.database import Database
from homeserver.storage.users import Users
from tests.support.client import PASSWORD, Server, User
from tests.support.running import running_app
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

NEW = "a new and better password"
AUTH = {"type": "m.login.password", "password": PASSWORD}


@pytest.fixture
def server(crowd: Server) -> Server:
    return crowd


async def change(user: User, new: str = NEW, **body: Any) -> tuple[int, dict[str, Any]]:
    return await user.ask("POST", "/v3/account/password", {"new_password": new, **body})


async def is_in(user: User) -> bool:
    return (await user.ask("GET", "/v3/account/whoami"))[0] == 200


async def device_ids(user: User) -> set[str]:
    return {one["device_id"] for one in (await user.call("GET", "/v3/devices"))["devices"]}


async def test_whoami_names_user_and_device(server: Server) -> None:
    alice = await server.register("alice")
    answer = await alice.call("GET", "/v3/account/whoami")
    assert answer == {"user_id": alice.user_id, "device_id": alice.device_id, "is_guest": False}


async def test_there_are_no_addresses_at_first(server: Server) -> None:
    assert await (await server.register("alice")).call("GET", "/v3/account/3pid") == {"threepids": []}


# -- the password ------------------------------------------------------------------------------------------------------


async def test_a_new_password_takes_the_place_of_the_old(server: Server) -> None:
    alice = await server.register("alice")
    assert (await change(alice, auth=AUTH))[0] == 200
    assert await is_in(alice)
    identifier = {"type": "m.id.user", "user": alice.user_id}
    body = {"type": "m.login.password", "identifier": identifier, "password": PASSWORD}
    assert (await server.ask("POST", "/v3/login", body))[0] == 403
    await server.login("alice", password=NEW)


async def test_changing_the_password_logs_the_other_devices_out(server: Server) -> None:
    alice, other = await server.register("alice"), await server.login("alice")
    await change(alice, auth=AUTH)
    assert (await is_in(alice), await is_in(other)) == (True, False)
    assert await device_ids(alice) == {alice.device_id}


async def test_the_other_devices_stay_when_that_is_asked_for(server: Server) -> None:
    alice, other = await server.register("alice"), await server.login("alice")
    await change(alice, auth=AUTH, logout_devices=False)
    assert (await is_in(alice), await is_in(other)) == (True, True)


async def test_the_stages_are_told_before_anything_changes(server: Server) -> None:
    alice = await server.register("alice")
    status, answer = await change(alice)
    assert (status, answer["flows"]) == (401, [{"stages": ["m.login.password"]}])
    assert (await change(alice, auth={**AUTH, "session": answer["session"]}))[0] == 200


async def test_a_wrong_password_proves_nothing(server: Server) -> None:
    alice = await server.register("alice")
    status, answer = await change(alice, auth={**AUTH, "password": "a guess"})
    assert (status, answer["errcode"], answer["completed"]) == (401, "M_FORBIDDEN", [])
    await server.login("alice")


async def test_anothers_password_proves_nothing(server: Server) -> None:
    alice, mallory = await server.register("alice"), await server.register("mallory", password=NEW)
    identifier = {"type": "m.id.user", "user": mallory.user_id}
    auth = {"type": "m.login.password", "identifier": identifier, "password": NEW}
    status, answer = await change(alice, auth=auth)
    assert (status, answer["errcode"]) == (401, "M_FORBIDDEN")


async def test_a_weak_password_is_refused_before_any_stage(server: Server) -> None:
    status, answer = await change(await server.register("alice"), "short")
    assert (status, answer["errcode"]) == (400, "M_WEAK_PASSWORD")


# -- sessions of stages ------------------------------------------------------------------------------------------------


async def test_a_session_is_good_for_nothing_but_what_it_was_begun_for(server: Server) -> None:
    alice = await server.register("alice")
    mallory = await server.register("mallory")
    session = (await alice.ask("POST", "/v3/delete_devices", {"devices": ["OLD"]}))[1]["session"]
    auth = {**AUTH, "session": session}
    others: tuple[tuple[User, str, str, dict[str, Any]], ...] = (
        (alice, "POST", "/v3/delete_devices", {"devices": [alice.device_id]}),
        (alice, "POST", "/v3/account/deactivate", {}),
        (alice, "DELETE", "/v3/devices/OLD", {}),
        (mallory, "POST", "/v3/delete_devices", {"devices": ["OLD"]}),
    )
    for user, method, path, body in others:
        status, answer = await user.ask(method, path, {**body, "auth": auth})
        assert (status, answer["errcode"]) == (403, "M_FORBIDDEN"), path
    assert (await alice.ask("POST", "/v3/delete_devices", {"devices": ["OLD"], "auth": auth}))[0] == 200


@pytest.mark.parametrize("session", ["guess", "", "\0", "x" * 300])
async def test_a_session_that_is_not_known_is_refused(server: Server, session: str) -> None:
    status, answer = await change(await server.register("alice"), auth={**AUTH, "session": session})
    assert (status, answer["errcode"]) == (400, "M_INVALID_PARAM")


# -- devices -----------------------------------------------------------------------------------------------------------


async def test_a_device_tells_when_and_where_it_was_last_seen(server: Server) -> None:
    alice = await server.register("alice")
    before = time.time() * 1000
    await alice.call("GET", "/v3/account/whoami")
    (device,) = (await alice.call("GET", "/v3/devices"))["devices"]
    assert device["last_seen_ip"] == "127.0.0.1"
    assert before - 1000 < device["last_seen_ts"] < before + 60_000


async def test_a_device_can_be_renamed(server: Server) -> None:
    alice = await server.register("alice")
    await alice.call("PUT", f"/v3/devices/{alice.device_id}", {"display_name": "Laptop"})
    assert (await alice.call("GET", f"/v3/devices/{alice.device_id}"))["display_name"] == "Laptop"


@pytest.mark.parametrize(
    ("device_id", "name", "status"), [("OTHER", "x", 404), (None, "x" * 101, 400), (None, "\0", 400)]
)
async def test_a_device_that_is_not_there_or_a_name_too_long_is_refused(
    server: Server, device_id: str | None, name: str, status: int
) -> None:
    alice = await server.register("alice")
    path = f"/v3/devices/{device_id or alice.device_id}"
    assert (await alice.ask("PUT", path, {"display_name": name}))[0] == status


async def test_a_deleted_device_is_logged_out_at_once(server: Server) -> None:
    alice, other = await server.register("alice"), await server.login("alice")
    assert (await alice.ask("DELETE", f"/v3/devices/{other.device_id}", {}))[0] == 401
    assert await is_in(other)
    await alice.call("DELETE", f"/v3/devices/{other.device_id}", {"auth": AUTH})
    assert not await is_in(other)
    assert await device_ids(alice) == {alice.device_id}


async def test_several_devices_are_deleted_at_once(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    others = [await server.login("alice") for _ in range(3)]
    ids = [one.device_id for one in others]
    await alice.call("POST", "/v3/delete_devices", {"devices": [*ids[:2], bob.device_id], "auth": AUTH})
    assert await device_ids(alice) == {alice.device_id, ids[2]}
    assert await is_in(bob), "the device of another user"


async def test_others_devices_are_not_to_be_seen(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    assert (await bob.ask("GET", f"/v3/devices/{alice.device_id}"))[0] == 404
    assert await device_ids(bob) == {bob.device_id}


# -- closing the account -----------------------------------------------------------------------------------------------


async def test_closing_an_account_needs_the_password(server: Server) -> None:
    alice = await server.register("alice")
    assert (await alice.ask("POST", "/v3/account/deactivate", {}))[0] == 401
    assert await is_in(alice)


async def test_who_closes_their_account_is_gone_from_rooms_and_invites(house: tuple[Server, Database]) -> None:
    server, database = house
    alice, bob = await server.users("alice", "bob")
    room, invite = await bob.creates_room(inviting=alice), await bob.creates_room(inviting=alice)
    await alice.joins(room)
    answer = await alice.call("POST", "/v3/account/deactivate", {"auth": AUTH, "erase": True})
    assert answer == {"id_server_unbind_result": "no-support"}
    assert not await is_in(alice)
    for room_id in (room, invite):
        await has_left(alice, room_id, seen_by=bob)
    user = await Users(database).read(alice.user_id)
    assert user is not None
    assert (user.is_deactivated, user.is_erased, user.password_hash) == (True, True, None)


async def test_what_a_closed_account_still_had_ends_after_a_restart(cluster: "Cluster", tmp_path: Path) -> None:
    async with cluster.database() as url:
        again: dict[str, Any] = {"database": DatabaseConfig(url=url)}
        async with running_app(cluster, tmp_path, **again) as (_, server):
            alice, bob = await server.users("alice", "bob")
            room = await bob.creates_room(inviting=alice)
            await alice.joins(room)
            database = await Database.open(url)
            await Users(database).deactivate(alice.user_id, erase=False)
            await database.close()
        async with running_app(cluster, tmp_path, **again) as (_, server):
            await has_left(alice, room, seen_by=User(server, bob.user_id, bob.token, bob.device_id))
            database = await Database.open(url)
            assert await Users(database).closed_with_access() == []
            await database.close()


async def has_left(user: User, room_id: str, *, seen_by: User) -> None:
    """Wait until the user has left the room."""

    async def is_gone() -> bool:
        return (await seen_by.state(room_id, "m.room.member", user.user_id))["membership"] == "leave"

    await eventually(is_gone)


async def test_a_closed_account_leaves_its_profile_and_its_name_behind(house: tuple[Server, Database]) -> None:
    server, database = house
    alice, bob = await server.users("alice", "bob")
    await alice.call("PUT", f"/v3/profile/{alice.user_id}/displayname", {"displayname": "Alice"})
    await alice.call("PUT", "/v3/pushrules/global/override/.m.rule.master/enabled", {"enabled": True})
    await alice.call("POST", "/v3/account/deactivate", {"auth": AUTH})
    assert await bob.call("GET", f"/v3/profile/{alice.user_id}") == {}
    status, answer = await bob.ask("POST", "/v3/createRoom", {"invite": [alice.user_id]})
    assert (status, answer["errcode"]) == (403, "M_FORBIDDEN")
    assert (await server.ask("GET", "/v3/register/available", query={"username": "alice"}))[0] == 400
    assert await database.fetchval("SELECT count(*) FROM account_data WHERE type = $1", STORED) == 0
