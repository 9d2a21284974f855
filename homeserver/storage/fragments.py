"""Fragments and how the one statement of a batch is composed of them.

A fragment is one CTE that writes one kind of row. It reads `room` (what passed the gate) or `counter`, never stands
alone: data flow is the only order PostgreSQL keeps, and every lock must come after the counter's. Texts hold no values;
each set of kinds gives one text, prepared once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from homeserver.storage.errors import BadRow
from homeserver.storage.rows import OUTLIER, RoomWrite, TxnKey

Column = tuple[str, str]  # name, type of the array's elements; int8[] in a row travels as text and is cast

GATE_COLUMNS: tuple[Column, ...] = (
    ("room_nid", "int8"),
    ("seen", "int8"),
    ("chain_id", "int8"),
    ("sequence", "int8"),
    ("exact", "bool"),
    ("added", "text"),
    ("removed", "text"),
    ("depth", "int8"),
    ("new_chain_id", "int8"),
    ("new_sequence", "int8"),
    ("n", "int8"),
)
EARLY_COLUMNS: tuple[Column, ...] = (("target_event_id", "text"), ("event_id", "text"))
TXN_COLUMNS: tuple[Column, ...] = (
    ("ord", "int8"),
    ("room_nid", "int8"),
    ("user_nid", "int8"),
    ("device_nid", "int8"),
    ("path_hash", "int8"),
    ("txn_id", "text"),
)

_COUNTER = """WITH counter AS (
  UPDATE stream
     SET position = position + $1
   WHERE position >= (SELECT max(position) FROM stream)
  RETURNING position - $1 AS base)"""

_REPEATED = """repeated AS MATERIALIZED (
  SELECT u.room_nid, u.ord, t.event_nid
    FROM {rows} u
   CROSS JOIN LATERAL (
         SELECT c.event_nid
           FROM client_txns c
          WHERE c.user_nid = u.user_nid
            AND c.device_nid = u.device_nid
            AND c.room_nid = u.room_nid
            AND c.path_hash = u.path_hash
            AND c.txn_id = u.txn_id
          LIMIT 1) t)"""

_REPEATED_IDS = """SELECT (SELECT e.event_id FROM events e WHERE e.event_nid = r.event_nid)
                    FROM repeated r
                   ORDER BY r.ord"""

_INSERTED = """SELECT room_nid, event_id
    FROM events
   WHERE event_id = ANY({ids}::text[])"""

_PLACED = """SELECT room_nid, event_id
    FROM events
   WHERE event_nid = ANY({nids}::int8[])
     AND flags & {outlier} = 0"""

_REDACTED = """SELECT d.room_nid, d.target_event_id AS event_id
    FROM early_redactions d
    JOIN events e ON e.event_id = d.event_id
   WHERE d.target_event_id = ANY({ids}::text[])"""

_TOO_LATE = """SELECT e.room_nid, u.event_id
    FROM {rows} u
    JOIN events e ON e.event_id = u.target_event_id"""

_FREE = """free AS MATERIALIZED (
  SELECT w.*, c.base
    FROM counter c
   CROSS JOIN {rows} w
   CROSS JOIN LATERAL (
         SELECT
           FROM room_heads h
          WHERE h.room_nid = w.room_nid
            AND h.version >= w.seen
            AND h.chain_id = w.chain_id
            AND h.sequence = w.sequence
            AND (h.version = w.seen OR NOT w.exact)
            AND c.base IS NOT NULL
            FOR NO KEY UPDATE SKIP LOCKED) h
   WHERE true{unless})"""

_ROOM = """room AS (
  UPDATE room_heads h
     SET version = h.version + 1,
         chain_id = f.new_chain_id,
         sequence = f.new_sequence,
         depth = greatest(h.depth, f.depth),
         last_position = h.last_position + f.n,
         extremities = ARRAY(
             SELECT x
               FROM unnest(h.extremities) x
              WHERE x <> ALL (f.removed::int8[])) || f.added::int8[]
    FROM free f
   WHERE h.room_nid = f.room_nid
     AND h.version >= f.seen
     AND h.chain_id = f.chain_id
     AND h.sequence = f.sequence
     AND (h.version = f.seen OR NOT f.exact)
  RETURNING h.room_nid, h.version, h.last_position - f.n AS room_base, f.base)"""


class Gates(NamedTuple):
    """What the rooms of a batch must pass besides their heads."""

    rooms: bool
    txns: bool
    events: bool
    promotes: bool
    unredacted: bool
    early: bool


@dataclass(frozen=True, slots=True, eq=False)
class Fragment:
    """One CTE. `{rows}` in `sql` stands for its columns as a table, to be named by the text (`{rows} u`).

    `gated`: it reads `room` and writes nothing for rooms that were refused; else it reads `counter`.
    """

    name: str
    columns: tuple[Column, ...]
    sql: str
    gated: bool

    def table(self, first: int) -> str:
        """`unnest(...)` over the parameters from `$first` on."""
        return unnest(self.columns, first)


def unnest(columns: Sequence[Column], first: int) -> str:
    """A row source of arrays; its alias's column names are given through a sub-select."""
    arrays = ", ".join(f"${first + i}::{kind}[]" for i, (_, kind) in enumerate(columns))
    names = ", ".join(name for name, _ in columns)
    return f"(SELECT * FROM unnest({arrays}) AS a({names}))"  # noqa: S608 - names of columns


def compose(fragments: Iterable[Fragment], gates: Gates) -> str:
    """The statement for a batch of these kinds.

    Parameters in order: positions used; transaction ids (TXN_COLUMNS) if `txns`; inserted event ids if `events`;
    numbers of promoted events if `promotes`; ids of events that came unredacted if `unredacted`; redactions that came
    early (EARLY_COLUMNS) if `early`; rooms (GATE_COLUMNS) if `rooms`; then each fragment's columns.
    """
    ctes, answer, next_parameter = [_COUNTER], ["c.base"], 2
    unless = ""
    if gates.txns:
        ctes.append(_REPEATED.replace("{rows}", unnest(TXN_COLUMNS, next_parameter)))
        next_parameter += len(TXN_COLUMNS)
        unless += "\n     AND NOT EXISTS (SELECT FROM repeated x WHERE x.room_nid = w.room_nid)"
        answer += [
            "ARRAY(SELECT ord FROM repeated ORDER BY ord) AS repeated",
            f"ARRAY({_REPEATED_IDS}) AS repeated_ids",
        ]
    known: list[str] = []
    if gates.events:
        known.append(_INSERTED.replace("{ids}", f"${next_parameter}"))
        next_parameter += 1
    if gates.promotes:
        known.append(_PLACED.replace("{nids}", f"${next_parameter}").replace("{outlier}", str(OUTLIER)))
        next_parameter += 1
    if gates.unredacted:
        known.append(_REDACTED.replace("{ids}", f"${next_parameter}"))
        next_parameter += 1
    if gates.early:
        known.append(_TOO_LATE.replace("{rows}", unnest(EARLY_COLUMNS, next_parameter)))
        next_parameter += len(EARLY_COLUMNS)
    if known:
        ctes.append("known AS MATERIALIZED (\n  " + "\n   UNION ALL\n  ".join(known) + ")")
        unless += "\n     AND NOT EXISTS (SELECT FROM known x WHERE x.room_nid = w.room_nid)"
        answer.append("ARRAY(SELECT event_id FROM known) AS known")
    if gates.rooms:
        gate_rows = unnest(GATE_COLUMNS, next_parameter)
        next_parameter += len(GATE_COLUMNS)
        ctes += [_FREE.replace("{rows}", gate_rows).replace("{unless}", unless), _ROOM]
        answer += [
            "ARRAY(SELECT room_nid FROM room ORDER BY room_nid) AS done",
            "ARRAY(SELECT version FROM room ORDER BY room_nid) AS versions",
            "ARRAY(SELECT room_base FROM room ORDER BY room_nid) AS room_bases",
        ]
    for fragment in fragments:
        ctes.append(f"w_{fragment.name} AS ({fragment.sql.replace('{rows}', fragment.table(next_parameter))})")
        next_parameter += len(fragment.columns)
    return ",\n".join(ctes) + "\nSELECT " + ",\n       ".join(answer) + "\n  FROM counter c"


class Placed(NamedTuple):
    """Where an event of the batch went: index among the inserted (-1: promoted), place in the room above its base."""

    place: int
    nth: int
    skip: int


NOT_PLACED = Placed(-1, 0, 0)


class Sheet:
    """The parameters of one batch while its rows are spread over the fragments."""

    def __init__(self) -> None:
        self.used = 0
        self.rooms: dict[int, RoomWrite] = {}
        self.plain: dict[Fragment, list[tuple[Any, ...]]] = {}
        self.keyed: dict[Fragment, dict[Any, tuple[Any, ...]]] = {}
        self.nth: dict[int, int] = {}
        self.txns: list[tuple[Any, ...]] = []
        self.txn_keys: list[TxnKey] = []
        self.event_ids: list[str] = []
        self.promoted: list[int] = []
        """Numbers of outliers that get their places; with a place already they are as known as the others."""
        self.unredacted: list[str] = []
        """Ids of events that no redaction is known of: with one they are to be prepared anew."""
        self.early: list[tuple[str, str]] = []
        """Redacted events that are not here, with their redactions: with them these are to be prepared anew."""
        self.placed: dict[int, Placed] = {}

    def put(self, fragment: Fragment, record: tuple[Any, ...]) -> None:
        """Add a record."""
        records = self.plain.get(fragment)
        if records is None:
            self.plain[fragment] = [record]
        else:
            records.append(record)

    def keep(self, fragment: Fragment, key: object, record: tuple[Any, ...]) -> None:
        """Set the record of `key`: a row may be touched once in a statement, so the last one stands."""
        self.keyed.setdefault(fragment, {})[key] = record

    def drop(self, fragment: Fragment, key: object) -> None:
        """Take back what was kept for `key`."""
        kept = self.keyed.get(fragment)
        if kept is not None and kept.pop(key, None) is not None and not kept:
            del self.keyed[fragment]

    def gate(self, room_nid: int) -> None:
        """Insist that the room passes the gate in this batch. Raises BadRow."""
        if room_nid not in self.rooms:
            raise BadRow(f"a row of room {room_nid} needs the room's part in the same entry")

    def records(self, fragment: Fragment) -> Sequence[tuple[Any, ...]]:
        """What was put or kept for the fragment."""
        plain = self.plain.get(fragment)
        return plain if plain is not None else list(self.keyed[fragment].values())


def array_text(numbers: Iterable[int]) -> str:
    """A bigint[] as text, for a row of a column."""
    return "{" + ",".join(map(str, numbers)) + "}"


def columns_of(records: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Records turned into columns, as the parameters of one fragment."""
    return list(zip(*records, strict=True))
