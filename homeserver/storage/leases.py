"""Leases: who does what must be done by one process alone; and the cursors of such work on the stream.

A lease lives on the database's clock. Losing one is normal: whoever takes it goes on at the saved cursor.
"""

from collections.abc import Collection

from homeserver.storage.database import Database


class Leases:
    """Named leases and saved cursors."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def take(self, owner: str, names: Collection[str], life_s: float, *, at_most: int | None = None) -> set[str]:
        """Renew those of the names that `owner` has and take free ones, up to `at_most`; what it has now [1 trip]."""
        rows = await self._db.write_rows(
            """
            WITH wanted AS (
              SELECT u.name
                FROM unnest($2::text[]) AS u(name)
                LEFT JOIN leases l ON l.name = u.name
               WHERE l.name IS NULL
                  OR l.owner = $1
                  OR l.expires < now()
               ORDER BY l.owner IS DISTINCT FROM $1, random()
               LIMIT $4)
            INSERT INTO leases (name, owner, expires)
            SELECT w.name, $1, now() + make_interval(secs => $3)
              FROM (SELECT name FROM wanted ORDER BY name) w
                ON CONFLICT (name) DO UPDATE
               SET owner = excluded.owner,
                   expires = excluded.expires
             WHERE leases.owner = excluded.owner
                OR leases.expires < now()
            RETURNING name
            """,
            owner,
            list(names),
            life_s,
            at_most,
        )
        return {row["name"] for row in rows}

    async def release(self, owner: str, names: Collection[str]) -> None:
        """Give leases back [1 trip]."""
        await self._db.execute("DELETE FROM leases WHERE owner = $1 AND name = ANY($2::text[])", owner, list(names))

    async def owners(self) -> int:
        """How many processes hold a lease now [1 trip]."""
        count: int = await self._db.fetchval("SELECT count(DISTINCT owner) FROM leases WHERE expires >= now()")
        return count

    async def cursor(self, name: str) -> int | None:
        """The saved position of a follower of the stream [1 trip]."""
        position: int | None = await self._db.fetchval("SELECT position FROM cursors WHERE name = $1", name)
        return position

    async def save_cursor(self, name: str, position: int) -> None:
        """Move a follower forward [1 trip]."""
        await self._db.execute(
            """
            INSERT INTO cursors (name, position)
            VALUES ($1, $2)
                ON CONFLICT (name) DO UPDATE
               SET position = greatest(cursors.position, excluded.position)
            """,
            name,
            position,
        )
