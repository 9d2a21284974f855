"""Long work that an admin asks for: written down before it begins, with its progress, and gone on with after a restart.

One process at a time does it, one job after the other. Work is written so that doing a step twice does no harm.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
import structlog

from homeserver.clock import Clock, Faults, Rng
from homeserver.errors import MatrixError, StorageFull, Unavailable
from homeserver.services.feed import Feed
from homeserver.storage.jobs import Job
from homeserver.storage.jobs import Jobs as JobTable
from homeserver.storage.leases import Leases

log = structlog.get_logger("jobs")

LEASE: Final = "admin_jobs"
LEASE_S: Final = 30.0
RETRY_S: Final = 5.0
LOOK_S: Final = 60.0
WATCH_S: Final = 0.1
ID_LETTERS: Final = 16
SCHEDULED, ACTIVE, COMPLETE, FAILED = "scheduled", "active", "complete", "failed"


@dataclass(slots=True)
class Running:
    """A job as its work sees it. `result` is the work's own; `save` it, and a restart goes on from there."""

    name: str
    kind: str
    params: Mapping[str, Any]
    result: dict[str, Any]
    status: str
    error: str | None
    done: int
    finished_ts: int | None
    table: JobTable
    faults: Faults

    @property
    def id(self) -> str:
        """What the admin asks for it by."""
        return self.name.rpartition("/")[2]

    async def save(self) -> None:
        """Write down how far it is [1 trip]."""
        step = orjson.dumps({"params": self.params, "result": self.result, "status": self.status, "error": self.error})
        await self.table.save(Job(self.name, step, self.done, None, self.finished_ts))
        await self.faults.at(f"job.{self.kind}")


Work = Callable[[Running], Awaitable[None]]


class AdminJobs:
    """Begins, does and remembers jobs."""

    def __init__(
        self, table: JobTable, leases: Leases, feed: Feed, *, owner: str, clock: Clock, rng: Rng, faults: Faults
    ) -> None:
        self._table = table
        self._leases = leases
        self._feed = feed
        self._owner = owner
        self._clock = clock
        self._rng = rng
        self._faults = faults
        self._kinds: dict[str, Work] = {}
        self._news = asyncio.Event()
        self._leads = False

    def kind(self, name: str, work: Work) -> None:
        """Have jobs of this kind done by `work`."""
        self._kinds[name] = work

    async def begin(self, kind: str, params: Mapping[str, Any], result: Mapping[str, Any]) -> str:
        """Write a job down, to be done soon; its id. `result`: what it starts with."""
        job_id = self._rng.letters(ID_LETTERS)
        job = Running(
            f"{kind}/{job_id}", kind, params, dict(result), SCHEDULED, None, 0, None, self._table, self._faults
        )
        await job.save()
        self._news.set()
        return job_id

    async def read(self, kind: str, job_id: str) -> Running | None:
        """One job, finished or not [1 trip]."""
        found = await self._table.read(f"{kind}/{job_id}")
        return self._running(found) if found is not None else None

    async def finished(self, kind: str, job_id: str) -> Running:
        """A job, once it is done."""
        while True:
            job = await self.read(kind, job_id)
            if job is not None and job.finished_ts is not None:
                return job
            await self._clock.sleep(WATCH_S)

    async def of_kind(self, kind: str) -> list[Running]:
        """All jobs of a kind, finished ones too [1 trip]."""
        jobs = await self._table.all()
        return [self._running(job) for job in jobs if job.name.startswith(f"{kind}/")]

    async def all(self) -> list[Running]:
        """All jobs that an admin asked for, finished ones too [1 trip]."""
        jobs = await self._table.all()
        return [self._running(job) for job in jobs if job.name.rpartition("/")[0] in self._kinds]

    async def rewrites(self) -> dict[str, Any]:
        """Rewrites of this release that are under way, such as the first search index [1 trip]."""
        jobs = [job for job in await self._table.all() if "/" not in job.name and job.finished_ts is None]
        return {job.name: {"name": job.name, "total_item_count": job.done} for job in jobs}

    def _running(self, job: Job) -> Running:
        step = orjson.loads(job.step)
        return Running(
            name=job.name,
            kind=job.name.rpartition("/")[0],
            params=step["params"],
            result=step["result"],
            status=step["status"],
            error=step["error"],
            done=job.done,
            finished_ts=job.finished_ts,
            table=self._table,
            faults=self._faults,
        )

    async def run(self) -> None:
        """Do what is to be done; runs as long as the process."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_lease())
            await self._look_for_work()

    async def _look_for_work(self) -> None:
        while True:
            self._news.clear()
            pause = LOOK_S
            try:
                self._leads = not self._feed.is_shared or bool(await self._leases.take(self._owner, [LEASE], LEASE_S))
                if self._leads:
                    await self._do_all()
            except (Unavailable, StorageFull) as error:
                log.warning("jobs.put_off", error=type(error).__name__)
                pause = RETRY_S
            try:
                async with asyncio.timeout(pause):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def _do_all(self) -> None:
        for job in await self._table.all():
            kind = job.name.rpartition("/")[0]
            if job.finished_ts is None and kind in self._kinds:
                await self._do(self._running(job), self._kinds[kind])

    async def _do(self, job: Running, work: Work) -> None:
        job.status = ACTIVE
        await job.save()
        try:
            await work(job)
        except (Unavailable, StorageFull):
            raise
        except MatrixError as refused:
            job.status, job.error = FAILED, refused.message
            log.warning("job.failed", job=job.name, error=job.error)
        else:
            job.status = COMPLETE
        job.finished_ts = self._clock.now_ms()
        await job.save()

    async def _keep_lease(self) -> None:
        """Keep other processes from doing the same, while a job takes longer than the lease."""
        while True:
            await self._clock.sleep(LEASE_S / 3)
            if self._feed.is_shared and self._leads:
                with contextlib.suppress(Unavailable, StorageFull):
                    await self._leases.take(self._owner, [LEASE], LEASE_S)
