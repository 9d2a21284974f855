"""Logging in and out: every way in against every state of an account; tokens that are renewed, stolen, ended."""

import asyncio
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from homeserver.config.rate_limits import Bucket, RateLimits
from homeserver.services import sessions
from homeserver.storage.database import Database
from tests.support.client import PASSWORD, Refused, Server, User
from tests.support.running import running_app

if TYPE_CHECKING:
    from tests.support.postgres import Cluster


async def log_in(server: Server, user: str, password: str = PASSWORD, **more: Any) -> tuple[int, dict[str, Any]]:
    identifier = {"type": "m.id.user", "user": user}
    body = {"type": "m.login.password", "identifier": identifier, "password": password, **more}
    return await server.ask("POST", "/v3/login", body)


async def refresh(server: Server, token: str) -> tuple[int, dict[str, Any]]:
    return await server.ask("POST", "/v3/refresh", {"refresh_token": token})


async def whoami(server: Server, token: str) -> tuple[int, str | None]:
    status, answer = await server.ask("GET", "/v3/account/whoami", token=token)
    return status, answer.get("errcode")


async def close(user: User) -> None:
    auth = {"type": "m.login.password", "password": PASSWORD}
    await user.call("POST", "/v3/account/deactivate", {"auth": auth})


async def test_the_flows_are_told(server: Server) -> None:
    flows = [{"type": "m.login.password"}, {"type": "m.login.token", "get_login_token": True}]
    assert await server.call("GET", "/v3/login") == {"flows": flows}


@pytest.mark.parametrize("user", ["alice", "Alice", "@alice:hearth.test"])
async def test_one_logs_in_by_name_or_whole_id(server: Server, user: str) -> None:
    await server.register("alice")
    assert (await log_in(server, user))[1]["user_id"] == "@alice:hearth.test"


@pytest.mark.parametrize("user", ["nobody", "@alice:elsewhere.test", "@alice", "a b", "\0", "x" * 300])
async def test_a_name_that_nobody_has_answers_like_a_wrong_password(server: Server, user: str) -> None:
    await server.register("alice")
    wrong = await log_in(server, "alice", "wrong password")
    assert wrong[0] == 403
    assert await log_in(server, user) == wrong


async def test_a_name_that_nobody_has_takes_as_long_as_a_wrong_password(server: Server) -> None:
    await server.register("alice")
    took: dict[str, list[float]] = {"alice": [], "nobody": []}
    for _ in range(15):
        for user, times in took.items():
            began = time.perf_counter()
            await log_in(server, user, "wrong password")
            times.append(time.perf_counter() - began)
    ratio = statistics.median(took["alice"]) / statistics.median(took["nobody"])
    assert 0.5 < ratio < 2, "telling them apart by time"


@pytest.mark.parametrize("kind", ["m.login.sso", ""])
async def test_an_unknown_way_in_is_said_to_be_unknown(server: Server, kind: str) -> None:
    status, answer = await server.ask("POST", "/v3/login", {"type": kind})
    assert (status, answer["errcode"]) == (400, "M_UNKNOWN")


async def test_logging_in_again_on_a_device_ends_what_was_there(server: Server) -> None:
    alice = await server.register("alice", device_id="PHONE")
    again = await server.login("alice", device_id="PHONE")
    assert await whoami(server, alice.token) == (401, "M_UNKNOWN_TOKEN")
    assert await whoami(server, again.token) == (200, None)
    assert len((await again.call("GET", "/v3/devices"))["devices"]) == 1


async def test_another_device_leaves_the_first_alone(server: Server) -> None:
    alice = await server.register("alice")
    other = await server.login("alice")
    assert other.device_id != alice.device_id
    assert await whoami(server, alice.token) == (200, None)


async def test_logging_out_ends_the_token_and_the_device_at_once(server: Server) -> None:
    alice = await server.register("alice")
    other = await server.login("alice")
    await alice.call("POST", "/v3/logout")
    assert await whoami(server, alice.token) == (401, "M_UNKNOWN_TOKEN")
    assert [one["device_id"] for one in (await other.call("GET", "/v3/devices"))["devices"]] == [other.device_id]


async def test_logging_out_everywhere_ends_every_token(server: Server) -> None:
    alice = await server.register("alice")
    other = await server.login("alice")
    await alice.call("POST", "/v3/logout/all")
    assert {await whoami(server, one.token) for one in (alice, other)} == {(401, "M_UNKNOWN_TOKEN")}


@pytest.mark.parametrize("token", ["x", "hea_", "her_" + "x" * 43, "hea_" + "x" * 43, "é", "x" * 10_000])
async def test_a_token_of_nobody_is_unknown(server: Server, token: str) -> None:
    status, answer = await server.ask("GET", "/v3/account/whoami", query={"access_token": token})
    assert (status, answer["errcode"], answer.get("soft_logout", False)) == (401, "M_UNKNOWN_TOKEN", False)


async def test_an_empty_token_is_a_missing_one(server: Server) -> None:
    status, answer = await server.ask("GET", "/v3/account/whoami", query={"access_token": ""})
    assert (status, answer["errcode"]) == (401, "M_MISSING_TOKEN")


# -- refreshing --------------------------------------------------------------------------------------------------------


async def with_refresh(server: Server) -> dict[str, Any]:
    await server.register("alice")
    return (await log_in(server, "alice", refresh_token=True))[1]


async def test_refreshing_replaces_both_tokens(server: Server) -> None:
    first = await with_refresh(server)
    status, second = await refresh(server, first["refresh_token"])
    assert status == 200
    assert await whoami(server, second["access_token"]) == (200, None)
    assert await whoami(server, first["access_token"]) == (401, "M_UNKNOWN_TOKEN")


async def test_an_answer_that_was_lost_may_be_asked_for_again(server: Server) -> None:
    first = await with_refresh(server)
    await refresh(server, first["refresh_token"])
    status, again = await refresh(server, first["refresh_token"])
    assert status == 200
    assert await whoami(server, again["access_token"]) == (200, None)


async def test_a_refresh_token_that_comes_back_after_it_was_replaced_ends_the_session(server: Server) -> None:
    first = await with_refresh(server)
    _, second = await refresh(server, first["refresh_token"])
    assert await whoami(server, second["access_token"]) == (200, None)
    status, answer = await refresh(server, first["refresh_token"])
    assert (status, answer["errcode"]) == (401, "M_UNKNOWN_TOKEN")
    assert await whoami(server, second["access_token"]) == (401, "M_UNKNOWN_TOKEN")
    assert (await refresh(server, second["refresh_token"]))[0] == 401


async def test_an_access_token_that_has_expired_asks_for_a_refresh(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "ACCESS_LIFE_MS", 1)
    first = await with_refresh(server)
    await asyncio.sleep(0.01)
    status, answer = await server.ask("GET", "/v3/account/whoami", token=first["access_token"])
    assert (status, answer["errcode"], answer["soft_logout"]) == (401, "M_UNKNOWN_TOKEN", True)
    monkeypatch.undo()
    _, second = await refresh(server, first["refresh_token"])
    assert await whoami(server, second["access_token"]) == (200, None)


async def test_a_refresh_token_dies_with_its_session(server: Server) -> None:
    first = await with_refresh(server)
    await server.call("POST", "/v3/logout", token=first["access_token"])
    assert (await refresh(server, first["refresh_token"]))[0] == 401


async def test_an_access_token_is_no_refresh_token(server: Server) -> None:
    first = await with_refresh(server)
    assert (await refresh(server, first["access_token"]))[1]["errcode"] == "M_UNKNOWN_TOKEN"
    assert await whoami(server, first["refresh_token"]) == (401, "M_UNKNOWN_TOKEN")


# -- the state of the account ------------------------------------------------------------------------------------------


async def test_a_closed_account_is_closed_by_every_way_in(server: Server) -> None:
    first = await with_refresh(server)
    alice = await server.login("alice")
    await close(alice)
    assert await whoami(server, alice.token) == (401, "M_UNKNOWN_TOKEN")
    assert await whoami(server, first["access_token"]) == (401, "M_UNKNOWN_TOKEN")
    assert (await refresh(server, first["refresh_token"]))[1]["errcode"] == "M_UNKNOWN_TOKEN"
    status, answer = await log_in(server, "alice")
    assert (status, answer["errcode"]) == (403, "M_USER_DEACTIVATED")
    with pytest.raises(Refused) as refused:
        await server.register("alice")
    assert refused.value.errcode == "M_USER_IN_USE"


async def test_a_locked_account_is_locked_by_every_way_in(house: tuple[Server, Database]) -> None:
    server, database = house
    first = await with_refresh(server)
    await database.execute("UPDATE users SET is_locked = true WHERE user_id = '@alice:hearth.test'")
    status, answer = await log_in(server, "alice")
    assert (status, answer["errcode"], answer["soft_logout"]) == (401, "M_USER_LOCKED", True)
    assert (await log_in(server, "alice", "wrong password"))[1]["errcode"] == "M_FORBIDDEN"
    assert (await refresh(server, first["refresh_token"]))[1]["errcode"] == "M_USER_LOCKED"


# -- trying ------------------------------------------------------------------------------------------------------------


async def test_guessing_one_accounts_password_is_slowed_down(cluster: "Cluster", tmp_path: Path) -> None:
    limits = RateLimits(login=Bucket(1000, 1000), login_account=Bucket(0.001, 3))
    async with running_app(cluster, tmp_path, rate_limits=limits) as (_, server):
        await server.register("alice")
        statuses = [(await log_in(server, "alice", f"guess number {n}"))[0] for n in range(5)]
        assert statuses == [403, 403, 429, 429, 429]
        assert (await log_in(server, "bob"))[0] == 403, "another account"


async def test_guessing_from_one_address_is_slowed_down(cluster: "Cluster", tmp_path: Path) -> None:
    async with running_app(cluster, tmp_path, rate_limits=RateLimits(login=Bucket(0.001, 3))) as (_, server):
        statuses = [(await log_in(server, f"user{n}"))[0] for n in range(5)]
        assert statuses == [403, 403, 403, 429, 429]


async def test_no_secret_is_stored_as_it_is(house: tuple[Server, Database]) -> None:
    server, database = house
    first = await with_refresh(server)
    secrets = [PASSWORD, first["access_token"], first["refresh_token"]]
    await server.ask("POST", "/v3/account/password", {"new_password": "another password"}, token=first["access_token"])
    for table in ("users", "sessions", "devices", "ui_auth"):
        for row in await database.fetch(f"SELECT t::text AS row FROM {table} t"):
            assert not [one for one in [*secrets, "another password"] if one in row["row"]], table


async def test_many_may_log_in_at_once(server: Server) -> None:
    await server.register("alice")
    answers = await asyncio.gather(*(log_in(server, "alice") for _ in range(20)))
    assert {status for status, _ in answers} == {200}
    assert len({answer["access_token"] for _, answer in answers}) == 20
