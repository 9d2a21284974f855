"""Deleting what rooms hold: a whole room, or its old messages. See docs/adr, "Deleting from rooms".

A room that is deleted keeps its rows in `rooms` and `room_heads`: numbers and versions go on, so that whoever still has
its old head is refused by the gate. Writes tables of several owners, on purpose: nothing else deletes there.
"""

from collections.abc import Collection
from typing import Final

import orjson

from homeserver.storage.database import Database, Record
from homeserver.storage.fragments import Fragment, Sheet
from homeserver.storage.rows import PurgedRow

AT_ONCE: Final = 500

NOTICE = Fragment(
    name="purged",
    gated=False,
    columns=(("place", "int8"), ("room_nid", "int8"), ("room_id", "text")),
    sql="""
INSERT INTO room_purges (position, room_nid, room_id)
SELECT c.base + u.place, u.room_nid, u.room_id
  FROM counter c
 CROSS JOIN {rows} u""",
)


def place_purged(row: PurgedRow, sheet: Sheet) -> None:
    """Tell all processes that a room is empty."""
    sheet.put(NOTICE, (row.position, row.room_nid, row.room_id))


_BESIDE: Final = (
    "DELETE FROM mentions n USING members m WHERE m.room_nid = $1 AND n.user_id = m.user_id AND n.room_nid = $1",
    "DELETE FROM receipts WHERE room_nid = $1",
    "DELETE FROM gaps WHERE room_nid = $1",
    "DELETE FROM backward_extremities WHERE room_nid = $1",
    "DELETE FROM followed_events WHERE room_nid = $1",
    "DELETE FROM inbound_staging WHERE room_nid = $1",
    "DELETE FROM partial_joins WHERE room_nid = $1",
    "DELETE FROM early_redactions WHERE room_nid = $1",
    "DELETE FROM search_documents WHERE room_nid = $1",
    "DELETE FROM search_eras WHERE room_nid = $1",
    "DELETE FROM account_data WHERE room_id = (SELECT room_id FROM rooms WHERE room_nid = $1)",
    "DELETE FROM restrictions WHERE room_id = (SELECT room_id FROM rooms WHERE room_nid = $1)",
    "DELETE FROM invite_links WHERE room_id = (SELECT room_id FROM rooms WHERE room_nid = $1)",
    "DELETE FROM aliases WHERE room_id = (SELECT room_id FROM rooms WHERE room_nid = $1)",
)


class Purge:
    """Deletes, some hundred events at a time."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def empty_head(self, room_nid: int, server: str) -> list[str]:
        """Take the state and the members from a room; the users here that had a membership [1 transaction].

        From its commit on nobody can write on top of what was: version and chain are others.
        """
        chain_id = await self._db.nids.take()
        async with self._db.transaction() as connection:
            await connection.execute(
                """
                UPDATE room_heads
                   SET version = version + 1,
                       chain_id = $2,
                       sequence = 0,
                       extremities = '{}',
                       depth = 0
                 WHERE room_nid = $1
                """,
                room_nid,
                chain_id,
            )
            await connection.execute(
                "INSERT INTO state_chains (chain_id, room_nid, level) VALUES ($1, $2, 0)", chain_id, room_nid
            )
            await connection.execute("DELETE FROM current_state WHERE room_nid = $1", room_nid)
            await connection.execute(
                "UPDATE rooms SET is_public = false, is_partial = false WHERE room_nid = $1", room_nid
            )
            await connection.execute("DELETE FROM members WHERE room_nid = $1 AND server <> $2", room_nid, server)
            rows = await connection.fetch(
                """
                UPDATE members
                   SET membership = 'leave',
                       event_nid = NULL,
                       event_id = NULL,
                       displayname = NULL,
                       avatar_url = NULL
                 WHERE room_nid = $1
                   AND NOT forgotten
                RETURNING user_id
                """,
                room_nid,
            )
        return [row["user_id"] for row in rows]

    async def events(self, room_nid: int) -> int:
        """Delete some events of the room, with what hangs on them; how many [2 trips]."""
        rows = await self._db.fetch(
            """
            (SELECT event_nid, body FROM events WHERE room_nid = $1 AND room_position IS NOT NULL LIMIT $2)
             UNION ALL
            (SELECT event_nid, body FROM events WHERE room_nid = $1 AND room_position IS NULL LIMIT $2)
            """,
            room_nid,
            AT_ONCE,
        )
        await self._delete(rows)
        return len(rows)

    async def rest(self, room_nid: int) -> None:
        """Delete what else belongs to the room [1 transaction]."""
        async with self._db.transaction() as connection:
            for statement in _BESIDE:
                await connection.execute(statement, room_nid)
            await connection.execute(
                """
                DELETE FROM state_deltas d
                 USING state_chains c
                 WHERE c.room_nid = $1
                   AND d.chain_id = c.chain_id
                   AND c.chain_id <> ALL(SELECT chain_id FROM room_heads WHERE room_nid = $1)
                """,
                room_nid,
            )
            await connection.execute(
                """
                DELETE FROM state_chains
                 WHERE room_nid = $1
                   AND chain_id <> ALL(SELECT chain_id FROM room_heads WHERE room_nid = $1)
                """,
                room_nid,
            )

    async def messages(
        self, room_nid: int, after: int, below: int, *, keep_server: str | None, keep: Collection[int]
    ) -> tuple[int, int] | None:
        """Delete some messages with a room position in `(after, below)`: (the position reached, how many) [2 trips].

        State events stay: the state of later events is made of them. `keep_server`: its users' messages stay; `keep`:
        numbers of events that stay. None: nothing is left to look at.
        """
        rows = await self._db.fetch(
            """
            SELECT event_nid, room_position, body,
                   state_key_nid IS NULL
                   AND ($4::text IS NULL OR substr(sender, strpos(sender, ':') + 1) <> $4)
                   AND event_nid <> ALL($5::int8[]) AS goes
              FROM events
             WHERE room_nid = $1
               AND room_position > $2
               AND room_position < $3
             ORDER BY room_position
             LIMIT $6
            """,
            room_nid,
            after,
            below,
            keep_server,
            list(keep),
            AT_ONCE,
        )
        if not rows:
            return None
        going = [row for row in rows if row["goes"]]
        await self._delete(going)
        return rows[-1]["room_position"], len(going)

    async def mentions(self, room_nid: int, below: int) -> None:
        """Delete what is marked for users in events below a room position [1 trip]."""
        await self._db.execute(
            """
            DELETE FROM mentions n
             USING members m
             WHERE m.room_nid = $1
               AND n.user_id = m.user_id
               AND n.room_nid = $1
               AND n.room_position < $2
               AND NOT EXISTS (SELECT FROM events e WHERE e.room_nid = $1 AND e.room_position = n.room_position)
            """,
            room_nid,
            below,
        )

    async def _delete(self, going: Collection[Record]) -> None:
        """Delete events, given with their bodies, and what hangs on them."""
        if not going:
            return
        targets = {target for row in going if (target := _target(row["body"])) is not None}
        await self._db.execute(
            """
            WITH gone AS (
              DELETE FROM events
               WHERE event_nid = ANY($1::int8[])
              RETURNING event_nid, event_id),
            relating AS (
              DELETE FROM relations r
               USING gone g
               WHERE r.target_event_id = g.event_id),
            sent AS (
              DELETE FROM client_txns t
               USING gone g
               WHERE t.event_nid = g.event_nid),
            found AS (
              DELETE FROM search_documents d
               USING gone g
               WHERE d.event_nid = g.event_nid)
            DELETE FROM relations r
             USING gone g
             CROSS JOIN unnest($2::text[]) AS u(target)
             WHERE r.target_event_id = u.target
               AND r.event_nid = g.event_nid
            """,
            [row["event_nid"] for row in going],
            sorted(targets),
        )


def _target(body: bytes) -> str | None:
    """The event that a stored one relates to."""
    relates = orjson.loads(body).get("content", {}).get("m.relates_to")
    target = relates.get("event_id") if isinstance(relates, dict) else None
    return target if isinstance(target, str) and "\0" not in target else None
