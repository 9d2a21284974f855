"""Account data (push rules and tags too) and filters. Spec: Client-Server API, Client Config; Filtering."""

from collections.abc import Collection

from asyncpg.pool import PoolConnectionProxy

from homeserver.storage.database import Database
from homeserver.storage.fragments import Fragment, Sheet
from homeserver.storage.rows import AccountDataRow

UPSERT = Fragment(
    name="account_data",
    gated=False,
    columns=(("user_id", "text"), ("room_id", "text"), ("type", "text"), ("place", "int8"), ("content", "bytea")),
    sql="""
INSERT INTO account_data (user_id, room_id, type, position, content)
SELECT u.user_id, u.room_id, u.type, c.base + u.place, u.content
  FROM counter c
 CROSS JOIN {rows} u
    ON CONFLICT (user_id, room_id, type) DO UPDATE
   SET position = excluded.position,
       content = excluded.content""",
)


def place_account_data(row: AccountDataRow, sheet: Sheet) -> None:
    """Set one entry."""
    key = (row.user_id, row.room_id, row.type)
    sheet.keep(UPSERT, key, (*key, row.position, row.content))


async def delete_all(connection: PoolConnectionProxy, user_id: str) -> None:
    """Delete account data and filters of a user, in a transaction under way."""
    await connection.execute("DELETE FROM account_data WHERE user_id = $1", user_id)
    await connection.execute("DELETE FROM filters WHERE user_id = $1", user_id)


class AccountData:
    """Reads of account data."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def read(self, user_id: str, room_id: str, kind: str) -> bytes | None:
        """JSON of one entry; `room_id` "" for the global kind [1 trip]."""
        content: bytes | None = await self._db.fetchval(
            """
            SELECT content
              FROM account_data
             WHERE user_id = $1
               AND room_id = $2
               AND type = $3
            """,
            user_id,
            room_id,
            kind,
        )
        return content

    async def of_user(self, user_id: str) -> list[AccountDataRow]:
        """All account data of a user, global and of rooms [1 trip]."""
        rows = await self._db.fetch(
            "SELECT position, user_id, room_id, type, content FROM account_data WHERE user_id = $1", user_id
        )
        return [AccountDataRow(**dict(row)) for row in rows]

    async def of_users(self, user_ids: Collection[str], kind: str) -> dict[str, bytes]:
        """One global kind for several users, e.g. their push rules [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT user_id, content
              FROM account_data
             WHERE user_id = ANY($1::text[])
               AND room_id = ''
               AND type = $2
            """,
            list(user_ids),
            kind,
        )
        return {row["user_id"]: row["content"] for row in rows}

    async def everyones(self, kind: str) -> list[tuple[str, bytes]]:
        """One global kind of all users who have it: only for kinds that few have [1 trip]."""
        rows = await self._db.fetch("SELECT user_id, content FROM account_data WHERE type = $1 AND room_id = ''", kind)
        return [(row["user_id"], row["content"]) for row in rows]


class Filters:
    """Filters that clients have uploaded; equal ones share an id."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def create(self, user_id: str, definition: bytes, digest: bytes) -> int:
        """Store a filter; its number. `digest`: SHA-256 of the canonical definition [1 trip]."""
        nid = await self._db.nids.take()
        row = await self._db.write_row(
            """
            INSERT INTO filters (filter_nid, user_id, hash, definition)
            VALUES ($1, $2, $3, $4)
                ON CONFLICT (user_id, hash) DO UPDATE
               SET definition = excluded.definition
            RETURNING filter_nid
            """,
            nid,
            user_id,
            digest,
            definition,
        )
        assert row is not None
        found: int = row["filter_nid"]
        return found

    async def read(self, user_id: str, filter_nid: int) -> bytes | None:
        """JSON of the filter, if this user has it [1 trip]."""
        definition: bytes | None = await self._db.fetchval(
            "SELECT definition FROM filters WHERE filter_nid = $1 AND user_id = $2", filter_nid, user_id
        )
        return definition
