"""The search index: what of the stream it must know of, its eras and documents, and probing them.

Texts, grams and who may see what are not known here. Spec: Client-Server API, Server Side Search.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from homeserver.storage.database import Database, Record

CURSOR = "search"
TYPES = ("m.room.message", "m.room.name", "m.room.topic", "m.room.redaction")


class Source(NamedTuple):
    """An event that was committed. `position` 0: it is of the past, and no news."""

    event_nid: int
    event_id: str
    room_nid: int
    position: int
    type: str
    sender: str
    ts: int
    body: bytes
    is_encrypted: bool
    """Whether its room is: nothing of such a room is indexed."""
    is_edited: bool = False
    """Whether edits of it are known already."""


class Era(NamedTuple):
    """A stretch of a room: its documents begin at `first_ts`, and the newest is of `last_ts`. Times in ms."""

    room_nid: int
    era: int
    first_ts: int
    last_ts: int
    documents: int


class Document(NamedTuple):
    """What one event is found by. `grams` are mixed with the era's salt."""

    event_nid: int
    room_nid: int
    era: int
    ts: int
    kind: int
    grams: Collection[int]


class Indexed(NamedTuple):
    """Where the document of an event lies."""

    event_nid: int
    event_id: str
    sender: str
    room_nid: int
    era: int


class Probe(NamedTuple):
    """One era to look into, for documents with all these grams."""

    room_nid: int
    era: int
    grams: Collection[int]


class Strip(NamedTuple):
    """What the newest documents of some eras hold: those that fit, and how far each era was looked at.

    `reached`: (room number, era) -> the time down to which all its documents were looked at, -1: all it has.
    """

    candidates: "list[Candidate]"
    reached: dict[tuple[int, int], int]
    looked_at: int


class Candidate(NamedTuple):
    """A document that a probe found; `(ts, event_nid)` is its place in the order of all.

    `body`: of its event, which says what fits unless the event `is_edited`; nobody may see it for that alone.
    """

    ts: int
    event_nid: int
    event_id: str
    room_nid: int
    body: bytes
    is_edited: bool


_SOURCE = """
SELECT e.event_nid, e.event_id, e.room_nid, coalesce(e.position, 0) AS position, e.type, e.sender, e.ts, e.body,
       EXISTS (SELECT
                 FROM state_keys k
                 JOIN current_state c ON c.state_key_nid = k.state_key_nid
                WHERE k.type = 'm.room.encryption'
                  AND k.state_key = ''
                  AND c.room_nid = e.room_nid) AS is_encrypted,
       EXISTS (SELECT
                 FROM relations r
                WHERE r.target_event_id = e.event_id
                  AND r.rel_type = 'm.replace') AS is_edited"""
_NEW = (
    _SOURCE
    + """
  FROM events e
 WHERE e.position > $1
   AND e.position <= $2
   AND e.type = ANY($3::text[])
   AND e.flags & 7 = 0
 ORDER BY e.position
 LIMIT $4"""
)
_PAST = (
    _SOURCE
    + """
  FROM events e
 WHERE e.event_nid > $1
   AND e.position IS NULL
   AND e.room_position IS NOT NULL
   AND e.type = ANY($2::text[])
   AND NOT EXISTS (SELECT FROM search_documents d WHERE d.event_nid = e.event_nid)
 ORDER BY e.event_nid
 LIMIT $3"""
)

_EDITS = (
    _SOURCE
    + """
  FROM relations t
  JOIN events e ON e.event_nid = t.event_nid
 WHERE t.target_event_id = ANY($1::text[])
   AND t.rel_type = 'm.replace'
   AND e.type = ANY($2::text[])
   AND e.flags & 7 = 0
   AND e.redacted_by IS NULL"""
)

# Writing a batch. What it has nothing of is left out: a plan made while the table was empty reads all documents for it.
_MOVED = """
WITH moved AS (
  INSERT INTO cursors AS c (name, position)
  VALUES ($1, $3)
      ON CONFLICT (name) DO UPDATE
     SET position = excluded.position
   WHERE c.position = $2
  RETURNING position),
era AS (
  INSERT INTO search_eras (room_nid, era, first_ts, last_ts, documents)
  SELECT u.room_nid, u.era, u.first_ts, u.last_ts, u.documents
    FROM unnest($4::int8[], $5::int4[], $6::int8[], $7::int8[], $8::int4[])
      AS u(room_nid, era, first_ts, last_ts, documents)
   WHERE EXISTS (SELECT FROM moved)
      ON CONFLICT (room_nid, era) DO UPDATE
     SET first_ts = excluded.first_ts,
         last_ts = excluded.last_ts,
         documents = excluded.documents),"""
_GONE = """
gone AS (
  DELETE FROM search_documents d
   USING events e
   WHERE e.event_id = ANY(${}::text[])
     AND e.redacted_by IS NOT NULL
     AND d.event_nid = e.event_nid
     AND EXISTS (SELECT FROM moved)),"""
_EDITED = """
edited AS (
  UPDATE search_documents d
     SET grams = ARRAY(SELECT unnest(d.grams) UNION SELECT unnest(u.grams::int4[]))
    FROM unnest(${}::int8[], ${}::text[]) AS u(event_nid, grams)
   WHERE d.event_nid = u.event_nid
     AND EXISTS (SELECT FROM moved)),"""
_ADDED = """
added AS (
  INSERT INTO search_documents (event_nid, room_nid, era, ts, kind, grams)
  SELECT u.event_nid, u.room_nid, u.era, u.ts, u.kind, u.grams::int4[]
    FROM unnest($9::int8[], $10::int8[], $11::int4[], $12::int8[], $13::int2[], $14::text[])
      AS u(event_nid, room_nid, era, ts, kind, grams)
   WHERE EXISTS (SELECT FROM moved)
      ON CONFLICT (event_nid) DO NOTHING)
SELECT position FROM moved"""


class SearchTable:
    """Tables `search_eras` and `search_documents`, and the cursor of who fills them."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # -- filling ---------------------------------------------------------------------------------------------------

    async def cursor(self) -> int:
        """Up to which position of the stream everything is indexed [1 trip]."""
        position: int | None = await self._db.fetchval("SELECT position FROM cursors WHERE name = $1", CURSOR)
        return position or 0

    async def new(self, after: int, upto: int, limit: int) -> list[Source]:
        """Events in `(after, upto]` that concern the index, oldest first [1 trip]."""
        return [_source(row) for row in await self._db.fetch(_NEW, after, upto, list(TYPES), limit)]

    async def past(self, after_nid: int, limit: int) -> list[Source]:
        """Events fetched from the past that are not indexed, by number [1 trip]."""
        return [_source(row) for row in await self._db.fetch(_PAST, after_nid, list(TYPES), limit)]

    async def edits_of(self, event_ids: Collection[str]) -> list[Source]:
        """Edits of these events that are known [1 trip]."""
        return [_source(row) for row in await self._db.fetch(_EDITS, list(event_ids), list(TYPES))]

    async def newest_nid(self) -> int:
        """The highest number of an event [1 trip]."""
        nid: int | None = await self._db.fetchval("SELECT max(event_nid) FROM events")
        return nid or 0

    async def eras(self, room_nids: Collection[int]) -> list[Era]:
        """All eras of these rooms [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT room_nid, era, first_ts, last_ts, documents
              FROM search_eras
             WHERE room_nid = ANY($1::int8[])
            """,
            list(room_nids),
        )
        return [Era(*row.values()) for row in rows]

    async def indexed(self, event_ids: Collection[str]) -> dict[str, Indexed]:
        """Where the documents of these events lie, as far as they have any [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT e.event_nid, e.event_id, e.sender, d.room_nid, d.era
              FROM events e
              JOIN search_documents d ON d.event_nid = e.event_nid
             WHERE e.event_id = ANY($1::text[])
            """,
            list(event_ids),
        )
        return {row["event_id"]: Indexed(*row.values()) for row in rows}

    async def write(
        self,
        after: int,
        upto: int,
        *,
        documents: Sequence[Document],
        eras: Iterable[Era],
        edited: Sequence[tuple[int, Collection[int]]],
        redacted: Collection[str],
    ) -> bool:
        """Add documents, count them in their eras, and move the cursor from `after` to `upto`, all or nothing [1 trip].

        `eras`: as they are with the new documents. `edited`: grams that join the documents of these event numbers;
        `redacted`: event ids whose documents go if they were redacted. False: another process moved the cursor, and
        nothing was done.
        """
        arguments: list[object] = [
            CURSOR,
            after,
            upto,
            *_columns(list(eras), 5),
            *_columns([(*document[:-1], _array(document.grams)) for document in documents], 6),
        ]
        parts = _ADDED
        if redacted:
            arguments.append(list(redacted))
            parts = _GONE.format(len(arguments)) + parts
        if edited:
            arguments += [[nid for nid, _ in edited], [_array(grams) for _, grams in edited]]
            parts = _EDITED.format(len(arguments) - 1, len(arguments)) + parts
        return await self._db.write_row(_MOVED + parts, *arguments) is not None

    async def settle(self) -> int:
        """Move what was added to its places in the index, where no search reads it in vain; how many pages [1 trip]."""
        row = await self._db.write_row("SELECT gin_clean_pending_list('search_documents_grams'::regclass) AS pages")
        return row["pages"] if row is not None else 0

    # -- finding ---------------------------------------------------------------------------------------------------

    async def newest(
        self, probes: Sequence[Probe], *, below: tuple[int, int], since_ts: int, kinds: Collection[int], each: int
    ) -> Strip:
        """Of each era the newest `each` documents before `below`, without the index of grams [1 trip]."""
        rows = await self._db.fetch(
            """
            WITH strips AS MATERIALIZED (
              SELECT w.room_nid, w.era, s.ts, s.event_nid, s.fits
                FROM (SELECT room_nid, era, grams::int4[] AS grams
                        FROM unnest($1::int8[], $2::int4[], $3::text[]) AS u(room_nid, era, grams)
                      OFFSET 0) w
               CROSS JOIN LATERAL (
                     SELECT ts, event_nid, kind = ANY($7::int2[]) AND grams @> w.grams AS fits
                       FROM search_documents
                      WHERE room_nid = w.room_nid
                        AND era = w.era
                        AND (ts, event_nid) < ($4::int8, $5::int8)
                        AND ts >= $6
                      ORDER BY ts DESC, event_nid DESC
                      LIMIT $8) s)
            SELECT s.ts, s.event_nid, e.event_id, s.room_nid, e.body, e.is_edited, NULL::int4 AS era
              FROM strips s
             CROSS JOIN LATERAL (
                   SELECT event_id, body,
                          EXISTS (SELECT
                                    FROM relations r
                                   WHERE r.target_event_id = events.event_id
                                     AND r.rel_type = 'm.replace') AS is_edited
                     FROM events
                    WHERE event_nid = s.event_nid
                    LIMIT 1) e
             WHERE s.fits
             UNION ALL
            SELECT min(ts), count(*), NULL, room_nid, NULL, NULL, era
              FROM strips
             GROUP BY room_nid, era
             ORDER BY 1 DESC, 2 DESC
            """,
            [probe.room_nid for probe in probes],
            [probe.era for probe in probes],
            [_array(probe.grams) for probe in probes],
            *below,
            since_ts,
            list(kinds),
            each,
        )
        reached = {(probe.room_nid, probe.era): -1 for probe in probes}
        candidates, looked_at = [], 0
        for ts, n, event_id, room_nid, body, is_edited, era in rows:
            if era is None:
                candidates.append(Candidate(ts, n, event_id, room_nid, body, is_edited))
            else:
                looked_at += n
                if n == each:
                    reached[room_nid, era] = ts
        return Strip(candidates, reached, looked_at)

    async def find(
        self, probes: Sequence[Probe], *, below: tuple[int, int], since_ts: int, kinds: Collection[int], limit: int
    ) -> list[Candidate]:
        """Documents of these eras before `below`, a (ts, event number), and from `since_ts` on [1 trip].

        Newest first, at most `limit`. OFFSET 0: the index of grams alone is to be used, whatever else could be.
        """
        rows = await self._db.fetch(
            """
            SELECT d.ts, d.event_nid, e.event_id, d.room_nid, e.body, e.is_edited
              FROM (SELECT n.ts, n.event_nid, w.room_nid
                      FROM unnest($1::int8[], $2::text[]) AS w(room_nid, grams)
                     CROSS JOIN LATERAL (
                           SELECT g.ts, g.event_nid
                             FROM (SELECT ts, event_nid, room_nid, kind
                                     FROM search_documents
                                    WHERE grams @> w.grams::int4[]
                                   OFFSET 0) g
                            WHERE g.room_nid = w.room_nid
                              AND (g.ts, g.event_nid) < ($3::int8, $4::int8)
                              AND g.ts >= $5
                              AND g.kind = ANY($6::int2[])
                            ORDER BY g.ts DESC, g.event_nid DESC
                            LIMIT $7) n
                     ORDER BY n.ts DESC, n.event_nid DESC
                     LIMIT $7) d
             CROSS JOIN LATERAL (
                   SELECT event_id, body,
                          EXISTS (SELECT
                                    FROM relations r
                                   WHERE r.target_event_id = events.event_id
                                     AND r.rel_type = 'm.replace') AS is_edited
                     FROM events
                    WHERE event_nid = d.event_nid
                    LIMIT 1) e
             ORDER BY d.ts DESC, d.event_nid DESC
            """,
            [probe.room_nid for probe in probes],
            [_array(probe.grams) for probe in probes],
            *below,
            since_ts,
            list(kinds),
            limit,
        )
        return [Candidate(*row.values()) for row in rows]


def _source(row: Record) -> Source:
    return Source(*row.values())


def _array(numbers: Iterable[int]) -> str:
    return "{" + ",".join(map(str, numbers)) + "}"


def _columns(records: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    return [[record[at] for record in records] for at in range(width)]
