"""Signing keys of peers, with the signed documents they came in."""

from collections.abc import Sequence
from typing import NamedTuple

from homeserver.storage.database import Database


class KeyDocument(NamedTuple):
    """A key document as the peer signed it (JSON), and when it was fetched (ms)."""

    server: str
    fetched_ts: int
    document: bytes


class ServerKeyTable:
    """Table `server_keys`: one row a key; a known key id never changes its key."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def documents(self, servers: Sequence[str]) -> list[KeyDocument]:
        """The documents that the keys of these servers came in, oldest first [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT server, fetched_ts, response
              FROM server_keys
             WHERE server = ANY($1)
               AND response IS NOT NULL
             GROUP BY server, fetched_ts, response
             ORDER BY server, fetched_ts
            """,
            list(servers),
        )
        return [KeyDocument(row["server"], row["fetched_ts"], row["response"]) for row in rows]

    async def save(self, server: str, keys: Sequence[tuple[str, bytes, int]], fetched_ts: int, document: bytes) -> None:
        """Keep the keys (key id, key, valid until ms) of one document [1 trip]."""
        await self._db.execute(
            """
            INSERT INTO server_keys (server, key_id, verify_key, valid_until_ts, fetched_ts, response)
            SELECT $1, k.key_id, k.verify_key, k.valid_until_ts, $5, $6
              FROM unnest($2::text[], $3::bytea[], $4::bigint[]) AS k(key_id, verify_key, valid_until_ts)
                ON CONFLICT (server, key_id) DO UPDATE
               SET valid_until_ts = excluded.valid_until_ts,
                   fetched_ts = excluded.fetched_ts,
                   response = excluded.response
             WHERE server_keys.verify_key = excluded.verify_key
            """,
            server,
            [key_id for key_id, _, _ in keys],
            [key for _, key, _ in keys],
            [valid_until for _, _, valid_until in keys],
            fetched_ts,
            document,
        )
