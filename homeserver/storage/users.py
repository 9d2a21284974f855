"""Accounts: users and third-party ids. Profiles, sessions, devices and registration tokens have their own modules."""

from collections.abc import Collection
from typing import Final, NamedTuple

from homeserver.storage import account_data
from homeserver.storage.database import Database
from homeserver.storage.fragments import Fragment, Sheet
from homeserver.storage.rows import AccountRow

MAKING_MS: Final = 60_000
"""An address that was bound longer ago than this has its account, or never gets it."""
STATE = Fragment(
    name="account",
    gated=False,
    columns=(
        ("user_id", "text"),
        ("is_admin", "bool"),
        ("is_locked", "bool"),
        ("is_suspended", "bool"),
        ("is_shadow_banned", "bool"),
        ("is_approved", "bool"),
        ("is_guest", "bool"),
    ),
    sql="""
UPDATE users a
   SET is_admin = coalesce(u.is_admin, a.is_admin),
       is_locked = coalesce(u.is_locked, a.is_locked),
       is_suspended = coalesce(u.is_suspended, a.is_suspended),
       is_shadow_banned = coalesce(u.is_shadow_banned, a.is_shadow_banned),
       is_approved = coalesce(u.is_approved, a.is_approved),
       is_guest = coalesce(u.is_guest, a.is_guest)
  FROM counter c
 CROSS JOIN {rows} u
 WHERE a.user_id = u.user_id
   AND c.base IS NOT NULL""",
)


def place_account(row: AccountRow, sheet: Sheet) -> None:
    """Change what an account may do; of several changes in one batch each holds for what it names."""
    given = (row.is_admin, row.is_locked, row.is_suspended, row.is_shadow_banned, row.is_approved, row.is_guest)
    before = sheet.keyed.get(STATE, {}).get(row.user_id, (row.user_id, *(None for _ in given)))[1:]
    merged = (new if new is not None else old for new, old in zip(given, before, strict=True))
    sheet.keep(STATE, row.user_id, (row.user_id, *merged))


class User(NamedTuple):
    """An account. `password_hash` None: no password login. `created_ts` in ms."""

    user_nid: int
    user_id: str
    password_hash: str | None
    is_guest: bool
    is_admin: bool
    is_locked: bool
    is_deactivated: bool
    is_erased: bool
    created_ts: int
    is_suspended: bool = False
    is_shadow_banned: bool = False
    is_approved: bool = True
    user_type: str | None = None
    appservice_id: str | None = None
    messages_per_second: float | None = None
    message_burst: int | None = None


class Threepid(NamedTuple):
    """An address bound to an account. Times in ms."""

    medium: str
    address: str
    user_id: str
    validated_ts: int
    added_ts: int
    sealed: bytes | None = None
    """Where `address` is only an index: the address itself."""


_USER = """
SELECT user_nid, user_id, password_hash, is_guest, is_admin, is_locked, is_deactivated, is_erased, created_ts,
       is_suspended, is_shadow_banned, is_approved, user_type, appservice_id, messages_per_second, message_burst
  FROM users"""


_OF_NUMBERS = (
    "DELETE FROM phone_accounts WHERE user_id = $1",
    "DELETE FROM number_changes WHERE user_id = $1",
    "DELETE FROM sign_in_requests WHERE user_id = $1",
    "DELETE FROM recoveries WHERE user_id = $1",
    "DELETE FROM recovery_news WHERE user_id = $1",
    "DELETE FROM contacts WHERE user_id = $1",
    "DELETE FROM found_contacts WHERE finder = $1",
    "DELETE FROM identity_tokens WHERE user_id = $1",
)


class Users:
    """Accounts of this server."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def create(
        self,
        user_id: str,
        *,
        password_hash: str | None,
        now_ms: int,
        is_guest: bool = False,
        is_admin: bool = False,
        is_approved: bool = True,
        user_type: str | None = None,
        appservice_id: str | None = None,
    ) -> User | None:
        """A new account; None when the name was ever taken [1 trip]."""
        nid = await self._db.nids.take()
        row = await self._db.write_row(
            """
            INSERT INTO users (user_nid, user_id, password_hash, is_guest, is_admin, created_ts, is_approved, user_type,
                               appservice_id)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                ON CONFLICT (user_id) DO NOTHING
            RETURNING user_nid, user_id, password_hash, is_guest, is_admin, is_locked, is_deactivated, is_erased,
                      created_ts, is_suspended, is_shadow_banned, is_approved, user_type, appservice_id,
                      messages_per_second, message_burst
            """,
            nid,
            user_id,
            password_hash,
            is_guest,
            is_admin,
            now_ms,
            is_approved,
            user_type,
            appservice_id,
        )
        return User(*row.values()) if row is not None else None

    async def read(self, user_id: str) -> User | None:
        """One account [1 trip]."""
        row = await self._db.fetchrow(_USER + " WHERE user_id = $1", user_id)
        return User(*row.values()) if row is not None else None

    async def existing(self, user_ids: Collection[str]) -> set[str]:
        """Those of the ids that are accounts [1 trip]."""
        rows = await self._db.fetch("SELECT user_id FROM users WHERE user_id = ANY($1::text[])", list(user_ids))
        return {row["user_id"] for row in rows}

    async def admins(self) -> list[str]:
        """Accounts of admins [1 trip]."""
        rows = await self._db.fetch("SELECT user_id FROM users WHERE is_admin AND NOT is_deactivated ORDER BY user_id")
        return [row["user_id"] for row in rows]

    async def has_any(self) -> bool:
        """Whether there is any account [1 trip]."""
        found: bool = await self._db.fetchval("SELECT EXISTS (SELECT FROM users)")
        return found

    async def page(self, after: str, limit: int) -> list[User]:
        """Accounts in order of their ids, from after `after` on [1 trip]."""
        rows = await self._db.fetch(_USER + " WHERE user_id > $1 ORDER BY user_id LIMIT $2", after, limit)
        return [User(*row.values()) for row in rows]

    async def set_password(self, user_id: str, password_hash: str | None) -> bool:
        """Set or (None) remove the password; False when there is no such account [1 trip]."""
        touched = await self._db.execute(
            "UPDATE users SET password_hash = $2 WHERE user_id = $1", user_id, password_hash
        )
        return touched > 0

    async def set_rate(self, user_id: str, rate: tuple[float, int] | None) -> None:
        """Messages a second and in a burst, of this account alone; None: as for everybody [1 trip]."""
        per_second, burst = rate if rate is not None else (None, None)
        await self._db.execute(
            "UPDATE users SET messages_per_second = $2, message_burst = $3 WHERE user_id = $1",
            user_id,
            per_second,
            burst,
        )

    async def set_type(self, user_id: str, user_type: str | None) -> None:
        """The word that says what kind of user it is [1 trip]."""
        await self._db.execute("UPDATE users SET user_type = $2 WHERE user_id = $1", user_id, user_type)

    async def erased(self) -> list[str]:
        """Accounts whose messages are not shown to those who came later [1 trip]."""
        rows = await self._db.fetch("SELECT user_id FROM users WHERE is_erased")
        return [row["user_id"] for row in rows]

    async def closed_but_in_rooms(self, memberships: Collection[str]) -> list[str]:
        """Deactivated accounts that have one of these memberships of any room [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT u.user_id
              FROM users u
             WHERE u.is_deactivated
               AND EXISTS (
                   SELECT
                     FROM members m
                    WHERE m.user_id = u.user_id
                      AND m.membership = ANY($1::text[]))
            """,
            list(memberships),
        )
        return [row["user_id"] for row in rows]

    async def closed_with_access(self) -> list[str]:
        """Deactivated accounts that still have sessions or devices [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT u.user_id
              FROM users u
             WHERE u.is_deactivated
               AND (EXISTS (SELECT FROM sessions s WHERE s.user_id = u.user_id)
                    OR EXISTS (SELECT FROM devices d WHERE d.user_id = u.user_id))
            """
        )
        return [row["user_id"] for row in rows]

    async def guests_in_rooms(self) -> list[tuple[str, str]]:
        """(user id, room id) of each room that a guest is joined to [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT u.user_id, r.room_id
              FROM users u
              JOIN members m ON m.user_id = u.user_id
              JOIN rooms r ON r.room_nid = m.room_nid
             WHERE u.is_guest
               AND m.membership = 'join'
            """
        )
        return [(row["user_id"], row["room_id"]) for row in rows]

    async def deactivate(self, user_id: str, *, erase: bool) -> None:
        """End an account for good: password, addresses, profile and account data go; the name stays taken [1 trip].

        Sessions and devices end by a "user" RevocationRow. Spec: Client-Server API, Account deactivation.
        """
        async with self._db.transaction() as connection:
            await connection.execute(
                """
                UPDATE users
                   SET is_deactivated = true,
                       is_erased = is_erased OR $2,
                       password_hash = NULL
                 WHERE user_id = $1
                """,
                user_id,
                erase,
            )
            await connection.execute("DELETE FROM threepids WHERE user_id = $1", user_id)
            for sql in _OF_NUMBERS:
                await connection.execute(sql, user_id)
            await connection.execute("DELETE FROM profiles WHERE user_id = $1", user_id)
            await account_data.delete_all(connection, user_id)


class Threepids:
    """Addresses of accounts. Spec: Client-Server API, Third-party identifiers."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def of_user(self, user_id: str) -> list[Threepid]:
        """An account's addresses [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT medium, address, user_id, validated_ts, added_ts, sealed
              FROM threepids
             WHERE user_id = $1
             ORDER BY added_ts, address
            """,
            user_id,
        )
        return [Threepid(*row.values()) for row in rows]

    async def owner(self, medium: str, address: str) -> str | None:
        """The account that has the address [1 trip]."""
        user_id: str | None = await self._db.fetchval(
            "SELECT user_id FROM threepids WHERE medium = $1 AND address = $2", medium, address
        )
        return user_id

    async def add(self, threepid: Threepid) -> bool:
        """Bind an address; False when another account has it [1 trip].

        One that is to have it and is not made within `MAKING_MS` never will be: the process ended in between.
        """
        touched = await self._db.execute(
            f"""
            INSERT INTO threepids AS t (medium, address, user_id, validated_ts, added_ts, sealed)
            VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (medium, address) DO UPDATE
               SET user_id = excluded.user_id,
                   validated_ts = excluded.validated_ts,
                   added_ts = CASE WHEN t.user_id = excluded.user_id THEN t.added_ts ELSE excluded.added_ts END
             WHERE t.user_id = excluded.user_id
                OR t.added_ts < excluded.added_ts - {MAKING_MS}
               AND NOT EXISTS (SELECT FROM users u WHERE u.user_id = t.user_id)
            """,  # noqa: S608 - a number of our own
            *threepid,
        )
        return touched > 0

    async def replace(self, old_address: str, new: Threepid) -> bool:
        """Bind an address in place of one that the account has; False when another account has it [1 trip]."""
        added: int = await self._db.fetchval(
            """
            WITH added AS (
                INSERT INTO threepids (medium, address, user_id, validated_ts, added_ts, sealed)
                SELECT $1, $2, $3, $4, $5, $6
                  FROM threepids
                 WHERE medium = $1
                   AND address = $7
                   AND user_id = $3
                    ON CONFLICT (medium, address) DO UPDATE
                   SET validated_ts = excluded.validated_ts
                 WHERE threepids.user_id = excluded.user_id
                RETURNING user_id),
            gone AS (
                DELETE FROM threepids
                 WHERE medium = $1
                   AND address = $7
                   AND address <> $2
                   AND user_id IN (SELECT user_id FROM added))
            SELECT count(*) FROM added
            """,
            *new,
            old_address,
        )
        return added > 0

    async def remove(self, user_id: str, medium: str, address: str) -> bool:
        """Release an address; False when the account did not have it [1 trip]."""
        touched = await self._db.execute(
            "DELETE FROM threepids WHERE user_id = $1 AND medium = $2 AND address = $3", user_id, medium, address
        )
        return touched > 0
