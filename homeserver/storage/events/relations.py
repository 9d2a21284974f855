"""Relations between events: written with the related event, read for aggregations and `/relations`.

Spec: Client-Server API, Relationships between events. A redacted event loses its relations: reads skip it.
"""

from collections.abc import Collection
from typing import NamedTuple

from homeserver.storage.database import Database
from homeserver.storage.fragments import Fragment, Sheet
from homeserver.storage.rows import EarlyRedactionRow, EventRow

RECURSION_DEPTH = 3
"""Levels of relations of relations that are followed."""
MAX_POSITION = 2**62

INSERT = Fragment(
    name="relation",
    gated=True,
    columns=(
        ("room_nid", "int8"),
        ("target_event_id", "text"),
        ("rel_type", "text"),
        ("event_nid", "int8"),
        ("event_id", "text"),
        ("sender", "text"),
        ("type", "text"),
        ("key", "text"),
        ("ts", "int8"),
    ),
    sql="""
INSERT INTO relations (target_event_id, rel_type, event_nid, event_id, sender, type, key, ts)
SELECT u.target_event_id, u.rel_type, u.event_nid, u.event_id, u.sender, u.type, u.key, u.ts
  FROM room r
  JOIN {rows} u ON u.room_nid = r.room_nid
    ON CONFLICT (target_event_id, rel_type, event_nid) DO NOTHING""",
)


EARLY = Fragment(
    name="early_redaction",
    gated=True,
    columns=(("room_nid", "int8"), ("target_event_id", "text"), ("event_id", "text")),
    sql="""
INSERT INTO early_redactions (target_event_id, event_id, room_nid)
SELECT u.target_event_id, u.event_id, u.room_nid
  FROM room r
  JOIN {rows} u ON u.room_nid = r.room_nid
    ON CONFLICT (target_event_id, event_id) DO NOTHING""",
)


def place_early_redaction(row: EarlyRedactionRow, sheet: Sheet) -> None:
    """Remember a redaction until what it redacts arrives."""
    sheet.gate(row.room_nid)
    sheet.early.append((row.event_id, row.redaction_id))
    sheet.put(EARLY, (row.room_nid, row.event_id, row.redaction_id))


def place_relation(row: EventRow, sheet: Sheet) -> None:
    """Add the relation of an event."""
    assert row.relates is not None
    rel_type, target, key = row.relates
    record = (row.room_nid, target, rel_type, row.event_nid, row.event_id, row.sender, row.type, key, row.ts)
    sheet.put(INSERT, record)


class Related(NamedTuple):
    """A related event: the target it names, and how."""

    target_event_id: str
    rel_type: str
    event_nid: int
    event_id: str
    sender: str
    type: str
    key: str | None
    room_position: int


class Summary(NamedTuple):
    """What is bundled with an event. `edit`: number of the newest replacement by its sender, if any.

    `thread_latest`: number of the newest event of its thread, None without a thread; `participated`: the asking user
    wrote in it.
    """

    edit: int | None
    thread_latest: int | None
    thread_count: int
    participated: bool


_RELATED = """
SELECT l.target_event_id, l.rel_type, l.event_nid, l.event_id, l.sender, l.type, l.key, e.room_position
  FROM relations l
  JOIN events e ON e.event_nid = l.event_nid
"""


class Relations:
    """Reads of relations. Redacted and hidden events are never among them."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def page(
        self,
        room_nid: int,
        target_event_id: str,
        *,
        rel_type: str | None,
        event_type: str | None,
        start: int,
        limit: int,
        backwards: bool,
    ) -> list[Related]:
        """Events related to the target below (backwards) or above the room position `start` [1 trip]."""
        rows = await self._db.fetch(
            _RELATED
            + """
             WHERE l.target_event_id = $2
               AND e.room_nid = $1
               AND e.redacted_by IS NULL
               AND e.room_position IS NOT NULL
               AND ($3::text IS NULL OR l.rel_type = $3)
               AND ($4::text IS NULL OR l.type = $4)
               AND CASE WHEN $7 THEN e.room_position < $5 ELSE e.room_position > $5 END
             ORDER BY CASE WHEN $7 THEN -e.room_position ELSE e.room_position END
             LIMIT $6
            """,
            room_nid,
            target_event_id,
            rel_type,
            event_type,
            start,
            limit,
            backwards,
        )
        return [Related(*row.values()) for row in rows]

    async def page_below(
        self,
        room_nid: int,
        target_event_id: str,
        *,
        rel_type: str | None,
        event_type: str | None,
        start: int,
        limit: int,
        backwards: bool,
    ) -> list[Related]:
        """Like `page`, with events that are related to related ones, down to `RECURSION_DEPTH` [1 trip]."""
        rows = await self._db.fetch(
            """
            WITH RECURSIVE below (event_nid, event_id, depth) AS (
              SELECT NULL::int8, $2::text COLLATE "C", 0
               UNION
              SELECT e.event_nid, e.event_id, b.depth + 1
                FROM below b
                JOIN relations l ON l.target_event_id = b.event_id
                JOIN events e ON e.event_nid = l.event_nid
               WHERE b.depth < $8
                 AND e.room_nid = $1
                 AND e.redacted_by IS NULL
                 AND e.room_position IS NOT NULL)
            SELECT l.target_event_id, l.rel_type, l.event_nid, l.event_id, l.sender, l.type, l.key, e.room_position
              FROM (SELECT DISTINCT event_nid FROM below WHERE depth > 0) b
              JOIN events e ON e.event_nid = b.event_nid
              JOIN relations l ON l.event_nid = b.event_nid
             WHERE e.event_id <> $2
               AND ($3::text IS NULL OR l.rel_type = $3)
               AND ($4::text IS NULL OR l.type = $4)
               AND CASE WHEN $7 THEN e.room_position < $5 ELSE e.room_position > $5 END
             ORDER BY CASE WHEN $7 THEN -e.room_position ELSE e.room_position END
             LIMIT $6
            """,
            room_nid,
            target_event_id,
            rel_type,
            event_type,
            start,
            limit,
            backwards,
            RECURSION_DEPTH,
        )
        return [Related(*row.values()) for row in rows]

    async def is_annotated(
        self, room_nid: int, target_event_id: str, event_type: str, sender: str, key: str | None
    ) -> bool:
        """Whether the user annotated the target in this way already [1 trip]. Spec: Client-Server API, Annotations."""
        found: bool = await self._db.fetchval(
            """
            SELECT EXISTS (
                   SELECT
                     FROM relations l
                     JOIN events e ON e.event_nid = l.event_nid
                    WHERE l.target_event_id = $2
                      AND l.rel_type = 'm.annotation'
                      AND l.type = $3
                      AND l.sender = $4
                      AND l.key IS NOT DISTINCT FROM $5
                      AND e.room_nid = $1
                      AND e.redacted_by IS NULL)
            """,
            room_nid,
            target_event_id,
            event_type,
            sender,
            key,
        )
        return found

    async def bundled(self, room_nid: int, event_ids: Collection[str], user_id: str) -> dict[str, Summary]:
        """What to bundle with these events of the room, for those that have anything [1 trip].

        An edit counts when it is of the target's sender and type.
        Spec: Client-Server API, Aggregations of child events.
        """
        rows = await self._db.fetch(
            """
            SELECT t.event_id,
                   (SELECT l.event_nid
                      FROM relations l
                      JOIN events e ON e.event_nid = l.event_nid
                     WHERE l.target_event_id = t.event_id
                       AND l.rel_type = 'm.replace'
                       AND l.sender = t.sender
                       AND l.type = t.type
                       AND e.room_nid = $1
                       AND e.redacted_by IS NULL
                       AND e.state_key_nid IS NULL
                     ORDER BY l.ts DESC, l.event_id DESC
                     LIMIT 1) AS edit,
                   h.latest, h.n, h.participated
              FROM events t
             CROSS JOIN LATERAL (
                   SELECT (array_agg(e.event_nid ORDER BY e.room_position DESC))[1] AS latest,
                          count(*) AS n,
                          coalesce(bool_or(e.sender = $3), false) OR t.sender = $3 AS participated
                     FROM relations l
                     JOIN events e ON e.event_nid = l.event_nid
                    WHERE l.target_event_id = t.event_id
                      AND l.rel_type = 'm.thread'
                      AND e.room_nid = $1
                      AND e.redacted_by IS NULL) h
             WHERE t.event_id = ANY($2::text[])
            """,
            room_nid,
            list(event_ids),
            user_id,
        )
        return {
            row["event_id"]: Summary(row["edit"], row["latest"], row["n"], row["participated"])
            for row in rows
            if row["edit"] is not None or row["latest"] is not None
        }

    async def threads(
        self, room_nid: int, *, start: int, limit: int, participated_by: str | None = None, upto: int = MAX_POSITION
    ) -> list[tuple[str, int]]:
        """(root event id, room position of the newest reply) of threads below `start`, newest first [1 trip].

        `upto`: replies above that room position do not count.
        """
        rows = await self._db.fetch(
            """
            SELECT e.thread_id, max(e.room_position) AS newest
              FROM events e
             WHERE e.room_nid = $1
               AND e.room_position IS NOT NULL
               AND e.room_position <= $5
               AND e.thread_id IS NOT NULL
               AND e.redacted_by IS NULL
             GROUP BY e.thread_id
            HAVING max(e.room_position) < $2
               AND ($4::text IS NULL OR bool_or(e.sender = $4)
                    OR (SELECT t.sender FROM events t WHERE t.event_id = e.thread_id) = $4)
             ORDER BY newest DESC
             LIMIT $3
            """,
            room_nid,
            start,
            limit,
            participated_by,
            upto,
        )
        return [(row["thread_id"], row["newest"]) for row in rows]
