"""The writer's connection: opened anew when it is gone, and what became of the batch that was out then.

One statement is out at a time. Whoever loses the connection under it does not know whether it was committed: the old
backend is ended first, then the batch is looked up by its events or its mark. See `stream.py` for what is written.
"""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

import asyncpg

from homeserver.clock import Clock
from homeserver.storage import batch
from homeserver.storage.database import Connection, Database, Record
from homeserver.storage.errors import DatabaseDown
from homeserver.storage.events import write
from homeserver.storage.fragments import Sheet

GONE = ("08", "57P")
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 1.0

Prepared = asyncpg.prepared_stmt.PreparedStatement


class Lost(Exception):
    """The connection went away while a batch was out: committed or not is unknown."""


class RoomDone(NamedTuple):
    """A room that passed the gate: its version after, and the room position before its first new event."""

    version: int
    room_base: int


class Writer:
    """The connection with the statements prepared on it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._db = database
        self._clock = clock
        self._connection: Connection | None = None
        self._name = ""
        self.prepared: dict[batch.Kinds, Prepared[Record]] = {}

    def terminate(self) -> None:
        """Drop the connection without a word."""
        if self._connection is not None:
            self._connection.terminate()

    async def connected(self, wait_s: float, waiting: Callable[[], None]) -> Connection:
        """The connection; opened anew when it is gone.

        `waiting` is called after each failure. Raises DatabaseDown after `wait_s`.
        """
        if self._connection is not None and not self._connection.is_closed():
            return self._connection
        deadline = self._clock.monotonic() + wait_s
        pause = FIRST_PAUSE_S
        while True:
            try:
                return await self._open()
            except DatabaseDown:
                waiting()
                if self._clock.monotonic() > deadline:
                    raise
                await self._clock.sleep(pause)
                pause = min(LONGEST_PAUSE_S, pause * 2)

    async def _open(self) -> Connection:
        await self._db.nids.ensure(1)
        name = f"hearth-writer-{self._db.nids.next()}"
        connection = await self._db.open_writer(name)
        try:
            if self._name:
                await _end_backend(connection, self._name)
        except BaseException:
            connection.terminate()
            raise
        self.prepared.clear()
        self._connection, self._name = connection, name
        return connection

    async def statement(self, connection: Connection, kinds: batch.Kinds) -> "Prepared[Record]":
        """The prepared statement for these kinds."""
        prepared = self.prepared.get(kinds)
        if prepared is None:
            prepared = self.prepared[kinds] = await connection.prepare(batch.text_of(kinds))
        return prepared

    async def end_stuck(self) -> None:
        """End writers that hold the counter while their client does not answer (PostgreSQL 15 and 16 never do)."""
        with contextlib.suppress(DatabaseDown):
            await self._db.fetch(
                """
                SELECT pg_terminate_backend(pid)
                  FROM pg_stat_activity
                 WHERE application_name LIKE 'hearth-writer-%'
                   AND datname = current_database()
                   AND usename = current_user
                   AND state = 'active'
                   AND wait_event = 'ClientRead'
                   AND state_change < now() - interval '2 s'
                """
            )


async def _end_backend(connection: Connection, application_name: str) -> None:
    """Make sure that the statement sent before is over: what it did can be looked up only then."""
    try:
        rows = await connection.fetch(
            """
            SELECT pg_terminate_backend(pid, 3000) AS has_ended
              FROM pg_stat_activity
             WHERE application_name = $1
               AND usename = current_user
            """,
            application_name,
        )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        raise DatabaseDown from error
    if not all(row["has_ended"] for row in rows):
        raise DatabaseDown


async def find(connection: Connection, sheet: Sheet, mark: int) -> tuple[int, dict[int, RoomDone]] | None:
    """(base, rooms that passed) of a batch, if it is committed."""
    placed = {record[0]: record for record in sheet.plain.get(write.INSERT, ())}
    rows = await connection.fetch(
        """
        SELECT event_nid, room_nid, position, room_position, head_version
          FROM events
         WHERE event_nid = ANY($1::int8[])
        """,
        list(placed),
    )
    base = None
    if mark:
        base = await connection.fetchval("SELECT base FROM batch_marks WHERE mark = $1", mark)
    done: dict[int, RoomDone] = {}
    for row in rows:
        record = placed[row["event_nid"]]
        nth, place = record[4], record[5]
        if place is not None and base is None:
            base = row["position"] - place
        if nth is not None or row["room_nid"] not in done:
            done[row["room_nid"]] = RoomDone(row["head_version"], (row["room_position"] or 0) - (nth or 0))
    return None if base is None else (base, done)


@contextlib.asynccontextmanager
async def lost_is_unknown() -> AsyncIterator[None]:
    """Turn every way in which a connection ends under a statement into `Lost`."""
    try:
        yield
    except asyncpg.PostgresError as error:
        if (error.sqlstate or "").startswith(GONE):
            raise Lost from error
        raise
    except (OSError, TimeoutError, asyncpg.InternalClientError) as error:
        raise Lost from error
    except asyncpg.InterfaceError as error:
        if isinstance(error, ValueError):  # a parameter that cannot be encoded
            raise
        raise Lost from error
