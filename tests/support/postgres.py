"""The PostgreSQL of a test run: one cluster without fsync for all workers, and a database of its own for each test.

The first test that asks starts it, in a keeper process that ends with the run even when pytest is killed. Databases
are clones of `hearth_test_template`, which holds the migrated schema. A clone costs as much as a whole small test, so
what a test leaves behind is emptied and given to the next one, unless it changed the schema. Instead of the wheel's
programs those in `HEARTH_TEST_POSTGRES_BINDIR` can be used, or a running server by `HEARTH_TEST_DATABASE_URL` (its
superuser's DSN).
"""

import asyncio
import contextlib
import itertools
import json
import os
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
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

    def admin_url_of(self, database: str) -> str:
        """The superuser's DSN of a database."""
        return urlsplit(self.admin_url)._replace(path=f"/{database}").geturl()

    @contextlib.asynccontextmanager
    async def database(self, *, template: str = TEMPLATE) -> AsyncIterator[str]:
        """The DSN of a database as new, like `template` (`template0`: an empty one)."""
        name = await self._emptied_one() if template == TEMPLATE else None
        if name is None:
            name = f"test_{os.getpid()}_{next(_numbers)}"
            await self._clone(name, template)
        try:
            yield self.url(name)
        finally:
            if template == TEMPLATE:
                _used.append(name)
            else:
                await self._drop(name)

    async def _emptied_one(self) -> str | None:
        """The one that was left first, emptied only now: a server that stops may still have written its last words."""
        while _used:
            name = _used.popleft()
            if await self._emptied(name):
                return name
            await self._drop(name)
        return None

    async def drop_used(self) -> None:
        """Drop the databases of this process that wait for a test."""
        while _used:
            await self._drop(_used.popleft())

    async def _clone(self, name: str, template: str) -> None:
        owner = urlsplit(self.url(name)).username or "hearth"
        # Copying files costs a third of writing each page to the log, where a checkpoint costs nothing.
        await self.as_admin(f'CREATE DATABASE "{name}" OWNER "{owner}" TEMPLATE "{template}" STRATEGY FILE_COPY')

    async def _drop(self, name: str) -> None:
        if name in _cleaners:
            await _cleaners.pop(name).close()
        await self.as_admin(f'DROP DATABASE "{name}" WITH (FORCE)')

    async def as_admin(self, statement: str) -> None:
        """Execute one statement as superuser."""
        admin = await asyncpg.connect(self.admin_url)
        try:
            await admin.execute(statement)
        finally:
            await admin.close()

    async def _emptied(self, name: str) -> bool:
        """Make a clone of the template as it was; False where its schema is another now."""
        made = json.loads(_made().read_bytes())
        cleaner = await self._cleaner(name)
        if await cleaner.fetchval(_SCHEMA) != made["schema"]:
            return False
        await cleaner.fetch(_END_OTHERS, name)
        await cleaner.execute(_EMPTY)
        for table, rows in made["rows"].items():
            await cleaner.execute(
                f'INSERT INTO "{table}" SELECT * FROM json_populate_recordset(NULL::"{table}", $1)',
                rows,
            )
        return True

    async def _cleaner(self, name: str) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection that stays: a new one takes twice as long to read the schema as to do everything."""
        cleaner = _cleaners.get(name)
        if cleaner is None or cleaner.is_closed():
            cleaner = _cleaners[name] = await asyncpg.connect(self.admin_url_of(name))
        return cleaner


_used: deque[str] = deque()
"""Names of this process's databases that tests have left."""
_cleaners: "dict[str, asyncpg.Connection[asyncpg.Record]]" = {}
"""Who empties them, by name."""

_SCHEMA = """
SELECT md5(concat(
  (SELECT string_agg(concat_ws(' ', relname, attname, atttypid, attnotnull, atthasdef), ',' ORDER BY relname, attnum)
   FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = 'public'::regnamespace),
  (SELECT string_agg(concat_ws(' ', oid, prosrc), ',' ORDER BY oid) FROM pg_proc
   WHERE pronamespace = 'public'::regnamespace),
  (SELECT string_agg(oid::text, ',' ORDER BY oid) FROM pg_trigger WHERE NOT tgisinternal),
  (SELECT string_agg(concat_ws(' ', oid, conname), ',' ORDER BY oid) FROM pg_constraint
   WHERE connamespace = 'public'::regnamespace)))
"""
_TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
_END_OTHERS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()"
)
_EMPTY = """
SET session_replication_role = replica;
DO $$
DECLARE one regclass;
BEGIN
  FOR one IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
    CASE
      WHEN pg_relation_size(one) = 0 THEN NULL;
      WHEN pg_relation_size(one) < 1000000 THEN EXECUTE format('DELETE FROM %s', one);
      ELSE EXECUTE format('TRUNCATE %s CASCADE', one);
    END CASE;
  END LOOP;
  PERFORM setval(seqrelid, seqstart, false) FROM pg_sequence;
END $$;
"""


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
    owner = urlsplit(started.url(TEMPLATE)).username or "hearth"
    await started.as_admin(f'DROP DATABASE IF EXISTS "{TEMPLATE}"')
    await started.as_admin(f'CREATE DATABASE "{TEMPLATE}" OWNER "{owner}" TEMPLATE template0')
    await migrate(started.url(TEMPLATE))
    admin = await asyncpg.connect(started.admin_url_of(TEMPLATE))
    try:
        tables = [row["relname"] for row in await admin.fetch(_TABLES)]
        rows = {name: await admin.fetchval(f'SELECT json_agg(one) FROM "{name}" one') for name in tables}
        made = {"schema": await admin.fetchval(_SCHEMA), "rows": {name: some for name, some in rows.items() if some}}
    finally:
        await admin.close()
    _made().write_text(json.dumps(made), encoding="utf-8")


def _made() -> Path:
    """What the template is: a digest of its schema, and its rows (a JSON array in text) by table."""
    return run_folder.path() / "postgres.template.json"
