"""What a scenario costs: rate, waits, and the CPU, commits and log of everybody involved, per operation."""

import contextlib
import gc
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import asyncpg
import psutil

MILLI = 1000.0


@dataclass(frozen=True, slots=True)
class Figures:
    """One run of one scenario on one subject; CPU in ms per operation, WAL in KB per operation."""

    operations: int
    per_second: float
    p50_ms: float
    p99_ms: float
    server_ms: float
    database_ms: float
    driver_ms: float
    commits: float
    wal_kb: float

    @property
    def cores(self) -> float:
        """Cores that all three kept busy."""
        return self.per_second * (self.server_ms + self.database_ms + self.driver_ms) / MILLI


def median(runs: Sequence[Figures]) -> Figures:
    """The figure-wise median."""
    names = [field.name for field in fields(Figures)]
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

    async def read(self) -> "Reading":
        """Everything now."""
        row = await self.admin.fetchrow(
            """
            SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS transactions,
                   pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint AS wal
            """
        )
        assert row is not None
        return Reading(
            time.perf_counter(),
            tree_cpu(self.server_pid),
            tree_cpu(self.postmaster_pid),
            tree_cpu(os.getpid(), alone=True),
            row["transactions"],
            row["wal"],
        )

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
        )


def tree_cpu(pid: int, *, alone: bool = False) -> float:
    """CPU seconds of a process, of its children that live and of those that it has buried."""
    total = 0.0
    for one in [psutil.Process(pid)] if alone else _tree(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            total += times.user + times.system
            if one.pid == pid and not alone:
                total += times.children_user + times.children_system
    return total


def _tree(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


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
