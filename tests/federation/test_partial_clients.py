"""What clients see of a large room: the room at once, its members by and by."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from tests.support.big_room import BigRoom
from tests.support.big_room_server import serve
from tests.support.client import Server, User
from tests.support.ports import free_ports
from tests.support.server import ServerProcess
from tools.certificates import LocalCertificate

MEMBERS = 150

pytestmark = pytest.mark.full("federation")


@pytest.fixture
async def room(certificate: LocalCertificate) -> AsyncIterator[BigRoom]:
    """An encrypted room on a resident of its own, which does not tell the members yet."""
    ports = free_ports(4)
    made = BigRoom(MEMBERS, names=[f"localhost:{port}" for port in ports])
    made.is_open.clear()
    runner = await serve(ports, certificate, [made])
    yield made
    made.is_open.set()
    await runner.cleanup()


async def test_members_come_to_clients_as_they_come_to_us(
    room: BigRoom, new_server: Callable[..., Awaitable[ServerProcess]]
) -> None:
    process = await new_server(rate_limits={"enabled": False})
    async with Server(process.url, process.name) as server:
        bob = await server.register("bob")
        lazy = await server.login("bob")
        for one in (bob, lazy):
            await one.syncs()
        place = f"/v3/rooms/{quote(room.room_id, safe='')}"
        await bob.call("POST", f"/v3/join/{quote(room.room_id, safe='')}", {}, via=room.name)
        first, names = await _news(bob, room)
        assert (first, names) == ({bob.user_id}, {"Agora"})
        progress = f"/_matrix/client/unstable/app.hearth/rooms/{quote(room.room_id, safe='')}/join_progress"
        assert (await bob.call("GET", progress))["is_whole"] is False
        await bob.says("hello", room.room_id)
        room.is_open.set()
        joined = await bob.call("GET", f"{place}/joined_members")
        assert len(joined["joined"]) == room.joined_after
        assert await bob.call("GET", progress) == {"is_whole": True}
        members: set[str] = set()
        changed: set[str] = set()
        async with asyncio.timeout(20):
            while len(members) < room.joined_after - 1:
                answer = await bob.syncs(timeout_ms=1000)
                members |= _members(answer, room)
                changed |= set(answer.get("device_lists", {}).get("changed", ()))
        others = {event.state_key for event in room.state if event.type == "m.room.member"}
        assert others <= members
        assert others <= changed
        shown = _members(await lazy.syncs(filter=_LAZY), room)
        assert len(shown) < MEMBERS


async def test_a_list_of_chats_that_shows_no_members_is_told_how_many_there_are(
    room: BigRoom, new_server: Callable[..., Awaitable[ServerProcess]]
) -> None:
    process = await new_server(rate_limits={"enabled": False})
    async with Server(process.url, process.name) as server:
        bob = await server.register("bob")
        await bob.call("POST", f"/v3/join/{quote(room.room_id, safe='')}", {}, via=room.name)
        chats = {"timeline_limit": 1, "required_state": {"include": [{"type": "m.room.name"}], "lazy_members": True}}
        asked = {"conn_id": "test", "timeout": 1000, "lists": {"all": chats}}
        answer = await bob.call("POST", "/v4/sync", asked)
        count = answer["rooms"][room.room_id]["joined_count"]
        assert count < room.joined_after
        room.is_open.set()
        async with asyncio.timeout(20):
            while count != room.joined_after:
                answer = await bob.call("POST", "/v4/sync", {**asked, "pos": answer["pos"]})
                count = answer["rooms"].get(room.room_id, {}).get("joined_count", count)


_LAZY = orjson.dumps({"room": {"state": {"lazy_load_members": True}}}).decode()


async def _news(user: User, room: BigRoom) -> tuple[set[str], set[str]]:
    """Members and names of the room in the next answer of `/sync`."""
    answer = await user.syncs(timeout_ms=1000)
    return _members(answer, room), {
        event["content"]["name"] for event in _events(answer, room) if event["type"] == "m.room.name"
    }


def _members(answer: dict[str, Any], room: BigRoom) -> set[str]:
    return {event["state_key"] for event in _events(answer, room) if event["type"] == "m.room.member"}


def _events(answer: dict[str, Any], room: BigRoom) -> list[dict[str, Any]]:
    shown = answer.get("rooms", {}).get("join", {}).get(room.room_id, {})
    return [*shown.get("state", {}).get("events", ()), *shown.get("timeline", {}).get("events", ())]
