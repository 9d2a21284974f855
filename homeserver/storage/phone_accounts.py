"""How people who sign in by phone want it."""

from typing import NamedTuple

from homeserver.storage.database import Database


class PhoneAccount(NamedTuple):
    """`second_factor`: the password is asked for after the code; `last_seen_ts`: of the newest device, if any."""

    second_factor: bool
    last_seen_ts: int | None


class PhoneAccounts:
    """Settings by account; who has set none has the defaults."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def read(self, user_id: str) -> PhoneAccount:
        """An account's settings, and when it was used last [1 trip]."""
        row = await self._db.fetchrow(
            """
            SELECT coalesce((SELECT p.second_factor
                               FROM phone_accounts p
                              WHERE p.user_id = $1), false),
                   (SELECT max(coalesce(d.last_seen_ts, d.created_ts))
                      FROM devices d
                     WHERE d.user_id = $1)
            """,
            user_id,
        )
        assert row is not None
        return PhoneAccount(*row.values())

    async def set_second_factor(self, user_id: str, *, wanted: bool) -> None:
        """Ask for the password after the code, or no longer [1 trip]."""
        await self._db.execute(
            """
            INSERT INTO phone_accounts (user_id, second_factor)
            VALUES ($1, $2)
                ON CONFLICT (user_id) DO UPDATE
               SET second_factor = excluded.second_factor
            """,
            user_id,
            wanted,
        )
