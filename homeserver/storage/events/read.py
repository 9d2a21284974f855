"""Reading events whole: by id, by number, by time, with their auth chains. Pages for clients: `pages`.

Nothing here decides who may see what.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from homeserver.protocol.identifiers import EventId
from homeserver.storage.database import Record
from homeserver.storage.events.pages import NEWEST, Page, PageEvent, Pages

__all__ = ["NEWEST", "Events", "Page", "PageEvent", "StoredEvent"]


class StoredEvent(NamedTuple):
    """An event with all its columns. `room_position` and `position` None: hidden, or not news."""

    event_nid: int
    event_id: str
    room_nid: int
    room_id: str
    room_version: str
    room_position: int | None
    position: int | None
    chain_id: int
    sequence: int
    head_chain_id: int | None
    delta_sequence: int | None
    ts: int
    depth: int
    flags: int
    type: str
    state_key: str | None
    state_key_nid: int | None
    sender: str
    thread_id: str | None
    redacted_by: str | None
    auth_nids: Sequence[int]
    prev_nids: Sequence[int]
    body: bytes
    envelope: bytes


class ChainLink(NamedTuple):
    """An event of an auth chain, and whom it cites."""

    event_nid: int
    event_id: str
    auth_nids: Sequence[int]


_SELECT = """
SELECT e.event_nid, e.event_id, e.room_nid, r.room_id, r.room_version, e.room_position, e.position, e.chain_id,
       e.sequence, e.head_chain_id, e.delta_sequence, e.ts, e.depth, e.flags, e.type, k.state_key, e.state_key_nid, e.sender,
       e.thread_id, e.redacted_by, e.auth_nids, e.prev_nids, e.body, e.envelope"""  # noqa: E501
_JOINS = """
  JOIN rooms r ON r.room_nid = e.room_nid
  LEFT JOIN state_keys k ON k.state_key_nid = e.state_key_nid"""
_WIDTH = len(StoredEvent._fields)

_BY_ID = _SELECT + "\n  FROM events e" + _JOINS + "\n WHERE e.event_id = ANY($1::text[])"
_OR_REDACTING = """ANY($1::text[] || ARRAY(SELECT d.event_id
                                      FROM early_redactions d
                                     WHERE d.target_event_id = ANY($1::text[])))"""
_BY_ID_OR_REDACTING = _SELECT + "\n  FROM events e" + _JOINS + f"\n WHERE e.event_id = {_OR_REDACTING}"
_BY_ID_WITH_ANSWER = (
    _SELECT  # noqa: S608 - constants only
    + """, t.response
  FROM (SELECT (SELECT i.response FROM inbound_txns i WHERE i.origin = $2 AND i.txn_id = $3) AS response) t
  LEFT JOIN events e ON e.event_id = """
    + _OR_REDACTING
    + _JOINS.replace("  JOIN", "  LEFT JOIN", 1)
)
_BY_NID = _SELECT + "\n  FROM events e" + _JOINS + "\n WHERE e.event_nid = ANY($1::int8[])"

_AUTH_CHAIN = """WITH RECURSIVE chain(event_nid) AS (
  SELECT event_nid
    FROM events
   WHERE event_id = ANY($1::text[])
   UNION
  SELECT a.nid
    FROM chain c
    JOIN events e ON e.event_nid = c.event_nid
   CROSS JOIN LATERAL unnest(e.auth_nids) AS a(nid))"""
_WITH_AUTH_CHAIN = _AUTH_CHAIN + _SELECT + "\n  FROM chain c\n  JOIN events e ON e.event_nid = c.event_nid" + _JOINS
_CHAIN_LINKS = (
    _AUTH_CHAIN
    + """
SELECT e.event_nid, e.event_id, e.auth_nids
  FROM chain c
  JOIN events e ON e.event_nid = c.event_nid"""
)
_AUTH_IDS = (
    _AUTH_CHAIN
    + """
SELECT e.event_id
  FROM chain c
  JOIN events e ON e.event_nid = c.event_nid
 WHERE e.event_id <> ALL($1::text[])"""
)

_BETWEEN = (
    _SELECT
    + "\n  FROM events e"
    + _JOINS
    + """
 WHERE e.room_nid = $1
   AND e.room_position > $2
   AND e.room_position < $3
 ORDER BY e.room_position DESC
 LIMIT $4"""
)
_AFTER = (
    _SELECT
    + "\n  FROM events e"
    + _JOINS
    + """
 WHERE e.room_nid = $1
   AND e.room_position > $2
 ORDER BY e.room_position
 LIMIT $3"""
)
_ANCESTORS = (
    _SELECT  # noqa: S608 - constants of this module
    + "\n  FROM events e"
    + _JOINS
    + """
 WHERE e.room_nid = $1
   AND e.room_position <= (SELECT max(room_position)
                             FROM events
                            WHERE event_id = ANY($2::text[])
                              AND room_nid = $1)
   AND e.room_position > coalesce((SELECT max(room_position)
                                     FROM events
                                    WHERE event_id = ANY($3::text[])
                                      AND room_nid = $1), -$5::int8)
 ORDER BY e.room_position DESC
 LIMIT $4"""
)


def _event(row: Record) -> StoredEvent:
    return StoredEvent(*tuple(row.values())[:_WIDTH])


class Events(Pages):
    """Reads of events."""

    async def by_id(self, event_ids: Collection[str]) -> list[StoredEvent]:
        """Those of the events that are stored, hidden ones too, in no order [1 trip]."""
        return [_event(row) for row in await self._db.fetch(_BY_ID, list(event_ids))]

    async def by_id_or_redacting(self, event_ids: Collection[str]) -> list[StoredEvent]:
        """As `by_id`, with redactions that came before those of the events that are not stored [1 trip]."""
        return [_event(row) for row in await self._db.fetch(_BY_ID_OR_REDACTING, list(event_ids))]

    async def by_id_unless_answered(
        self, event_ids: Collection[str], origin: str, txn_id: str
    ) -> tuple[bytes | None, list[StoredEvent]]:
        """The answer that a peer's transaction got before, and what `by_id_or_redacting` reads [1 trip]."""
        rows = await self._db.fetch(_BY_ID_WITH_ANSWER, list(event_ids), origin, txn_id)
        return rows[0]["response"], [_event(row) for row in rows if row["event_nid"] is not None]

    async def by_nid(self, event_nids: Collection[int]) -> list[StoredEvent]:
        """Events by number, in no order [1 trip]."""
        return [_event(row) for row in await self._db.fetch(_BY_NID, list(event_nids))]

    async def numbers(self, event_ids: Collection[str], room_nid: int) -> dict[EventId, int]:
        """Numbers of those of the events that are stored, in this room [1 trip]."""
        rows = await self._db.fetch(
            "SELECT event_id, event_nid FROM events WHERE event_id = ANY($1::text[]) AND room_nid = $2",
            list(event_ids),
            room_nid,
        )
        return {EventId(row["event_id"]): row["event_nid"] for row in rows}

    async def after(self, room_nid: int, position: int, limit: int) -> list[StoredEvent]:
        """Visible events above a room position, oldest first [1 trip]."""
        return [_event(row) for row in await self._db.fetch(_AFTER, room_nid, position, limit)]

    async def missing(self, event_ids: Collection[str]) -> set[str]:
        """Those of the ids that are not stored at all [1 trip]."""
        wanted = list(event_ids)
        rows = await self._db.fetch("SELECT event_id FROM events WHERE event_id = ANY($1::text[])", wanted)
        return set(wanted) - {row["event_id"] for row in rows}

    async def with_auth_chain(self, event_ids: Collection[str]) -> list[StoredEvent]:
        """The events and everything their auth events lead to, in no order [1 trip]."""
        return [_event(row) for row in await self._db.fetch(_WITH_AUTH_CHAIN, list(event_ids))]

    async def chain_links(self, event_ids: Collection[str]) -> list[ChainLink]:
        """As `with_auth_chain`, without what is in the events [1 trip]."""
        return [ChainLink(*row.values()) for row in await self._db.fetch(_CHAIN_LINKS, list(event_ids))]

    async def auth_chain_ids(self, event_ids: Collection[str]) -> set[str]:
        """Ids of the auth chain, without the events themselves [1 trip]."""
        return {row["event_id"] for row in await self._db.fetch(_AUTH_IDS, list(event_ids))}

    async def between(self, room_nid: int, low: int, high: int, limit: int) -> list[StoredEvent]:
        """Visible events with room positions in `(low, high)`, newest first [1 trip]."""
        rows = await self._db.fetch(
            _BETWEEN,
            room_nid,
            low,
            high,
            limit,
        )
        return [_event(row) for row in rows]

    async def ancestors(
        self, room_nid: int, event_ids: Collection[str], limit: int, *, without: Collection[str] = ()
    ) -> list[StoredEvent]:
        """The events and what lies before them in the room, newest first; for backfill and get_missing_events [1 trip].

        By room position, which follows the graph; events from the `without` ones on downwards are left out.
        """
        rows = await self._db.fetch(
            _ANCESTORS,
            room_nid,
            list(event_ids),
            list(without),
            limit,
            NEWEST,
        )
        return [_event(row) for row in rows]

    async def lacking(self, room_nid: int, event_ids: Collection[str]) -> set[str]:
        """Those of the events that others of the room follow without our having had them then [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT w.event_id
              FROM unnest($2::text[]) AS w(event_id)
             WHERE EXISTS (SELECT FROM backward_extremities b WHERE b.room_nid = $1 AND b.event_id = w.event_id)
                OR EXISTS (SELECT FROM followed_events f WHERE f.room_nid = $1 AND f.event_id = w.event_id)
                OR EXISTS (SELECT FROM gaps g WHERE g.room_nid = $1 AND w.event_id = ANY(g.missing))
            """,
            room_nid,
            list(event_ids),
        )
        return {row["event_id"] for row in rows}

    async def position_of(self, room_nid: int, event_id: str) -> tuple[int, int | None] | None:
        """(room position, stream position) of a visible event of the room [1 trip]."""
        row = await self._db.fetchrow(
            """
            SELECT room_position, position
              FROM events
             WHERE event_id = $2
               AND room_nid = $1
               AND room_position IS NOT NULL
            """,
            room_nid,
            event_id,
        )
        return (row["room_position"], row["position"]) if row is not None else None

    async def room_position_at(self, room_nids: Collection[int], position: int) -> dict[int, int]:
        """For each room the newest room position at a stream position: where a sync token stands [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT w.nid, l.room_position
              FROM unnest($1::int8[]) AS w(nid)
             CROSS JOIN LATERAL (
                   SELECT e.room_position
                     FROM events e
                    WHERE e.room_nid = w.nid
                      AND e.position <= $2
                      AND e.room_position IS NOT NULL
                    ORDER BY e.position DESC
                    LIMIT 1) l
            """,
            list(room_nids),
            position,
        )
        return {row["nid"]: row["room_position"] for row in rows}

    async def event_for_ts(self, room_nid: int, ts: int, *, backwards: bool) -> tuple[str, int] | None:
        """(event id, ts) of the visible event nearest to a time, at or before it (backwards) or after [1 trip]."""
        row = await self._db.fetchrow(
            _AT_OR_BEFORE if backwards else _AT_OR_AFTER,
            room_nid,
            ts,
        )
        return (row["event_id"], row["ts"]) if row is not None else None

    async def event_of_txn(self, user_nid: int, device_nid: int, event_ids: Collection[str]) -> dict[str, str]:
        """Event id -> transaction id, for those that this device sent within the last day [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT e.event_id, t.txn_id
              FROM events e
              JOIN client_txns t ON t.event_nid = e.event_nid
             WHERE e.event_id = ANY($3::text[])
               AND t.user_nid = $1
               AND t.device_nid = $2
            """,
            user_nid,
            device_nid,
            list(event_ids),
        )
        return {row["event_id"]: row["txn_id"] for row in rows}

    async def prune_txns(self, older_than_s: int) -> int:
        """Forget transaction ids older than that, at most 1,000; how many [1 trip]."""
        return await self._db.execute(
            """
            DELETE FROM client_txns
             WHERE ctid = ANY(ARRAY(
                   SELECT ctid
                     FROM client_txns
                    WHERE created < now() - make_interval(secs => $1)
                    LIMIT 1000))
            """,
            older_than_s,
        )


_AT_OR_BEFORE = """
SELECT event_id, ts
  FROM events
 WHERE room_nid = $1
   AND ts <= $2
   AND room_position IS NOT NULL
 ORDER BY ts DESC
 LIMIT 1"""
_AT_OR_AFTER = """
SELECT event_id, ts
  FROM events
 WHERE room_nid = $1
   AND ts >= $2
   AND room_position IS NOT NULL
 ORDER BY ts
 LIMIT 1"""
