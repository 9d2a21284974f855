"""A server that is killed while it fetches the members of a room has all of them in the end."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.big_room import BigRoom
from tests.support.big_room_server import serve
from tests.support.client import Server
from tests.support.ports import free_ports
from tests.support.server import ServerProcess
from tools.certificates import LocalCertificate

MEMBERS = 1_500
WITHIN_S = 90.0

pytestmark = pytest.mark.full("federation")


@pytest.fixture
async def room(certificate: LocalCertificate) -> AsyncIterator[BigRoom]:
    """A room on a resident of its own, which answers over TLS."""
    ports = free_ports(4)
    made = BigRoom(MEMBERS, names=[f"localhost:{port}" for port in ports])
    made.prepare()
    runner = await serve(ports, certificate, [made])
    yield made
    await runner.cleanup()


@pytest.mark.parametrize(
    "fault",
    [
        "partial.fetched:1",
        "partial.filling:1",
        "partial.filling:8",
        "partial.filled:1",
        "partial.closing:1",
        "stream.after_statement:25",
        "stream.before_statement:30",
    ],
)
async def test_a_kill_at_any_step_costs_only_that_step(
    room: BigRoom, new_server: Callable[..., Awaitable[ServerProcess]], fault: str
) -> None:
    process = await new_server(rate_limits={"enabled": False})
    async with Server(process.url, process.name) as server:
        await server.register("bob")
    await process.stop()
    await process.start(HEARTH_FAULT=fault)
    path = f"/v3/join/{quote(room.room_id, safe='')}"
    async with Server(process.url, process.name) as server:
        joining = asyncio.ensure_future((await server.login("bob")).ask("POST", path, {}, via=room.name))
        assert await process.wait(WITHIN_S) == -signal.SIGKILL
        await asyncio.wait([joining])
        assert joining.exception() is not None or joining.result()[0] == 200
    await process.start()
    async with Server(process.url, process.name) as server:
        bob = await server.login("bob")
        assert (await bob.ask("POST", path, {}, via=room.name))[0] == 200
        place = f"/v3/rooms/{quote(room.room_id, safe='')}"
        answer = await bob.ask("GET", f"{place}/joined_members")
        if answer[0] == 503:  # it waits by itself, but not for ever
            answer = await bob.ask("GET", f"{place}/joined_members")
        assert len(answer[1]["joined"]) == room.joined_after
        state: Any = (await bob.ask("GET", f"{place}/state"))[1]
        expected = {event.event_id for event in room.state}
        assert {event["event_id"] for event in state if event["state_key"] != bob.user_id} == expected
