"""Two server processes: who types, who has read what, who is online crosses both ways."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from urllib.parse import quote

import pytest

from tests.interop.reading import eventually, is_told_of_reading, is_told_of_typing, joins_from_afar, sees
from tests.support.client import Server, User
from tests.support.postgres import Cluster
from tests.support.server import ServerProcess

NewServer = Callable[..., Awaitable[ServerProcess]]
Shared = tuple[User, User, str]


@pytest.fixture
async def shared(cluster: Cluster, new_server: NewServer) -> AsyncIterator[Shared]:
    """Alice at one server, Bob at another, and a room of both."""
    async with AsyncExitStack() as resources:
        users: list[User] = []
        for name in ("alice", "bob"):
            url = await resources.enter_async_context(cluster.database())
            process = await new_server(database={"url": url}, rate_limits={"enabled": False})
            server = await resources.enter_async_context(Server(process.url, process.name))
            users.append(await server.register(name))
        alice, bob = users
        room = await alice.creates_public_room()
        await joins_from_afar(bob, room, alice.server.name)
        await bob.says("ready", room)
        await sees(alice, room, "ready")
        yield alice, bob, room


async def test_typing_receipts_and_presence_cross_both_ways(shared: Shared) -> None:
    alice, bob, room = shared
    for one, other in ((alice, bob), (bob, alice)):
        user = quote(one.user_id, safe="")
        await one.call("PUT", f"/v3/rooms/{room}/typing/{user}", {"typing": True, "timeout": 20_000})
        await is_told_of_typing(other, room, one, typing=True)
        await one.call("PUT", f"/v3/rooms/{room}/typing/{user}", {"typing": False})
        await is_told_of_typing(other, room, one, typing=False)

        said = await other.says(f"for {one.user_id}", room)
        await sees(one, room, f"for {one.user_id}")
        await one.call("POST", f"/v3/rooms/{room}/receipt/m.read/{quote(said, safe='')}", {})
        await is_told_of_reading(other, room, one, said)

        status = f"status of {one.user_id}"
        await one.call("PUT", f"/v3/presence/{user}/status", {"presence": "online", "status_msg": status})

        async def told(other: User = other, user: str = user, status: str = status) -> bool:
            return bool((await other.call("GET", f"/v3/presence/{user}/status")).get("status_msg") == status)

        await eventually(told, f"{other.user_id} is told the {status}")
