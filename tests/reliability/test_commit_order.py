"""R-3b: writers are stopped between the counter and the commit, killed there, and notices go astray: no reader misses
a committed row, none sees a row before its commit, and the others go on as soon as the lock's bound has passed.

Two streams with their feeds stand for two processes: each has connections and a bus end of its own.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

import asyncpg
import pytest

from homeserver.bus.bus import Notice
from homeserver.bus.local import LocalBus, Mailbox
from homeserver.clock import NoFaults, SystemClock
from homeserver.services.feed import Feed
from homeserver.storage.database import Database
from homeserver.storage.errors import DatabaseDown
from homeserver.storage.members import Members
from homeserver.storage.rows import AccountDataRow
from homeserver.storage.stream import Stream

HOLD = 730_226
"""The advisory lock at which a writer stops whose row is of a type that begins with `held`."""
BOUND_S = 8.0
STOPPING = f"""
CREATE FUNCTION stop_before_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_advisory_xact_lock_shared({HOLD}); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER stop_before_commit AFTER INSERT ON account_data
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.type LIKE 'held%') EXECUTE FUNCTION stop_before_commit();
"""


class AstrayBus(LocalBus):
    """One end of a bus between processes; notices for it may be lost, doubled, or come in another order."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance
        self._kept: list[Notice] = []
        self.others: list[AstrayBus] = []

    async def publish(self, first: int, last: int, payload: bytes) -> None:
        for end in (self, *self.others):
            end.arrive(Notice(first, last, payload))

    def arrive(self, notice: Notice) -> None:
        fate = self._chance.random()
        if fate < 0.3:
            return
        self._kept += [notice] * (2 if fate < 0.5 else 1)
        if fate < 0.8:
            self._chance.shuffle(self._kept)
            for reader in self._readers:
                self._bring(reader)
            self._kept.clear()

    def _bring(self, reader: "Mailbox[Notice]") -> None:
        for notice in self._kept:
            reader.put(notice)


@dataclass(eq=False)
class Process:
    """A stream, its feed, and readers that hold tokens: one by the feed, one by PostgreSQL alone."""

    name: str
    stream: Stream
    feed: Feed
    by_feed: list[str] = field(default_factory=list)
    by_database: list[str] = field(default_factory=list)
    token: int = 0
    position: int = 0

    async def read(self) -> None:
        """Both readers read on; each keeps the row's type."""
        upto = self.feed.head
        rows = self.feed.rows(self.token, upto)
        assert rows is not None, "the ring holds more than a schedule writes"
        self.by_feed += [row.type for row in rows if isinstance(row, AccountDataRow)]
        self.token = upto
        head, found, complete = await self.stream.changes(self.position)
        assert complete
        self.by_database += [row.type for row in found if isinstance(row, AccountDataRow)]
        self.position = head


@dataclass(eq=False)
class Schedule:
    """Steps in an order that chance gives, and what must hold after each of them."""

    chance: random.Random
    processes: list[Process]
    judge: "asyncpg.Connection[asyncpg.Record]"
    gate: "asyncpg.Connection[asyncpg.Record]"
    prefix: str
    written: dict[str, "asyncio.Task[bool]"] = field(default_factory=dict)
    slowest_s: float = 0.0
    is_held: bool = False

    async def run(self, steps: int) -> None:
        """Take the steps, let everything end, compare."""
        actions: list[Callable[[], Awaitable[None]]] = [self._write, self._write, self._hold, self._release, self._kill]
        for _ in range(steps):
            await self.chance.choice(actions)()
            await asyncio.sleep(self.chance.choice((0, 0, 0.002, 0.01)))
            await self._look()
        await self._release()
        acked = {kind for kind, task in self.written.items() if await task}
        head = await self.judge.fetchval("SELECT max(position) FROM stream")
        async with asyncio.timeout(BOUND_S):
            await asyncio.gather(*(process.feed.reached(head) for process in self.processes))
        committed = await self._committed()
        assert acked <= set(committed), f"acknowledged and lost: {acked - set(committed)}"
        for process in self.processes:
            await process.read()
            assert self._mine(process.by_feed) == committed, f"{process.name}'s feed"
            assert self._mine(process.by_database) == committed, f"{process.name}'s reads"

    async def _look(self) -> None:
        """Whoever saw a row, sees it after its commit: a stranger sees it too."""
        for process in self.processes:
            await process.read()
        seen = {kind for process in self.processes for kind in self._mine(process.by_feed + process.by_database)}
        assert seen <= set(await self._committed()), "seen before it was committed"

    async def _write(self, kind: str = "free") -> None:
        """One of the processes writes a row."""
        process = self.chance.choice(self.processes)
        name = f"{kind}.{self.prefix}.{len(self.written)}"

        async def write() -> bool:
            began = time.monotonic()
            try:
                await process.stream.write(AccountDataRow("@alice:test", "", name, b"{}"))
            except DatabaseDown:
                return False
            finally:
                self.slowest_s = max(self.slowest_s, time.monotonic() - began)
            return True

        self.written[name] = asyncio.ensure_future(write())

    async def _hold(self) -> None:
        """A writer takes the counter and stops before its commit."""
        if not self.is_held:
            await self.gate.execute("SELECT pg_advisory_lock($1)", HOLD)
            self.is_held = True
        await self._write("held")

    async def _release(self) -> None:
        if self.is_held:
            await self.gate.execute("SELECT pg_advisory_unlock($1)", HOLD)
            self.is_held = False

    async def _kill(self) -> None:
        """Kill a writer, wherever it is."""
        await self.judge.execute(
            """
            SELECT pg_terminate_backend(pid)
              FROM pg_stat_activity
             WHERE application_name LIKE 'hearth-writer-%'
               AND datname = current_database()
             ORDER BY wait_event = 'advisory' DESC NULLS LAST
             LIMIT 1
            """
        )

    async def _committed(self) -> list[str]:
        rows = await self.judge.fetch(
            "SELECT type FROM account_data WHERE type LIKE $1 ORDER BY position", f"%.{self.prefix}.%"
        )
        return [row["type"] for row in rows]

    def _mine(self, kinds: list[str]) -> list[str]:
        return [kind for kind in kinds if f".{self.prefix}." in kind]


@pytest.mark.timeout(240)
async def test_no_reader_misses_a_row_whatever_becomes_of_writers_and_notices(database_url: str) -> None:
    await hold_schedules(database_url, range(50))


@pytest.mark.full("reliability")
@pytest.mark.timeout(900)
async def test_no_reader_misses_a_row_in_many_schedules(database_url: str) -> None:
    await hold_schedules(database_url, range(1000, 1200))


async def hold_schedules(
    database_url: str, seeds: range, *, stream: type[Stream] = Stream, planted: str | None = None
) -> None:
    """Run a schedule for each seed. `stream`, `planted` (SQL): for faults that must be found."""
    async with AsyncExitStack() as resources:
        judge, gate = [await asyncpg.connect(database_url) for _ in range(2)]
        resources.push_async_callback(judge.close)
        resources.push_async_callback(gate.close)
        await judge.execute(STOPPING)
        if planted is not None:
            await judge.execute(planted)
        chance = random.Random(seeds.start)
        buses = [AstrayBus(chance), AstrayBus(chance)]
        for number, bus in enumerate(buses):
            bus.others = [buses[1 - number]]
        processes = [
            await resources.enter_async_context(_process(f"process {number}", database_url, bus, stream))
            for number, bus in enumerate(buses)
        ]
        for seed in seeds:
            schedule = Schedule(random.Random(seed), processes, judge, gate, f"s{seed}")
            try:
                await schedule.run(12)
            except AssertionError as error:
                raise AssertionError(f"schedule {seed}: {error}") from error
            assert schedule.slowest_s < BOUND_S, f"schedule {seed}: a write took {schedule.slowest_s:.1f} s"


@asynccontextmanager
async def _process(name: str, database_url: str, bus: AstrayBus, kind: type[Stream]) -> AsyncIterator[Process]:
    database = await Database.open(database_url, max_connections=4)
    stream = kind(database, clock=SystemClock(), faults=NoFaults())
    feed = Feed(stream, Members(database), bus, SystemClock(), is_shared=True)
    stream.on_commit = feed.committed
    await feed.start()
    tasks = [asyncio.ensure_future(stream.run()), asyncio.ensure_future(feed.run())]
    try:
        yield Process(name, stream, feed, token=feed.head, position=feed.head)
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await database.close()
