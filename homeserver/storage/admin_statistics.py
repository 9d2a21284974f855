"""What admins ask about amounts: files of users, sizes of rooms, rooms shared with a server. Owns no table."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from homeserver.storage.database import Database

SAMPLED: Final = 20_000
"""About so many events are looked at to judge how large rooms are."""
LARGEST: Final = 10


class FileFilter(NamedTuple):
    """Which files of whom: uploaded from `from_ts` to `until_ts` in ms; `term`: a part of the id or the name."""

    from_ts: int = 0
    until_ts: int | None = None
    term: str | None = None
    order_by: str = "user_id"
    backwards: bool = False


class FilesOfUser(NamedTuple):
    """How many files a user uploaded, and their bytes. `displayname`: JSON."""

    user_id: str
    displayname: bytes | None
    n_files: int
    size: int


_ORDERS: Final[Mapping[str, str]] = {
    "user_id": "user_id",
    "displayname": "displayname",
    "media_length": "size",
    "media_count": "n_files",
}
FILE_ORDERS: Final = frozenset(_ORDERS)

_FILES = """
WITH counted AS (
  SELECT m.user_id, p.value AS displayname, count(*) AS n_files, sum(m.size)::int8 AS size
    FROM media m
    LEFT JOIN profiles p ON p.user_id = m.user_id AND p.field = 'displayname'
   WHERE m.user_id IS NOT NULL
     AND m.hash IS NOT NULL
     AND m.created_ts >= $1
     AND ($2::int8 IS NULL OR m.created_ts <= $2)
     AND ($3::text IS NULL OR strpos(lower(m.user_id), lower($3)) > 0
          OR strpos(lower(convert_from(p.value, 'UTF8') COLLATE "default"), lower($3)) > 0)
   GROUP BY m.user_id, p.value)"""
_PAGES: Final = {
    (name, backwards): f"""{_FILES}
SELECT user_id, displayname, n_files, size
  FROM counted
 ORDER BY {column} {"DESC" if backwards else "ASC"} NULLS LAST, user_id
OFFSET $4
 LIMIT $5"""  # noqa: S608 - constants of this module
    for name, column in _ORDERS.items()
    for backwards in (False, True)
}


class AdminStatistics:
    """Counts and sizes."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def files(self, wanted: FileFilter, start: int, limit: int) -> tuple[list[FilesOfUser], int]:
        """A page of the users who uploaded files, and how many there are [2 trips]."""
        conditions = (wanted.from_ts, wanted.until_ts, wanted.term)
        rows = await self._db.fetch(_PAGES[wanted.order_by, wanted.backwards], *conditions, start, limit)
        total = await self._db.fetchval(f"{_FILES} SELECT count(*) FROM counted", *conditions)  # noqa: S608 - constants
        return [FilesOfUser(*row.values()) for row in rows], total

    async def largest_rooms(self) -> list[tuple[str, int]]:
        """(room id, bytes of its events) of the largest rooms, judged by a sample of the events [2 trips]."""
        share = await self._db.fetchval(
            """
            SELECT least(100, 100.0 * $1 / greatest(reltuples, 1))::float4
              FROM pg_class
             WHERE oid = 'events'::regclass
            """,
            SAMPLED,
        )
        rows = await self._db.fetch(
            """
            SELECT r.room_id, (sum(octet_length(s.body) + octet_length(s.envelope)) * 100 / $1::float4)::int8 AS size
              FROM events s TABLESAMPLE SYSTEM ($1)
              JOIN rooms r ON r.room_nid = s.room_nid
             GROUP BY r.room_id
             ORDER BY size DESC, r.room_id
             LIMIT $2
            """,
            share,
            LARGEST,
        )
        return [(row["room_id"], row["size"]) for row in rows]

    async def rooms_with(
        self, server: str, start: int, limit: int, *, backwards: bool
    ) -> tuple[list[tuple[str, int]], int]:
        """(room id, position of its newest event) of rooms that a server has members in, and how many [2 trips]."""
        direction = "DESC" if backwards else "ASC"
        rows = await self._db.fetch(
            f"""
            SELECT r.room_id, coalesce((SELECT max(position) FROM events WHERE room_nid = r.room_nid), 0) AS position
              FROM rooms r
             WHERE r.room_nid IN (SELECT room_nid FROM members WHERE server = $1 AND membership = 'join')
             ORDER BY r.room_id {direction}
            OFFSET $2
             LIMIT $3
            """,  # noqa: S608 - one of two words
            server,
            start,
            limit,
        )
        total: int = await self._db.fetchval(
            "SELECT count(DISTINCT room_nid) FROM members WHERE server = $1 AND membership = 'join'", server
        )
        return [(row["room_id"], row["position"]) for row in rows], total
