"""Who is typing and who is online, as syncs show it."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from homeserver.config.content import Presence
from tests.client_api.test_receipts import of_kind, room_of_two
from tests.support.client import Json, Server, User
from tests.support.running import running_app

if TYPE_CHECKING:
    from tests.support.postgres import Cluster


@pytest.fixture
def server(crowd: Server) -> Server:
    return crowd


async def types(user: User, room: str, **body: Any) -> tuple[int, Json]:
    return await user.ask("PUT", f"/v3/rooms/{room}/typing/{user.user_id}", {"typing": True, **body})


async def typing(user: User, room: str) -> list[str] | None:
    """Who is typing by the user's next news of that; None when none came in time."""
    for _ in range(10):
        answer = await user.syncs(timeout_ms=1000)
        content = of_kind(answer.get("rooms", {}).get("join", {}).get(room, {}), "ephemeral", "m.typing")
        if content is not None:
            users: list[str] = content["user_ids"]
            return users
    return None


async def presence_of(user: User, other: User) -> str:
    return str((await user.call("GET", f"/v3/presence/{other.user_id}/status"))["presence"])


async def becomes(user: User, other: User, presence: str) -> Json:
    """Wait until `user` sees `other` like that; the whole status."""
    status: Json = {}
    for _ in range(200):
        status = await user.call("GET", f"/v3/presence/{other.user_id}/status")
        if status["presence"] == presence:
            return status
        await asyncio.sleep(0.1)
    raise AssertionError(f"{other.user_id} is {status}")


async def test_who_types_is_seen_typing_until_they_stop(server: Server) -> None:
    alice, bob, room = await room_of_two(server)
    assert (await types(bob, room))[0] == 200
    assert await typing(alice, room) == [bob.user_id]
    await types(bob, room, typing=False)
    assert await typing(alice, room) == []


async def test_typing_ends_by_itself(server: Server) -> None:
    alice, bob, room = await room_of_two(server)
    await types(bob, room, timeout=300)
    assert await typing(alice, room) == [bob.user_id]
    assert await typing(alice, room) == []


async def test_everybody_who_types_is_listed(server: Server) -> None:
    alice, bob, room = await room_of_two(server)
    await types(bob, room)
    await types(alice, room)
    fresh = User(server, alice.user_id, alice.token, alice.device_id)
    assert await typing(fresh, room) == [bob.user_id, alice.user_id]


@pytest.mark.parametrize("timeout", [-1, 1.5, "long", 2**60])
async def test_a_timeout_is_a_number_of_milliseconds(server: Server, timeout: object) -> None:
    _, bob, room = await room_of_two(server)
    status, answer = await types(bob, room, timeout=timeout)
    assert (status, answer["errcode"]) == (400, "M_BAD_JSON")


async def test_nobody_types_for_another_or_from_outside(server: Server) -> None:
    alice, bob, room = await room_of_two(server)
    carol = await server.register("carol")
    assert (await types(carol, room))[0] == 403
    assert (await alice.ask("PUT", f"/v3/rooms/{room}/typing/{bob.user_id}", {"typing": True}))[0] == 403


async def test_who_syncs_is_online_for_those_who_share_a_room(server: Server) -> None:
    alice, bob, _ = await room_of_two(server)
    await bob.syncs()
    assert (await becomes(alice, bob, "online"))["currently_active"] is True


async def test_presence_comes_with_syncs(server: Server) -> None:
    alice, bob, _ = await room_of_two(server)
    await bob.call("PUT", f"/v3/presence/{bob.user_id}/status", {"presence": "unavailable", "status_msg": "at lunch"})
    await becomes(alice, bob, "unavailable")
    fresh = User(server, alice.user_id, alice.token, alice.device_id)
    shown = {event["sender"]: event["content"] for event in (await fresh.syncs())["presence"]["events"]}
    assert (shown[bob.user_id]["presence"], shown[bob.user_id]["status_msg"]) == ("unavailable", "at lunch")


async def test_a_change_of_presence_wakes_those_who_see_it(server: Server) -> None:
    alice, bob, _ = await room_of_two(server)
    await becomes(alice, bob, "online")
    await alice.syncs()
    waiting = asyncio.ensure_future(seen(alice, bob, "offline"))
    await bob.call("PUT", f"/v3/presence/{bob.user_id}/status", {"presence": "offline"})
    assert await waiting


async def seen(user: User, other: User, presence: str) -> bool:
    """Whether a sync brings the other's presence."""
    for _ in range(10):
        events = (await user.syncs(timeout_ms=1000)).get("presence", {}).get("events", [])
        if (other.user_id, presence) in {(event["sender"], event["content"]["presence"]) for event in events}:
            return True
    return False


async def test_who_says_offline_in_syncs_stays_offline(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    await bob.joins(await alice.creates_public_room())
    await bob.syncs(set_presence="offline")
    await alice.syncs()
    await becomes(bob, alice, "online")
    assert await presence_of(alice, bob) == "offline"


async def test_strangers_see_no_presence(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    await bob.syncs()
    status, answer = await alice.ask("GET", f"/v3/presence/{bob.user_id}/status")
    assert (status, answer["errcode"]) == (403, "M_FORBIDDEN")
    assert (await alice.ask("PUT", f"/v3/presence/{bob.user_id}/status", {"presence": "online"}))[0] == 403


@pytest.mark.parametrize("body", [{"presence": "away"}, {"presence": "online", "status_msg": "x" * 3000}])
async def test_a_presence_that_cannot_be_is_refused(server: Server, body: Json) -> None:
    alice = await server.register("alice")
    status, answer = await alice.ask("PUT", f"/v3/presence/{alice.user_id}/status", body)
    assert (status, answer["errcode"]) == (400, "M_INVALID_PARAM")


async def test_presence_can_be_switched_off(cluster: "Cluster", tmp_path: Path) -> None:
    async with running_app(cluster, tmp_path, presence=Presence(enabled=False)) as (_, server):
        alice, bob, _ = await room_of_two(server)
        await bob.call("PUT", f"/v3/presence/{bob.user_id}/status", {"presence": "online"})
        assert await presence_of(alice, bob) == "offline"
        assert not (await alice.syncs()).get("presence", {}).get("events")
