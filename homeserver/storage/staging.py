"""What came from peers: answers to their transactions, and PDUs that wait to be worked off.

A claim is a short lease on a room's staged PDUs, not a row lock: the statement that commits an event deletes its row
and must never wait for whoever works it off.
"""

from collections.abc import Collection
from typing import NamedTuple

from homeserver.storage.database import Database
from homeserver.storage.fragments import Fragment, Sheet
from homeserver.storage.rows import InboundTxnRow, StagedDoneRow, StagedRow

STAGE = Fragment(
    name="staged",
    gated=False,
    columns=(
        ("room_nid", "int8"),
        ("event_id", "text"),
        ("room_id", "text"),
        ("origin", "text"),
        ("pdu", "bytea"),
        ("received_ts", "int8"),
        ("place", "int8"),
    ),
    sql="""
INSERT INTO inbound_staging (room_nid, event_id, room_id, origin, pdu, received_ts, position)
SELECT u.room_nid, u.event_id, u.room_id, u.origin, u.pdu, u.received_ts, c.base + u.place
  FROM counter c
 CROSS JOIN {rows} u
    ON CONFLICT (room_nid, event_id) DO NOTHING""",
)
DONE = Fragment(
    name="staged_done",
    gated=True,
    columns=(("room_nid", "int8"), ("event_id", "text")),
    sql="""
DELETE FROM inbound_staging s
 USING room r
  JOIN {rows} u ON u.room_nid = r.room_nid
 WHERE s.room_nid = u.room_nid
   AND s.event_id = u.event_id""",
)
DONE_ALONE = Fragment(
    name="staged_done_alone",
    gated=False,
    columns=DONE.columns,
    sql="""
DELETE FROM inbound_staging s
 USING counter c
 CROSS JOIN {rows} u
 WHERE s.room_nid = u.room_nid
   AND s.event_id = u.event_id""",
)
TRANSACTION = Fragment(
    name="inbound_txn",
    gated=False,
    columns=(("origin", "text"), ("txn_id", "text"), ("response", "bytea"), ("received_ts", "int8")),
    sql="""
INSERT INTO inbound_txns (origin, txn_id, response, received_ts)
SELECT u.origin, u.txn_id, u.response, u.received_ts
  FROM counter c
 CROSS JOIN {rows} u
    ON CONFLICT (origin, txn_id) DO NOTHING""",
)


def place_staged(row: StagedRow, sheet: Sheet) -> None:
    """Stage a PDU; one staged before stays as it is."""
    record = (row.room_nid, row.event_id, row.room_id, row.origin, row.pdu, row.received_ts, row.position)
    sheet.put(STAGE, record)


def place_staged_done(row: StagedDoneRow, sheet: Sheet) -> None:
    """Take a PDU off; with its room's gate when that is in the same batch."""
    sheet.put(DONE if row.room_nid in sheet.rooms else DONE_ALONE, (row.room_nid, row.event_id))


def place_inbound_txn(row: InboundTxnRow, sheet: Sheet) -> None:
    """Keep the answer to a transaction; the first one stands."""
    sheet.put(TRANSACTION, (row.origin, row.txn_id, row.response, row.received_ts))


class StagedPdu(NamedTuple):
    """A staged PDU. `attempts`: how often working it off was put off."""

    room_nid: int
    room_id: str
    event_id: str
    origin: str
    pdu: bytes
    received_ts: int
    attempts: int


class Staging:
    """Claims, reads and removals of what is staged; removal with a commit goes by StagedDoneRow."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def answer(self, origin: str, txn_id: str) -> bytes | None:
        """The answer that this transaction got before [1 trip]."""
        response: bytes | None = await self._db.fetchval(
            "SELECT response FROM inbound_txns WHERE origin = $1 AND txn_id = $2", origin, txn_id
        )
        return response

    async def claim(self, owner: str, now_ms: int, life_ms: int, limit: int = 100) -> list[StagedPdu]:
        """Claim the room whose PDU waits longest and is claimed by nobody else; its oldest PDUs, or nothing [1 trip].

        The claim ends after `life_ms`; claim again to renew it.
        """
        rows = await self._db.write_rows(
            """
            WITH picked AS (
              SELECT s.room_nid
                FROM inbound_staging s
               WHERE s.claimed_until_ts < $2
                 AND NOT EXISTS (
                     SELECT
                       FROM inbound_staging o
                      WHERE o.room_nid = s.room_nid
                        AND o.claimed_until_ts >= $2
                        AND o.claimed_by <> $1)
               ORDER BY s.position
               LIMIT 1
                 FOR UPDATE SKIP LOCKED),
            batch AS (
              SELECT s.room_nid, s.event_id
                FROM inbound_staging s
                JOIN picked p ON p.room_nid = s.room_nid
               ORDER BY s.position
               LIMIT $4)
            UPDATE inbound_staging s
               SET claimed_by = $1,
                   claimed_until_ts = $3
              FROM batch b
             WHERE s.room_nid = b.room_nid
               AND s.event_id = b.event_id
            RETURNING s.room_nid, s.room_id, s.event_id, s.origin, s.pdu, s.received_ts, s.attempts, s.position
            """,
            owner,
            now_ms,
            now_ms + life_ms,
            limit,
        )
        ordered = sorted(rows, key=lambda row: int(row["position"]))
        return [StagedPdu(*tuple(row.values())[:-1]) for row in ordered]

    async def put_off(self, room_nid: int, event_ids: Collection[str], until_ms: int) -> None:
        """Leave these for later: nobody claims them before `until_ms` [1 trip]."""
        await self._db.execute(
            """
            UPDATE inbound_staging
               SET attempts = attempts + 1,
                   claimed_by = '',
                   claimed_until_ts = $3
             WHERE room_nid = $1
               AND event_id = ANY($2::text[])
            """,
            room_nid,
            list(event_ids),
            until_ms,
        )

    async def remove(self, room_nid: int, event_ids: Collection[str]) -> None:
        """Drop staged PDUs that will never be committed [1 trip]."""
        await self._db.execute(
            "DELETE FROM inbound_staging WHERE room_nid = $1 AND event_id = ANY($2::text[])", room_nid, list(event_ids)
        )

    async def waiting(self) -> tuple[int, int | None]:
        """How many are staged, and when the oldest came (ms) [1 trip]."""
        row = await self._db.fetchrow("SELECT count(*) AS n, min(received_ts) AS oldest FROM inbound_staging")
        return (row["n"], row["oldest"]) if row is not None else (0, None)

    async def prune_txns(self, before_ts: int) -> int:
        """Forget answers older than that; how many [1 trip]."""
        return await self._db.execute("DELETE FROM inbound_txns WHERE received_ts < $1", before_ts)
