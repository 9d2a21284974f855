"""Reads that only the sync engine needs: what a client missed, in as few trips as can be."""

from collections.abc import Collection

from homeserver.storage import changes
from homeserver.storage.database import Database
from homeserver.storage.rows import Row

_EDIT = b'"rel_type":"m.replace"'


class SyncReads:
    """What a client that was away needs from the database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def missed(
        self,
        *,
        user_id: str,
        device_nid: int,
        room_nids: Collection[int],
        watched: Collection[str],
        after: int,
        upto: int,
        timeline: int,
    ) -> list[Row]:
        """The rows of `(after, upto]` that concern the user, oldest first: see `changes.of_user` [1 trip]."""
        return await changes.of_user(
            self._db,
            user_id=user_id,
            device_nid=device_nid,
            room_nids=room_nids,
            watched=watched,
            after=after,
            upto=upto,
            timeline=timeline,
        )

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
