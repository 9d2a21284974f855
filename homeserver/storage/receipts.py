"""Read receipts. Spec: Client-Server API, Receipts."""

from collections.abc import Collection

from homeserver.storage.database import Database, Record
from homeserver.storage.fragments import Fragment, Sheet
from homeserver.storage.rows import ReceiptRow

UPSERT = Fragment(
    name="receipt",
    gated=False,
    columns=(
        ("room_nid", "int8"),
        ("user_id", "text"),
        ("type", "text"),
        ("thread", "text"),
        ("room_id", "text"),
        ("event_id", "text"),
        ("event_nid", "int8"),
        ("room_position", "int8"),
        ("place", "int8"),
        ("ts", "int8"),
    ),
    sql="""
INSERT INTO receipts (room_nid, user_id, type, thread, room_id, event_id, event_nid, room_position, position, ts)
SELECT u.room_nid, u.user_id, u.type, u.thread, u.room_id, u.event_id, u.event_nid, u.room_position, c.base + u.place,
       u.ts
  FROM counter c
 CROSS JOIN {rows} u
    ON CONFLICT (room_nid, user_id, type, thread) DO UPDATE
   SET event_id = excluded.event_id,
       event_nid = excluded.event_nid,
       room_position = excluded.room_position,
       position = excluded.position,
       ts = excluded.ts
 WHERE receipts.room_position < excluded.room_position""",
)


def place_receipt(row: ReceiptRow, sheet: Sheet) -> None:
    """Move a receipt forward; one that would go back changes nothing."""
    key = (row.room_nid, row.user_id, row.type, row.thread)
    place = (row.event_id, row.event_nid, row.room_position, row.position, row.ts)
    sheet.keep(UPSERT, key, (*key, row.room_id, *place))


_COLUMNS = """
SELECT position, room_nid, room_id, user_id, type, thread, event_id, event_nid, room_position, ts
  FROM receipts"""


def _receipt(row: Record) -> ReceiptRow:
    return ReceiptRow(**dict(row))


class Receipts:
    """Reads of receipts."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def of_rooms(self, room_nids: Collection[int]) -> list[ReceiptRow]:
        """All receipts of the rooms, private ones included: show those only to their user [1 trip]."""
        rows = await self._db.fetch(_COLUMNS + " WHERE room_nid = ANY($1::int8[])", list(room_nids))
        return [_receipt(row) for row in rows]

    async def of_user(self, user_id: str, room_nid: int) -> list[ReceiptRow]:
        """One user's receipts in one room [1 trip]."""
        rows = await self._db.fetch(_COLUMNS + " WHERE room_nid = $1 AND user_id = $2", room_nid, user_id)
        return [_receipt(row) for row in rows]
