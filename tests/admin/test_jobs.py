"""Jobs of admins: put off, failed, done."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from homeserver.bus.local import LocalBus
from homeserver.clock import NoFaults, SystemClock, SystemRng
from homeserver.errors import NotFound
from homeserver.services.admin import jobs as admin_jobs
from homeserver.services.admin.jobs import AdminJobs, Running
from homeserver.services.feed import Feed
from homeserver.storage.database import Database
from homeserver.storage.errors import DatabaseDown
from homeserver.storage.jobs import Jobs
from homeserver.storage.leases import Leases
from homeserver.storage.members import Members
from homeserver.storage.stream import Stream


@pytest.fixture
async def jobs(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AdminJobs]:
    """The runner alone, which looks again at once."""
    monkeypatch.setattr(admin_jobs, "RETRY_S", 0.01)
    database, clock = await Database.open(database_url), SystemClock()
    feed = Feed(Stream(database, clock=clock, faults=NoFaults()), Members(database), LocalBus(), clock, is_shared=False)
    made = AdminJobs(
        Jobs(database), Leases(database), feed, owner="test", clock=clock, rng=SystemRng(), faults=NoFaults()
    )
    running = asyncio.ensure_future(made.run())
    yield made
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await database.close()


async def test_a_job_waits_for_a_database_that_is_away_and_keeps_what_it_did(jobs: AdminJobs) -> None:
    async def work(job: Running) -> None:
        job.result["tries"] += 1
        await job.save()
        if job.result["tries"] < 3:
            raise DatabaseDown

    jobs.kind("patient", work)
    job = await asyncio.wait_for(jobs.finished("patient", await jobs.begin("patient", {}, {"tries": 0})), 20)
    assert (job.status, job.error, job.result) == ("complete", None, {"tries": 3})


async def test_a_job_that_cannot_be_done_says_why(jobs: AdminJobs) -> None:
    async def work(_job: Running) -> None:
        raise NotFound("It is not there.")

    jobs.kind("hopeless", work)
    job = await asyncio.wait_for(jobs.finished("hopeless", await jobs.begin("hopeless", {}, {})), 20)
    assert (job.status, job.error) == ("failed", "It is not there.")
