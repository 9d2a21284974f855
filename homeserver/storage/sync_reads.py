"""Reads that only the sync engine needs: what a client missed, in as few trips as can be."""

from collections.abc import Collection, Coroutine
from typing import Any

from homeserver.storage import changes
from homeserver.storage.database import Database
from homeserver.storage.events.pages import NEWEST

_EDIT = b'"rel_type":"m.replace"'


class SyncReads:
    """What a client that was away needs from the database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def together(self, *reads: Coroutine[Any, Any, Any]) -> list[Any]:
        """Run these at once; what they read at the same moment is one trip: see `Database.together`."""
        return await self._db.together(*reads)

    async def missed(
        self, *, user_id: str, device_nid: int, after: int, timeline: int, upto: int = NEWEST
    ) -> changes.Missed:
        """The rows of `(after, upto]` that concern the user, oldest first: see `changes.of_user` [1 trip]."""
        return await changes.of_user(
            self._db, user_id=user_id, device_nid=device_nid, after=after, upto=upto, timeline=timeline
        )

    async def member_bodies(self, members: Collection[tuple[int, str]]) -> dict[int, bytes]:
        """Bodies of the current member events of users (room number, user id), by number of event [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT e.event_nid, e.body
              FROM unnest($1::int8[], $2::text[]) AS u(room_nid, user_id)
             CROSS JOIN LATERAL (
                   SELECT event_nid
                     FROM members
                    WHERE room_nid = u.room_nid
                      AND user_id = u.user_id
                    LIMIT 1) m
             CROSS JOIN LATERAL (
                   SELECT event_nid, body
                     FROM events
                    WHERE event_nid = m.event_nid
                    LIMIT 1) e
            """,
            [room_nid for room_nid, _ in members],
            [user_id for _, user_id in members],
        )
        return {row["event_nid"]: row["body"] for row in rows}

    async def speaker_bodies(self, room_nids: Collection[int], limit: int, upto: int) -> dict[int, bytes]:
        """Bodies of the member events of who sent, or is named by, the newest `limit` events of rooms [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT e.event_nid, e.body
              FROM (
                   SELECT DISTINCT l.room_nid, s.user_id
                     FROM unnest($1::int8[]) AS w(nid)
                    CROSS JOIN LATERAL (
                          SELECT room_nid, sender, state_key_nid, type
                            FROM events
                           WHERE room_nid = w.nid
                             AND room_position IS NOT NULL
                             AND (position IS NULL OR position <= $3)
                           ORDER BY room_position DESC
                           LIMIT $2) l
                    CROSS JOIN LATERAL (
                          SELECT l.sender AS user_id
                           UNION ALL
                          SELECT k.state_key
                            FROM state_keys k
                           WHERE k.state_key_nid = l.state_key_nid
                             AND l.type = 'm.room.member') s) u
             CROSS JOIN LATERAL (
                   SELECT event_nid
                     FROM members
                    WHERE room_nid = u.room_nid
                      AND user_id = u.user_id
                    LIMIT 1) m
             CROSS JOIN LATERAL (
                   SELECT event_nid, body
                     FROM events
                    WHERE event_nid = m.event_nid
                    LIMIT 1) e
            """,
            list(room_nids),
            limit,
            upto,
        )
        return {row["event_nid"]: row["body"] for row in rows}

    async def activity(self, room_nids: Collection[int], lifting: Collection[str]) -> dict[int, tuple[int, int]]:
        """For each room the positions of its last event and of the last one of the types `lifting` [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT w.nid, l.position, b.position AS lifted
              FROM unnest($1::int8[]) AS w(nid)
             CROSS JOIN LATERAL (
                   SELECT e.position
                     FROM events e
                    WHERE e.room_nid = w.nid
                      AND e.position IS NOT NULL
                      AND e.room_position IS NOT NULL
                    ORDER BY e.position DESC
                    LIMIT 1) l
              LEFT JOIN LATERAL (
                   SELECT e.position
                     FROM events e
                    WHERE e.room_nid = w.nid
                      AND e.position IS NOT NULL
                      AND e.room_position IS NOT NULL
                      AND e.type = ANY($2::text[])
                    ORDER BY e.position DESC
                    LIMIT 1) b ON true
            """,
            list(room_nids),
            list(lifting),
        )
        return {row["nid"]: (row["position"], row["lifted"] or 0) for row in rows}

    async def previews(self, room_nids: Collection[int], types: Collection[str], upto: int) -> dict[int, str]:
        """For each room the id of its last event of these types that is neither redacted nor an edit [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT w.nid, l.event_id
              FROM unnest($1::int8[]) AS w(nid)
             CROSS JOIN LATERAL (
                   SELECT e.event_id
                     FROM events e
                    WHERE e.room_nid = w.nid
                      AND e.room_position IS NOT NULL
                      AND (e.position IS NULL OR e.position <= $3)
                      AND e.type = ANY($2::text[])
                      AND e.redacted_by IS NULL
                      AND position($4::bytea IN e.body) = 0
                    ORDER BY e.room_position DESC
                    LIMIT 1) l
            """,
            list(room_nids),
            list(types),
            upto,
            _EDIT,
        )
        return {row["nid"]: row["event_id"] for row in rows}
