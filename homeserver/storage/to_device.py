"""Inboxes of devices: messages wait until a later sync token acknowledges them.

Spec: Client-Server API, Send-to-Device messaging.
"""

from collections.abc import Collection
from typing import NamedTuple

from homeserver.storage.database import Database
from homeserver.storage.e2e_keys import REVOKED
from homeserver.storage.fragments import Fragment, Sheet
from homeserver.storage.rows import RevocationRow, ToDeviceRow, ToDeviceTxnRow

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
TRANSACTION = Fragment(
    name="to_device_txn",
    gated=False,
    columns=(("sender", "text"), ("path_hash", "int8"), ("txn_id", "text")),
    sql="""
INSERT INTO to_device_txns (sender, path_hash, txn_id)
SELECT u.sender, u.path_hash, u.txn_id
  FROM counter c
 CROSS JOIN {rows} u
    ON CONFLICT DO NOTHING""",
)
INBOX_GONE = Fragment(
    name="inbox_gone",
    gated=False,
    columns=REVOKED,
    sql="""
DELETE FROM to_device i
 USING counter c
 CROSS JOIN {rows} u
  JOIN devices d ON d.user_id = u.user_id
 WHERE i.device_nid = d.device_nid
   AND (u.device_id IS NULL OR d.device_id = u.device_id)""",
)


def place_txn(row: ToDeviceTxnRow, sheet: Sheet) -> None:
    """Note that a sending was taken."""
    record = (row.sender, row.path_hash, row.txn_id)
    sheet.keep(TRANSACTION, record, record)


def place_revocation(row: RevocationRow, sheet: Sheet) -> None:
    """Empty the inboxes of the devices that a revocation ends."""
    if row.kind in {"device", "user"}:
        sheet.put(INBOX_GONE, (row.user_id, row.device_id if row.kind == "device" else None))


def place_to_device(row: ToDeviceRow, sheet: Sheet) -> None:
    """Add a message."""
    record = (row.device_nid, row.position, row.user_id, row.device_id, row.message_id, row.content)
    sheet.put(INSERT, record)


class Recipient(NamedTuple):
    """A device here that can be sent to."""

    user_id: str
    device_id: str
    device_nid: int


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

    async def acknowledge_all(self, delivered: Collection[tuple[int, int]]) -> None:
        """`acknowledge` for several devices: (device number, position) each [1 trip]."""
        await self._db.execute(
            """
            DELETE FROM to_device i
             USING unnest($1::int8[], $2::int8[]) AS u(device_nid, upto)
             WHERE i.device_nid = u.device_nid
               AND i.position <= u.upto
            """,
            [nid for nid, _ in delivered],
            [upto for _, upto in delivered],
        )

    async def was_taken(self, sender: str, path_hash: int, txn_id: str) -> bool:
        """Whether this sending was taken before [1 trip]."""
        return bool(
            await self._db.fetchval(
                """
                SELECT true
                  FROM to_device_txns
                 WHERE sender = $1
                   AND path_hash = $2
                   AND txn_id = $3
                """,
                sender,
                path_hash,
                txn_id,
            )
        )

    async def recipients(self, user_ids: Collection[str], max_waiting: int) -> list[Recipient]:
        """The devices of active users here in whose inboxes fewer than `max_waiting` messages wait [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT d.user_id, d.device_id, d.device_nid
              FROM devices d
              JOIN users u ON u.user_id = d.user_id
             WHERE d.user_id = ANY($1::text[])
               AND NOT u.is_deactivated
               AND NOT EXISTS (SELECT
                                 FROM to_device i
                                WHERE i.device_nid = d.device_nid
                                ORDER BY i.position
                               OFFSET $2
                                LIMIT 1)
            """,
            list(user_ids),
            max_waiting,
        )
        return [Recipient(*row.values()) for row in rows]

    async def prune_txns(self, older_than_s: float, limit: int = 1_000) -> int:
        """Forget sendings that nobody repeats any more; how many [1 trip]."""
        return await self._db.execute(
            """
            DELETE FROM to_device_txns
             WHERE (sender, path_hash, txn_id) IN (
                   SELECT sender, path_hash, txn_id
                     FROM to_device_txns
                    WHERE created < now() - make_interval(secs => $1)
                    ORDER BY created
                    LIMIT $2)
            """,
            older_than_s,
            limit,
        )
