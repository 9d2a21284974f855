"""What linked pages said of themselves when they were fetched. Spec: Client-Server API, GET /media/preview_url."""

from typing import NamedTuple

from homeserver.storage.database import Database

PRUNED_AT_ONCE = 100


class CachedPreview(NamedTuple):
    """A page that was asked for. `preview`: JSON; None: nothing could be fetched."""

    fetched_ts: int
    preview: bytes | None


class PreviewTable:
    """Table `url_previews`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def read(self, url_hash: bytes, now_ms: int) -> CachedPreview | None:
        """What is known of a URL and still holds [1 trip]."""
        row = await self._db.fetchrow(
            "SELECT fetched_ts, preview FROM url_previews WHERE url_hash = $1 AND expires_ts > $2", url_hash, now_ms
        )
        return CachedPreview(*row.values()) if row is not None else None

    async def keep(self, url_hash: bytes, preview: bytes | None, *, now_ms: int, expires_ts: int) -> None:
        """Keep a preview, and forget some that hold no more [1 trip]."""
        await self._db.execute(
            """
            WITH old AS (
              DELETE FROM url_previews
               WHERE url_hash IN (
                     SELECT url_hash
                       FROM url_previews
                      WHERE expires_ts <= $3
                        AND url_hash <> $1
                      ORDER BY expires_ts
                      LIMIT $5))
            INSERT INTO url_previews (url_hash, preview, fetched_ts, expires_ts)
            VALUES ($1, $2, $3, $4)
                ON CONFLICT (url_hash) DO UPDATE
               SET preview = excluded.preview,
                   fetched_ts = excluded.fetched_ts,
                   expires_ts = excluded.expires_ts
            """,
            url_hash,
            preview,
            now_ms,
            expires_ts,
            PRUNED_AT_ONCE,
        )
