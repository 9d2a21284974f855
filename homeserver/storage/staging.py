"""What came from peers: answers to their transactions, and PDUs that wait to be worked off.

A claim is a short lease on a room's staged PDUs, not a row lock: the statement that commits an event deletes its row
and must never wait for whoever works it off.
"""

from collections.abc import Sequence
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

TRANSACTION_OF_ROOM = Fragment(
    name="inbound_txn_of_room",
    gated=True,
    columns=(("room_nid", "int8"), *TRANSACTION.columns),
    sql="""
INSERT INTO inbound_txns (origin, txn_id, response, received_ts)
SELECT u.origin, u.txn_id, u.response, u.received_ts
  FROM room r
  JOIN {rows} u ON u.room_nid = r.room_nid
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
    record = (row.origin, row.txn_id, row.response, row.received_ts)
    if row.room_nid is None:
        sheet.put(TRANSACTION, record)
    else:
        sheet.gate(row.room_nid)
        sheet.put(TRANSACTION_OF_ROOM, (row.room_nid, *record))


class Staged(NamedTuple):
    """A PDU that waits. `pdu`: JSON as the peer sent it."""

    event_id: str
    origin: str
    pdu: bytes
    received_ts: int
    attempts: int


class StagedRoom(NamedTuple):
    """A room with PDUs that wait."""

    room_nid: int
    room_id: str


class StagingTable:
    """Tables `inbound_txns` and `inbound_staging`; rows enter and leave by the stream."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def answer(self, origin: str, txn_id: str) -> bytes | None:
        """The answer that a transaction got before [1 trip]."""
        response: bytes | None = await self._db.fetchval(
            "SELECT response FROM inbound_txns WHERE origin = $1 AND txn_id = $2", origin, txn_id
        )
        return response

    async def claim(self, owner: str, now_ms: int, until_ms: int, limit: int) -> list[StagedRoom]:
        """Take rooms that nobody works on, oldest first; the claim holds until `until_ms` [1 trip].

        PDUs that were put off do not hold up the others of their room. Rows that somebody else has locked are left out:
        two who wait for each other's rows would wait for ever. A lock of the room keeps two who claim at the same time
        from sharing its rows: whoever got a child without its parent would put it off.
        """
        rows = await self._db.write_rows(
            """
            WITH free AS MATERIALIZED (
              SELECT room_nid
                FROM inbound_staging
               GROUP BY room_nid
              HAVING bool_or(claimed_until_ts < $2)
                 AND NOT bool_or(claimed_until_ts >= $2 AND claimed_by IS NOT NULL)
               ORDER BY min(position)
               LIMIT $4),
            mine AS MATERIALIZED (
              SELECT room_nid
                FROM free
               WHERE pg_try_advisory_xact_lock(hashtextextended('inbound_staging', room_nid))),
            taken AS (
              SELECT s.room_nid, s.event_id
                FROM inbound_staging s
                JOIN mine ON mine.room_nid = s.room_nid
               WHERE s.claimed_until_ts < $2
                 FOR UPDATE OF s SKIP LOCKED)
            UPDATE inbound_staging s
               SET claimed_by = $1,
                   claimed_until_ts = $3
              FROM taken t
             WHERE s.room_nid = t.room_nid
               AND s.event_id = t.event_id
            RETURNING s.room_nid, s.room_id
            """,
            owner,
            now_ms,
            until_ms,
            limit,
        )
        return sorted({StagedRoom(row["room_nid"], row["room_id"]) for row in rows})

    async def of_room(self, room_nid: int, owner: str, limit: int) -> list[Staged]:
        """The oldest PDUs of a room that `owner` has claimed [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT event_id, origin, pdu, received_ts, attempts
              FROM inbound_staging
             WHERE room_nid = $1
               AND claimed_by = $2
             ORDER BY position
             LIMIT $3
            """,
            room_nid,
            owner,
            limit,
        )
        return [Staged(*row.values()) for row in rows]

    async def renew(self, room_nid: int, owner: str, until_ms: int) -> None:
        """Let the claim of a room hold until `until_ms` [1 trip]."""
        await self._hold(room_nid, owner, owner, until_ms)

    async def release(self, room_nid: int, owner: str) -> None:
        """End the claim of a room [1 trip]."""
        await self._hold(room_nid, owner, None, 0)

    async def _hold(self, room_nid: int, owner: str, by: str | None, until_ms: int) -> None:
        """Rows that somebody has locked leave with his commit; the claim of those that do not ends by itself."""
        await self._db.execute(
            """
            WITH held AS (
              SELECT event_id
                FROM inbound_staging
               WHERE room_nid = $1
                 AND claimed_by = $2
                 FOR UPDATE SKIP LOCKED)
            UPDATE inbound_staging s
               SET claimed_by = $3,
                   claimed_until_ts = $4
              FROM held
             WHERE s.room_nid = $1
               AND s.event_id = held.event_id
            """,
            room_nid,
            owner,
            by,
            until_ms,
        )

    async def count(self, room_nid: int) -> int:
        """How many wait in a room [1 trip]."""
        waiting: int = await self._db.fetchval("SELECT count(*) FROM inbound_staging WHERE room_nid = $1", room_nid)
        return waiting

    async def done(self, room_nid: int, event_ids: Sequence[str]) -> None:
        """Drop PDUs that need no commit: known, or refused [1 trip]."""
        await self._db.execute(
            "DELETE FROM inbound_staging WHERE room_nid = $1 AND event_id = ANY($2)", room_nid, list(event_ids)
        )

    async def put_off(self, room_nid: int, event_ids: Sequence[str], until_ms: int) -> None:
        """Leave PDUs for later: their ancestors cannot be had now [1 trip]."""
        await self._db.execute(
            """
            UPDATE inbound_staging
               SET attempts = attempts + 1,
                   claimed_by = NULL,
                   claimed_until_ts = $3
             WHERE room_nid = $1
               AND event_id = ANY($2)
            """,
            room_nid,
            list(event_ids),
            until_ms,
        )

    async def bring_forward(self, origins: Sequence[str], until_ms: int) -> None:
        """Let what was put off for longer wait until then only, as far as it came from these servers [1 trip]."""
        await self._db.execute(
            """
            WITH later AS (
              SELECT room_nid, event_id
                FROM inbound_staging
               WHERE origin = ANY($1::text[])
                 AND claimed_by IS NULL
                 AND claimed_until_ts > $2
                 FOR UPDATE SKIP LOCKED)
            UPDATE inbound_staging s
               SET claimed_until_ts = $2
              FROM later l
             WHERE s.room_nid = l.room_nid
               AND s.event_id = l.event_id
            """,
            list(origins),
            until_ms,
        )

    async def prune(self, before_ms: int) -> int:
        """Forget answers of transactions older than this; how many [1 trip]."""
        return await self._db.execute("DELETE FROM inbound_txns WHERE received_ts < $1", before_ms)
