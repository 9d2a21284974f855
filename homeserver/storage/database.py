"""The pool of readers, the settings of the writer's connection, trip counting, and numbers in blocks.

Every statement of the server passes `Database` or the writer of `stream.py`; nothing else opens a connection.
"""

import contextlib
import contextvars
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from homeserver.storage.errors import BadText, DatabaseDown, DatabaseFull
from homeserver.storage.together import Read, Together, composed, rows_of

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
_together: contextvars.ContextVar[Together | None] = contextvars.ContextVar("together", default=None)


trips_so_far = TripCounter()
"""Of this whole process, for its metrics."""


def count_trip(*, write: bool = False) -> None:
    """Add one to the counter of this task, if it has one, and to that of the process."""
    trips = _trips.get()
    for counter in (trips_so_far,) if trips is None else (trips, trips_so_far):
        if write:
            counter.writes += 1
        else:
            counter.reads += 1


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


async def _introspect(connection: Connection) -> None:
    """Have the codecs of arrays ready: inside of records (see `Database.together`) nobody looks for them."""
    await connection.fetchrow("SELECT NULL::int8[], NULL::text[], NULL::bytea[], NULL::bool[], ARRAY(SELECT ROW(1))")


async def _leave_as_it_is(_: Connection) -> None:
    """Nothing on a connection of the pool outlives its use, so that resetting it would be a trip for nothing."""


class Database:
    """A pool of connections for reads and for short writes outside the stream. Made by `Database.open`."""

    def __init__(self, pool: "asyncpg.Pool[Record]", dsn: str) -> None:
        self._pool = pool
        self._dsn = dsn
        self._names: dict[str, tuple[str, ...]] = {}
        """Names of the columns of statements that travelled together with others."""
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
                init=_introspect,
                reset=_leave_as_it_is,
                # Planning a long statement takes longer than running it: a plan is made once a connection.
                statement_cache_size=1_000,
                max_cached_statement_lifetime=0,
                max_cacheable_statement_size=0,
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

    async def together(self, *reads: Coroutine[Any, Any, Any]) -> list[Any]:
        """Run these at once; what they read at the same moment is one statement [1 trip, or as many as the longest].

        For reads that do not need each other's answers, whatever services they belong to. Writes go by themselves.
        """
        outer = _together.get()
        if outer is not None and outer.is_open:
            return await outer.join(reads)
        gathering = Together(self._read_together)
        token = _together.set(gathering)
        try:
            return await gathering.run(reads)
        finally:
            _together.reset(token)

    async def _read_together(self, reads: list[Read]) -> None:
        """Read for all of them in one statement, and give each its rows."""
        if len(reads) == 1:
            alone = await self._fetch(reads[0].sql, *reads[0].args)
            if not reads[0].answer.done():
                reads[0].answer.set_result(alone)
            return
        count_trip()
        sql, args = composed(reads)
        with translated():
            async with self._pool.acquire() as connection:
                for read in reads:
                    if read.sql not in self._names:
                        statement = await connection.prepare(read.sql)
                        self._names[read.sql] = tuple(one.name for one in statement.get_attributes())
                [row] = await connection.fetch(sql, *args)
        for read, found in zip(reads, row, strict=True):
            if not read.answer.done():
                read.answer.set_result(rows_of(self._names[read.sql], found))

    async def fetch(self, sql: str, *args: object) -> list[Record]:
        """All rows [1 trip]."""
        gathering = _together.get()
        if gathering is not None and gathering.is_open:
            # Rows of the same shape, of another class: see `together.Row`.
            return cast("list[Record]", await gathering.add(sql, args))
        return await self._fetch(sql, *args)

    async def _fetch(self, sql: str, *args: object) -> list[Record]:
        count_trip()
        with translated():
            rows: list[Record] = await self._pool.fetch(sql, *args)
        return rows

    async def fetchrow(self, sql: str, *args: object) -> Record | None:
        """The first row [1 trip]."""
        if _together.get() is not None:
            rows = await self.fetch(sql, *args)
            return rows[0] if rows else None
        count_trip()
        with translated():
            return await self._pool.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: object) -> Any:  # noqa: ANN401 - a column of any type
        """The first column of the first row [1 trip]."""
        row = await self.fetchrow(sql, *args)
        return row[0] if row is not None else None

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

    @property
    def left(self) -> int:
        """How many numbers are ready."""
        return self._stop - self._next + NID_BLOCK * len(self._blocks)

    async def ensure(self, n: int) -> None:
        """Have at least `n` numbers ready [0 trips as a rule, 1 for several thousand]."""
        left = self.left
        if left >= n:
            return
        wanted = 1 + (n - left) // NID_BLOCK
        rows = await self._database.fetch("SELECT nextval('nids') AS first FROM generate_series(1, $1::int)", wanted)
        self._blocks.extend(range(row["first"], row["first"] + NID_BLOCK) for row in rows)

    async def take(self) -> int:
        """`next` with its `ensure`."""
        await self.ensure(1)
        return self.next()
