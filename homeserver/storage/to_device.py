"""Inboxes of devices: messages wait until a later sync token acknowledges them.

Spec: Client-Server API, Send-to-Device messaging.
"""

from homeserver.storage.database import Database
from homeserver.storage.fragments import Fragment, Sheet
from homeserver.storage.rows import ToDeviceRow

INSERT = Fragment(
    name="to_device",
    gated=False,
    columns=(
        ("device_nid", "int8"),
        ("place", "int8"),
        ("user_id", "text"),
        ("device_id", "text"),
        ("message_id", "text"),
        ("content", "bytea"),
    ),
    sql="""
INSERT INTO to_device (device_nid, position, user_id, device_id, message_id, content)
SELECT u.device_nid, c.base + u.place, u.user_id, u.device_id, u.message_id, u.content
  FROM counter c
 CROSS JOIN {rows} u""",
)


def place_to_device(row: ToDeviceRow, sheet: Sheet) -> None:
    """Add a message."""
    record = (row.device_nid, row.position, row.user_id, row.device_id, row.message_id, row.content)
    sheet.put(INSERT, record)


class ToDevice:
    """Reads and acknowledgements of inboxes."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def inbox(self, device_nid: int, after: int, upto: int, limit: int = 100) -> list[ToDeviceRow]:
        """Messages with a position in `(after, upto]`, oldest first [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT position, user_id, device_id, device_nid, message_id, content
              FROM to_device
             WHERE device_nid = $1
               AND position > $2
               AND position <= $3
             ORDER BY position
             LIMIT $4
            """,
            device_nid,
            after,
            upto,
            limit,
        )
        return [ToDeviceRow(**dict(row)) for row in rows]

    async def acknowledge(self, device_nid: int, upto: int) -> int:
        """Delete what the device has seen; the number of messages [1 trip]."""
        return await self._db.execute(
            "DELETE FROM to_device WHERE device_nid = $1 AND position <= $2", device_nid, upto
        )
