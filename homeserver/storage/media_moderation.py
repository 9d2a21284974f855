"""What admins do to files: listing, forbidding, protecting many at once. Owns no table: `media` is `storage.media`'s.

Spec: none; what Synapse's admin API offers. Not for: deciding who is an admin.
"""

from typing import Literal, NamedTuple

from homeserver.storage.database import Database

EVENTS_AT_ONCE = 5_000

_URI = r'"mxc://([^"/\\]+/[^"/\\]+)"'

Order = Literal[
    "created_ts", "media_id", "filename", "size", "content_type", "read_ts", "quarantined_by", "is_protected"
]


class OwnFile(NamedTuple):
    """A file of a user here. Times in ms; `quarantined_by`: the admin who forbade it."""

    media_id: str
    content_type: str
    size: int
    filename: str | None
    created_ts: int
    read_ts: int
    quarantined_by: str | None
    is_protected: bool


_OF_USER = """
SELECT m.media_id, m.content_type, m.size, m.filename, m.created_ts, m.read_ts, f.quarantined_by, m.is_protected
  FROM media m
  JOIN media_files f ON f.hash = m.hash
 WHERE m.user_id = $1
 ORDER BY CASE WHEN $4 THEN {order} END ASC NULLS LAST,
          CASE WHEN NOT $4 THEN {order} END DESC NULLS LAST,
          m.media_id
OFFSET $2
 LIMIT $3"""
_ORDERS: dict[Order, str] = {
    "created_ts": "m.created_ts",
    "media_id": "m.media_id",
    "filename": "m.filename",
    "size": "m.size",
    "content_type": "m.content_type",
    "read_ts": "m.read_ts",
    "quarantined_by": "f.quarantined_by",
    "is_protected": "m.is_protected",
}
_QUERIES = {name: _OF_USER.replace("{order}", column) for name, column in _ORDERS.items()}


class MediaLists:
    """Files by user and by room."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def of_user(self, user_id: str, *, start: int, limit: int, order: Order, forwards: bool) -> list[OwnFile]:
        """A page of the user's files [1 trip]."""
        rows = await self._db.fetch(_QUERIES[order], user_id, start, limit, forwards)
        return [OwnFile(*row.values()) for row in rows]

    async def count_of_user(self, user_id: str) -> tuple[int, int]:
        """How many files a user has, and their bytes [1 trip]."""
        row = await self._db.fetchrow(
            """
            SELECT count(*) AS n, coalesce(sum(size), 0)::bigint AS bytes
              FROM media
             WHERE user_id = $1
               AND hash IS NOT NULL
            """,
            user_id,
        )
        assert row is not None
        return row["n"], row["bytes"]

    async def in_room(self, room_id: str) -> list[tuple[str, str]]:
        """(server, media id) of everything that events of the room name [1 trip for some thousand events]."""
        found: dict[tuple[str, str], None] = {}
        after = -(2**62)
        while True:
            rows = await self._db.fetch(
                """
                WITH page AS MATERIALIZED (
                  SELECT e.room_position, e.body
                    FROM rooms r
                    JOIN events e ON e.room_nid = r.room_nid
                   WHERE r.room_id = $1
                     AND e.room_position > $2
                   ORDER BY e.room_position
                   LIMIT $3)
                SELECT max(p.room_position) AS last, count(*) AS n, NULL AS uri FROM page p
                 UNION ALL
                SELECT NULL, NULL, u.uri
                  FROM page p
                 CROSS JOIN LATERAL (
                       SELECT m.parts[1] AS uri
                         FROM regexp_matches(convert_from(p.body, 'UTF8'), $4, 'g') AS m(parts)) u
                 WHERE position('mxc://'::bytea IN p.body) > 0
                """,
                room_id,
                after,
                EVENTS_AT_ONCE,
                _URI,
            )
            for row in rows:
                if row["uri"] is not None:
                    server, _, media_id = row["uri"].partition("/")
                    found[server, media_id] = None
            counted = next(row for row in rows if row["n"] is not None)
            if counted["n"] < EVENTS_AT_ONCE:
                return list(found)
            after = counted["last"]

    async def older_than(self, server: str, before_ts: int, larger_than: int, limit: int) -> list[str]:
        """Ids of files of this server that nobody used since, larger than that and not protected [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT media_id
              FROM media
             WHERE server = $1
               AND user_id IS NOT NULL
               AND hash IS NOT NULL
               AND read_ts < $2
               AND created_ts < $2
               AND size > $3
               AND NOT is_protected
             ORDER BY media_id
             LIMIT $4
            """,
            server,
            before_ts,
            larger_than,
            limit,
        )
        return [row["media_id"] for row in rows]
