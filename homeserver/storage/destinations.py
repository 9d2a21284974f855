"""Peers we send to: cursors, back-off, EDUs that wait.

Spec: Server-Server API, Transactions.
"""

from collections.abc import Collection
from typing import NamedTuple

from homeserver.storage.database import Database
from homeserver.storage.fragments import Fragment, Sheet
from homeserver.storage.rows import OutboundEduRow

OUTBOUND = Fragment(
    name="outbound_edu",
    gated=False,
    columns=(("server", "text"), ("place", "int8"), ("edu_type", "text"), ("key", "text"), ("content", "bytea")),
    sql="""
INSERT INTO outbound_edus (server, position, edu_type, key, content)
SELECT u.server, c.base + u.place, u.edu_type, u.key, u.content
  FROM counter c
 CROSS JOIN {rows} u""",
)


def place_outbound_edu(row: OutboundEduRow, sheet: Sheet) -> None:
    """Queue an EDU."""
    sheet.put(OUTBOUND, (row.server, row.position, row.edu_type, row.key, row.content))


class Destination(NamedTuple):
    """A peer and where its queue stands. Times in ms; `failing_since_ts` None: it answers."""

    server: str
    cursor: int
    retry_ts: int
    failing_since_ts: int | None
    failures: int


class Overview(NamedTuple):
    """A peer as an admin sees it. `lag`: positions of the stream that it has not got; `edus` that wait for it."""

    server: str
    rooms: int
    lag: int
    edus: int
    retry_ts: int
    failing_since_ts: int | None
    failures: int
    last_error: str | None


class Destinations:
    """Cursors and back-off of peers, and their waiting EDUs."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def all(self) -> list[Destination]:
        """Every peer we ever sent to [1 trip]."""
        rows = await self._db.fetch("SELECT server, cursor, retry_ts, failing_since_ts, failures FROM destinations")
        return [Destination(*row.values()) for row in rows]

    async def read(self, server: str) -> Destination | None:
        """One peer [1 trip]."""
        row = await self._db.fetchrow(
            "SELECT server, cursor, retry_ts, failing_since_ts, failures FROM destinations WHERE server = $1", server
        )
        return Destination(*row.values()) if row is not None else None

    async def begin(self, servers: Collection[str], cursor: int) -> None:
        """Have rows for these peers; known ones keep their cursor [1 trip]."""
        await self._db.execute(
            """
            INSERT INTO destinations (server, cursor)
            SELECT u.server, $2
              FROM unnest($1::text[]) AS u(server)
                ON CONFLICT (server) DO NOTHING
            """,
            list(servers),
            cursor,
        )

    async def advance(self, cursors: Collection[tuple[str, int]]) -> None:
        """Save cursors of peers, forwards only [1 trip]."""
        if not cursors:
            return
        servers, positions = (list(column) for column in zip(*cursors, strict=True))
        await self._db.execute(
            """
            INSERT INTO destinations (server, cursor)
            SELECT u.server, u.cursor
              FROM unnest($1::text[], $2::int8[]) AS u(server, cursor)
                ON CONFLICT (server) DO UPDATE
               SET cursor = greatest(destinations.cursor, excluded.cursor)
            """,
            servers,
            positions,
        )

    async def overview(self, us: str) -> list[Overview]:
        """Every server that shares a room with us, and every one that something waits for [1 trip]."""
        rows = await self._db.fetch(
            """
            WITH sharing AS (
              SELECT server, count(DISTINCT room_nid) AS rooms
                FROM members
               WHERE membership = 'join'
                 AND server <> $1
               GROUP BY server),
            waiting AS (
              SELECT server, count(*) AS edus
                FROM outbound_edus
               GROUP BY server)
            SELECT server,
                   coalesce(s.rooms, 0),
                   greatest(0, coalesce(c.position - d.cursor, 0)),
                   coalesce(w.edus, 0),
                   coalesce(d.retry_ts, 0),
                   d.failing_since_ts,
                   coalesce(d.failures, 0),
                   d.last_error
              FROM sharing s
              FULL JOIN waiting w USING (server)
              FULL JOIN (SELECT *
                           FROM destinations
                          WHERE failing_since_ts IS NOT NULL
                             OR cursor < coalesce((SELECT position FROM cursors WHERE name = 'federation'), 0)) d
             USING (server)
              LEFT JOIN cursors c ON c.name = 'federation'
             ORDER BY server
            """,
            us,
        )
        return [Overview(*row.values()) for row in rows]

    async def save_contact(
        self,
        server: str,
        *,
        retry_ts: int,
        failing_since_ts: int | None,
        failures: int,
        last_error: str | None = None,
    ) -> None:
        """Save the back-off of a peer; zeros and None when it answered [1 trip]."""
        await self._db.execute(
            """
            INSERT INTO destinations (server, cursor, retry_ts, failing_since_ts, failures, last_error)
            VALUES ($1, (SELECT max(position) FROM stream), $2, $3, $4, $5)
                ON CONFLICT (server) DO UPDATE
               SET retry_ts = excluded.retry_ts,
                   failing_since_ts = excluded.failing_since_ts,
                   failures = excluded.failures,
                   last_error = excluded.last_error
            """,
            server,
            retry_ts,
            failing_since_ts,
            failures,
            last_error,
        )

    async def waiting_edus(self, server: str, after: int, upto: int, limit: int = 100) -> list[OutboundEduRow]:
        """EDUs queued for the peer in `(after, upto]`, oldest first [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT position, server, edu_type, key, content
              FROM outbound_edus
             WHERE server = $1
               AND position > $2
               AND position <= $3
             ORDER BY position
             LIMIT $4
            """,
            server,
            after,
            upto,
            limit,
        )
        return [OutboundEduRow(**dict(row)) for row in rows]

    async def servers_with_edus(self) -> list[str]:
        """Peers for which EDUs wait [1 trip]."""
        rows = await self._db.fetch("SELECT DISTINCT server FROM outbound_edus")
        return [row["server"] for row in rows]

    async def delete_edus(self, server: str, upto: int) -> int:
        """Forget what was delivered; how many [1 trip]."""
        return await self._db.execute("DELETE FROM outbound_edus WHERE server = $1 AND position <= $2", server, upto)
