"""Pages of events as clients read them: by place in a room, by list, around an event; with what is shown beside them.

One statement brings the events, what some state keys held before each of them (`history`), and, for one who asks on
their own behalf, the extras. Nothing here decides who may see what: `services.visibility` does.
"""

from collections.abc import Collection, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from homeserver.storage.database import Database, Record
from homeserver.storage.events.extras import EXTRAS, RELATED, Asker, Extra, add_extra
from homeserver.storage.events.history import KeyEvent, KeyHistory

EVENT, HISTORY, ROOM = 0, 1, 2
NEWEST = 2**62
"""Above every room position."""


class PageEvent(NamedTuple):
    """An event as far as clients are concerned. `room_position` and `position` None: hidden, or not news."""

    event_nid: int
    event_id: str
    room_nid: int
    room_position: int | None
    position: int | None
    chain_id: int
    sequence: int
    head_chain_id: int | None
    delta_sequence: int | None
    ts: int
    flags: int
    type: str
    state_key: str | None
    state_key_nid: int | None
    sender: str
    thread_id: str | None
    redacted_by: str | None
    body: bytes
    room_id: str


class Page(NamedTuple):
    """Events in the order asked for, the history of the state keys asked for, extras by number of event.

    `extras` None: they were not asked for.
    """

    events: list[PageEvent]
    history: KeyHistory
    extras: Mapping[int, Extra] | None = None


_COLUMNS = """event_nid, event_id, room_nid, room_position, position, chain_id, sequence, head_chain_id,
         delta_sequence, ts, flags, type, state_key_nid, sender, thread_id, redacted_by, body"""

# The page, then every change of the wanted keys on the chains that the page's events stand on (see KeyHistory).
# Look-ups are LATERAL with LIMIT or OFFSET: joined freely, the keys' changes in all rooms would be read.
_UP = """
up(leaf, chain_id, upto, hop) AS (
  SELECT chain_id, chain_id, max(sequence), 0
    FROM page
   GROUP BY 1
   UNION ALL
  SELECT up.leaf, s.parent_chain, s.parent_sequence, up.hop + 1
    FROM up
   CROSS JOIN LATERAL (
         SELECT parent_chain, parent_sequence
           FROM state_chains
          WHERE chain_id = up.chain_id
            AND parent_chain IS NOT NULL
          LIMIT 1) s)"""
_ROWS = f"""
SELECT {EVENT} AS kind, p.n::int8, p.event_nid, p.event_id, p.room_nid, p.room_position, p.position, p.chain_id,
       p.sequence, p.head_chain_id, p.delta_sequence, p.ts, p.flags, p.type,
       CASE WHEN p.state_key_nid IS NOT NULL
            THEN (SELECT k.state_key FROM state_keys k WHERE k.state_key_nid = p.state_key_nid)
             END AS state_key,
       p.state_key_nid, p.sender, p.thread_id, p.redacted_by, p.body
  FROM page p
 UNION ALL
SELECT {ROOM}, 0, NULL, r.room_id, w.room_nid, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       NULL, NULL, NULL
  FROM (SELECT DISTINCT room_nid FROM page) w
 CROSS JOIN LATERAL (
       SELECT room_id
         FROM rooms
        WHERE room_nid = w.room_nid
        LIMIT 1) r
 UNION ALL
SELECT {HISTORY}, up.hop, d.event_nid, m.event_id, NULL, NULL, NULL, up.leaf, d.sequence, NULL, NULL, NULL, NULL, NULL,
       NULL, d.state_key_nid, NULL, NULL, NULL, m.body
  FROM up
 CROSS JOIN LATERAL (
       SELECT event_nid, sequence, state_key_nid
         FROM state_deltas
        WHERE chain_id = up.chain_id
          AND state_key_nid = ANY($2::int8[])
          AND sequence <= up.upto
       OFFSET 0) d
  LEFT JOIN LATERAL (
       SELECT event_id, body
         FROM events
        WHERE event_nid = d.event_nid
        LIMIT 1) m ON true"""  # noqa: S608 - constants of this module


class _Texts(NamedTuple):
    """A statement without and with extras."""

    plain: str
    presented: str


def _page(condition: str, arguments: int) -> _Texts:
    """A paged query; `condition` selects the columns and n (the order), and has so many arguments; $2 are the keys."""
    begin = f"WITH RECURSIVE page AS MATERIALIZED ({condition.replace('{columns}', _COLUMNS)}),"
    user_id, user_nid, device_nid = (f"${arguments + n}::{kind}" for n, kind in ((1, "text"), (2, "int8"), (3, "int8")))
    extras = EXTRAS.format(user_id=user_id, user_nid=user_nid, device_nid=device_nid)
    return _Texts(begin + _UP + _ROWS, f"{begin}{RELATED},{_UP}{_ROWS}\n UNION ALL{extras}")


_BACK = _page(
    """
  SELECT {columns}, -room_position AS n
    FROM events
   WHERE room_nid = $1
     AND room_position < $3
   ORDER BY room_position DESC
   LIMIT $4""",
    4,
)
_FORTH = _page(
    """
  SELECT {columns}, room_position AS n
    FROM events
   WHERE room_nid = $1
     AND room_position > $3
   ORDER BY room_position
   LIMIT $4""",
    4,
)
_LATEST = _page(
    """
  SELECT l.*, l.room_position AS n
    FROM unnest($1::int8[]) AS w(nid)
   CROSS JOIN LATERAL (
         SELECT {columns}
           FROM events
          WHERE room_nid = w.nid
            AND room_position <= $3
          ORDER BY room_position DESC
          LIMIT $4) l""",
    4,
)
_LISTED = _page(
    """
  SELECT e.*, u.ord AS n
    FROM unnest($1::text[]) WITH ORDINALITY AS u(id, ord)
   CROSS JOIN LATERAL (
         SELECT {columns}
           FROM events
          WHERE event_id = u.id
          LIMIT 1) e""",
    2,
)
# One without a place in the room (hidden) finds nothing. To say so here would let an index of those with a place be
# walked through for the id, in a plan for few events.
_AROUND = _page(
    """
  (SELECT e.*, e.room_position AS n
     FROM (SELECT room_nid AS nid, room_position AS at FROM events WHERE event_id = $1) t
    CROSS JOIN LATERAL (
          SELECT {columns}
            FROM events
           WHERE room_nid = t.nid
             AND room_position <= t.at
           ORDER BY room_position DESC
           LIMIT $3 + 1) e)
   UNION ALL
  (SELECT e.*, e.room_position AS n
     FROM (SELECT room_nid AS nid, room_position AS at FROM events WHERE event_id = $1) t
    CROSS JOIN LATERAL (
          SELECT {columns}
            FROM events
           WHERE room_nid = t.nid
             AND room_position > t.at
           ORDER BY room_position
           LIMIT $4) e)""",
    4,
)


class Pages:
    """Reads pages. With an `asker` they come with extras."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def listed(
        self, event_ids: Sequence[str], state_key_nids: Collection[int], asker: Asker | None = None
    ) -> Page:
        """The events that are stored, in the order of the ids, with the history of the keys [1 trip]."""
        return await self._read(_LISTED, asker, list(event_ids), list(state_key_nids))

    async def page(
        self,
        room_nid: int,
        *,
        start: int,
        limit: int,
        backwards: bool,
        state_key_nids: Collection[int],
        asker: Asker | None = None,
    ) -> Page:
        """At most `limit` visible events below (backwards) or above the room position `start` [1 trip]."""
        texts = _BACK if backwards else _FORTH
        return await self._read(texts, asker, room_nid, list(state_key_nids), start, limit)

    async def latest(
        self,
        room_nids: Collection[int],
        limit: int,
        state_key_nids: Collection[int] = (),
        upto: int = NEWEST,
        asker: Asker | None = None,
    ) -> Page:
        """The newest `limit` visible events of each room, oldest first within a room [1 trip]."""
        return await self._read(_LATEST, asker, list(room_nids), list(state_key_nids), upto, limit)

    async def around(
        self,
        event_id: str,
        before: int,
        after: int,
        state_key_nids: Collection[int],
        asker: Asker | None = None,
    ) -> Page:
        """The event with its neighbours in the room, oldest first; empty if it is not there to see [1 trip]."""
        return await self._read(_AROUND, asker, event_id, list(state_key_nids), before, after)

    async def _read(self, texts: _Texts, asker: Asker | None, *args: object) -> Page:
        if asker is None:
            return _read_page(await self._db.fetch(texts.plain, *args), None)
        more = (asker.user_id, asker.user_nid, asker.device_nid or 0)
        return _read_page(await self._db.fetch(texts.presented, *args, *more), {})


def _read_page(rows: Sequence[Record], extras: dict[int, Extra] | None) -> Page:
    found: list[tuple[Any, ...]] = []
    history, room_ids = KeyHistory(), dict[int, str]()
    for row in map(tuple, rows):
        kind = row[0]
        if kind == EVENT:
            found.append(row)
        elif kind == ROOM:
            room_ids[row[4]] = row[3]
        elif kind == HISTORY:
            history.add(row[7], row[1], row[15], row[8], KeyEvent(row[2], row[3], row[19]))
        elif extras is not None:
            add_extra(extras, row)
    found.sort(key=_ORDER)
    history.settle()
    # There are thousands of them in a first sync: made without a call in Python for each.
    new = tuple.__new__
    return Page([new(PageEvent, row[2:] + (room_ids[row[4]],)) for row in found], history, extras)  # noqa: RUF005


_ORDER = itemgetter(1)
