"""Pushers and their queues. Spec: Client-Server API, Push Notifications.

A pusher counts only beside the session that set it; `prune` takes away those whose session has ended.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from homeserver.storage.database import Database, Record

CURSOR = "push"
MAX_WAITING = 1_000
"""Notifications that are kept for one pusher; the oldest go."""


class Pusher(NamedTuple):
    """A pusher. `data`: JSON; `set_ts`, `retry_ts` in ms; `session_nid` 0: of an application service."""

    pusher_nid: int
    user_id: str
    app_id: str
    pushkey: str
    kind: str
    app_display_name: str
    device_display_name: str
    profile_tag: str | None
    lang: str
    data: bytes
    is_enabled: bool
    device_id: str | None
    session_nid: int
    set_ts: int
    failures: int = 0
    retry_ts: int = 0


class Queued(NamedTuple):
    """A notification that waits. `tweaks`: JSON of what the push rules said; `created_ts` in ms."""

    pusher_nid: int
    position: int
    room_id: str
    event_id: str
    is_invite: bool
    tweaks: bytes
    created_ts: int


_PUSHER = """
SELECT p.pusher_nid, p.user_id, p.app_id, p.pushkey, p.kind, p.app_display_name, p.device_display_name, p.profile_tag,
       p.lang, p.data, p.is_enabled, p.device_id, p.session_nid, p.set_ts, p.failures, p.retry_ts
  FROM pushers p
 WHERE (p.session_nid = 0 OR EXISTS (SELECT FROM sessions s WHERE s.session_nid = p.session_nid))"""
_OF_USERS = _PUSHER + "\n   AND p.user_id = ANY($1::text[])\n ORDER BY p.pusher_nid"
_ONE = _PUSHER + "\n   AND p.pusher_nid = $1"


class PusherTable:
    """Tables `pushers` and `push_queue`, and the cursor of who fills the queue."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # -- pushers ---------------------------------------------------------------------------------------------------

    async def of_users(self, user_ids: Collection[str]) -> list[Pusher]:
        """The pushers of these users [1 trip]."""
        return [_pusher(row) for row in await self._db.fetch(_OF_USERS, list(user_ids))]

    async def read(self, pusher_nid: int) -> Pusher | None:
        """One pusher [1 trip]."""
        row = await self._db.fetchrow(_ONE, pusher_nid)
        return _pusher(row) if row is not None else None

    async def users(self) -> set[str]:
        """Who has any [1 trip]."""
        rows = await self._db.fetch("SELECT DISTINCT user_id FROM pushers")
        return {row["user_id"] for row in rows}

    async def set(self, pusher: Pusher, *, alone: bool) -> None:
        """Add a pusher or change it; `alone`: other users' with its app id and push key go [1 trip]."""
        await self._db.execute(
            """
            WITH others AS (
              DELETE FROM pushers
               WHERE app_id = $3
                 AND pushkey = $4
                 AND user_id <> $2
                 AND $15)
            INSERT INTO pushers (pusher_nid, user_id, app_id, pushkey, kind, app_display_name, device_display_name,
                                 profile_tag, lang, data, is_enabled, device_id, session_nid, set_ts)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
                ON CONFLICT (app_id, pushkey, user_id) DO UPDATE
               SET kind = excluded.kind,
                   app_display_name = excluded.app_display_name,
                   device_display_name = excluded.device_display_name,
                   profile_tag = excluded.profile_tag,
                   lang = excluded.lang,
                   data = excluded.data,
                   is_enabled = excluded.is_enabled,
                   device_id = excluded.device_id,
                   session_nid = excluded.session_nid,
                   set_ts = excluded.set_ts,
                   failures = 0,
                   retry_ts = 0
            """,
            *pusher[:14],
            alone,
        )

    async def delete(self, user_id: str, app_id: str, pushkey: str) -> None:
        """Delete a pusher with what waits for it [1 trip]."""
        await self._db.execute(
            """
            WITH gone AS (
              DELETE FROM pushers
               WHERE user_id = $1
                 AND app_id = $2
                 AND pushkey = $3
              RETURNING pusher_nid)
            DELETE FROM push_queue
             WHERE pusher_nid IN (SELECT pusher_nid FROM gone)
            """,
            user_id,
            app_id,
            pushkey,
        )

    async def prune(self) -> None:
        """Delete pushers whose session has ended, and what waits for pushers that are gone [1 trip]."""
        await self._db.execute(
            """
            WITH gone AS (
              DELETE FROM pushers p
               WHERE p.session_nid <> 0
                 AND NOT EXISTS (SELECT FROM sessions s WHERE s.session_nid = p.session_nid)
              RETURNING pusher_nid)
            DELETE FROM push_queue q
             WHERE q.pusher_nid IN (SELECT pusher_nid FROM gone)
                OR NOT EXISTS (SELECT FROM pushers p WHERE p.pusher_nid = q.pusher_nid)
            """
        )

    async def save_failure(self, pusher_nid: int, failures: int, retry_ts: int) -> None:
        """Save how often the gateway failed in a row, and when it is tried again [1 trip]."""
        await self._db.execute(
            "UPDATE pushers SET failures = $2, retry_ts = $3 WHERE pusher_nid = $1", pusher_nid, failures, retry_ts
        )

    # -- the queue -------------------------------------------------------------------------------------------------

    async def cursor(self) -> int:
        """Up to which position everything is in the queue [1 trip]."""
        position: int = await self._db.fetchval("SELECT position FROM cursors WHERE name = $1", CURSOR)
        return position

    async def enqueue(self, upto: int, queued: Sequence[Queued]) -> None:
        """Put notifications into the queue and move the cursor, both or neither [1 trip]."""
        await self._db.execute(
            """
            WITH added AS (
              INSERT INTO push_queue (pusher_nid, position, room_id, event_id, is_invite, tweaks, created_ts)
              SELECT *
                FROM unnest($3::int8[], $4::int8[], $5::text[], $6::text[], $7::bool[], $8::bytea[], $9::int8[])
                  ON CONFLICT (pusher_nid, position) DO NOTHING)
            INSERT INTO cursors (name, position)
            VALUES ($1, $2)
                ON CONFLICT (name) DO UPDATE
               SET position = greatest(cursors.position, excluded.position)
            """,
            CURSOR,
            upto,
            *([record[at] for record in queued] for at in range(len(Queued._fields))),
        )

    async def waiting(self) -> list[int]:
        """Pushers for which something waits [1 trip]."""
        rows = await self._db.fetch("SELECT DISTINCT pusher_nid FROM push_queue")
        return [row["pusher_nid"] for row in rows]

    async def next(self, pusher_nid: int, limit: int) -> list[Queued]:
        """The oldest notifications that wait for a pusher [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT pusher_nid, position, room_id, event_id, is_invite, tweaks, created_ts
              FROM push_queue
             WHERE pusher_nid = $1
             ORDER BY position
             LIMIT $2
            """,
            pusher_nid,
            limit,
        )
        return [Queued(*row.values()) for row in rows]

    async def done(self, pusher_nid: int, upto: int) -> None:
        """Forget what was sent [1 trip]."""
        await self._db.execute("DELETE FROM push_queue WHERE pusher_nid = $1 AND position <= $2", pusher_nid, upto)

    async def forget_old(self, pusher_nid: int, before_ts: int) -> None:
        """Forget what is too old to be told, and what is too much [1 trip]."""
        await self._db.execute(
            """
            DELETE FROM push_queue
             WHERE pusher_nid = $1
               AND (created_ts < $2
                    OR position <= (SELECT position
                                      FROM push_queue
                                     WHERE pusher_nid = $1
                                     ORDER BY position DESC
                                    OFFSET $3
                                     LIMIT 1))
            """,
            pusher_nid,
            before_ts,
            MAX_WAITING,
        )

    async def is_read(self, user_id: str, event_id: str) -> bool:
        """Whether a read receipt of the user is at the event or after it [1 trip]."""
        found: bool = await self._db.fetchval(
            """
            SELECT EXISTS (
                   SELECT
                     FROM events e
                     JOIN receipts p ON p.room_nid = e.room_nid
                    WHERE e.event_id = $2
                      AND p.user_id = $1
                      AND p.type IN ('m.read', 'm.read.private')
                      AND p.thread IN ('', coalesce(e.thread_id, 'main'))
                      AND p.room_position >= e.room_position)
            """,
            user_id,
            event_id,
        )
        return found


def _pusher(row: Record) -> Pusher:
    return Pusher(*row.values())
