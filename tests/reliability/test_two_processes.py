"""R-10: two processes on one database: one order, and a transaction id is used once, whichever of them is asked."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from tests.support.load import read_messages, sign_up
from tests.support.nemesis import crowd
from tests.support.redis import RedisServer
from tests.support.server import ServerProcess
from tests.support.wire import Unanswered, Unreachable, Wire

NewServer = Callable[..., Awaitable[ServerProcess]]
TIMES = 1000
GOES_ON_S = 15.0


@pytest.fixture
async def pair(
    new_server: NewServer, database_url: str, redis: RedisServer, tmp_path: Path
) -> tuple[ServerProcess, ServerProcess]:
    """Two processes that are one server."""

    async def one() -> ServerProcess:
        return await new_server(
            server_name="pair.test",
            signing_key_path=str(tmp_path / "signing.key"),
            database={"url": database_url},
            redis={"url": redis.url},
            rate_limits={"enabled": False},
            federation={"enabled": False},
        )

    return await one(), await one()


@pytest.mark.timeout(180)
async def test_two_processes_keep_one_order_through_kills_of_one(pair: tuple[ServerProcess, ServerProcess]) -> None:
    steady, killed = pair
    async with crowd([steady.url, killed.url]) as at_work:
        for _ in range(2):
            await asyncio.sleep(1.5)
            await killed.kill()
            await killed.start()
        await asyncio.sleep(1)
    await at_work.settle()


@pytest.mark.timeout(180)
async def test_a_process_killed_while_it_holds_a_rooms_lock_holds_nobody_up(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    """The room's row is locked first for a writer that the other process was faster than three times in a row."""
    steady, killed = pair
    async with crowd([steady.url, killed.url], senders=6, rooms=1, followers=2) as at_work:
        await killed.kill()
        await killed.start(HEARTH_FAULT="stream.locked:1")
        ports = [urlsplit(server.url).port or 80 for server in pair]
        rivals = [Wire("127.0.0.1", port, at_work.reader.token) for port in ports for _ in range(4)]
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for number, wire in enumerate(rivals):
                group.create_task(_rename(wire, at_work.rooms[0], number, stop))
            await killed.wait(60)
            stop.set()
        died = time.monotonic()
        async with asyncio.timeout(GOES_ON_S):
            # A crowd notes what it does and calls nobody.
            while not any(send.started > died and send.event_ids for send in at_work.history.sends[-20:]):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await killed.start()
        await asyncio.sleep(0.5)
    await at_work.settle()


async def _rename(wire: Wire, room: str, number: int, stop: asyncio.Event) -> None:
    """Change the room's state again and again: each change outdates the other process's head."""
    path = f"/_matrix/client/v3/rooms/{quote(room, safe='')}/state/org.example.rival/{number}"
    turn = 0
    while not stop.is_set():
        turn += 1
        with suppress(Unanswered, Unreachable, TimeoutError):
            await wire.ask("PUT", path, {"turn": turn}, limit_s=20)


@pytest.mark.timeout(180)
async def test_a_transaction_id_is_used_once_whoever_is_asked(pair: tuple[ServerProcess, ServerProcess]) -> None:
    second = pair[1]
    ports = [urlsplit(server.url).port or 80 for server in pair]
    alice = await sign_up("127.0.0.1", ports[0], "alice")
    room = (await alice.call("POST", "/_matrix/client/v3/createRoom", {}))["room_id"]
    path = f"/_matrix/client/v3/rooms/{quote(room, safe='')}/send/m.room.message/once"
    wires = [Wire("127.0.0.1", ports[number % 2], alice.token) for number in range(40)]

    async def ask(wire: Wire) -> set[str]:
        answers = [await wire.call("PUT", path, {"msgtype": "m.text", "body": "once"}) for _ in range(TIMES // 40)]
        return {answer["event_id"] for answer in answers}

    answered = set().union(*await asyncio.gather(*(ask(wire) for wire in wires)))
    await second.kill()
    await second.start()
    answered |= await ask(Wire("127.0.0.1", ports[1], alice.token))
    assert len(answered) == 1
    assert [seen.event_id for seen in (await read_messages(alice, room, "b")).messages] == list(answered)
