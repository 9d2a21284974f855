"""Backups of room keys: versions, and the keys in them, encrypted so that only their owner can read them.

Spec: Client-Server API, Server-side key backups.
"""

from collections.abc import Sequence
from typing import NamedTuple

from asyncpg.pool import PoolConnectionProxy

from homeserver.storage.database import Database


class Backup(NamedTuple):
    """A version. `etag` is another after each change of its keys; `auth_data`: JSON."""

    version: int
    algorithm: str
    auth_data: bytes
    etag: int
    n_keys: int


class BackedUpKey(NamedTuple):
    """A room key. `session_data`: JSON."""

    room_id: str
    session_id: str
    first_message_index: int
    forwarded_count: int
    is_verified: bool
    session_data: bytes


class Change(NamedTuple):
    """The newest version; `etag` and `n_keys` after a change, both None when it was meant for another version."""

    version: int
    etag: int | None
    n_keys: int | None


class KeyBackups:
    """Reads and changes backups."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def create(self, user_id: str, algorithm: str, auth_data: bytes) -> int:
        """Begin a version, higher than all before [1 trip]."""
        row = await self._db.write_row(
            """
            INSERT INTO key_backups (user_id, algorithm, auth_data)
            VALUES ($1, $2, $3)
            RETURNING version
            """,
            user_id,
            algorithm,
            auth_data,
        )
        assert row is not None
        version: int = row["version"]
        return version

    async def read(self, user_id: str, version: int | None) -> Backup | None:
        """A version of the user; None asks for the newest [1 trip]."""
        row = await self._db.fetchrow(
            """
            SELECT version, algorithm, auth_data, etag, n_keys
              FROM key_backups
             WHERE user_id = $1
               AND ($2::int8 IS NULL OR version = $2)
             ORDER BY version DESC
             LIMIT 1
            """,
            user_id,
            version,
        )
        return Backup(*row.values()) if row is not None else None

    async def set_auth_data(self, user_id: str, version: int, auth_data: bytes) -> None:
        """Replace what says how the version is encrypted [1 trip]."""
        await self._db.execute(
            "UPDATE key_backups SET auth_data = $3 WHERE user_id = $1 AND version = $2", user_id, version, auth_data
        )

    async def delete(self, user_id: str, version: int) -> bool:
        """Delete a version with its keys; False when the user has none like it."""
        async with self._db.transaction() as connection:
            deleted = await connection.fetchval(
                "DELETE FROM key_backups WHERE user_id = $1 AND version = $2 RETURNING version", user_id, version
            )
            if deleted is None:
                return False
            await connection.execute("DELETE FROM backed_up_keys WHERE version = $1", version)
        return True

    async def keys(self, version: int, room_id: str | None, session_id: str | None) -> list[BackedUpKey]:
        """The keys of a version, of one room, or one key [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT room_id, session_id, first_message_index, forwarded_count, is_verified, session_data
              FROM backed_up_keys
             WHERE version = $1
               AND ($2::text IS NULL OR room_id = $2)
               AND ($3::text IS NULL OR session_id = $3)
             ORDER BY room_id, session_id
            """,
            version,
            room_id,
            session_id,
        )
        return [BackedUpKey(*row.values()) for row in rows]

    async def put(self, user_id: str, version: int, keys: Sequence[BackedUpKey]) -> Change | None:
        """Add keys to the newest version; of two for one session the better stays. None without any version.

        Better is verified, then a lower first index, then fewer forwardings.
        """
        async with self._db.transaction() as connection:
            newest = await _lock_newest(connection, user_id)
            if newest is None or newest.version != version:
                return newest
            rows = await connection.fetch(_PUT, version, *map(list, zip(*keys, strict=True))) if keys else []
            added = sum(row["is_new"] for row in rows)
            return await _changed(connection, version, added, is_changed=bool(rows))

    async def delete_keys(
        self, user_id: str, version: int, room_id: str | None, session_id: str | None
    ) -> Change | None:
        """Delete the keys of a version, of one room, or one key. None when the user has no such version."""
        async with self._db.transaction() as connection:
            owned = await connection.fetchval(
                "SELECT version FROM key_backups WHERE user_id = $1 AND version = $2 FOR UPDATE", user_id, version
            )
            if owned is None:
                return None
            deleted = await connection.fetch(_DELETE, version, room_id, session_id)
            return await _changed(connection, version, -len(deleted), is_changed=bool(deleted))


_PUT = """
INSERT INTO backed_up_keys AS k (version, room_id, session_id, first_message_index, forwarded_count, is_verified,
                                 session_data)
SELECT $1, u.room_id, u.session_id, u.first_message_index, u.forwarded_count, u.is_verified, u.session_data
  FROM unnest($2::text[], $3::text[], $4::int8[], $5::int8[], $6::bool[], $7::bytea[])
       AS u(room_id, session_id, first_message_index, forwarded_count, is_verified, session_data)
    ON CONFLICT (version, room_id, session_id) DO UPDATE
   SET first_message_index = excluded.first_message_index,
       forwarded_count = excluded.forwarded_count,
       is_verified = excluded.is_verified,
       session_data = excluded.session_data
 WHERE (NOT excluded.is_verified, excluded.first_message_index, excluded.forwarded_count)
     < (NOT k.is_verified, k.first_message_index, k.forwarded_count)
RETURNING xmax = 0 AS is_new"""

_DELETE = """
DELETE FROM backed_up_keys
 WHERE version = $1
   AND ($2::text IS NULL OR room_id = $2)
   AND ($3::text IS NULL OR session_id = $3)
RETURNING version"""


async def _lock_newest(connection: PoolConnectionProxy, user_id: str) -> Change | None:
    version = await connection.fetchval(
        """
        SELECT version
          FROM key_backups
         WHERE user_id = $1
         ORDER BY version DESC
         LIMIT 1
           FOR UPDATE
        """,
        user_id,
    )
    return Change(version, None, None) if version is not None else None


async def _changed(connection: PoolConnectionProxy, version: int, added: int, *, is_changed: bool) -> Change:
    row = await connection.fetchrow(
        """
        UPDATE key_backups
           SET etag = etag + $2,
               n_keys = n_keys + $3
         WHERE version = $1
        RETURNING version, etag, n_keys
        """,
        version,
        int(is_changed),
        added,
    )
    assert row is not None
    return Change(*row.values())
