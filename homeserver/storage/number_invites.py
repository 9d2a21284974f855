"""Invites to numbers that nobody has yet, and who asked for how many numbers within a day."""

from typing import NamedTuple

from homeserver.storage.database import Database

DAY_MS = 24 * 3600 * 1000
KEPT_MS = 30 * DAY_MS
"""How long an invite waits: a number has another owner some day."""


class NumberInvite(NamedTuple):
    """An invite that waits. `token`: state key of its event; `address`: as in threepids."""

    token: str
    address: str
    room_id: str
    sender: str
    created_ts: int


_COLUMNS = "i.token, i.address, i.room_id, i.sender, i.created_ts"


class NumberInvites:
    """Waiting invites by number."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def ask(self, user_id: str, address: str, now_ms: int, at_most: int) -> bool:
        """Note that the user invites this number; False where they asked for that many others in a day [1 write]."""
        async with self._db.transaction() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 1))", user_id)
            noted = await connection.fetchval(
                """
                INSERT INTO number_asks (user_id, address, asked_ts)
                SELECT $1, $2, $3
                 WHERE (SELECT count(*)
                          FROM number_asks
                         WHERE user_id = $1
                           AND address <> $2
                           AND asked_ts > $4) < $5
                    ON CONFLICT (user_id, address) DO UPDATE
                   SET asked_ts = excluded.asked_ts
                RETURNING true
                """,
                user_id,
                address,
                now_ms,
                now_ms - DAY_MS,
                at_most,
            )
        return noted is not None

    async def add(self, invite: NumberInvite) -> bool:
        """Keep an invite; False where one of this sender waits in this room for the number [1 trip]."""
        touched = await self._db.execute(
            """
            INSERT INTO number_invites (token, address, room_id, sender, created_ts)
            SELECT $1, $2, $3, $4, $5
             WHERE NOT EXISTS (
                   SELECT
                     FROM number_invites
                    WHERE address = $2
                      AND room_id = $3
                      AND sender = $4)
            """,
            *invite,
        )
        return touched > 0

    async def remove(self, token: str) -> None:
        """Forget an invite [1 trip]."""
        await self._db.execute("DELETE FROM number_invites WHERE token = $1", token)

    async def of_user(self, user_id: str, now_ms: int) -> list[NumberInvite]:
        """Invites to numbers that the account has by now [1 trip]."""
        rows = await self._db.fetch(
            f"""
            SELECT {_COLUMNS}
              FROM number_invites i
              JOIN threepids t ON t.medium = 'msisdn'
                              AND t.address = i.address
              JOIN users u ON u.user_id = t.user_id
             WHERE t.user_id = $1
               AND NOT u.is_deactivated
               AND i.created_ts > $2
             ORDER BY i.created_ts
            """,  # noqa: S608 - column names of our own
            user_id,
            now_ms - KEPT_MS,
        )
        return [NumberInvite(*row.values()) for row in rows]

    async def found_owners(self, limit: int) -> list[str]:
        """Accounts that have numbers for which invites wait, and take them [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT DISTINCT t.user_id
              FROM number_invites i
              JOIN threepids t ON t.medium = 'msisdn'
                              AND t.address = i.address
              JOIN users u ON u.user_id = t.user_id
              LEFT JOIN phone_accounts p ON p.user_id = t.user_id
             WHERE coalesce(p.invitable, true)
             LIMIT $1
            """,
            limit,
        )
        return [row["user_id"] for row in rows]

    async def prune(self, now_ms: int) -> int:
        """Forget invites and questions that are too old; how many [2 trips]."""
        asks = await self._db.execute("DELETE FROM number_asks WHERE asked_ts < $1", now_ms - DAY_MS)
        return asks + await self._db.execute("DELETE FROM number_invites WHERE created_ts < $1", now_ms - KEPT_MS)
