"""Profile fields as JSON values, and changes that rooms have not heard of. Spec: Client-Server API, Profiles."""

from collections.abc import Collection
from uuid import UUID

from homeserver.storage.database import Database


class Profiles:
    """Reads and writes of fields."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def read(self, user_id: str) -> dict[str, bytes]:
        """All fields, name -> JSON [1 trip]."""
        rows = await self._db.fetch("SELECT field, value FROM profiles WHERE user_id = $1", user_id)
        return {row["field"]: row["value"] for row in rows}

    async def has_account(self, user_id: str) -> bool:
        """Whether the user exists [1 trip]."""
        return bool(await self._db.fetchval("SELECT 1 FROM users WHERE user_id = $1", user_id))

    async def of_users(self, user_ids: Collection[str]) -> dict[str, dict[str, bytes]]:
        """All fields of several users [1 trip]."""
        rows = await self._db.fetch(
            "SELECT user_id, field, value FROM profiles WHERE user_id = ANY($1::text[])", list(user_ids)
        )
        found: dict[str, dict[str, bytes]] = {}
        for row in rows:
            found.setdefault(row["user_id"], {})[row["field"]] = row["value"]
        return found

    async def set(self, user_id: str, field: str, value: bytes, *, untold: bool = False) -> None:
        """Set one field; `untold`: note that rooms are to hear of it [1 trip]."""
        await self._db.execute(
            """
            WITH noted AS (
              INSERT INTO untold_profiles (user_id)
              SELECT $1
               WHERE $4
                  ON CONFLICT (user_id) DO UPDATE
                 SET change = excluded.change)
            INSERT INTO profiles (user_id, field, value)
            VALUES ($1, $2, $3)
                ON CONFLICT (user_id, field) DO UPDATE
               SET value = excluded.value
            """,
            user_id,
            field,
            value,
            untold,
        )

    async def delete(self, user_id: str, field: str, *, untold: bool = False) -> bool:
        """Remove one field; `untold`: note that rooms are to hear of it. False when it was not there [1 trip]."""
        gone = await self._db.fetchval(
            """
            WITH gone AS (
              DELETE FROM profiles
               WHERE user_id = $1
                 AND field = $2
              RETURNING user_id),
            noted AS (
              INSERT INTO untold_profiles (user_id)
              SELECT user_id
                FROM gone
               WHERE $3
                  ON CONFLICT (user_id) DO UPDATE
                 SET change = excluded.change)
            SELECT user_id FROM gone
            """,
            user_id,
            field,
            untold,
        )
        return gone is not None

    async def untold(self) -> list[str]:
        """Users whose rooms have not all heard of a change [1 trip]."""
        return [row["user_id"] for row in await self._db.fetch("SELECT user_id FROM untold_profiles")]

    async def change_of(self, user_id: str) -> UUID | None:
        """The change that rooms are to hear of; None if they have heard of all [1 trip]."""
        change: UUID | None = await self._db.fetchval("SELECT change FROM untold_profiles WHERE user_id = $1", user_id)
        return change

    async def told(self, user_id: str, change: UUID) -> None:
        """All rooms have heard of the change [1 trip]."""
        await self._db.execute("DELETE FROM untold_profiles WHERE user_id = $1 AND change = $2", user_id, change)

    async def search(self, term: str, limit: int) -> list[str]:
        """Ids of active accounts whose id or display name holds `term`, as `folded` [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT u.user_id
              FROM users u
              LEFT JOIN profiles p ON p.user_id = u.user_id
                                  AND p.field = 'displayname'
             WHERE NOT u.is_deactivated
               AND (strpos(folded(u.user_id), (SELECT folded($1))) > 0
                    OR strpos(folded(convert_from(p.value, 'UTF8')), (SELECT folded($1))) > 0)
             ORDER BY u.user_id
             LIMIT $2
            """,
            term,
            limit,
        )
        return [row["user_id"] for row in rows]
