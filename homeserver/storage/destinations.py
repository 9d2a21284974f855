"""What is owed to peers: failures, cursors on the stream, EDUs that must arrive, and events to catch up with."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from homeserver.storage.database import Database

CURSOR = "federation"


class Failure(NamedTuple):
    """A peer that failed: since when, and when to try again (ms since the epoch)."""

    failing_since: int
    retry_at: int


class OutboundEvent(NamedTuple):
    """An event that a peer is to get."""

    position: int
    room_id: str
    room_version: str
    event_id: str
    body: bytes
    envelope: bytes


class OutboundEdu(NamedTuple):
    """An EDU that a peer is to get. `content`: JSON."""

    position: int
    edu_type: str
    key: str
    content: bytes


class DestinationTable:
    """Tables `destinations`, `outbound_edus`, and the row `federation` of `cursors`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def failure(self, server: str) -> Failure | None:
        """None while the peer is not known to fail [1 trip]."""
        row = await self._db.fetchrow(
            """
            SELECT failing_since_ts, retry_ts
              FROM destinations
             WHERE server = $1
               AND failing_since_ts IS NOT NULL
            """,
            server,
        )
        return Failure(row["failing_since_ts"], row["retry_ts"]) if row is not None else None

    async def save_failure(self, server: str, failing_since: int, retry_at: int) -> None:
        """Remember, or with 0 and 0 forget, that the peer fails [1 trip]. Its cursor is made if it has none."""
        await self._db.execute(
            """
            INSERT INTO destinations (server, cursor, retry_ts, failing_since_ts)
            VALUES ($1, (SELECT max(position) FROM stream), $3, nullif($2, 0))
                ON CONFLICT (server) DO UPDATE
               SET retry_ts = excluded.retry_ts,
                   failing_since_ts = excluded.failing_since_ts
            """,
            server,
            failing_since,
            retry_at,
        )

    async def routed(self) -> int:
        """Up to which position every event was handed to the queues of its destinations [1 trip]."""
        position: int | None = await self._db.fetchval("SELECT position FROM cursors WHERE name = $1", CURSOR)
        return position or 0

    async def behind(self) -> dict[str, int]:
        """Destinations that do not have everything up to `routed`, with their cursors [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT d.server, d.cursor
              FROM destinations d
              JOIN cursors c ON c.name = $1
             WHERE d.cursor < c.position
            """,
            CURSOR,
        )
        return {row["server"]: row["cursor"] for row in rows}

    async def save(self, routed: int, behind: Mapping[str, int], done: Sequence[str]) -> None:
        """Move `routed`; destinations of `behind` keep these cursors, those of `done` have everything [1 trip]."""
        await self._db.execute(
            """
            WITH lagging AS (
              INSERT INTO destinations (server, cursor)
              SELECT server, cursor
                FROM unnest($3::text[], $4::bigint[]) AS u(server, cursor)
                  ON CONFLICT (server) DO UPDATE
                 SET cursor = excluded.cursor),
            current AS (
              UPDATE destinations
                 SET cursor = $2
               WHERE server = ANY($5::text[]))
            INSERT INTO cursors (name, position)
            VALUES ($1, $2)
                ON CONFLICT (name) DO UPDATE
               SET position = greatest(cursors.position, excluded.position)
            """,
            CURSOR,
            routed,
            list(behind.keys()),
            list(behind.values()),
            list(done),
        )

    async def events_for(self, server: str, us: str, after: int, upto: int, limit: int) -> list[OutboundEvent]:
        """Events of ours in `(after, upto]`, oldest first, of rooms that the server is in or was put out of [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT e.position, r.room_id, r.room_version, e.event_id, e.body, e.envelope
              FROM events e
              JOIN rooms r ON r.room_nid = e.room_nid
             WHERE e.position > $3
               AND e.position <= $4
               AND e.flags & 7 = 0
               AND (substr(e.sender, strpos(e.sender, ':') + 1) = $2 OR e.flags & 32 <> 0)
               AND (EXISTS (SELECT
                              FROM members m
                             WHERE m.server = $1
                               AND m.membership = 'join'
                               AND m.room_nid = e.room_nid)
                    OR EXISTS (SELECT
                                 FROM members m
                                WHERE m.room_nid = e.room_nid
                                  AND m.server = $1
                                  AND m.event_nid = e.event_nid))
             ORDER BY e.position
             LIMIT $5
            """,
            server,
            us,
            after,
            upto,
            limit,
        )
        return [OutboundEvent(*row.values()) for row in rows]

    async def edus_for(self, server: str, after: int, upto: int, limit: int) -> list[OutboundEdu]:
        """EDUs in `(after, upto]`, oldest first [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT position, edu_type, key, content
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
        return [OutboundEdu(*row.values()) for row in rows]

    async def edus_arrived(self, server: str, upto: int) -> None:
        """Drop EDUs that the peer has [1 trip]."""
        await self._db.execute("DELETE FROM outbound_edus WHERE server = $1 AND position <= $2", server, upto)
