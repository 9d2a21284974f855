"""Pruning what only bridges short absences: notices for caches of other processes, marks of batches, used-up rows.

Deletes at most 1,000 rows of a table in a statement, so that no transaction is long. Run by one process (a lease).
"""

from typing import NamedTuple

from homeserver.storage.database import Database

ROWS_AT_ONCE = 1_000


class Pruned(NamedTuple):
    """How many rows went."""

    rows: int
    is_done: bool


class Upkeep:
    """Deletes rows that nobody will read again."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def prune_notices(self, upto: int) -> Pruned:
        """Forget membership, directory and revocation notices up to a stream position that every process has passed."""
        rows = 0
        for sql in _NOTICES:
            rows += await self._db.execute(sql, upto, ROWS_AT_ONCE)
        return Pruned(rows, rows < ROWS_AT_ONCE)

    async def prune_device_changes(self, upto: int) -> Pruned:
        """Forget device-list changes up to a position; clients with older tokens ask for the whole list [1 trip]."""
        rows = await self._db.execute(_DEVICE_CHANGES, upto, ROWS_AT_ONCE)
        return Pruned(rows, rows < ROWS_AT_ONCE)

    async def prune_marks(self, older_than_s: float) -> Pruned:
        """Forget marks of batches older than that: no writer asks for them any more [1 trip]."""
        rows = await self._db.execute(
            """
            DELETE FROM batch_marks
             WHERE mark IN (
                   SELECT mark
                     FROM batch_marks
                    WHERE created < now() - make_interval(secs => $1)
                    ORDER BY mark
                    LIMIT $2)
            """,
            older_than_s,
            ROWS_AT_ONCE,
        )
        return Pruned(rows, rows < ROWS_AT_ONCE)

    async def prune_login_tokens(self, now_ms: int) -> int:
        """Forget login tokens that are over [1 trip]."""
        return await self._db.execute("DELETE FROM login_tokens WHERE expires_ts < $1", now_ms)


def _older(table: str) -> str:
    return f"""
DELETE FROM {table}
 WHERE position IN (
       SELECT position
         FROM {table}
        WHERE position <= $1
        ORDER BY position
        LIMIT $2)"""  # noqa: S608 - names of tables


_NOTICES = tuple(_older(table) for table in ("member_changes", "directory_changes", "revocations", "room_purges"))
_DEVICE_CHANGES = _older("device_changes")
