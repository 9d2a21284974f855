"""What peers have sent and we have answered for: transactions with their answers, and PDUs still to be worked off."""

from collections.abc import Sequence
from typing import NamedTuple

from homeserver.storage.database import Database


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
        """Take rooms that nobody works on, oldest first; the claim holds until `until_ms` [1 trip]."""
        rows = await self._db.write_rows(
            """
            WITH free AS (
              SELECT room_nid
                FROM inbound_staging
               GROUP BY room_nid
              HAVING max(claimed_until_ts) < $2
                  OR min(claimed_by) = $1
               ORDER BY min(position)
               LIMIT $4)
            UPDATE inbound_staging s
               SET claimed_by = $1,
                   claimed_until_ts = $3
              FROM free
             WHERE s.room_nid = free.room_nid
               AND (s.claimed_until_ts < $2 OR s.claimed_by = $1)
            RETURNING s.room_nid, s.room_id
            """,
            owner,
            now_ms,
            until_ms,
            limit,
        )
        return sorted({StagedRoom(row["room_nid"], row["room_id"]) for row in rows})

    async def of_room(self, room_nid: int, limit: int) -> list[Staged]:
        """The oldest PDUs of a room [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT event_id, origin, pdu, received_ts, attempts
              FROM inbound_staging
             WHERE room_nid = $1
             ORDER BY position
             LIMIT $2
            """,
            room_nid,
            limit,
        )
        return [Staged(*row.values()) for row in rows]

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

    async def prune(self, before_ms: int) -> int:
        """Forget answers of transactions older than this; how many [1 trip]."""
        return await self._db.execute("DELETE FROM inbound_txns WHERE received_ts < $1", before_ms)
