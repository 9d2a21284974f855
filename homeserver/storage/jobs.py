"""Background rewrites: where each one stands, so that it goes on after a restart and an admin can see it."""

from typing import NamedTuple

from homeserver.storage.database import Database


class Job(NamedTuple):
    """A job. `step`: JSON of its own, where to go on; `total` None: not known; `finished_ts` None: still running."""

    name: str
    step: bytes
    done: int
    total: int | None
    finished_ts: int | None


class Jobs:
    """Saved steps of jobs."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def all(self) -> list[Job]:
        """Every job, finished ones too [1 trip]."""
        rows = await self._db.fetch("SELECT name, step, done, total, finished_ts FROM jobs ORDER BY name")
        return [Job(*row.values()) for row in rows]

    async def read(self, name: str) -> Job | None:
        """One job [1 trip]."""
        row = await self._db.fetchrow("SELECT name, step, done, total, finished_ts FROM jobs WHERE name = $1", name)
        return Job(*row.values()) if row is not None else None

    async def save(self, job: Job) -> None:
        """Save where a job stands [1 trip]."""
        await self._db.execute(
            """
            INSERT INTO jobs (name, step, done, total, finished_ts)
            VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (name) DO UPDATE
               SET step = excluded.step,
                   done = excluded.done,
                   total = excluded.total,
                   finished_ts = excluded.finished_ts
            """,
            *job,
        )
