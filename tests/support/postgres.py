"""The PostgreSQL of a test run: one cluster without fsync for all workers, and a database of its own for each test.

The first test that asks starts it, in a keeper process that ends with the run even when pytest is killed. Databases
are clones of `hearth_test_template`, which holds the migrated schema. Instead of the wheel's programs those in
`HEARTH_TEST_POSTGRES_BINDIR` can be used, or a running server by `HEARTH_TEST_DATABASE_URL` (its superuser's DSN).
"""

import asyncio
import contextlib
import itertools
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import asyncpg

from homeserver.storage.migrate import migrate
from tests.support import run_folder
from tests.support.keeper import start_keeper

TEMPLATE = "hearth_test_template"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running PostgreSQL for tests; `admin_url` is its superuser on database `postgres`."""

    admin_url: str

    def url(self, database: str, role: str = "hearth") -> str:
        """DSN of a database of this cluster."""
        parts = urlsplit(self.admin_url)
        host = parts.netloc.rpartition("@")[2]
        user = f"{role}@" if not host else parts.netloc.removesuffix(host)
        return parts._replace(netloc=user + host, path=f"/{database}").geturl()

    @contextlib.asynccontextmanager
    async def database(self, *, template: str = TEMPLATE) -> AsyncIterator[str]:
        """The DSN of a new database, cloned from `template` (`template0`: an empty one); dropped at the end."""
        name = f"test_{os.getpid()}_{next(_numbers)}"
        owner = urlsplit(self.url(name)).username or "hearth"
        admin = await asyncpg.connect(self.admin_url)
        try:
            # Copying files costs a third of writing each page to the log, where a checkpoint costs nothing.
            await admin.execute(f'CREATE DATABASE "{name}" OWNER "{owner}" TEMPLATE "{template}" STRATEGY FILE_COPY')
            try:
                yield self.url(name)
            finally:
                await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        finally:
            await admin.close()


async def cluster() -> Cluster:
    """The cluster of this run, started and migrated by whoever asks first."""
    with run_folder.locked("postgres"):
        known = run_folder.path() / "postgres.url"
        if known.exists():
            return Cluster(known.read_text(encoding="utf-8"))
        url = os.environ.get("HEARTH_TEST_DATABASE_URL") or await asyncio.to_thread(start_keeper)
        started = Cluster(url)
        await _make_template(started)
        known.write_text(url, encoding="utf-8")
        return started


async def _make_template(started: Cluster) -> None:
    admin = await asyncpg.connect(started.admin_url)
    try:
        owner = urlsplit(started.url(TEMPLATE)).username or "hearth"
        await admin.execute(f'DROP DATABASE IF EXISTS "{TEMPLATE}"')
        await admin.execute(f'CREATE DATABASE "{TEMPLATE}" OWNER "{owner}" TEMPLATE template0')
    finally:
        await admin.close()
    await migrate(started.url(TEMPLATE))
