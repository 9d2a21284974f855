"""Presence over hours of virtual time, and passing states when the bus loses some."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from homeserver.bus.local import LocalBus
from homeserver.clock import NoFaults
from homeserver.protocol.identifiers import DeviceId, UserId
from homeserver.services.feed import Feed
from homeserver.services.presence import IDLE_AFTER_S, OFFLINE_AFTER_S, TICK_S, Presence
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.services.states import States
from homeserver.services.typing import PREFIX, Typing
from homeserver.storage.database import Database
from homeserver.storage.members import Members
from homeserver.storage.rooms import RoomTable
from homeserver.storage.stream import Stream

ALICE = UserId("@alice:test")
PHONE = Requester(ALICE, DeviceId("PHONE"), 1, 1, 1)
SLACK_S = 2 * TICK_S
STEP_S = TICK_S / 10


class TestClock:
    """Time that passes when the test says so."""

    __test__ = False

    def __init__(self) -> None:
        self.s = 1_000_000.0
        self._sleeping: list[tuple[float, asyncio.Future[None]]] = []

    def now_ms(self) -> int:
        return int(self.s * 1000)

    def monotonic(self) -> float:
        return self.s

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleeping.append((self.s + seconds, woken))
        await woken

    async def passes(self, seconds: float) -> None:
        """Let time pass, and those who wake do what they do."""
        self.s += seconds
        due = [woken for at, woken in self._sleeping if at <= self.s]
        self._sleeping = [(at, woken) for at, woken in self._sleeping if at > self.s]
        for woken in due:
            if not woken.done():
                woken.set_result(None)
        for _ in range(6):
            await asyncio.sleep(0)


class Process:
    """What one process knows of passing states."""

    def __init__(self, database: Database, bus: LocalBus, clock: TestClock, name: str = "a") -> None:
        stream = Stream(database, clock=clock, faults=NoFaults())
        members = Members(database)
        feed = Feed(stream, members, bus, clock, is_shared=False)
        rooms = Rooms(RoomTable(database), feed)
        self.clock = clock
        self.states = States(bus, clock)
        self.typing = Typing("test", rooms, feed, bus, self.states)
        self.presence = Presence(
            server="test",
            enabled=True,
            instance=name,
            rooms=rooms,
            members=members,
            feed=feed,
            bus=bus,
            states=self.states,
            clock=clock,
        )

    def shown(self) -> str:
        return str(self.presence.of([ALICE])[ALICE]["presence"])

    async def becomes(self, presence: str, within_s: float = 3600.0) -> float:
        """Wait until Alice is seen like that; the virtual seconds it took."""
        began = self.clock.s
        while self.shown() != presence:
            assert self.clock.s < began + within_s, f"Alice is {self.shown()}"
            await self.clock.passes(STEP_S)
            await asyncio.sleep(0.002)
        return self.clock.s - began

    async def passes(self, seconds: float) -> None:
        """Let virtual time pass."""
        until = self.clock.s + seconds
        while self.clock.s < until:
            await self.clock.passes(STEP_S)


@contextlib.asynccontextmanager
async def running(*processes: Process, presence: bool = True) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(process.states.run()) for process in processes]
    if presence:
        tasks += [asyncio.ensure_future(process.presence.run()) for process in processes]
    await asyncio.sleep(0.01)
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await Database.open(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def process(database: Database) -> AsyncIterator[Process]:
    one = Process(database, LocalBus(), TestClock())
    async with running(one):
        yield one


async def test_who_syncs_comes_online_and_goes_offline_a_while_after(process: Process) -> None:
    with process.presence.syncing(ALICE, "PHONE"):
        assert await process.becomes("online") < SLACK_S
    took = await process.becomes("offline")
    assert OFFLINE_AFTER_S <= took < OFFLINE_AFTER_S + SLACK_S


async def test_who_does_nothing_becomes_unavailable_and_comes_back_by_doing(process: Process) -> None:
    with process.presence.syncing(ALICE, "PHONE"):
        await process.becomes("online")
        took = await process.becomes("unavailable")
        assert IDLE_AFTER_S - SLACK_S <= took < IDLE_AFTER_S + SLACK_S
        process.presence.active(ALICE)
        assert await process.becomes("online") < SLACK_S


async def test_a_long_poll_of_hours_stays_online(process: Process) -> None:
    with process.presence.syncing(ALICE, "PHONE"):
        await process.becomes("online")
        for _ in range(5):
            process.presence.active(ALICE)
            await process.passes(240)
            assert process.shown() == "online"


async def test_the_best_of_several_devices_counts(process: Process) -> None:
    with process.presence.syncing(ALICE, "LAPTOP", "unavailable"):
        await process.becomes("unavailable")
        with process.presence.syncing(ALICE, "PHONE"):
            await process.becomes("online")
        took = await process.becomes("unavailable")
        assert took >= OFFLINE_AFTER_S


async def test_a_status_outlives_a_night_offline(process: Process) -> None:
    await process.presence.change(PHONE, ALICE, "online", "writing")
    await process.becomes("online")
    await process.becomes("offline")
    await process.passes(600)
    with process.presence.syncing(ALICE, "PHONE"):
        await process.becomes("online")
        assert process.presence.of([ALICE])[ALICE]["status_msg"] == "writing"


async def test_devices_at_two_processes_are_one_user(database: Database) -> None:
    bus, clock = LocalBus(), TestClock()
    one, other = Process(database, bus, clock, "a"), Process(database, bus, clock, "b")
    async with running(one, other):
        with other.presence.syncing(ALICE, "LAPTOP"):
            with one.presence.syncing(ALICE, "PHONE"):
                await one.becomes("online")
            await other.becomes("online")
            await one.passes(2 * OFFLINE_AFTER_S)
            assert (one.shown(), other.shown()) == ("online", "online")
        await one.becomes("offline")
        await other.becomes("offline")


@pytest.mark.parametrize(
    "entry",
    [
        {"user_id": "@eve:elsewhere.test", "presence": "online"},
        {"user_id": "@bob:peer.test", "presence": "away"},
        {"user_id": 5, "presence": "online"},
        "x",
        None,
    ],
)
async def test_a_peer_speaks_for_its_own_users_only(process: Process, entry: Any) -> None:
    await process.presence.of_peer("peer.test", {"push": [entry]})
    await process.presence.of_peer("peer.test", {"push": "x"})
    await process.passes(1)
    assert process.states.counter == 0


async def test_after_changes_were_lost_everything_is_told_again(database: Database) -> None:
    bus, clock = LocalBus(), TestClock()
    process = Process(database, bus, clock)
    async with running(process, presence=False):
        await bus.set_state(f"{PREFIX}7/{ALICE}", b"1")
        await asyncio.sleep(0.01)
        epoch, counter = process.states.epoch, process.states.counter
        assert (process.typing.users_in(7), process.typing.changed_since(counter - 1)) == ([ALICE], {7})
        assert process.typing.changed_since(counter) == set()
        for n in range(12_000):
            await bus.set_state(f"{PREFIX}{n}/@bob:test", b"1")
        await bus.set_state(f"{PREFIX}7/{ALICE}", None)
        for _ in range(1000):
            if process.typing.users_in(7) == ["@bob:test"]:
                break
            await asyncio.sleep(0.01)
        assert process.typing.users_in(7) == ["@bob:test"]
        assert process.states.epoch != epoch
        assert len(process.typing.changed_since(0)) == 12_000
    await bus.close()
