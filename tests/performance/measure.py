"""What a scenario costs: rate, waits, memory, and the CPU, trips, commits and log of all involved, per operation."""

import asyncio
import contextlib
import gc
import os
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import asyncpg
import psutil

from tests.support.wire import Wire

MILLI = 1000.0
IDLE_CPU = 0.1
"""Of a core; who takes more still does something."""
REST_S = 60


@dataclass(frozen=True, slots=True)
class Figures:
    """One run of one scenario on one subject.

    Per operation: CPU in ms, round trips to the database (None: the subject does not tell), WAL and growth of the
    server's memory in KB. `server_mb`, `database_mb`: memory at the end.
    """

    operations: int
    per_second: float
    p50_ms: float
    p99_ms: float
    server_ms: float
    database_ms: float
    driver_ms: float
    commits: float
    wal_kb: float
    trips: float | None
    grown_kb: float
    server_mb: float
    database_mb: float

    @property
    def cores(self) -> float:
        """Cores that all three kept busy."""
        return self.per_second * (self.server_ms + self.database_ms + self.driver_ms) / MILLI


def median(runs: Sequence[Figures]) -> Figures:
    """The figure-wise median."""
    names = [field.name for field in fields(Figures) if getattr(runs[0], field.name) is not None]
    return replace(runs[0], **{name: statistics.median(getattr(run, name) for run in runs) for name in names})


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the sorted values lie; 0 if there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


@dataclass(slots=True)
class Meters:
    """Where the costs are read: processes and the database."""

    server_pid: int
    postmaster_pid: int
    admin: "asyncpg.Connection[asyncpg.Record]"
    metrics: Wire | None

    async def read(self) -> "Reading":
        """Everything now."""
        at, server = time.perf_counter(), tree_cpu(self.server_pid)
        database, driver = tree_cpu(self.postmaster_pid), tree_cpu(os.getpid(), alone=True)
        row = await self.admin.fetchrow(
            """
            SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS transactions,
                   pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint AS wal
            """
        )
        assert row is not None
        return Reading(
            at=at,
            server=server,
            database=database,
            driver=driver,
            transactions=row["transactions"],
            wal=row["wal"],
            trips=await self._trips(),
            server_mb=self.memory_mb(),
            database_mb=sum(map(_own_memory_mb, _tree(self.postmaster_pid))),
        )

    async def at_rest(self) -> None:
        """Wait until the server and PostgreSQL have ended what was left to them, filling the search index above all."""
        await at_rest([self.server_pid, self.postmaster_pid])

    async def _trips(self) -> float | None:
        """Round trips to the database since the server started, as it tells by its metrics."""
        if self.metrics is None:
            return None
        lines = (await self.metrics.ask("GET", "/metrics")).body.decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("hearth_database_trips_total"))

    def memory_mb(self) -> float:
        """Resident memory of the server's processes."""
        return float(sum(one.memory_info().rss for one in _tree(self.server_pid))) / 2**20


@dataclass(frozen=True, slots=True)
class Reading:
    """Totals at one moment; CPU and time in seconds."""

    at: float
    server: float
    database: float
    driver: float
    transactions: int
    wal: int
    trips: float | None
    server_mb: float
    database_mb: float

    def figures(self, end: "Reading", operations: int, waits_s: Sequence[float]) -> Figures:
        """The costs since this reading."""
        each = max(operations, 1)
        return Figures(
            operations=operations,
            per_second=operations / (end.at - self.at),
            p50_ms=percentile(waits_s, 0.50) * MILLI,
            p99_ms=percentile(waits_s, 0.99) * MILLI,
            server_ms=(end.server - self.server) / each * MILLI,
            database_ms=(end.database - self.database) / each * MILLI,
            driver_ms=(end.driver - self.driver) / each * MILLI,
            commits=(end.transactions - self.transactions) / each,
            wal_kb=(end.wal - self.wal) / each / 1024,
            trips=None if self.trips is None or end.trips is None else (end.trips - self.trips) / each,
            grown_kb=(end.server_mb - self.server_mb) * 1024 / each,
            server_mb=end.server_mb,
            database_mb=end.database_mb,
        )


async def at_rest(pids: Iterable[int]) -> None:
    """Wait, a minute at most, until these processes and their children do nothing: what is left is not for the next."""
    pids = list(pids)
    for _ in range(REST_S):
        before = sum(map(tree_cpu, pids))
        await asyncio.sleep(1.0)
        if sum(map(tree_cpu, pids)) - before < IDLE_CPU:
            return


def tree_cpu(pid: int, *, alone: bool = False) -> float:
    """CPU seconds of a process, of its children that live and of those that it has buried."""
    total = 0.0
    for one in [psutil.Process(pid)] if alone else _tree(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            total += max(_own_cpu(one.pid), times.user + times.system)
            if one.pid == pid and not alone:
                total += times.children_user + times.children_system
    return total


def _own_cpu(pid: int) -> float:
    """CPU seconds of the threads a process has, as the scheduler counts them.

    Exact, but on Linux alone (0 elsewhere) and without threads that ended. `cpu_times` has these, in whole hundredths:
    too few for one join.
    """
    try:
        tasks = Path(f"/proc/{pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
    except OSError:
        return 0.0


def _tree(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def _own_memory_mb(process: psutil.Process) -> float:
    """Memory of a process, what it shares with others counted by its share."""
    try:
        return float(process.memory_full_info().pss) / 2**20
    except psutil.Error:
        return 0.0


@contextlib.contextmanager
def without_gc() -> Iterator[None]:
    """Keep the driver's collector out of the figures."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
