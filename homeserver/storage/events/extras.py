"""What is shown beside events in `unsigned`: transaction ids, redactions, the state before, edits and threads.

Read with the page of events that it belongs to, or for a list of events by itself. Decides nothing about who sees what.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from homeserver.storage.database import Database

TXN, REDACTION, PREVIOUS, EDIT, THREAD = 3, 4, 5, 6, 7
"""Kinds of the rows of `EXTRAS`; the smaller ones are those of `pages`."""

# Each branch looks up by index, event by event: joined freely, whole tables would be read for a page, and by the
# device all that it ever sent (hence OFFSET 0, past which no condition is moved).
# Rows: kind, n, number of the event that it stands beside, id, ..., ts: the number of replies, flags: own, body. The
# transaction ids are one row, a JSON object by number of event in its body: there may be as many of them as events.
_ROW = "NULL::int8, NULL::int8, NULL::int8, NULL::int8, NULL::int8, NULL::int8, NULL::int8"
_TAIL = "NULL::text, NULL::text, NULL::int8, NULL::text, NULL::text, NULL::text"
EXTRAS = f"""
SELECT {TXN}, 0::int8, NULL::int8, NULL::text, {_ROW}, NULL::int8, NULL::int4, {_TAIL},
       convert_to(json_object_agg(t.event_nid, t.txn_id)::text, 'UTF8')
  FROM (SELECT event_nid, txn_id, user_nid, device_nid
          FROM client_txns
         WHERE event_nid = ANY(ARRAY(SELECT event_nid FROM page WHERE sender = {{user_id}}))
        OFFSET 0) t
 WHERE t.user_nid = {{user_nid}}
   AND t.device_nid = {{device_nid}}
 UNION ALL
SELECT {REDACTION}, 0, p.event_nid, e.event_id, {_ROW}, NULL, NULL, {_TAIL}, e.body
  FROM page p
 CROSS JOIN LATERAL (
       SELECT event_id, body
         FROM events
        WHERE event_id = p.redacted_by
        LIMIT 1) e
 WHERE p.redacted_by IS NOT NULL
 UNION ALL
SELECT {PREVIOUS}, 0, p.event_nid, e.event_id, {_ROW}, NULL, NULL, {_TAIL}, e.body
  FROM page p
 CROSS JOIN LATERAL (
       SELECT event_nid
         FROM state_deltas
        WHERE chain_id = p.chain_id
          AND state_key_nid = p.state_key_nid
          AND sequence <= p.sequence
        ORDER BY sequence DESC
        LIMIT 1) d
 CROSS JOIN LATERAL (
       SELECT event_id, body
         FROM events
        WHERE event_nid = d.event_nid
        LIMIT 1) e
 WHERE p.state_key_nid IS NOT NULL
 UNION ALL
SELECT {EDIT}, 0, p.event_nid, l.event_id, {_ROW}, NULL, NULL, {_TAIL}, l.body
  FROM related p
 CROSS JOIN LATERAL (
       SELECT e.event_id, e.body
         FROM relations r
         JOIN events e ON e.event_nid = r.event_nid
        WHERE r.target_event_id = p.event_id
          AND r.rel_type = 'm.replace'
          AND r.sender = p.sender
          AND r.type = p.type
          AND e.room_nid = p.room_nid
          AND e.redacted_by IS NULL
          AND e.room_position IS NOT NULL
          AND e.state_key_nid IS NULL
        ORDER BY r.ts DESC, r.event_id DESC
        LIMIT 1) l
 WHERE p.redacted_by IS NULL
   AND p.state_key_nid IS NULL
 UNION ALL
SELECT {THREAD}, 0, p.event_nid, e.event_id, {_ROW}, h.n, (h.participated OR p.sender = {{user_id}})::int4, {_TAIL},
       e.body
  FROM related p
 CROSS JOIN LATERAL (
       SELECT (array_agg(e.event_nid ORDER BY e.room_position DESC))[1] AS latest,
              count(*) AS n,
              coalesce(bool_or(e.sender = {{user_id}}), false) AS participated
         FROM relations r
         JOIN events e ON e.event_nid = r.event_nid
        WHERE r.target_event_id = p.event_id
          AND r.rel_type = 'm.thread'
          AND e.room_nid = p.room_nid
          AND e.redacted_by IS NULL
          AND e.room_position IS NOT NULL) h
  JOIN events e ON e.event_nid = h.latest"""  # noqa: S608 - constants of this module
RELATED = """
related AS MATERIALIZED (
  SELECT p.event_nid, p.event_id, p.room_nid, p.sender, p.type, p.state_key_nid, p.redacted_by
    FROM page p
   CROSS JOIN LATERAL (
         SELECT
           FROM relations
          WHERE target_event_id = p.event_id
          LIMIT 1) r)"""
_OF = (
    """WITH page AS MATERIALIZED (
  SELECT e.*
    FROM unnest($1::int8[]) AS u(nid)
   CROSS JOIN LATERAL (
         SELECT event_nid, event_id, room_nid, chain_id, sequence, type, state_key_nid, sender, redacted_by
           FROM events
          WHERE event_nid = u.nid
          LIMIT 1) e),"""  # noqa: S608 - constants of this module
    + RELATED
    + EXTRAS.format(user_id="$2::text", user_nid="$3::int8", device_nid="$4::int8")
)


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


class Asker(NamedTuple):
    """Who asks: the device alone sees its transaction ids, the user whether they wrote in a thread."""

    user_id: str
    user_nid: int
    device_nid: int | None


NOTHING = Extra()
"""Of an event that was looked at and has nothing beside it."""


def add_extra(extras: dict[int, Extra], row: Sequence[Any]) -> None:
    """Add a row of `EXTRAS` to what is known, by number of event."""
    kind, nid, text, body = row[0], row[2], row[3], row[19]
    if kind == TXN:
        for number, txn_id in orjson.loads(body or b"{}").items():
            own = int(number)
            extras[own] = extras[own]._replace(txn_id=txn_id) if own in extras else Extra(txn_id)
        return
    extra = extras.get(nid, NOTHING)
    if kind == REDACTION:
        extra = extra._replace(redaction=Beside(text, body))
    elif kind == PREVIOUS:
        extra = extra._replace(previous=Beside(text, body))
    elif kind == EDIT:
        extra = extra._replace(edit=Beside(text, body))
    else:
        extra = extra._replace(thread=Thread(Beside(text, body), row[11], bool(row[12])))
    extras[nid] = extra


class Extras:
    """Reads what stands in `unsigned`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def of(self, event_nids: Sequence[int], asker: Asker) -> dict[int, Extra]:
        """Number of event -> its extra, for the events that have any [1 trip]."""
        rows = await self._db.fetch(_OF, list(event_nids), asker.user_id, asker.user_nid, asker.device_nid or 0)
        extras: dict[int, Extra] = {}
        for row in rows:
            add_extra(extras, tuple(row))
        return extras
