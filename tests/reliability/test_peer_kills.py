"""R-1 over federation: either server is killed in staging, in its outbox, anywhere: both end with the same messages."""

import asyncio
import dataclasses
import math
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from urllib.parse import quote, urlsplit

import pytest

from tests.support.history import History, Result, Send
from tests.support.load import Sender, read_messages, sign_up
from tests.support.nemesis import kill_at_any_time, kill_at_point
from tests.support.postgres import Cluster
from tests.support.server import ServerProcess
from tests.support.wire import Wire

NewServer = Callable[..., Awaitable[ServerProcess]]
SENDING = ("sender.before_request", "sender.after_answer")
RECEIVING = ("inbound.before_answer", "inbound.after_staging")
CONVERGED_S = 60


@pytest.fixture
async def servers(cluster: Cluster, new_server: NewServer) -> AsyncIterator[list[ServerProcess]]:
    async with AsyncExitStack() as resources:
        urls = [await resources.enter_async_context(cluster.database()) for _ in range(2)]
        yield [await new_server(database={"url": url}, rate_limits={"enabled": False}) for url in urls]


async def test_a_kill_of_each_server_parts_nothing(servers: list[ServerProcess]) -> None:
    await _survives(servers, [(0, SENDING[1]), (1, RECEIVING[1])])


@pytest.mark.full("reliability")
@pytest.mark.timeout(240)
async def test_kills_of_either_server_part_nothing(servers: list[ServerProcess]) -> None:
    await _survives(servers, [(0, SENDING[0]), (1, RECEIVING[0]), (0, SENDING[1]), (1, RECEIVING[1])])


@pytest.mark.full("reliability")
@pytest.mark.timeout(1800)
async def test_many_kills_of_either_server_part_nothing(servers: list[ServerProcess]) -> None:
    chance = random.Random(3)
    points = [*((0, point) for point in SENDING), *((1, point) for point in RECEIVING)]
    kills = [(number % 2, None) if number % 3 == 2 else chance.choice(points) for number in range(16)]
    await _survives(servers, kills)


async def _survives(servers: list[ServerProcess], kills: Sequence[tuple[int, str | None]]) -> None:
    chance = random.Random(4)
    wires = [await sign_up("127.0.0.1", _port(server), "user") for server in servers]
    room = (await wires[0].call("POST", "/_matrix/client/v3/createRoom", {"preset": "public_chat"}))["room_id"]
    joining = f"/_matrix/client/v3/join/{quote(room, safe='')}?via={servers[0].name}"
    await wires[1].call("POST", joining, {})
    histories = [History(), History()]
    senders = [
        Sender(Wire(wire.host, wire.port, wire.token), room, f"{at}.{number}", histories[at], pause_s=0.2)
        for at, wire in enumerate(wires)
        for number in range(4)
    ]
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for sender in senders:
            group.create_task(sender.run(stop))
        for at, point in kills:
            if point is None:
                await kill_at_any_time(servers[at], chance)
            else:
                await kill_at_point(servers[at], point, chance.randint(1, 3))
        stop.set()
    await _converge(wires, room)
    for at, wire in enumerate(wires):
        known = History([*histories[at].sends, *map(_of_a_peer, histories[1 - at].sends)])
        known.readings = [await read_messages(wire, room, "b"), await read_messages(wire, room, "f")]
        violations = known.violations()
        assert not violations, f"server {at}: {len(violations)} promises broken, first: {violations[:5]}"
        assert histories[at].count(Result.ACKED) > 0
    assert [fault for sender in senders for fault in sender.faults] == []


def _of_a_peer(send: Send) -> Send:
    """The order between servers is nobody's promise: as if sent at any time."""
    return dataclasses.replace(send, started=0.0, ended=math.inf)


async def _converge(wires: Sequence[Wire], room: str) -> None:
    """Wait until both servers show the same messages."""
    shown: list[set[str]] = []
    try:
        async with asyncio.timeout(CONVERGED_S):
            while True:
                shown = [{seen.text for seen in (await read_messages(wire, room, "b")).messages} for wire in wires]
                if shown[0] == shown[1]:
                    return
                await asyncio.sleep(0.5)
    except TimeoutError:
        only = [sorted(shown[0] - shown[1])[:5], sorted(shown[1] - shown[0])[:5]]
        raise AssertionError(
            f"not the same after {CONVERGED_S} s: only at the first {only[0]}, other {only[1]}"
        ) from None


def _port(server: ServerProcess) -> int:
    return urlsplit(server.url).port or 80
