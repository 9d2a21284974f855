"""Members whose push result for an event differs from its flag, and unread counts.

Spec: Client-Server API, Receiving notifications.
"""

from collections.abc import Collection
from typing import NamedTuple

from homeserver.storage.database import Database
from homeserver.storage.fragments import Fragment, Sheet
from homeserver.storage.rows import MentionRow

LOOKED_AT = 5_000

INSERT = Fragment(
    name="mention",
    gated=True,
    columns=(
        ("room_nid", "int8"),
        ("user_id", "text"),
        ("nth", "int8"),
        ("notify", "bool"),
        ("highlight", "bool"),
        ("thread_id", "text"),
    ),
    sql="""
INSERT INTO mentions (user_id, room_nid, room_position, notify, highlight, thread_id)
SELECT u.user_id, u.room_nid, r.room_base + u.nth, u.notify, u.highlight, u.thread_id
  FROM room r
  JOIN {rows} u ON u.room_nid = r.room_nid""",
)


def place_mention(row: MentionRow, sheet: Sheet) -> None:
    """Add the result of one member for an event that was placed before."""
    sheet.gate(row.room_nid)
    nth = sheet.placed[row.event_nid].nth
    key = (row.user_id, row.event_nid)
    sheet.keep(INSERT, key, (row.room_nid, row.user_id, nth, row.notify, row.highlight, row.thread_id))


class Unread(NamedTuple):
    """Unread counts of one room; `thread_id` None is the main timeline (events outside threads)."""

    room_nid: int
    thread_id: str | None
    notifications: int
    highlights: int


class UnreadRooms(NamedTuple):
    """What is unread, and for each room up to which room position that was counted."""

    counts: list[Unread]
    upto: dict[int, int]


class Notified(NamedTuple):
    """An event that notified a user. `ts` in ms."""

    position: int
    room_id: str
    event_id: str
    ts: int
    highlight: bool
    is_read: bool


class Mentions:
    """Unread counts, and what was counted."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def unread(self, user_id: str, room_nids: Collection[int]) -> UnreadRooms:
        """Counts after the user's read receipts, for each room and thread that has any [1 trip].

        An event counts by its flag unless the user wrote it or has a row of their own for it; a muted room counts none,
        one for mentions only counts highlights. Redacted events do not count. A message of the user's own reads its
        thread, or the main timeline, up to itself.
        """
        rows = await self._db.fetch(
            """
            SELECT w.nid AS room_nid, x.thread_id, sum(x.notify::int) AS notifications,
                   sum(x.highlight::int) AS highlights
              FROM unnest($2::int8[]) AS w(nid)
              JOIN members m ON m.room_nid = w.nid
                            AND m.user_id = $1
             CROSS JOIN LATERAL (
                   SELECT coalesce(max(p.room_position), m.room_position) AS read
                     FROM receipts p
                    WHERE p.room_nid = w.nid
                      AND p.user_id = $1
                      AND p.thread = '') u
             CROSS JOIN LATERAL (
                   SELECT e.thread_id, e.room_position, e.sender,
                          coalesce(
                              n.notify,
                              e.flags & 8 <> 0 AND (m.level = 0 OR e.room_position < m.level_since)) AS notify,
                          coalesce(n.highlight, false) AS highlight,
                          max(e.room_position) FILTER (WHERE e.sender = $1) OVER (PARTITION BY e.thread_id) AS own
                     FROM events e
                     LEFT JOIN mentions n ON n.user_id = $1
                                         AND n.room_nid = w.nid
                                         AND n.room_position = e.room_position
                    WHERE e.room_nid = w.nid
                      AND e.room_position > u.read
                      AND (e.redacted_by IS NULL OR e.sender = $1)
                      AND (e.flags & 8 <> 0 OR n.notify OR n.highlight)
                      AND (m.level < 2 OR e.room_position < m.level_since)) x
             WHERE (x.notify OR x.highlight)
               AND x.sender <> $1
               AND x.room_position > coalesce(x.own, 0)
               AND NOT EXISTS (
                   SELECT
                     FROM receipts p
                    WHERE p.room_nid = w.nid
                      AND p.user_id = $1
                      AND p.type IN ('m.read', 'm.read.private')
                      AND p.thread = coalesce(x.thread_id, 'main')
                      AND p.room_position >= x.room_position)
             GROUP BY w.nid, x.thread_id
             UNION ALL
            SELECT room_nid, NULL, last_position, -1
              FROM room_heads
             WHERE room_nid = ANY($2::int8[])
            """,
            user_id,
            list(room_nids),
        )
        found = [Unread(*row.values()) for row in rows]
        return UnreadRooms(
            [one for one in found if one.highlights >= 0],
            {one.room_nid: one.notifications for one in found if one.highlights < 0},
        )

    async def notified(self, user_id: str, *, below: int, limit: int, highlights_only: bool) -> list[Notified]:
        """Events before a stream position that notified the user in the rooms they are in, newest first [1 trip].

        Of each room at most the newest `LOOKED_AT` events before the position are looked at.
        """
        rows = await self._db.fetch(
            """
            SELECT x.position, r.room_id, x.event_id, x.ts, x.highlight,
                   EXISTS (SELECT
                             FROM receipts p
                            WHERE p.room_nid = m.room_nid
                              AND p.user_id = $1
                              AND p.type IN ('m.read', 'm.read.private')
                              AND p.thread IN ('', coalesce(x.thread_id, 'main'))
                              AND p.room_position >= x.room_position) AS is_read
              FROM members m
              JOIN rooms r ON r.room_nid = m.room_nid
             CROSS JOIN LATERAL (
                   SELECT e.position, e.event_id, e.ts, e.thread_id, e.room_position,
                          coalesce(n.highlight, false) AS highlight
                     FROM (SELECT *
                             FROM events
                            WHERE room_nid = m.room_nid
                              AND position < $2
                            ORDER BY position DESC
                            LIMIT $5) e
                     LEFT JOIN mentions n ON n.user_id = $1
                                         AND n.room_nid = m.room_nid
                                         AND n.room_position = e.room_position
                    WHERE e.sender <> $1
                      AND e.flags & 7 = 0
                      AND e.redacted_by IS NULL
                      AND e.room_position > m.room_position
                      AND (m.level < 2 OR e.room_position < m.level_since)
                      AND CASE WHEN $4
                               THEN coalesce(n.highlight, false)
                               ELSE coalesce(
                                      n.notify,
                                      e.flags & 8 <> 0 AND (m.level = 0 OR e.room_position < m.level_since))
                          END
                    ORDER BY e.position DESC
                    LIMIT $3) x
             WHERE m.user_id = $1
               AND m.membership = 'join'
             ORDER BY x.position DESC
             LIMIT $3
            """,
            user_id,
            below,
            limit,
            highlights_only,
            LOOKED_AT,
        )
        return [Notified(*row.values()) for row in rows]
