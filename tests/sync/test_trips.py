"""What answers cost: a wake-up nothing of PostgreSQL, a first one 3 reads, a resumed one 2, by whatever door.

First and resumed ones are counted on a process just started, which knows nothing but whose the token is.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from homeserver.client_api.socket.session import Session
from homeserver.services.sending import Sending
from homeserver.services.sync.sliding.poll import SlidingPoll
from homeserver.services.sync.v3 import ClassicSync
from homeserver.storage import database
from homeserver.storage import stream as stream_module
from tests.support.client import Json, Server, User
from tests.support.socket_client import socket

if TYPE_CHECKING:
    from tests.support.postgres import Cluster


answering: ContextVar[bool] = ContextVar("answering", default=False)
ours: ContextVar[bool] = ContextVar("ours", default=False)
"""Whether it is the counted server, or another one of this process, that runs beside."""


class Trips:
    """Round trips of what answers clients, and the batches of the stream; not of cursors that run beside."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reads = self.writes = 0
        monkeypatch.setattr(database, "count_trip", self.add)
        monkeypatch.setattr(stream_module, "count_trip", self.add_batch)
        for owner, name in ((ClassicSync, "sync"), (SlidingPoll, "sync"), (Session, "run"), (Sending, "send")):
            monkeypatch.setattr(owner, name, self._watched(getattr(owner, name)))

    def add(self, *, write: bool = False) -> None:
        if answering.get():
            self.writes += write
            self.reads += not write

    def add_batch(self, *, write: bool = False) -> None:
        self.writes += write and ours.get()

    @staticmethod
    def _watched(method: Callable[..., Any]) -> Callable[..., Any]:
        async def watched(*args: Any, **more: Any) -> Any:
            answering.set(True)
            return await method(*args, **more)

        return watched


@contextmanager
def counting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Trips]:
    """Count for the servers that are started inside."""
    ours.set(True)
    yield Trips(monkeypatch)
    ours.set(False)


@pytest.fixture
async def counted(
    cluster: "Cluster", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Server, Trips]]:
    from tests.support.running import running_app

    with counting(monkeypatch) as trips:
        async with running_app(cluster, tmp_path) as (_, server):
            yield server, trips


async def test_a_message_to_all_doors_costs_its_one_write_and_no_read(counted: tuple[Server, Trips]) -> None:
    server, trips = counted
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room()
    await bob.joins(room)
    phone = await server.login("bob")
    async with socket(phone) as stream:
        await stream.delta()
        await bob.syncs()
        await alice.says("warm", room)
        await bob.syncs()
        await stream.delta()
        trips.reads = trips.writes = 0
        waiting = asyncio.create_task(bob.syncs(timeout_ms=5_000))
        await asyncio.sleep(0.05)
        await alice.says("counted", room)
        await waiting
        body = await stream.delta()
        assert body["rooms"][room]["num_live"] == 1
        assert (trips.reads, trips.writes) == (0, 1)


SUB: Json = {
    "lists": {
        "all": {"timeline_limit": 5, "range": [0, 20], "required_state": {"include": [{}], "lazy_members": True}}
    },
    "extensions": {
        name: {"enabled": True}
        for name in (
            "to_device",
            "e2ee",
            "account_data",
            "receipts",
            "typing",
            "app.hearth.counts",
            "app.hearth.preview",
        )
    },
}
LAZY = '{"room":{"state":{"lazy_load_members":true},"timeline":{"limit":5}}}'


async def slides(user: User, pos: str | None = None) -> Json:
    return await user.call("POST", "/v4/sync", {**SUB, "conn_id": "c", **({"pos": pos} if pos is not None else {})})


async def comes_back(user: User, pos: str | None) -> Json:
    async with socket(user, sub=SUB, resume=pos) as stream:
        stream.acks = False
        return await stream.delta()


def bodies(events: list[Json]) -> list[str]:
    return [event["content"]["body"] for event in events if event["type"] == "m.room.message"]


async def test_first_answers_cost_three_reads_and_resumed_ones_two(
    cluster: "Cluster", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.running import configured, running_on

    doors = [f"{door}{state}" for door in ("classic", "sliding", "stream") for state in ("first", "again")]
    rooms: dict[str, str] = {}
    tokens: dict[str, str | None] = {}
    async with cluster.database() as url:
        async with running_on(configured(url, tmp_path)) as (_, server):
            users = dict(zip(doors, await server.users(*doors), strict=True))
            for door, user in users.items():
                friend = await server.register(f"friend.{door}")
                room = rooms[door] = await user.creates_public_room(name=door)
                await friend.joins(room)
                await friend.says("first", room)
                await user.call("PUT", f"/v3/user/{user.user_id}/account_data/org.test", {"a": 1})
                if door == "classicagain":
                    await user.syncs(filter=LAZY)
                    tokens[door] = user.next_batch
                elif door == "slidingagain":
                    first = await slides(user)
                    tokens[door] = (await slides(user, first["pos"]))["pos"]
                elif door == "streamagain":
                    async with socket(user, sub=SUB) as stream:
                        await stream.delta()
                        tokens[door] = stream.pos
                        await stream.asks("call", method="GET", path="v3/capabilities")
                await friend.says("second", room)
                await user.sets(room, "m.room.topic", {"topic": "changed"})
        async with AsyncExitStack() as held:
            trips = held.enter_context(counting(monkeypatch))
            _, server = await held.enter_async_context(running_on(configured(url, tmp_path)))
            found: dict[str, list[Json]] = {}
            costs: dict[str, tuple[int, int]] = {}
            for door, before in users.items():
                user = User(server, before.user_id, before.token, before.device_id)
                await user.call("GET", "/v3/account/whoami")
                trips.reads = trips.writes = 0
                if door.startswith("classic"):
                    user.next_batch = tokens.get(door)
                    answer = await user.syncs(filter=LAZY)
                    found[door] = answer["rooms"]["join"][rooms[door]]["timeline"]["events"]
                elif door.startswith("sliding"):
                    answer = await slides(user, tokens.get(door))
                    found[door] = answer["rooms"][rooms[door]]["timeline"]
                else:
                    answer = await comes_back(user, tokens.get(door))
                    found[door] = answer["rooms"][rooms[door]]["timeline"]
                costs[door] = (trips.reads, trips.writes)
    assert costs == {door: (3 if door.endswith("first") else 2, 0) for door in doors}
    for door in doors:
        assert bodies(found[door]) == (["first", "second"] if door.endswith("first") else ["second"])
