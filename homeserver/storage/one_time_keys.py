"""One-time keys, each handed out at most once, and the fallback keys that stand in for them.

Spec: Client-Server API, One-time and fallback keys.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from homeserver.storage.database import Database
from homeserver.storage.e2e_keys import REVOKED
from homeserver.storage.fragments import Fragment, Sheet
from homeserver.storage.rows import OneTimeKeysRow, RevocationRow

GONE = Fragment(
    name="one_time_keys_gone",
    gated=False,
    columns=REVOKED,
    sql="""
DELETE FROM one_time_keys k
 USING counter c
 CROSS JOIN {rows} u
  JOIN devices d ON d.user_id = u.user_id
 WHERE k.device_nid = d.device_nid
   AND (u.device_id IS NULL OR d.device_id = u.device_id)""",
)
FALLBACK_GONE = Fragment(
    name="fallback_keys_gone",
    gated=False,
    columns=REVOKED,
    sql="""
DELETE FROM fallback_keys k
 USING counter c
 CROSS JOIN {rows} u
  JOIN devices d ON d.user_id = u.user_id
 WHERE k.device_nid = d.device_nid
   AND (u.device_id IS NULL OR d.device_id = u.device_id)""",
)


def place_revocation(row: RevocationRow, sheet: Sheet) -> None:
    """Delete the keys of the devices that a revocation ends."""
    if row.kind in {"device", "user"}:
        device_id = row.device_id if row.kind == "device" else None
        sheet.put(GONE, (row.user_id, device_id))
        sheet.put(FALLBACK_GONE, (row.user_id, device_id))


def place_notice(row: OneTimeKeysRow, sheet: Sheet) -> None:
    """Nothing is stored: the row is for caches and clients."""


class UploadedKey(NamedTuple):
    """A key as its device uploaded it, as JSON. `key_id` without the algorithm."""

    algorithm: str
    key_id: str
    key: bytes


class Wanted(NamedTuple):
    """A key that someone asks for."""

    user_id: str
    device_id: str
    algorithm: str


class Claimed(NamedTuple):
    """A key handed out."""

    device_nid: int
    user_id: str
    device_id: str
    algorithm: str
    key_id: str
    key: bytes


class KeyCounts(NamedTuple):
    """What a device has left: number of one-time keys by algorithm, algorithms with an unused fallback key."""

    counts: Mapping[str, int]
    unused_fallback: Sequence[str]


class OneTimeKeys:
    """Keeps and hands out keys."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def known(self, device_nid: int, keys: Collection[UploadedKey]) -> dict[tuple[str, str], bytes]:
        """Those of `keys` whose (algorithm, key id) the device has uploaded and nobody has claimed [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT k.algorithm, k.key_id, k.key
              FROM unnest($2::text[], $3::text[]) AS u(algorithm, key_id)
              JOIN one_time_keys k ON k.device_nid = $1
                                  AND k.algorithm = u.algorithm
                                  AND k.key_id = u.key_id
            """,
            device_nid,
            [key.algorithm for key in keys],
            [key.key_id for key in keys],
        )
        return {(row["algorithm"], row["key_id"]): row["key"] for row in rows}

    async def add(self, device_nid: int, keys: Sequence[UploadedKey]) -> None:
        """Keep keys of a device that still exists, in this order; those it has are left as they are [1 trip]."""
        await self._db.execute(
            """
            INSERT INTO one_time_keys (device_nid, algorithm, key_id, key)
            SELECT d.device_nid, u.algorithm, u.key_id, u.key
              FROM unnest($2::text[], $3::text[], $4::bytea[]) WITH ORDINALITY AS u(algorithm, key_id, key, place)
              JOIN devices d ON d.device_nid = $1
             ORDER BY u.place
                ON CONFLICT DO NOTHING
            """,
            device_nid,
            [key.algorithm for key in keys],
            [key.key_id for key in keys],
            [key.key for key in keys],
        )

    async def set_fallback(self, device_nid: int, keys: Collection[UploadedKey]) -> None:
        """Keep one fallback key for each algorithm, as good as new [1 trip]."""
        await self._db.execute(
            """
            INSERT INTO fallback_keys (device_nid, algorithm, key_id, key)
            SELECT d.device_nid, u.algorithm, u.key_id, u.key
              FROM unnest($2::text[], $3::text[], $4::bytea[]) AS u(algorithm, key_id, key)
              JOIN devices d ON d.device_nid = $1
                ON CONFLICT (device_nid, algorithm) DO UPDATE
               SET key_id = excluded.key_id,
                   key = excluded.key,
                   is_used = false
            """,
            device_nid,
            [key.algorithm for key in keys],
            [key.key_id for key in keys],
            [key.key for key in keys],
        )

    async def counts(self, device_nid: int) -> KeyCounts:
        """What is left [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT algorithm, count(*) AS n, false AS is_fallback
              FROM one_time_keys
             WHERE device_nid = $1
             GROUP BY algorithm
             UNION ALL
            SELECT algorithm, 0, true
              FROM fallback_keys
             WHERE device_nid = $1
               AND NOT is_used
            """,
            device_nid,
        )
        return KeyCounts(
            {row["algorithm"]: row["n"] for row in rows if not row["is_fallback"]},
            sorted(row["algorithm"] for row in rows if row["is_fallback"]),
        )

    async def claim(self, wanted: Collection[Wanted]) -> list[Claimed]:
        """Take out the oldest key for each, if there is one; nobody else gets it [1 trip].

        Keys that others are taking out at the same moment are passed over, never waited for.
        """
        rows = await self._db.write_rows(
            """
            WITH chosen AS (
              SELECT d.device_nid, u.user_id, u.device_id, u.algorithm, o.ordinal
                FROM unnest($1::text[], $2::text[], $3::text[]) AS u(user_id, device_id, algorithm)
                JOIN devices d ON d.user_id = u.user_id
                              AND d.device_id = u.device_id
               CROSS JOIN LATERAL (
                     SELECT k.ordinal
                       FROM one_time_keys k
                      WHERE k.device_nid = d.device_nid
                        AND k.algorithm = u.algorithm
                      ORDER BY k.ordinal
                      LIMIT 1
                        FOR UPDATE SKIP LOCKED) o)
            DELETE FROM one_time_keys k
             USING chosen c
             WHERE k.device_nid = c.device_nid
               AND k.algorithm = c.algorithm
               AND k.ordinal = c.ordinal
            RETURNING c.device_nid, c.user_id, c.device_id, c.algorithm, k.key_id, k.key
            """,
            *_columns(wanted),
        )
        return [Claimed(*row.values()) for row in rows]

    async def use_fallback(self, wanted: Collection[Wanted]) -> list[tuple[Claimed, bool]]:
        """The fallback key for each, if there is one, and whether this was its first use [1 trip]."""
        rows = await self._db.write_rows(
            """
            WITH found AS (
              SELECT d.device_nid, u.user_id, u.device_id, f.algorithm, f.key_id, f.key, f.is_used
                FROM unnest($1::text[], $2::text[], $3::text[]) AS u(user_id, device_id, algorithm)
                JOIN devices d ON d.user_id = u.user_id
                              AND d.device_id = u.device_id
                JOIN fallback_keys f ON f.device_nid = d.device_nid
                                    AND f.algorithm = u.algorithm),
            used AS (
              UPDATE fallback_keys f
                 SET is_used = true
                FROM found n
               WHERE f.device_nid = n.device_nid
                 AND f.algorithm = n.algorithm
                 AND f.key_id = n.key_id
                 AND NOT f.is_used)
            SELECT device_nid, user_id, device_id, algorithm, key_id, key, NOT is_used AS is_first
              FROM found
            """,
            *_columns(wanted),
        )
        return [(Claimed(*list(row.values())[:6]), row["is_first"]) for row in rows]


def _columns(wanted: Collection[Wanted]) -> list[list[str]]:
    return [[one.user_id for one in wanted], [one.device_id for one in wanted], [one.algorithm for one in wanted]]
