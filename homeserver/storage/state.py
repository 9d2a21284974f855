"""State: interned keys, snapshot chains with their deltas, and the current state.

A snapshot is a point `(chain_id, sequence)`; a chain continues its parent from a point on. See docs/architecture.md,
"State at every event". Not for members' profiles (`members.py`).
A little longer than others: what is written and read of four tables that belong together stands in one place.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from homeserver.storage.database import Database
from homeserver.storage.fragments import Fragment, Sheet
from homeserver.storage.members import place_member_state
from homeserver.storage.rows import ChainRow, EventRow, StateRow, WithdrawnRow
from homeserver.storage.state_at import DIFFERENCE, UNDER_KEYS, WHOLE

StateKey = tuple[str, str]
Point = tuple[int, int]
MEMBER = "m.room.member"
KEYS_REMEMBERED = 50_000

CHAIN = Fragment(
    name="chain",
    gated=True,
    columns=(
        ("chain_id", "int8"),
        ("room_nid", "int8"),
        ("parent_chain", "int8"),
        ("parent_sequence", "int8"),
        ("level", "int2"),
    ),
    sql="""
INSERT INTO state_chains (chain_id, room_nid, parent_chain, parent_sequence, level)
SELECT u.chain_id, u.room_nid, u.parent_chain, u.parent_sequence, u.level
  FROM room r
  JOIN {rows} u ON u.room_nid = r.room_nid""",
)
DELTA = Fragment(
    name="delta",
    gated=True,
    columns=(
        ("room_nid", "int8"),
        ("chain_id", "int8"),
        ("sequence", "int8"),
        ("state_key_nid", "int8"),
        ("event_nid", "int8"),
        ("place", "int8"),
    ),
    sql="""
INSERT INTO state_deltas (chain_id, state_key_nid, sequence, event_nid, position, head_version)
SELECT u.chain_id, u.state_key_nid, u.sequence, u.event_nid, r.base + u.place,
       CASE WHEN u.place IS NOT NULL THEN r.version END
  FROM room r
  JOIN {rows} u ON u.room_nid = r.room_nid""",
)
CURRENT = Fragment(
    name="current",
    gated=True,
    columns=(("room_nid", "int8"), ("state_key_nid", "int8"), ("event_nid", "int8"), ("is_member", "bool")),
    sql="""
INSERT INTO current_state (room_nid, state_key_nid, event_nid, is_member)
SELECT u.room_nid, u.state_key_nid, u.event_nid, u.is_member
  FROM room r
  JOIN {rows} u ON u.room_nid = r.room_nid
    ON CONFLICT (room_nid, state_key_nid) DO UPDATE
   SET event_nid = excluded.event_nid""",
)
CURRENT_GONE = Fragment(
    name="current_gone",
    gated=True,
    columns=(("room_nid", "int8"), ("state_key_nid", "int8")),
    sql="""
DELETE FROM current_state c
 USING room r
  JOIN {rows} u ON u.room_nid = r.room_nid
 WHERE c.room_nid = u.room_nid
   AND c.state_key_nid = u.state_key_nid""",
)
SUBSTITUTE = Fragment(
    name="substitute",
    gated=True,
    columns=(("room_nid", "int8"), ("event_nid", "int8"), ("state_key_nid", "int8"), ("substitute", "int8")),
    sql="""
UPDATE state_deltas d
   SET event_nid = u.substitute
  FROM room r
  JOIN {rows} u ON u.room_nid = r.room_nid
  JOIN state_chains c ON c.room_nid = u.room_nid
 WHERE d.chain_id = c.chain_id
   AND d.state_key_nid = u.state_key_nid
   AND d.event_nid = u.event_nid""",
)


def place_chain(row: ChainRow, sheet: Sheet) -> None:
    """Add a chain."""
    sheet.gate(row.room_nid)
    sheet.put(CHAIN, (row.chain_id, row.room_nid, row.parent_chain, row.parent_sequence, row.level))


def place_delta(row: EventRow, sheet: Sheet) -> None:
    """Add the state change that an event makes."""
    sheet.put(DELTA, (row.room_nid, row.head_chain_id, row.delta_sequence, row.state_key_nid, row.event_nid, None))


def place_current(row: EventRow, sheet: Sheet) -> None:
    """Make an event the current state of its key."""
    key = (row.room_nid, row.state_key_nid)
    sheet.drop(CURRENT_GONE, key)
    sheet.keep(CURRENT, key, (row.room_nid, row.state_key_nid, row.event_nid, row.type == MEMBER))


def place_state(row: StateRow, sheet: Sheet) -> None:
    """Add a change that resolution made."""
    sheet.gate(row.room_nid)
    place = row.position if row.is_current else None
    sheet.put(DELTA, (row.room_nid, row.chain_id, row.sequence, row.state_key_nid, row.event_nid, place))
    if not row.is_current:
        return
    key = (row.room_nid, row.state_key_nid)
    if row.event_nid is None:
        sheet.drop(CURRENT, key)
        sheet.keep(CURRENT_GONE, key, key)
    else:
        sheet.drop(CURRENT_GONE, key)
        sheet.keep(CURRENT, key, (row.room_nid, row.state_key_nid, row.event_nid, row.type == MEMBER))
    if row.type == MEMBER:
        place_member_state(row, sheet)


def place_substitute(row: WithdrawnRow, sheet: Sheet) -> None:
    """Have another event, or none, hold the key of a withdrawn one in every snapshot."""
    sheet.put(SUBSTITUTE, (row.room_nid, row.event_nid, row.state_key_nid, row.substitute))


class StateKeys:
    """Numbers of (type, state_key) pairs, given once for all rooms."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._known: dict[StateKey, int] = {}
        self._wanted: set[StateKey] = set()
        self._making = asyncio.Lock()

    async def intern(self, keys: Collection[StateKey]) -> dict[StateKey, int]:
        """A number for each key [0 trips known, 1 or 2 else, shared by all who ask meanwhile]."""
        known = self._known
        found = {key: known[key] for key in keys if key in known}
        unknown = {key for key in keys if key not in found}
        if unknown:
            self._wanted |= unknown
            async with self._making:
                found |= {key: known[key] for key in unknown if key in known}
                if not unknown <= found.keys():
                    wanted, self._wanted = self._wanted | unknown, set()
                    found |= await self._load([key for key in wanted if key not in known], create=True)
        return {key: found[key] for key in keys}

    async def intern_new(self, keys: Collection[StateKey]) -> None:
        """`intern` for keys of which some are likely to have no number yet [0 trips known, else 1]."""
        unknown = sorted({key for key in keys if key not in self._known})
        if not unknown:
            return
        await self._db.nids.ensure(len(unknown))
        rows = await self._db.write_rows(
            """
            WITH wanted AS (
              SELECT u.*, s.state_key_nid
                FROM unnest($1::text[], $2::text[], $3::int8[]) AS u(type, state_key, nid)
                LEFT JOIN LATERAL (
                     SELECT state_key_nid
                       FROM state_keys
                      WHERE type = u.type
                        AND state_key = u.state_key
                      LIMIT 1) s ON true),
            made AS (
              INSERT INTO state_keys (type, state_key, state_key_nid)
              SELECT type, state_key, nid
                FROM wanted
               WHERE state_key_nid IS NULL
                  ON CONFLICT (type, state_key) DO UPDATE
                 SET state_key = excluded.state_key
              RETURNING type, state_key, state_key_nid)
            SELECT type, state_key, state_key_nid
              FROM wanted
             WHERE state_key_nid IS NOT NULL
             UNION ALL
            SELECT type, state_key, state_key_nid
              FROM made
            """,
            [key[0] for key in unknown],
            [key[1] for key in unknown],
            [self._db.nids.next() for _ in unknown],
        )
        for row in rows:
            self.learn((row["type"], row["state_key"]), row["state_key_nid"])

    async def find(self, keys: Collection[StateKey]) -> dict[StateKey, int]:
        """Numbers of those keys that have one; makes none."""
        known = self._known
        unknown = [key for key in set(keys) if key not in known]
        if unknown:
            await self._load(unknown, create=False)
        return {key: known[key] for key in keys if key in known}

    def learn(self, key: StateKey, state_key_nid: int) -> None:
        """Remember a number seen elsewhere (in a head)."""
        if len(self._known) >= KEYS_REMEMBERED:
            self._known.clear()
        self._known[key] = state_key_nid

    async def _load(self, keys: Iterable[StateKey], *, create: bool) -> dict[StateKey, int]:
        wanted = sorted(keys)
        rows = await self._db.fetch(
            """
            SELECT k.type, k.state_key, k.state_key_nid
              FROM unnest($1::text[], $2::text[]) AS u(type, state_key)
             CROSS JOIN LATERAL (
                   SELECT s.*
                     FROM state_keys s
                    WHERE s.type = u.type
                      AND s.state_key = u.state_key
                    LIMIT 1) k
            """,
            [key[0] for key in wanted],
            [key[1] for key in wanted],
        )
        found = {(row["type"], row["state_key"]): row["state_key_nid"] for row in rows}
        missing = [key for key in wanted if key not in found]
        if missing and create:
            await self._db.nids.ensure(len(missing))
            rows = await self._db.write_rows(
                """
                INSERT INTO state_keys (type, state_key, state_key_nid)
                SELECT u.type, u.state_key, u.nid
                  FROM unnest($1::text[], $2::text[], $3::int8[]) AS u(type, state_key, nid)
                    ON CONFLICT (type, state_key) DO UPDATE
                   SET state_key = excluded.state_key
                RETURNING type, state_key, state_key_nid
                """,
                [key[0] for key in missing],
                [key[1] for key in missing],
                [self._db.nids.next() for _ in missing],
            )
            found.update({(row["type"], row["state_key"]): row["state_key_nid"] for row in rows})
        for key, nid in found.items():
            self.learn(key, nid)
        return found


class StateAt(NamedTuple):
    """One entry of a state: the event that holds it."""

    event_nid: int
    event_id: str


class Difference(NamedTuple):
    """One key on which points differ: its event at each point, in the order of the points."""

    key: StateKey
    state_key_nid: int
    events: tuple[StateAt | None, ...]


class StateTable:
    """Reads of states, past and present."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def state_at(self, point: Point, keys: Collection[StateKey] | None = None) -> dict[StateKey, StateAt]:
        """The state at a point, whole or under `keys` [1 trip]."""
        if keys is None:
            rows = await self._db.fetch(WHOLE, *point)
        else:
            wanted = list(keys)
            rows = await self._db.fetch(UNDER_KEYS, *point, [key[0] for key in wanted], [key[1] for key in wanted])
        return {(row["type"], row["state_key"]): StateAt(row["event_nid"], row["event_id"]) for row in rows}

    async def diff(self, points: Collection[Point]) -> list[Difference]:
        """The keys whose events are not the same at all of the points [1 trip].

        Only what was changed after the points' common ancestor is looked at, so near points cost little.
        """
        wanted = list(points)
        rows = await self._db.fetch(DIFFERENCE, [point[0] for point in wanted], [point[1] for point in wanted])
        by_key: dict[int, tuple[StateKey, list[StateAt | None]]] = {}
        for row in rows:
            _, events = by_key.setdefault(row["state_key_nid"], ((row["type"], row["state_key"]), [None] * len(wanted)))
            if row["event_nid"] is not None:
                events[row["ord"] - 1] = StateAt(row["event_nid"], row["event_id"])
        return [Difference(key, nid, tuple(events)) for nid, (key, events) in by_key.items() if len(set(events)) > 1]

    async def changes_between(self, chain_id: int, after: int, upto: int) -> dict[StateKey, StateAt | None]:
        """What changed on one chain in `(after, upto]`: the last event of each changed key [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT DISTINCT ON (d.state_key_nid) k.type, k.state_key, d.event_nid, e.event_id
              FROM state_deltas d
              JOIN state_keys k ON k.state_key_nid = d.state_key_nid
              LEFT JOIN events e ON e.event_nid = d.event_nid
             WHERE d.chain_id = $1
               AND d.sequence > $2
               AND d.sequence <= $3
             ORDER BY d.state_key_nid, d.sequence DESC
            """,
            chain_id,
            after,
            upto,
        )
        return {
            (row["type"], row["state_key"]): StateAt(row["event_nid"], row["event_id"]) if row["event_id"] else None
            for row in rows
        }

    async def spans(self, chain_id: int, state_key_nids: Collection[int]) -> dict[int, tuple[int, int]]:
        """The first and the last sequence at which one chain itself says something of each key [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT state_key_nid, min(sequence) AS first, max(sequence) AS last
              FROM state_deltas
             WHERE chain_id = $1
               AND state_key_nid = ANY($2::int8[])
             GROUP BY state_key_nid
            """,
            chain_id,
            list(state_key_nids),
        )
        return {row["state_key_nid"]: (row["first"], row["last"]) for row in rows}

    async def levels(self, chain_ids: Collection[int]) -> Mapping[int, int]:
        """How many ancestors each chain has [1 trip]."""
        rows = await self._db.fetch(
            "SELECT chain_id, level FROM state_chains WHERE chain_id = ANY($1::int8[])", list(chain_ids)
        )
        return {row["chain_id"]: row["level"] for row in rows}
