"""The budget of round trips to PostgreSQL, asserted through the whole server: a rise fails.

Spec: none; docs/architecture.md, round-trip budget. Shared writes are the batches of the stream.
"""

import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from homeserver import app
from homeserver.opening import Task
from homeserver.services.sync.collect import rooms
from homeserver.storage import database, stream
from tests.support.client import Server
from tests.support.running import running_app

if TYPE_CHECKING:
    from tests.support.postgres import Cluster


_side: ContextVar[str] = ContextVar("side", default="")
"""What runs: "asked" for requests to the counted server, "by itself" for its own tasks, "" for other servers here."""


async def _run_by_itself(task: Task) -> None:
    """What the server does by itself, such as looking for staged events, comes when it comes: it does not count."""
    if _side.get():
        _side.set("by itself")
    await task()


@dataclass
class Trips:
    """What requests asked of PostgreSQL, and all writes of the stream."""

    reads: int = 0
    writes: int = 0
    last: str = ""
    """Who read last, for who wonders."""

    def add(self, *, write: bool = False) -> None:
        """One of the stream, whose writer works for requests."""
        if write:
            self.writes += bool(_side.get())
        elif _side.get() == "asked":
            self.reads += 1
            self.last = "".join(traceback.format_stack(limit=12))

    def add_beside(self, *, write: bool = False) -> None:
        """One beside the stream."""
        if _side.get() == "asked":
            self.add(write=write)

    @contextmanager
    def at_most(self, *, reads: int, writes: int) -> Iterator[None]:
        """Fail when what happens inside costs more."""
        self.reads = self.writes = 0
        yield
        assert self.reads <= reads, f"{self.reads} reads, the last by\n{self.last}"
        assert self.writes <= writes, f"{self.writes} writes"


@pytest.fixture
async def counted(
    cluster: "Cluster", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Server, Trips]]:
    trips = Trips()
    monkeypatch.setattr(database, "count_trip", trips.add_beside)
    monkeypatch.setattr(stream, "count_trip", trips.add)
    monkeypatch.setattr(app, "_run", _run_by_itself)
    _side.set("asked")
    async with running_app(cluster, tmp_path) as (_, server):
        yield server, trips
    _side.set("")


Counted = tuple[Server, Trips]


async def test_what_another_server_in_this_process_asks_is_not_counted(
    counted: Counted, cluster: "Cluster", tmp_path: Path
) -> None:
    server, trips = counted
    await server.register("alice")
    assert trips.reads
    assert trips.writes
    _side.set("")
    async with running_app(cluster, tmp_path / "other") as (_, other):
        with trips.at_most(reads=0, writes=0):
            alice = await other.register("alice")
            await alice.creates_room()


async def test_a_message_in_a_warm_room_costs_one_shared_write(counted: Counted) -> None:
    server, trips = counted
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    await alice.says("warm", room)
    with trips.at_most(reads=0, writes=1):
        await alice.says("counted", room)


async def test_a_state_event_in_a_warm_room_costs_no_more(counted: Counted) -> None:
    server, trips = counted
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    await alice.sets(room, "m.room.topic", {"topic": "warm"})
    with trips.at_most(reads=0, writes=1):
        await alice.sets(room, "m.room.topic", {"topic": "counted"})


async def test_a_local_leave_costs_a_read_and_a_shared_write(counted: Counted) -> None:
    server, trips = counted
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room()
    await bob.joins(room)
    with trips.at_most(reads=1, writes=1):
        await bob.leaves(room)


async def test_a_page_of_messages_costs_two_reads(counted: Counted) -> None:
    server, trips = counted
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    for number in range(5):
        await alice.says(str(number), room)
    await alice.history(room)
    with trips.at_most(reads=2, writes=0):
        await alice.call("GET", f"/v3/rooms/{room}/messages", None, dir="b", limit=3)


async def test_a_repeated_transaction_costs_nothing(counted: Counted) -> None:
    server, trips = counted
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    await alice.says("once", room, txn_id="t")
    with trips.at_most(reads=0, writes=0):
        await alice.says("once", room, txn_id="t")


async def test_a_denial_costs_nothing(counted: Counted) -> None:
    server, trips = counted
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_room()
    await bob.ask("GET", f"/v3/rooms/{room}/members")
    with trips.at_most(reads=0, writes=0):
        await bob.ask("PUT", f"/v3/rooms/{room}/send/m.room.message/t", {"body": "x"})


async def test_receipts_and_markers_cost_one_shared_write(counted: Counted) -> None:
    server, trips = counted
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room()
    await bob.joins(room)
    first, second = await alice.says("1", room), await alice.says("2", room)
    path = f"/v3/rooms/{room}/read_markers"
    await bob.call("POST", path, {"m.read": first, "m.fully_read": first})
    with trips.at_most(reads=0, writes=1):
        await bob.call("POST", path, {"m.read": second, "m.fully_read": second})
    with trips.at_most(reads=0, writes=0):
        await bob.call("POST", path, {"m.read": first, "m.fully_read": first})


async def test_the_first_receipt_in_a_room_costs_one_read(counted: Counted) -> None:
    server, trips = counted
    alice = await server.register("alice")
    room = await alice.creates_room()
    said = await alice.says("1", room)
    with trips.at_most(reads=1, writes=1):
        await alice.call("POST", f"/v3/rooms/{room}/receipt/m.read/{said}", {})


async def test_a_first_sync_reads_many_rooms_in_portions(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    server, trips = counted
    alice = await server.register("alice")
    made = {await alice.creates_room(name=f"room {number}") for number in range(5)}
    reads = []
    for at_once in (25, 2):
        monkeypatch.setattr(rooms, "ROOMS_AT_ONCE", at_once)
        with trips.at_most(reads=9, writes=1):
            answer = await alice.call("GET", "/v3/sync", filter=f'{{"room":{{"timeline":{{"limit":{at_once}}}}}}}')
        assert answer["rooms"]["join"].keys() == made
        reads.append(trips.reads)
    assert reads[1] <= reads[0] + 2


async def test_typing_costs_nothing(counted: Counted) -> None:
    server, trips = counted
    alice = await server.register("alice")
    room = await alice.creates_room()
    with trips.at_most(reads=0, writes=0):
        await alice.call("PUT", f"/v3/rooms/{room}/typing/{alice.user_id}", {"typing": True})


async def test_who_is_asking_costs_nothing_once_it_is_known(counted: Counted) -> None:
    server, trips = counted
    alice = await server.register("alice")
    with trips.at_most(reads=0, writes=0):
        await alice.call("GET", "/v3/account/whoami")
