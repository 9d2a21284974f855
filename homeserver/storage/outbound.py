"""The sender's place in the stream, the destinations that lag behind it, and the events that they are owed."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from homeserver.storage.database import Database

CURSOR = "federation"


class OutboundEvent(NamedTuple):
    """An event that a peer is to get."""

    position: int
    room_id: str
    room_version: str
    event_id: str
    body: bytes
    envelope: bytes


class OutboundTable:
    """Reads and saves where the sender stands."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def routed(self) -> int | None:
        """Up to which position every event was handed to the queues of its destinations; None at first [1 trip]."""
        position: int | None = await self._db.fetchval("SELECT position FROM cursors WHERE name = $1", CURSOR)
        return position

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
                FROM unnest($3::text[], $4::int8[]) AS u(server, cursor)
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

    async def servers_in_rooms(self, limit: int) -> list[str]:
        """Servers with a joined user in any room, at most `limit` [1 trip]."""
        rows = await self._db.fetch(
            """
            WITH RECURSIVE found(server, n) AS (
              (SELECT server, 1
                 FROM members
                WHERE membership = 'join'
                ORDER BY server
                LIMIT 1)
               UNION ALL
              SELECT (SELECT m.server
                        FROM members m
                       WHERE m.membership = 'join'
                         AND m.server > found.server
                       ORDER BY m.server
                       LIMIT 1), n + 1
                FROM found
               WHERE found.server IS NOT NULL
                 AND n <= $1)
            SELECT server
              FROM found
             WHERE server IS NOT NULL
             LIMIT $1
            """,
            limit,
        )
        return [row["server"] for row in rows]

    async def events_for(self, server: str, us: str, after: int, upto: int, limit: int) -> list[OutboundEvent]:
        """Events of ours in `(after, upto]`, oldest first, of rooms that the server is in or was put out of [1 trip].

        `us`: our server's name. Bits of `flags`: 32 handed to us for others, 128 sent on by another, 7 hidden.
        """
        rows = await self._db.fetch(
            """
            SELECT e.position, r.room_id, r.room_version, e.event_id, e.body, e.envelope
              FROM events e
              JOIN rooms r ON r.room_nid = e.room_nid
             WHERE e.position > $3
               AND e.position <= $4
               AND e.flags & 135 = 0
               AND (substr(e.sender, strpos(e.sender, ':') + 1) = $2
                    OR e.flags & 32 <> 0)
               AND EXISTS (SELECT
                             FROM members m
                            WHERE m.room_nid = e.room_nid
                              AND m.server = $1
                              AND (m.membership = 'join'
                                   OR m.event_nid = e.event_nid))
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
