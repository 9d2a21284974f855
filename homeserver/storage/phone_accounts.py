"""How people with phone numbers want it, and changes of numbers that wait."""

from typing import NamedTuple

from homeserver.storage.database import Database
from homeserver.storage.fragments import Fragment, Sheet
from homeserver.storage.rows import RevocationRow

LEFT = Fragment(
    name="left_device",
    gated=False,
    columns=(("user_id", "text"), ("device_id", "text")),
    sql="""
INSERT INTO phone_accounts (user_id, left_ts, sign_outs)
SELECT u.user_id, max(coalesce(d.last_seen_ts, d.created_ts)), bool_or(u.device_id IS NULL)::integer
  FROM counter c
 CROSS JOIN {rows} u
  LEFT JOIN devices d ON d.user_id = u.user_id
                     AND d.device_id = coalesce(u.device_id, d.device_id)
 GROUP BY u.user_id
HAVING count(d.device_id) > 0 OR bool_or(u.device_id IS NULL)
    ON CONFLICT (user_id) DO UPDATE
   SET left_ts = greatest(phone_accounts.left_ts, excluded.left_ts),
       sign_outs = phone_accounts.sign_outs + excluded.sign_outs""",
)


def place_revocation(row: RevocationRow, sheet: Sheet) -> None:
    """Note when the devices that a revocation ends were used last, by that numbers change hands; and that all ended."""
    if row.kind in {"device", "user"}:
        sheet.put(LEFT, (row.user_id, row.device_id if row.kind == "device" else None))


class PhoneAccount(NamedTuple):
    """An account, as far as numbers go; who has set nothing has the defaults.

    `second_factor`: the password is asked for after the code; `last_seen_ts`: when the account was used last, None
    where there is no such account; `invitable`: who knows the number may invite by it; `found`: contacts find the user
    by number; `is_signed_in`: on some device; `created_ts`: of the account; `sign_outs`: how often all devices were
    signed out.
    """

    second_factor: bool
    last_seen_ts: int | None
    invitable: bool
    found: bool
    is_signed_in: bool
    created_ts: int | None
    sign_outs: int


class NumberChange(NamedTuple):
    """A change that waits. `old_address`, `new_address`: as in threepids; `sealed`: the new number. Times in ms."""

    user_id: str
    old_address: str
    new_address: str
    sealed: bytes
    validated_ts: int
    due_ts: int


_CHANGE = "user_id, old_address, new_address, sealed, validated_ts, due_ts"


class PhoneAccounts:
    """Settings by account."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def read(self, user_id: str) -> PhoneAccount:
        """An account's settings, and when it was used last [1 trip]."""
        row = await self._db.fetchrow(
            """
            SELECT coalesce(p.second_factor, false),
                   coalesce(
                     greatest((SELECT max(coalesce(d.last_seen_ts, d.created_ts))
                                 FROM devices d
                                WHERE d.user_id = $1),
                              p.left_ts),
                     u.created_ts),
                   coalesce(p.invitable, true),
                   coalesce(p.found, false),
                   EXISTS (SELECT
                             FROM sessions s
                            WHERE s.user_id = $1
                              AND s.device_id IS NOT NULL),
                   u.created_ts,
                   coalesce(p.sign_outs, 0)
              FROM (SELECT) AS always
              LEFT JOIN phone_accounts p ON p.user_id = $1
              LEFT JOIN users u ON u.user_id = $1
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

    async def set_invitable(self, user_id: str, *, wanted: bool) -> None:
        """Let who knows the number invite by it, or no longer [1 trip]."""
        await self._db.execute(
            """
            INSERT INTO phone_accounts (user_id, invitable)
            VALUES ($1, $2)
                ON CONFLICT (user_id) DO UPDATE
               SET invitable = excluded.invitable
            """,
            user_id,
            wanted,
        )

    async def plan_change(self, change: NumberChange) -> None:
        """Have a number changed later, in place of what was planned before [1 trip]."""
        await self._db.execute(
            f"""
            INSERT INTO number_changes ({_CHANGE})
            VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (user_id) DO UPDATE
               SET old_address = excluded.old_address,
                   new_address = excluded.new_address,
                   sealed = excluded.sealed,
                   validated_ts = excluded.validated_ts,
                   due_ts = excluded.due_ts
            """,  # noqa: S608 - column names of our own
            *change,
        )

    async def planned_change(self, user_id: str) -> NumberChange | None:
        """What is planned for an account [1 trip]."""
        row = await self._db.fetchrow(
            f"SELECT {_CHANGE} FROM number_changes WHERE user_id = $1",  # noqa: S608 - column names of our own
            user_id,
        )
        return NumberChange(*row.values()) if row is not None else None

    async def drop_change(self, user_id: str) -> bool:
        """Take back what is planned; False where nothing is [1 trip]."""
        return await self._db.execute("DELETE FROM number_changes WHERE user_id = $1", user_id) > 0

    async def due_changes(self, now_ms: int) -> list[NumberChange]:
        """Changes whose time has come [1 trip]."""
        rows = await self._db.fetch(
            f"SELECT {_CHANGE} FROM number_changes WHERE due_ts <= $1 ORDER BY due_ts LIMIT 100",  # noqa: S608
            now_ms,
        )
        return [NumberChange(*row.values()) for row in rows]
