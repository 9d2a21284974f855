"""Events that are sent later (MSC4140): by whom, once, also over a crash."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.support.client import Json, Server, User
from tests.support.server import ServerProcess
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

NewServer = Callable[..., Awaitable[ServerProcess]]
ROOT = "/unstable/org.matrix.msc4140"
LONG_MS = 3_600_000


async def delays(user: User, room: str, text: str, delay_ms: int, txn_id: str = "t") -> str:
    """Have a message sent later, as deployed clients ask for it; the id."""
    path = f"/v3/rooms/{room}/send/m.room.message/{txn_id}"
    query = {"org.matrix.msc4140.delay": delay_ms}
    return str((await user.call("PUT", path, {"msgtype": "m.text", "body": text}, **query))["delay_id"])


async def manages(user: User, delay_id: str, action: str) -> tuple[int, Json]:
    return await user.ask("POST", f"{ROOT}/delayed_events/{delay_id}", {"action": action})


async def until_seen(user: User, room: str, text: str) -> None:
    async def is_seen() -> bool:
        return text in await user.sees(room)

    await eventually(is_seen)


async def test_an_event_is_sent_after_its_delay_or_when_asked_and_not_when_cancelled(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room()
    await bob.joins(room)
    soon = await delays(alice, room, "soon", 300, "1")
    assert await delays(alice, room, "soon", 300, "1") == soon, "a repeat of the request"
    later, never = await delays(alice, room, "when asked", LONG_MS, "2"), await delays(alice, room, "no", LONG_MS, "3")
    waiting = (await alice.call("GET", f"{ROOT}/delayed_events"))["delayed_events"]
    assert {event["delay_id"] for event in waiting} >= {later, never}
    assert (await bob.call("GET", f"{ROOT}/delayed_events"))["delayed_events"] == []
    assert (await manages(bob, later, "send"))[0] == 404
    await until_seen(bob, room, "soon")
    assert (await manages(alice, never, "restart"))[0] == 200
    assert (await manages(alice, never, "cancel"))[0] == 200
    assert (await manages(alice, never, "cancel"))[0] == 404
    assert (await manages(alice, later, "explode"))[1]["errcode"] == "M_INVALID_PARAM"
    assert (await server.ask("POST", f"{ROOT}/delayed_events/{later}/send", {}))[0] == 200, "by who knows the id"
    await until_seen(bob, room, "when asked")
    assert await bob.sees(room) == ["soon", "when asked"]


async def test_a_state_event_waits_too_and_is_called_off_when_another_was_faster(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_room(preset="trusted_private_chat", inviting=bob)
    await bob.joins(room)
    path, query = f"/v3/rooms/{room}/state/m.room.topic/", {"org.matrix.msc4140.delay": LONG_MS}
    first = (await alice.call("PUT", path, {"topic": "of alice"}, **query))["delay_id"]
    await bob.sets(room, "m.room.topic", {"topic": "of bob"})
    await manages(alice, first, "send")
    second = await alice.call(
        "PUT",
        f"{ROOT}/rooms/{room}/delayed_event/m.room.name/7",
        {"delay": 1, "content": {"name": "Named later"}, "state_key": ""},
    )

    async def is_named() -> bool:
        return bool((await alice.ask("GET", f"/v3/rooms/{room}/state/m.room.name"))[1].get("name") == "Named later")

    await eventually(is_named)
    assert (await manages(alice, second["delay_id"], "restart"))[0] == 404
    assert await alice.state(room, "m.room.topic") == {"topic": "of bob"}


async def test_plain_words_are_not_sent_into_a_room_that_was_encrypted_meanwhile(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    waiting = await delays(alice, room, "plain", LONG_MS)
    await alice.sets(room, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    await manages(alice, waiting, "send")

    async def is_gone() -> bool:
        return not (await alice.call("GET", f"{ROOT}/delayed_events"))["delayed_events"]

    await eventually(is_gone)
    assert await alice.sees(room) == []


async def test_what_is_no_event_is_taken_and_never_sent(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    path = f"{ROOT}/rooms/{room}/delayed_event/m.room.message/9"
    body = b'{"delay": %d, "content": {"body": "x", "n": 1%s}}' % (LONG_MS, b"0" * 30)
    waiting = (await alice.call("PUT", path, body))["delay_id"]
    await manages(alice, waiting, "send")

    async def is_gone() -> bool:
        return not (await alice.call("GET", f"{ROOT}/delayed_events"))["delayed_events"]

    await eventually(is_gone)
    assert await alice.sees(room) == []


async def test_what_cannot_wait_is_refused(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    message = f"/v3/rooms/{room}/send/m.room.message/1"
    for path, delay, expected in (
        (message, 10**15, (400, "M_UNKNOWN")),
        (message, "soon", (400, "M_INVALID_PARAM")),
        (f"/v3/rooms/{room}/state/m.room.member/{alice.user_id}", 5, (400, "M_INVALID_PARAM")),
        ("/v3/rooms/!none:x/send/m.room.message/1", 5, (403, "M_FORBIDDEN")),
    ):
        status, answer = await alice.ask("PUT", path, {"body": "x"}, **{"org.matrix.msc4140.delay": delay})
        assert (status, answer["errcode"]) == expected, path
    for n in range(100):
        await delays(alice, room, "x", LONG_MS, f"many{n}")
    status, answer = await alice.ask("PUT", message, {"body": "x"}, **{"org.matrix.msc4140.delay": LONG_MS})
    assert (status, answer["errcode"]) == (429, "M_LIMIT_EXCEEDED")


@pytest.mark.full("reliability")
async def test_a_delayed_event_is_sent_once_over_a_kill(cluster: "Cluster", new_server: NewServer) -> None:
    async with cluster.database() as url:
        process = await new_server(database={"url": url}, rate_limits={"enabled": False})
        async with Server(process.url, process.name) as server:
            alice = await server.register()
            room = await alice.creates_room()
            await process.stop()
            await process.start(HEARTH_FAULT="delayed_event.sent:1")
            await delays(alice, room, "once", 500)
            await process.wait(30)
            with pytest.raises(aiohttp.ClientError):
                await alice.sees(room)
            await process.start()
            await delays(alice, room, "twice", 1, "other")
            await until_seen(alice, room, "twice")
            assert await alice.sees(room) == ["once", "twice"]
