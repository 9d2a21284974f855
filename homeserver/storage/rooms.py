"""Rooms, their heads, aliases and the public list.

Owns `rooms`, `room_heads` (moved by the gate in `fragments.py`), `aliases`. A head is read in one trip, whole.
A little longer than others: the fragments of one table stand beside its reads.
"""

from collections.abc import Callable, Collection
from typing import NamedTuple, TypeVar

import orjson

from homeserver.storage.database import Database, Record
from homeserver.storage.fragments import Fragment, Sheet
from homeserver.storage.rows import DirectoryRow

T = TypeVar("T")

ALIAS = Fragment(
    name="alias",
    gated=False,
    columns=(("alias", "text"), ("room_id", "text"), ("creator", "text")),
    sql="""
INSERT INTO aliases (alias, room_id, creator, created_ts)
SELECT u.alias, u.room_id, u.creator, (extract(epoch FROM now()) * 1000)::int8
  FROM counter c
 CROSS JOIN {rows} u
 WHERE c.base IS NOT NULL
    ON CONFLICT (alias) DO UPDATE
   SET room_id = excluded.room_id,
       creator = excluded.creator""",
)
ALIAS_GONE = Fragment(
    name="alias_gone",
    gated=False,
    columns=(("alias", "text"),),
    sql="""
DELETE FROM aliases a
 USING counter c
 CROSS JOIN {rows} u
 WHERE a.alias = u.alias
   AND c.base IS NOT NULL""",
)
PUBLICITY = Fragment(
    name="publicity",
    gated=False,
    columns=(("room_nid", "int8"), ("is_public", "bool")),
    sql="""
UPDATE rooms o
   SET is_public = u.is_public
  FROM counter c
 CROSS JOIN {rows} u
 WHERE o.room_nid = u.room_nid
   AND c.base IS NOT NULL""",
)
PARTIAL = Fragment(
    name="partial",
    gated=True,
    columns=(("room_nid", "int8"), ("is_partial", "bool")),
    sql="""
UPDATE rooms o
   SET is_partial = u.is_partial
  FROM room r
  JOIN {rows} u ON u.room_nid = r.room_nid
 WHERE o.room_nid = u.room_nid""",
)
DIRECTORY = Fragment(
    name="directory",
    gated=False,
    columns=(
        ("place", "int8"),
        ("alias", "text"),
        ("room_id", "text"),
        ("room_nid", "int8"),
        ("is_public", "bool"),
    ),
    sql="""
INSERT INTO directory_changes (position, alias, room_id, room_nid, is_public)
SELECT c.base + u.place, u.alias, u.room_id, u.room_nid, u.is_public
  FROM counter c
 CROSS JOIN {rows} u""",
)


def place_directory(row: DirectoryRow, sheet: Sheet) -> None:
    """Set or remove an alias, or publish or hide a room."""
    if row.alias and row.room_id is not None:
        sheet.drop(ALIAS_GONE, row.alias)
        sheet.keep(ALIAS, row.alias, (row.alias, row.room_id, row.creator))
    elif row.alias:
        sheet.drop(ALIAS, row.alias)
        sheet.keep(ALIAS_GONE, row.alias, (row.alias,))
    if row.is_public is not None and row.room_nid is not None:
        sheet.keep(PUBLICITY, row.room_nid, (row.room_nid, row.is_public))
    sheet.put(DIRECTORY, (row.position, row.alias, row.room_id, row.room_nid, row.is_public))


class ExtremityRecord(NamedTuple):
    """A forward extremity and the state point after it."""

    event_nid: int
    event_id: str
    chain_id: int
    sequence_after: int


class StateRecord(NamedTuple):
    """An entry of the current state that is not a membership."""

    type: str
    state_key: str
    state_key_nid: int
    event_nid: int
    event_id: str
    sender: str
    body: bytes


class MemberRecord(NamedTuple):
    """A user's membership of the room, with the member event that says so."""

    user_id: str
    membership: str
    event_nid: int
    event_id: str
    displayname: str | None
    avatar_url: str | None


class HeadRecord(NamedTuple):
    """A room and its head as one snapshot of the database saw it, when the stream stood at `position`.

    `told_servers`: those that are in the room as another server said, while `is_partial`.
    """

    position: int
    room_nid: int
    room_id: str
    room_version: str
    created_ts: int
    is_public: bool
    is_partial: bool
    version: int
    chain_id: int
    sequence: int
    depth: int
    last_position: int
    extremities: list[ExtremityRecord]
    state: list[StateRecord]
    members: list[MemberRecord]
    told_servers: frozenset[str] = frozenset()

    @classmethod
    def new(cls, room_nid: int, room_id: str, room_version: str, chain_id: int) -> "HeadRecord":
        """As `RoomTable.allocate` leaves it."""
        return cls(
            position=0,
            room_nid=room_nid,
            room_id=room_id,
            room_version=room_version,
            created_ts=0,
            is_public=False,
            is_partial=False,
            version=0,
            chain_id=chain_id,
            sequence=0,
            depth=0,
            last_position=0,
            extremities=[],
            state=[],
            members=[],
        )


class Allocated(NamedTuple):
    """A room's numbers. `chain_id`: of its first snapshot chain. `created`: it was not there before."""

    room_nid: int
    chain_id: int
    created: bool


_HEAD = """
SELECT (SELECT max(position) FROM stream) AS position, r.room_nid, r.room_id, r.room_version, r.created_ts,
       r.is_public, r.is_partial, p.told_servers, h.version, h.chain_id, h.sequence, h.depth, h.last_position,
       x.*, s.*, m.*
  FROM rooms r
 CROSS JOIN LATERAL (
       SELECT *
         FROM room_heads
        WHERE room_nid = r.room_nid
        ORDER BY version DESC
        LIMIT 1) h
  LEFT JOIN LATERAL (
       SELECT servers AS told_servers
         FROM partial_joins
        WHERE room_nid = r.room_nid
          AND r.is_partial) p ON true
 CROSS JOIN LATERAL (
       SELECT array_agg(e.event_nid) AS x_nid,
              array_agg(e.event_id) AS x_id,
              array_agg(coalesce(e.head_chain_id, e.chain_id)) AS x_chain,
              array_agg(coalesce(e.delta_sequence, e.sequence)) AS x_sequence
         FROM unnest(h.extremities) AS t(nid)
         JOIN events e ON e.event_nid = t.nid) x
 CROSS JOIN LATERAL (
       SELECT array_agg(k.type) AS s_type,
              array_agg(k.state_key) AS s_key,
              array_agg(k.state_key_nid) AS s_key_nid,
              array_agg(e.event_nid) AS s_nid,
              array_agg(e.event_id) AS s_id,
              array_agg(e.sender) AS s_sender,
              array_agg(e.body) AS s_body
         FROM current_state c
         JOIN state_keys k ON k.state_key_nid = c.state_key_nid
         JOIN events e ON e.event_nid = c.event_nid
        WHERE c.room_nid = r.room_nid
          AND NOT c.is_member) s
 CROSS JOIN LATERAL (
       SELECT array_agg(user_id) AS m_user,
              array_agg(membership) AS m_membership,
              array_agg(coalesce(event_nid, 0)) AS m_nid,
              array_agg(coalesce(event_id, '')) AS m_id,
              array_agg(displayname) AS m_name,
              array_agg(avatar_url) AS m_avatar
         FROM members
        WHERE room_nid = r.room_nid) m
 WHERE """


class RoomTable:
    """Reads and small writes of rooms."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def allocate(
        self, room_id: str, room_version: str, *, created_ts: int, is_public: bool = False, is_followed: bool = False
    ) -> Allocated:
        """Have the room's rows: version 0, an empty chain, no extremities. Idempotent [1 trip].

        `is_followed`: a batch that needs them comes next. It waits for the disk, and these lie before it there.
        """
        await self._db.nids.ensure(2)
        room_nid, chain_id = self._db.nids.next(), self._db.nids.next()
        for _ in range(2):  # the second time finds what a rival wrote meanwhile
            row = await self._db.write_row(
                """
                WITH known AS (
                  SELECT room_nid
                    FROM rooms
                   WHERE room_id = $2),
                room AS (
                  INSERT INTO rooms (room_nid, room_id, room_version, created_ts, is_public)
                  SELECT $1, $2, $3, $4, $5
                   WHERE NOT EXISTS (SELECT FROM known)
                      ON CONFLICT (room_id) DO NOTHING
                  RETURNING room_nid),
                chain AS (
                  INSERT INTO state_chains (chain_id, room_nid, level)
                  SELECT $6, room_nid, 0
                    FROM room),
                head AS (
                  INSERT INTO room_heads (room_nid, version, chain_id, sequence, extremities, depth, last_position)
                  SELECT room_nid, 0, $6, 0, '{}', 0, 0
                    FROM room)
                SELECT room_nid, $6::int8 AS chain_id, true AS created,
                       set_config('synchronous_commit',
                                  CASE WHEN $7 THEN 'off' ELSE current_setting('synchronous_commit') END,
                                  true)
                  FROM room
                 UNION ALL
                SELECT k.room_nid, h.chain_id, false, NULL
                  FROM known k
                  JOIN room_heads h ON h.room_nid = k.room_nid
                """,
                room_nid,
                room_id,
                room_version,
                created_ts,
                is_public,
                chain_id,
                is_followed,
            )
            if row is not None:
                return Allocated(row["room_nid"], row["chain_id"], row["created"])
        raise LookupError(f"room {room_id} came and went")

    async def load_head(self, room: str | int) -> HeadRecord | None:
        """The head of a room, by id or number [1 trip]."""
        condition = "r.room_id = $1" if isinstance(room, str) else "r.room_nid = $1"
        row = await self._db.fetchrow(_HEAD + condition, room)
        return _head(row) if row is not None else None

    async def load_heads(self, room_nids: Collection[int]) -> list[HeadRecord]:
        """The heads of several rooms, in no order [1 trip]."""
        rows = await self._db.fetch(_HEAD + "r.room_nid = ANY($1::int8[])", list(room_nids))
        return [_head(row) for row in rows]

    async def room_nids(self, room_ids: Collection[str]) -> dict[str, int]:
        """Numbers of those rooms that this server knows [1 trip]."""
        rows = await self._db.fetch(
            "SELECT room_id, room_nid FROM rooms WHERE room_id = ANY($1::text[])", list(room_ids)
        )
        return {row["room_id"]: row["room_nid"] for row in rows}

    async def room_ids(self, room_nids: Collection[int]) -> dict[int, str]:
        """Ids of rooms by number [1 trip]."""
        rows = await self._db.fetch(
            "SELECT room_id, room_nid FROM rooms WHERE room_nid = ANY($1::int8[])", list(room_nids)
        )
        return {row["room_nid"]: row["room_id"] for row in rows}

    async def room_of_alias(self, alias: str) -> tuple[str, str] | None:
        """(room_id, creator) of a local alias [1 trip]."""
        row = await self._db.fetchrow("SELECT room_id, creator FROM aliases WHERE alias = $1", alias)
        return (row["room_id"], row["creator"]) if row is not None else None

    async def aliases_of(self, room_id: str) -> list[str]:
        """Local aliases of a room [1 trip]."""
        rows = await self._db.fetch("SELECT alias FROM aliases WHERE room_id = $1 ORDER BY alias", room_id)
        return [row["alias"] for row in rows]

    async def create_alias(self, alias: str, room_id: str, creator: str, created_ts: int) -> bool:
        """Take an alias; False when it is taken. Tell caches by a DirectoryRow [1 trip]."""
        touched = await self._db.execute(
            """
            INSERT INTO aliases (alias, room_id, creator, created_ts)
            VALUES ($1, $2, $3, $4)
                ON CONFLICT (alias) DO NOTHING
            """,
            alias,
            room_id,
            creator,
            created_ts,
        )
        return touched > 0

    async def delete_alias(self, alias: str) -> bool:
        """Give an alias back; False when there was none [1 trip]."""
        return await self._db.execute("DELETE FROM aliases WHERE alias = $1", alias) > 0

    async def move_names(self, old_id: str, new_id: str) -> list[str]:
        """Give a room's aliases, and its place in the public list, to another; the aliases [1 trip]."""
        rows = await self._db.write_row(
            """
            WITH moved AS (
              UPDATE aliases
                 SET room_id = $2
               WHERE room_id = $1
              RETURNING alias),
            hidden AS (
              UPDATE rooms
                 SET is_public = false
               WHERE room_id = $1
                 AND is_public
              RETURNING room_id),
            shown AS (
              UPDATE rooms
                 SET is_public = true
               WHERE room_id = $2
                 AND EXISTS (SELECT FROM hidden))
            SELECT array_agg(alias) AS aliases
              FROM moved
            """,
            old_id,
            new_id,
        )
        return list(rows["aliases"] or ()) if rows is not None else []

    async def set_public(self, room_nid: int, *, is_public: bool) -> None:
        """Publish or hide a room in the directory [1 trip]."""
        await self._db.execute("UPDATE rooms SET is_public = $2 WHERE room_nid = $1", room_nid, is_public)


def _head(row: Record) -> HeadRecord:
    extremities = _zipped(ExtremityRecord, row["x_nid"], row["x_id"], row["x_chain"], row["x_sequence"])
    state = _zipped(
        StateRecord,
        row["s_type"],
        row["s_key"],
        row["s_key_nid"],
        row["s_nid"],
        row["s_id"],
        row["s_sender"],
        row["s_body"],
    )
    members = _zipped(
        MemberRecord,
        row["m_user"],
        row["m_membership"],
        row["m_nid"],
        row["m_id"],
        row["m_name"],
        row["m_avatar"],
    )
    return HeadRecord(
        position=row["position"],
        room_nid=row["room_nid"],
        room_id=row["room_id"],
        room_version=row["room_version"],
        created_ts=row["created_ts"],
        is_public=row["is_public"],
        is_partial=row["is_partial"],
        version=row["version"],
        chain_id=row["chain_id"],
        sequence=row["sequence"],
        depth=row["depth"],
        last_position=row["last_position"],
        extremities=extremities,
        state=state,
        members=members,
        told_servers=frozenset(orjson.loads(row["told_servers"] or b"[]")),
    )


def _zipped(make: Callable[..., T], *columns: list[object] | None) -> list[T]:
    present = [column for column in columns if column is not None]
    return [make(*values) for values in zip(*present, strict=True)]
