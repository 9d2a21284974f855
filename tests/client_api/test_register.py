"""Signing up: who may, by which name, and that a session of stages is good for one request only."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from homeserver.config import Config
from homeserver.config.accounts import Registration
from homeserver.config.server import Database as DatabaseConfig
from homeserver.storage.database import Database
from homeserver.storage.registration_tokens import RegistrationTokens
from tests.support.client import PASSWORD, Refused, Server
from tests.support.running import running_app

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

DUMMY = {"type": "m.login.dummy"}


async def sign_up(server: Server, **body: Any) -> tuple[int, dict[str, Any]]:
    return await server.ask("POST", "/v3/register", {"password": PASSWORD, **body})


async def test_signing_up_logs_in(server: Server) -> None:
    alice = await server.register("alice", device_id="PHONE", initial_device_display_name="My phone")
    assert (alice.user_id, alice.device_id) == ("@alice:hearth.test", "PHONE")
    assert (await alice.call("GET", "/v3/account/whoami"))["user_id"] == alice.user_id
    assert (await alice.call("GET", "/v3/devices/PHONE"))["display_name"] == "My phone"


async def test_without_auth_the_stages_are_told(server: Server) -> None:
    status, answer = await sign_up(server, username="alice")
    assert (status, answer["flows"]) == (401, [{"stages": ["m.login.dummy"]}])
    assert "errcode" not in answer
    status, answer = await sign_up(server, username="alice", auth={**DUMMY, "session": answer["session"]})
    assert (status, answer["user_id"]) == (200, "@alice:hearth.test")


async def test_a_session_is_good_for_the_name_it_was_begun_with(server: Server) -> None:
    _, begun = await sign_up(server, username="alice")
    status, answer = await sign_up(server, username="admin", auth={**DUMMY, "session": begun["session"]})
    assert (status, answer["errcode"]) == (403, "M_FORBIDDEN")


async def test_a_session_is_good_once(server: Server) -> None:
    _, begun = await sign_up(server, username="alice")
    auth = {**DUMMY, "session": begun["session"]}
    assert (await sign_up(server, username="alice", auth=auth))[0] == 200
    assert (await sign_up(server, username="alice", auth=auth))[1]["errcode"] == "M_USER_IN_USE"
    status, answer = await server.ask(
        "POST", "/v3/delete_devices", {"devices": [], "auth": auth}, token=(await server.login("alice")).token
    )
    assert (status, answer["errcode"]) == (400, "M_INVALID_PARAM")


async def test_a_stage_that_is_not_asked_for_proves_nothing(server: Server) -> None:
    status, answer = await sign_up(server, username="alice", auth={"type": "m.login.password", "password": "x"})
    assert (status, answer["errcode"]) == (400, "M_UNRECOGNIZED")


async def test_a_name_is_given_once_whatever_its_case(server: Server) -> None:
    await server.register("alice")
    with pytest.raises(Refused) as refused:
        await server.register("ALICE")
    assert (refused.value.status, refused.value.errcode) == (400, "M_USER_IN_USE")


@pytest.mark.parametrize("name", ["", "a b", "höhle", "a:b", "@alice", "x" * 250, "a\x00b"])
async def test_a_name_must_be_one_that_every_server_takes(server: Server, name: str) -> None:
    status, answer = await sign_up(server, username=name, auth=DUMMY)
    assert (status, answer["errcode"]) == (400, "M_INVALID_USERNAME")


async def test_a_name_is_made_up_for_who_brings_none(server: Server) -> None:
    status, answer = await sign_up(server, auth=DUMMY)
    assert status == 200
    assert answer["user_id"].endswith(":hearth.test")


async def test_a_short_password_is_refused_and_the_name_stays_free(server: Server) -> None:
    status, answer = await sign_up(server, username="alice", password="short", auth=DUMMY)
    assert (status, answer["errcode"]) == (400, "M_WEAK_PASSWORD")
    assert (await server.ask("GET", "/v3/register/available", query={"username": "alice"}))[0] == 200


async def test_a_device_that_cannot_be_leaves_the_name_free(server: Server) -> None:
    status, answer = await sign_up(server, username="alice", auth=DUMMY, initial_device_display_name="x" * 101)
    assert (status, answer["errcode"]) == (400, "M_INVALID_PARAM")
    assert (await server.ask("GET", "/v3/register/available", query={"username": "alice"}))[0] == 200


async def test_names_that_are_taken_are_told(server: Server) -> None:
    await server.register("alice")
    status, answer = await server.ask("GET", "/v3/register/available", query={"username": "alice"})
    assert (status, answer["errcode"]) == (400, "M_USER_IN_USE")


async def test_one_may_sign_up_without_logging_in(server: Server) -> None:
    status, answer = await sign_up(server, username="alice", auth=DUMMY, inhibit_login=True)
    assert (status, answer) == (200, {"user_id": "@alice:hearth.test"})
    await server.login("alice")


async def test_a_refresh_token_comes_only_when_asked_for(server: Server) -> None:
    without = (await sign_up(server, username="alice", auth=DUMMY))[1]
    with_it = (await sign_up(server, username="bob", auth=DUMMY, refresh_token=True))[1]
    assert "refresh_token" not in without
    assert with_it["refresh_token"].startswith("her_")
    assert with_it["expires_in_ms"] > 0


async def test_there_are_no_guests(server: Server) -> None:
    status, answer = await server.ask("POST", "/v3/register", {}, query={"kind": "guest"})
    assert (status, answer["errcode"]) == (403, "M_FORBIDDEN")


@pytest.mark.parametrize(
    "policy", [Registration(), Registration(enabled=True), Registration(enabled=False, without_verification=True)]
)
async def test_signing_up_is_closed_unless_the_admin_opens_it(
    cluster: "Cluster", tmp_path: Path, policy: Registration
) -> None:
    async with running_app(cluster, tmp_path, registration=policy) as (_, server):
        status, answer = await sign_up(server, username="alice", auth=DUMMY)
        assert (status, answer["errcode"]) == (403, "M_FORBIDDEN")
        assert (await server.ask("GET", "/v3/register/available", query={"username": "a"}))[0] == 403


async def test_a_server_named_localhost_is_open_to_its_own_machine(cluster: "Cluster", tmp_path: Path) -> None:
    changes: dict[str, Any] = {"registration": Registration(), "server_name": Config().server_name}
    assert changes["server_name"] == "localhost"
    async with running_app(cluster, tmp_path, **changes) as (_, server):
        assert (await server.register("alice")).user_id == "@alice:localhost"


async def test_a_registration_token_opens_the_door_as_often_as_it_says(cluster: "Cluster", tmp_path: Path) -> None:
    policy = Registration(enabled=True, tokens_required=True)
    async with (
        cluster.database() as url,
        running_app(cluster, tmp_path, registration=policy, database=DatabaseConfig(url=url)) as (_, server),
    ):
        database = await Database.open(url)
        await RegistrationTokens(database).create("once", uses_allowed=1, expires_ts=None, now_ms=0)
        await database.close()
        auth = {"type": "m.login.registration_token", "token": "once"}
        validity = "/v1/register/m.login.registration_token/validity"
        assert (await server.ask("GET", validity, query={"token": "once"}))[1] == {"valid": True}
        assert (await sign_up(server, username="eve", auth={**auth, "token": "guess"}))[1]["errcode"] == "M_FORBIDDEN"
        assert (await sign_up(server, username="alice", auth=DUMMY))[0] == 400
        assert (await sign_up(server, username="alice", auth=auth))[0] == 200
        assert (await sign_up(server, username="bob", auth=auth))[0] == 401
        assert (await server.ask("GET", validity, query={"token": "once"}))[1] == {"valid": False}
