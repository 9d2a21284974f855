"""Parts of a delta, tokens that run out, how many sockets there may be, and what is said when the server stops."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest

from homeserver.client_api.socket import session
from homeserver.services.sync.sliding import engine
from tests.support.client import PASSWORD, Server, User
from tests.support.socket_client import PATH, SUBPROTOCOL, Stream, greet, socket

if TYPE_CHECKING:
    from tests.support.postgres import Cluster


async def test_a_large_answer_comes_in_parts_that_can_be_resumed(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PART_BYTES", 10_000)
    [alice] = await server.users("alice")
    rooms = {await alice.creates_room(name=f"room {n}") for n in range(6)}
    async with socket(alice) as stream:
        stream.acks = False
        first = await stream.until("delta")
        assert first["more"] is True
        await stream.send(t="ack", pos=stream.pos)
    known = set(first["body"]["rooms"])
    async with socket(alice, resume=stream.pos) as again:
        parts = [await again.until("delta")]
        while parts[-1]["more"]:
            parts.append(await again.until("delta"))
    told = [room for part in parts for room in part["body"]["rooms"]]
    assert len(parts) > 1
    assert sorted(told) == sorted(rooms - known), "each room once"
    assert [part["prev"] for part in parts] == [stream.pos, *(part["pos"] for part in parts[:-1])]
    assert "account_data" not in parts[0]["body"]["extensions"]


async def test_a_token_that_runs_out_can_be_renewed_on_the_socket(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "WATCH_EVERY_S", 0.05)
    monkeypatch.setattr(session, "EXPIRING_MS", 10**12)
    [alice] = await server.users("alice")
    identifier = {"type": "m.id.user", "user": "alice"}
    body = {"type": "m.login.password", "identifier": identifier, "password": PASSWORD, "refresh_token": True}
    given = await server.call("POST", "/v3/login", body)
    phone = User(server, alice.user_id, given["access_token"], given["device_id"])
    async with socket(phone) as stream:
        assert (await stream.until("auth_expiring"))["in_ms"] > 0
        fresh = await server.call("POST", "/v3/refresh", {"refresh_token": given["refresh_token"]})
        await stream.send(t="auth", access_token=fresh["access_token"])
        assert (await stream.until("auth_ok"))["token_expires_in_ms"] > 0
        await stream.send(t="auth", access_token=alice.token)
        assert (await stream.until("bye"))["code"] == 4003


async def test_a_device_has_three_sockets_and_the_idlest_goes(server: Server) -> None:
    [alice] = await server.users("alice")
    async with (
        socket(alice, conn_id="0") as idlest,
        socket(alice, conn_id="1") as second,
        socket(alice, conn_id="2"),
        socket(alice, conn_id="3"),
    ):
        bye = await idlest.until("bye")
        assert (bye["code"], bye["retry_after_ms"]) == (4010, 60_000)
        assert (await second.asks("call", method="GET", path="v3/capabilities"))["s"] == 200


async def test_a_server_that_stops_sends_its_clients_away_and_they_go_on_where_they_were(
    cluster: "Cluster", tmp_path: Path
) -> None:
    from tests.support.running import configured, running_on

    async with cluster.database() as url, aiohttp.ClientSession() as http:
        async with running_on(configured(url, tmp_path)) as (_, server):
            [alice] = await server.users("alice")
            room = await alice.creates_room()
            wire = await http.ws_connect(server.base_url.replace("http", "ws", 1) + PATH, protocols=(SUBPROTOCOL,))
            stream = Stream(wire)
            await greet(stream, alice)
            await stream.delta()
            await alice.says("before", room)
            await stream.delta()
            await stream.asks("call", method="GET", path="v3/capabilities")
            away = asyncio.ensure_future(stream.until("bye", 20.0))
        bye = await away
        assert bye["code"] == 1012
        assert 500 <= bye["retry_after_ms"] <= 3_500
        async with running_on(configured(url, tmp_path)) as (_, server):
            back = User(server, alice.user_id, alice.token, alice.device_id)
            await back.says("after", room)
            async with socket(back, resume=stream.pos) as resumed:
                told = (await resumed.delta())["rooms"][room]
                assert "initial" not in told
                assert [event["content"]["body"] for event in told["timeline"]] == ["after"]
