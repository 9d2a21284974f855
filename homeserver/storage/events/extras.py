"""What is shown beside events in `unsigned`: transaction ids, redactions, the state before, edits and threads.

One statement for a whole page, whatever its events need. Decides nothing about who sees what.
"""

from collections.abc import Sequence
from typing import NamedTuple

from homeserver.storage.database import Database
from homeserver.storage.events.read import StoredEvent

_EXTRAS = """
SELECT 'txn' AS kind, u.id, t.txn_id AS text, NULL::bytea AS body, 0::bigint AS n, false AS flag
  FROM unnest($1::int8[], $2::text[], $3::bool[]) AS u(nid, id, is_own)
  JOIN client_txns t ON t.event_nid = u.nid
 WHERE u.is_own
   AND t.user_nid = $8
   AND t.device_nid = $9
 UNION ALL
SELECT 'redaction', u.id, e.event_id, e.body, 0, false
  FROM unnest($2::text[], $4::text[]) AS u(id, redacted_by)
  JOIN events e ON e.event_id = u.redacted_by
 UNION ALL
SELECT 'previous', u.id, e.event_id, e.body, 0, false
  FROM unnest($2::text[], $5::int8[], $6::int8[], $7::int8[]) AS u(id, chain_id, sequence, state_key_nid)
 CROSS JOIN LATERAL (
       SELECT d.event_nid
         FROM state_deltas d
        WHERE d.chain_id = u.chain_id
          AND d.state_key_nid = u.state_key_nid
          AND d.sequence <= u.sequence
        ORDER BY d.sequence DESC
        LIMIT 1) p
  JOIN events e ON e.event_nid = p.event_nid
 UNION ALL
SELECT 'edit', u.id, l.event_id, l.body, 0, false
  FROM unnest($2::text[], $1::int8[]) AS u(id, nid)
  JOIN events t ON t.event_nid = u.nid
 CROSS JOIN LATERAL (
       SELECT e.event_id, e.body
         FROM relations r
         JOIN events e ON e.event_nid = r.event_nid
        WHERE r.target_event_id = u.id
          AND r.rel_type = 'm.replace'
          AND r.sender = t.sender
          AND r.type = t.type
          AND e.room_nid = t.room_nid
          AND e.redacted_by IS NULL
          AND e.room_position IS NOT NULL
          AND e.state_key_nid IS NULL
        ORDER BY r.ts DESC, r.event_id DESC
        LIMIT 1) l
 WHERE t.redacted_by IS NULL
   AND t.state_key_nid IS NULL
 UNION ALL
SELECT 'thread', u.id, e.event_id, e.body, h.n, h.participated OR t.sender = $10
  FROM unnest($2::text[], $1::int8[]) AS u(id, nid)
  JOIN events t ON t.event_nid = u.nid
 CROSS JOIN LATERAL (
       SELECT (array_agg(e.event_nid ORDER BY e.room_position DESC))[1] AS latest,
              count(*) AS n,
              coalesce(bool_or(e.sender = $10), false) AS participated
         FROM relations r
         JOIN events e ON e.event_nid = r.event_nid
        WHERE r.target_event_id = u.id
          AND r.rel_type = 'm.thread'
          AND e.room_nid = t.room_nid
          AND e.redacted_by IS NULL
          AND e.room_position IS NOT NULL) h
  JOIN events e ON e.event_nid = h.latest
"""


class Beside(NamedTuple):
    """Another event shown with an event: its id, and its body in the client format."""

    event_id: str
    body: bytes


class Thread(NamedTuple):
    """A thread's newest event, the number of its replies, and whether the asking user wrote in it."""

    latest: Beside
    n: int
    participated: bool


class Extra(NamedTuple):
    """What is known beside one event."""

    txn_id: str | None = None
    redaction: Beside | None = None
    previous: Beside | None = None
    edit: Beside | None = None
    thread: Thread | None = None


class Extras:
    """Reads what stands in `unsigned`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def of(
        self, events: Sequence[StoredEvent], *, user_id: str, user_nid: int, device_nid: int | None
    ) -> dict[str, Extra]:
        """Event id -> its extra, for the events that have any [1 trip]."""
        rows = await self._db.fetch(
            _EXTRAS,
            [event.event_nid for event in events],
            [event.event_id for event in events],
            [event.sender == user_id for event in events],
            [event.redacted_by for event in events],
            [event.chain_id for event in events],
            [event.sequence for event in events],
            [event.state_key_nid for event in events],
            user_nid,
            device_nid or 0,
            user_id,
        )
        extras: dict[str, Extra] = {}
        for row in rows:
            extra = extras.get(row["id"], Extra())
            match row["kind"]:
                case "txn":
                    extra = extra._replace(txn_id=row["text"])
                case "redaction":
                    extra = extra._replace(redaction=Beside(row["text"], row["body"]))
                case "previous":
                    extra = extra._replace(previous=Beside(row["text"], row["body"]))
                case "edit":
                    extra = extra._replace(edit=Beside(row["text"], row["body"]))
                case _:
                    latest = Beside(row["text"], row["body"])
                    extra = extra._replace(thread=Thread(latest, row["n"], row["flag"]))
            extras[row["id"]] = extra
        return extras
