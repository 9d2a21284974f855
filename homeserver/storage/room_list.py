"""The public room list: its order, and what it shows of each room, read without the rooms' heads.

Not for: whether a room is listed (`rooms`).
"""

from collections.abc import Collection
from typing import NamedTuple

from homeserver.storage.database import Database, Record

SHOWN_STATE = (
    "m.room.create",
    "m.room.join_rules",
    "m.room.history_visibility",
    "m.room.guest_access",
    "m.room.name",
    "m.room.topic",
    "m.room.avatar",
    "m.room.canonical_alias",
)
"""Types of the state events, with an empty key, that the list shows something of."""

# Joined members of a room; the index of those who are joined holds all that is counted.
_COUNT = """
       SELECT count(*) AS n
         FROM members
        WHERE room_nid = r.room_nid
          AND membership = 'join'"""

_BODIES = """
       SELECT array_agg(e.body) AS bodies
         FROM unnest($1::text[]) AS t(type)
         JOIN state_keys k ON k.type = t.type
                          AND k.state_key = ''
         JOIN current_state c ON c.room_nid = r.room_nid
                             AND c.state_key_nid = k.state_key_nid
         JOIN events e ON e.event_nid = c.event_nid"""


class ListedRoom(NamedTuple):
    """A room with the client format of its events of `SHOWN_STATE`, in no order; none where we lack its state."""

    room_id: str
    joined_members: int
    bodies: list[bytes]


class RoomList:
    """Reads of the list."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def public_room_ids(self) -> list[str]:
        """All rooms of the public list, most members first [1 trip]."""
        rows = await self._db.fetch(
            f"""
            SELECT r.room_id
              FROM rooms r
             CROSS JOIN LATERAL ({_COUNT}) m
             WHERE r.is_public
             ORDER BY m.n DESC, r.room_id
            """  # noqa: S608 - a part of the text above
        )
        return [row["room_id"] for row in rows]

    async def page(self, start: int, count: int) -> tuple[int, list[ListedRoom]]:
        """How many rooms the public list has, and `count` of them from `start` on, most members first [1 trip]."""
        rows = await self._db.fetch(
            f"""
            WITH public AS MATERIALIZED (
              SELECT r.room_nid, r.room_id, m.n
                FROM rooms r
               CROSS JOIN LATERAL ({_COUNT}) m
               WHERE r.is_public)
            SELECT a.total, r.room_id, r.n, s.bodies
              FROM (SELECT count(*) AS total
                      FROM public) a
              LEFT JOIN (
                   SELECT *
                     FROM public
                    ORDER BY n DESC, room_id
                    LIMIT $3
                   OFFSET $2) r ON true
              LEFT JOIN LATERAL ({_BODIES}) s ON true
             ORDER BY r.n DESC, r.room_id
            """,  # noqa: S608 - parts of the text above
            list(SHOWN_STATE),
            start,
            count,
        )
        return rows[0]["total"], [_listed(row) for row in rows if row["room_id"] is not None]

    async def rooms(self, room_ids: Collection[str]) -> list[ListedRoom]:
        """What is shown of these rooms, in no order; those that this server does not know are left out [1 trip]."""
        rows = await self._db.fetch(
            f"""
            SELECT r.room_id, m.n, s.bodies
              FROM rooms r
             CROSS JOIN LATERAL ({_COUNT}) m
             CROSS JOIN LATERAL ({_BODIES}) s
             WHERE r.room_id = ANY($2::text[])
            """,  # noqa: S608 - parts of the text above
            list(SHOWN_STATE),
            list(room_ids),
        )
        return [_listed(row) for row in rows]


def _listed(row: Record) -> ListedRoom:
    return ListedRoom(row["room_id"], row["n"], list(row["bodies"] or ()))
