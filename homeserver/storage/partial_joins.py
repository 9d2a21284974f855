"""Rooms whose state still lacks members: who can tell them, and how far the fetching is.

Owns `partial_joins`. Its rows are written by the stream, with the join itself and with what makes the room whole; only
the progress is written beside it.
"""

from typing import NamedTuple

import orjson

from homeserver.storage.database import Database
from homeserver.storage.fragments import Fragment, Sheet
from homeserver.storage.rooms import PARTIAL
from homeserver.storage.rows import PartialRow

UPSERT = Fragment(
    name="partial_join",
    gated=True,
    columns=(
        ("room_nid", "int8"),
        ("event_id", "text"),
        ("via", "text"),
        ("servers", "text"),
        ("is_whole", "bool"),
        ("place", "int8"),
    ),
    sql="""
INSERT INTO partial_joins (room_nid, event_id, via, servers, is_whole, position)
SELECT u.room_nid, u.event_id, u.via, u.servers, u.is_whole, r.base + u.place
  FROM room r
  JOIN {rows} u ON u.room_nid = r.room_nid
    ON CONFLICT (room_nid) DO UPDATE
   SET event_id = excluded.event_id,
       via = excluded.via,
       servers = excluded.servers,
       is_whole = excluded.is_whole,
       position = excluded.position""",
)


def place_partial(row: PartialRow, sheet: Sheet) -> None:
    """Begin, go on with, or end a room's being partial."""
    sheet.gate(row.room_nid)
    servers = orjson.dumps(row.servers).decode()
    record = (row.room_nid, row.event_id, row.via, servers, not row.is_partial, row.position)
    sheet.keep(UPSERT, row.room_nid, record)
    sheet.keep(PARTIAL, row.room_nid, (row.room_nid, row.is_partial))


class PartialJoin(NamedTuple):
    """A join whose room is not whole yet. `total` None: nobody has told it yet."""

    room_nid: int
    room_id: str
    event_id: str
    via: str
    servers: tuple[str, ...]
    done: int
    total: int | None


class PartialJoins:
    """Reads of them, and their progress."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def unfinished(self) -> list[PartialJoin]:
        """All of them [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT p.room_nid, r.room_id, p.event_id, p.via, p.servers, p.done, p.total
              FROM partial_joins p
              JOIN rooms r ON r.room_nid = p.room_nid
             WHERE NOT p.is_whole
             ORDER BY p.position
            """
        )
        return [
            PartialJoin(
                room_nid=row["room_nid"],
                room_id=row["room_id"],
                event_id=row["event_id"],
                via=row["via"],
                servers=tuple(orjson.loads(row["servers"])),
                done=row["done"],
                total=row["total"],
            )
            for row in rows
        ]

    async def progress(self, room_nid: int) -> tuple[int, int | None]:
        """Entries of the state that are here, and how many there are [1 trip]."""
        row = await self._db.fetchrow("SELECT done, total FROM partial_joins WHERE room_nid = $1", room_nid)
        return (row["done"], row["total"]) if row is not None else (0, None)

    async def save_progress(self, room_nid: int, done: int, total: int | None) -> None:
        """Write down how far it is [1 trip]. It does not wait for the disk: what is lost is counted again."""
        await self._db.execute(
            """
            UPDATE partial_joins
               SET done = $2,
                   total = $3
             WHERE room_nid = $1
            RETURNING set_config('synchronous_commit', 'off', true)
            """,
            room_nid,
            done,
            total,
        )
