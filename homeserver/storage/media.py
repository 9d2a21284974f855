"""What mxc:// URIs lead to, the files behind them, their thumbnails. The bytes lie in a `providers.hooks.MediaStore`.

A file is there once however often it was uploaded: `uses` counts, and the last use takes it along. Whoever loses the
race for a hash is told the key that won, and deletes its own bytes. Spec: Client-Server API, Content repository.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from homeserver.storage.database import Database

ROWS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class MediaRecord:
    """One URI. `hash` and `store_key` are None while nothing was uploaded to it. Times in ms."""

    server: str
    media_id: str
    user_id: str | None
    hash: bytes | None
    store_key: str | None
    size: int
    content_type: str
    filename: str | None
    created_ts: int
    read_ts: int
    expires_ts: int | None
    is_quarantined: bool


@dataclass(frozen=True, slots=True)
class NewFile:
    """Bytes that were put into the store under `store_key`; `hash` is their SHA-256."""

    hash: bytes
    store_key: str
    size: int
    content_type: str
    filename: str | None


class ThumbnailKey(NamedTuple):
    """Which thumbnail of which file."""

    hash: bytes
    width: int
    height: int
    method: str
    animated: bool


class ThumbnailRecord(NamedTuple):
    """A thumbnail that was made; `store_key` None: the file itself serves as it."""

    store_key: str | None
    size: int
    content_type: str


class Filled(Enum):
    """Why nothing was uploaded to a created URI."""

    UNKNOWN = "unknown"
    NOT_YOURS = "not yours"
    TAKEN = "taken"


class MediaTable:
    """Tables `media`, `media_files`, `media_thumbnails`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def read(self, server: str, media_id: str) -> MediaRecord | None:
        """What a URI leads to [1 trip]."""
        row = await self._db.fetchrow(
            """
            SELECT m.server, m.media_id, m.user_id, m.hash, f.store_key, m.size, m.content_type, m.filename,
                   m.created_ts, m.read_ts, m.expires_ts, f.quarantined_by IS NOT NULL AS is_quarantined
              FROM media m
              LEFT JOIN media_files f ON f.hash = m.hash
             WHERE m.server = $1
               AND m.media_id = $2
            """,
            server,
            media_id,
        )
        return MediaRecord(**dict(row)) if row is not None else None

    async def add(self, server: str, media_id: str, user_id: str | None, file: NewFile, now_ms: int) -> str | None:
        """Let a new URI lead to a file; the key its bytes lie under, None if the URI was there before [1 trip]."""
        row = await self._db.write_row(
            f"""
            WITH item AS (
              INSERT INTO media (server, media_id, user_id, hash, size, content_type, filename, created_ts, read_ts)
              VALUES ($4, $5, $6, $1, $3, $7, $8, $9, $9)
                  ON CONFLICT (server, media_id) DO NOTHING
              RETURNING 1)
            {_USE}
            """,  # noqa: S608 - a constant of this module
            file.hash,
            file.store_key,
            file.size,
            server,
            media_id,
            user_id,
            file.content_type,
            file.filename,
            now_ms,
        )
        return row["store_key"] if row is not None else None

    async def create(self, server: str, media_id: str, user_id: str, *, now_ms: int, expires_ts: int) -> None:
        """Reserve a URI for an upload to come [1 trip]."""
        await self._db.execute(
            """
            INSERT INTO media (server, media_id, user_id, created_ts, read_ts, expires_ts)
            VALUES ($1, $2, $3, $4, $4, $5)
            """,
            server,
            media_id,
            user_id,
            now_ms,
            expires_ts,
        )

    async def fill(self, server: str, media_id: str, user_id: str, file: NewFile, now_ms: int) -> str | Filled:
        """Let a created URI lead to a file; the key its bytes lie under, or why not [1 trip, 2 if not]."""
        row = await self._db.write_row(
            f"""
            WITH item AS (
              UPDATE media
                 SET hash = $1,
                     size = $3,
                     content_type = $7,
                     filename = $8,
                     expires_ts = NULL
               WHERE server = $4
                 AND media_id = $5
                 AND user_id = $6
                 AND hash IS NULL
                 AND expires_ts > $9
              RETURNING 1)
            {_USE}
            """,  # noqa: S608 - a constant of this module
            file.hash,
            file.store_key,
            file.size,
            server,
            media_id,
            user_id,
            file.content_type,
            file.filename,
            now_ms,
        )
        if row is not None:
            key: str = row["store_key"]
            return key
        return await self.why_not(server, media_id, user_id, now_ms) or Filled.TAKEN

    async def why_not(self, server: str, media_id: str, user_id: str, now_ms: int) -> Filled | None:
        """Why this user cannot upload to this URI; None if they can [1 trip]."""
        record = await self.read(server, media_id)
        if record is None or (record.expires_ts is not None and record.expires_ts <= now_ms):
            return Filled.UNKNOWN
        if record.user_id != user_id:
            return Filled.NOT_YOURS
        return Filled.TAKEN if record.hash is not None else None

    async def usage(self, user_id: str, now_ms: int) -> tuple[int, int]:
        """Bytes that a user keeps here, and created URIs that wait for their upload [1 trip]."""
        row = await self._db.fetchrow(
            """
            SELECT coalesce(sum(size), 0)::bigint AS bytes,
                   count(*) FILTER (WHERE expires_ts > $2) AS waiting
              FROM media
             WHERE user_id = $1
            """,
            user_id,
            now_ms,
        )
        assert row is not None
        return row["bytes"], row["waiting"]

    async def touch(self, server: str, media_id: str, now_ms: int) -> None:
        """Note that a copy was used [1 trip]."""
        await self._db.execute(
            "UPDATE media SET read_ts = $3 WHERE server = $1 AND media_id = $2", server, media_id, now_ms
        )

    async def quarantine(self, server: str, media_id: str, by: str | None) -> bool:
        """Forbid (or with None allow again) the file of a URI, under whatever other URI it is known [1 trip]."""
        changed = await self._db.execute(
            """
            UPDATE media_files f
               SET quarantined_by = $3
              FROM media m
             WHERE m.server = $1
               AND m.media_id = $2
               AND f.hash = m.hash
            """,
            server,
            media_id,
            by,
        )
        return changed > 0

    async def quarantine_all(self, uris: Sequence[tuple[str, str]], user_id: str | None, by: str) -> int:
        """Forbid the files of these (server, media id) and of a user, but for protected ones; how many [1 trip]."""
        return await self._db.execute(
            """
            UPDATE media_files
               SET quarantined_by = $4
             WHERE quarantined_by IS NULL
               AND hash IN (
                   SELECT m.hash
                     FROM unnest($1::text[], $2::text[]) AS u(server, media_id)
                     JOIN media m ON m.server = u.server
                                 AND m.media_id = u.media_id
                    WHERE NOT m.is_protected
                    UNION
                   SELECT m.hash
                     FROM media m
                    WHERE m.user_id = $3
                      AND NOT m.is_protected)
            """,
            [server for server, _ in uris],
            [media_id for _, media_id in uris],
            user_id,
            by,
        )

    async def protect(self, server: str, media_id: str, *, is_protected: bool) -> bool:
        """Keep a file from being forbidden together with others, or no more; whether there is one [1 trip]."""
        changed = await self._db.execute(
            "UPDATE media SET is_protected = $3 WHERE server = $1 AND media_id = $2", server, media_id, is_protected
        )
        return changed > 0

    async def delete(self, server: str, media_id: str) -> list[str]:
        """Forget a URI; the keys of bytes that nothing uses any more [1 trip]."""
        _, keys = await self._drop("m.server = $1 AND m.media_id = $2", server, media_id)
        return keys

    async def delete_expired(self, now_ms: int) -> int:
        """Forget created URIs that nothing was uploaded to in time; how many [1 trip]."""
        return await self._db.execute("DELETE FROM media WHERE expires_ts <= $1 AND hash IS NULL", now_ms)

    async def delete_unread_copies(self, before_ms: int) -> tuple[int, list[str]]:
        """Forget some copies of others' files that nobody used since: how many, the keys of bytes to delete [1 trip].

        Call again until it is none.
        """
        return await self._drop(
            """
            (m.server, m.media_id) IN (
              SELECT server, media_id
                FROM media
               WHERE user_id IS NULL
                 AND read_ts < $1
               ORDER BY read_ts
               LIMIT $2)
            """,
            before_ms,
            ROWS_AT_ONCE,
        )

    async def copied_bytes(self) -> int:
        """Size of all copies of others' files [1 trip]."""
        size: int = await self._db.fetchval("SELECT coalesce(sum(size), 0)::bigint FROM media WHERE user_id IS NULL")
        return size

    async def copies_by_age(self, limit: int) -> list[tuple[int, int]]:
        """(last use in ms, size) of the copies that were not used for longest [1 trip]."""
        rows = await self._db.fetch(
            "SELECT read_ts, size FROM media WHERE user_id IS NULL ORDER BY read_ts LIMIT $1", limit
        )
        return [(row["read_ts"], row["size"]) for row in rows]

    async def thumbnail(self, key: ThumbnailKey) -> ThumbnailRecord | None:
        """A thumbnail that was made before [1 trip]."""
        row = await self._db.fetchrow(
            """
            SELECT store_key, size, content_type
              FROM media_thumbnails
             WHERE hash = $1
               AND width = $2
               AND height = $3
               AND method = $4
               AND animated = $5
            """,
            *key,
        )
        return ThumbnailRecord(*row.values()) if row is not None else None

    async def add_thumbnail(self, key: ThumbnailKey, made: ThumbnailRecord) -> bool:
        """Keep a thumbnail; False if another was quicker or its file is gone [1 trip]."""
        added = await self._db.execute(
            """
            INSERT INTO media_thumbnails (hash, width, height, method, animated, store_key, size, content_type)
            SELECT f.hash, $2, $3, $4, $5, $6, $7, $8
              FROM media_files f
             WHERE f.hash = $1
               FOR KEY SHARE
                ON CONFLICT (hash, width, height, method, animated) DO NOTHING
            """,
            *key,
            *made,
        )
        return added > 0

    async def known_keys(self, keys: list[str]) -> set[str]:
        """Those of the keys that something uses [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT store_key FROM media_files WHERE store_key = ANY($1::text[])
             UNION
            SELECT store_key FROM media_thumbnails WHERE store_key = ANY($1::text[])
            """,
            keys,
        )
        return {row["store_key"] for row in rows}

    async def _drop(self, condition: str, *args: object) -> tuple[int, list[str]]:
        """Delete rows of media, and the files that only they used with their thumbnails: rows, keys of the bytes."""
        async with self._db.transaction() as connection:
            # Statement by statement: whether a file is unused can only be seen once the uses were counted down, and a
            # new use, which counts up under the row's lock, must be seen too.
            sql = f"DELETE FROM media m WHERE {condition} RETURNING m.hash"  # noqa: S608 - conditions of this module
            gone = await connection.fetch(sql, *args)
            hashes = sorted(row["hash"] for row in gone if row["hash"] is not None)
            await connection.execute(
                """
                UPDATE media_files f
                   SET uses = f.uses - g.n
                  FROM (SELECT hash, count(*)::integer AS n FROM unnest($1::bytea[]) AS u(hash) GROUP BY hash) g
                 WHERE f.hash = g.hash
                """,
                hashes,
            )
            rows = await connection.fetch(
                """
                WITH files AS (
                  DELETE FROM media_files
                   WHERE hash = ANY($1::bytea[])
                     AND uses <= 0
                     AND quarantined_by IS NULL
                  RETURNING hash, store_key),
                thumbnails AS (
                  DELETE FROM media_thumbnails t
                   USING files f
                   WHERE t.hash = f.hash
                  RETURNING t.store_key)
                SELECT store_key FROM files
                 UNION ALL
                SELECT store_key FROM thumbnails WHERE store_key IS NOT NULL
                """,
                hashes,
            )
        return len(gone), [row["store_key"] for row in rows]


_USE = """
INSERT INTO media_files (hash, store_key, size, uses)
SELECT $1, $2, $3, 1
  FROM item
    ON CONFLICT (hash) DO UPDATE
   SET uses = media_files.uses + 1
RETURNING store_key"""
