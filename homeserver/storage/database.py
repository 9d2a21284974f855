"""The pool of readers, the settings of the writer's connection, trip counting, and numbers in blocks.

Every statement of the server passes `Database` or the writer of `stream.py`; nothing else opens a connection.
"""

import contextlib
import contextvars
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from homeserver.storage.errors import BadText, DatabaseDown, DatabaseFull

Record = asyncpg.Record
Connection = asyncpg.Connection

NID_BLOCK = 1_000  # INCREMENT of the sequence `nids`

# Plans must not depend on statistics of young tables, nor be made again for each call (docs/architecture.md, storage).
SETTINGS: Mapping[str, str] = {
    "application_name": "hearth",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "jit": "off",
    "statement_timeout": "30s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "10s",
    "timezone": "UTC",
}
WRITER_SETTINGS: Mapping[str, str] = {
    **SETTINGS,
    "enable_bitmapscan": "off",
    "synchronous_commit": "on",
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "2s",
}
TRANSACTION_TIMEOUT = ("transaction_timeout", "10s")  # PostgreSQL 17 and newer

LOST = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError)
REFUSED = (
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
)


@dataclass(slots=True)
class TripCounter:
    """Round trips to PostgreSQL since the counter was opened. A shared batch is not counted here."""

    reads: int = 0
    writes: int = 0


_trips: contextvars.ContextVar[TripCounter | None] = contextvars.ContextVar("trips", default=None)


def count_trip(*, write: bool = False) -> None:
    """Add one to the counter of this task, if it has one."""
    trips = _trips.get()
    if trips is not None:
        if write:
            trips.writes += 1
        else:
            trips.reads += 1


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn lost connections, full disks and texts that cannot be stored into the errors that services know."""
    try:
        yield
    except asyncpg.DiskFullError as error:
        raise DatabaseFull from error
    except (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError) as error:
        raise BadText("A text holds a NUL.") from error
    except asyncpg.DataError as error:
        if isinstance(error.__cause__ or error.__context__, UnicodeError):
            raise BadText("A text holds half a character.") from error
        raise
    except (*LOST, *REFUSED, asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError, TimeoutError) as error:
        raise DatabaseDown from error


class Database:
    """A pool of connections for reads and for short writes outside the stream. Made by `Database.open`."""

    def __init__(self, pool: "asyncpg.Pool[Record]", dsn: str) -> None:
        self._pool = pool
        self._dsn = dsn
        self.nids = NidBlocks(self)

    @classmethod
    async def open(cls, dsn: str, *, max_connections: int = 8, timeout_s: float = 10.0) -> "Database":
        """Connect. Raises DatabaseDown when nobody answers within `timeout_s`."""
        with translated():
            pool = await asyncpg.create_pool(
                dsn,
                min_size=0,  # the pool fills as needed; its own repair of a minimum only adds noise to an outage
                max_size=max_connections,
                server_settings=dict(SETTINGS),
                timeout=timeout_s,
                command_timeout=40,
                max_inactive_connection_lifetime=0,
            )
        database = cls(pool, dsn)
        try:
            await database.nids.ensure(NID_BLOCK)
        except BaseException:
            pool.terminate()
            raise
        return database

    async def close(self) -> None:
        """End all connections."""
        await self._pool.close()

    async def open_writer(self, application_name: str) -> Connection:
        """A connection of its own for the stream, with the writer's settings. The caller closes it."""
        with translated():
            connection: Connection = await asyncpg.connect(
                self._dsn, server_settings={**WRITER_SETTINGS, "application_name": application_name}, timeout=10
            )
            if connection.get_server_version() >= (17,):
                await connection.execute("SELECT set_config($1, $2, false)", *TRANSACTION_TIMEOUT)
        return connection

    async def fetch(self, sql: str, *args: object) -> list[Record]:
        """All rows [1 trip]."""
        count_trip()
        with translated():
            rows: list[Record] = await self._pool.fetch(sql, *args)
        return rows

    async def fetchrow(self, sql: str, *args: object) -> Record | None:
        """The first row [1 trip]."""
        count_trip()
        with translated():
            return await self._pool.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: object) -> Any:  # noqa: ANN401 - a column of any type
        """The first column of the first row [1 trip]."""
        count_trip()
        with translated():
            return await self._pool.fetchval(sql, *args)

    async def execute(self, sql: str, *args: object) -> int:
        """Write; the number of rows touched [1 trip]."""
        count_trip(write=True)
        with translated():
            status: str = await self._pool.execute(sql, *args)
        tail = status.rpartition(" ")[2]
        return int(tail) if tail.isdigit() else 0

    async def write_row(self, sql: str, *args: object) -> Record | None:
        """Write by a statement that returns a row [1 trip]."""
        count_trip(write=True)
        with translated():
            return await self._pool.fetchrow(sql, *args)

    async def write_rows(self, sql: str, *args: object) -> list[Record]:
        """Write by a statement that returns rows [1 trip]."""
        count_trip(write=True)
        with translated():
            rows: list[Record] = await self._pool.fetch(sql, *args)
        return rows

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[PoolConnectionProxy]:
        """Several statements as one; for what is not on the stream. Counted as one write."""
        count_trip(write=True)
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                yield connection

    @contextlib.contextmanager
    def count(self) -> Iterator[TripCounter]:
        """Count the trips of this task and the tasks it starts."""
        trips = TripCounter()
        token = _trips.set(trips)
        try:
            yield trips
        finally:
            _trips.reset(token)


class NidBlocks:
    """Numbers for rooms, events, users, devices, chains and state keys, unique over all processes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._blocks: list[range] = []
        self._next = 0
        self._stop = 0

    def next(self) -> int:
        """A number never given before. Call `ensure` first; raises RuntimeError when none is left."""
        if self._next == self._stop:
            if not self._blocks:
                raise RuntimeError("no numbers left: ensure() was not called for as many")
            block = self._blocks.pop(0)
            self._next, self._stop = block.start, block.stop
        nid = self._next
        self._next += 1
        return nid

    async def ensure(self, n: int) -> None:
        """Have at least `n` numbers ready [0 trips as a rule, 1 for several thousand]."""
        left = self._stop - self._next + NID_BLOCK * len(self._blocks)
        if left >= n:
            return
        wanted = 1 + (n - left) // NID_BLOCK
        rows = await self._database.fetch("SELECT nextval('nids') AS first FROM generate_series(1, $1::int)", wanted)
        self._blocks.extend(range(row["first"], row["first"] + NID_BLOCK) for row in rows)

    async def take(self) -> int:
        """`next` with its `ensure`."""
        await self.ensure(1)
        return self.next()
