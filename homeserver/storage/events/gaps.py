"""Holes in the history of a room and its backward extremities: what is missing, and that it was filled."""

from typing import NamedTuple

from homeserver.storage.database import Database
from homeserver.storage.fragments import Fragment, Sheet
from homeserver.storage.rows import BackwardRow, FollowedRow, GapFilledRow, GapRow

GAP_POSITIONS = 2**32  # room positions kept free for what is missing

# Ids of events that are noted for a room.
_IDS = (("room_nid", "int8"), ("event_id", "text"))
_ONCE_EACH = """
SELECT u.room_nid, u.event_id
  FROM room r
  JOIN {rows} u ON u.room_nid = r.room_nid
    ON CONFLICT (room_nid, event_id) DO NOTHING"""

OPEN = Fragment(
    name="gap",
    gated=True,
    columns=(("room_nid", "int8"), ("below", "int8"), ("above", "int8"), ("missing", "text")),
    sql="""
INSERT INTO gaps (room_nid, below, above, missing)
SELECT u.room_nid, r.room_base + u.below, r.room_base + u.above, u.missing::text[]
  FROM room r
  JOIN {rows} u ON u.room_nid = r.room_nid""",
)
SHRINK = Fragment(
    name="gap_filled",
    gated=True,
    columns=(("room_nid", "int8"), ("below", "int8"), ("above", "int8"), ("missing", "text")),
    sql="""
UPDATE gaps g
   SET above = u.above,
       missing = u.missing::text[]
  FROM room r
  JOIN {rows} u ON u.room_nid = r.room_nid
 WHERE g.room_nid = u.room_nid
   AND g.below = u.below""",
)
CLOSE = Fragment(
    name="gap_closed",
    gated=True,
    columns=(("room_nid", "int8"), ("below", "int8")),
    sql="""
DELETE FROM gaps g
 USING room r
  JOIN {rows} u ON u.room_nid = r.room_nid
 WHERE g.room_nid = u.room_nid
   AND g.below = u.below""",
)
BACKWARD_ADD = Fragment(
    name="backward",
    gated=True,
    columns=_IDS,
    sql="""
INSERT INTO backward_extremities (room_nid, event_id)"""
    + _ONCE_EACH,
)
BACKWARD_REMOVE = Fragment(
    name="backward_removed",
    gated=True,
    columns=_IDS,
    sql="""
DELETE FROM backward_extremities b
 USING room r
  JOIN {rows} u ON u.room_nid = r.room_nid
 WHERE b.room_nid = u.room_nid
   AND b.event_id = u.event_id""",
)
FOLLOWED = Fragment(
    name="followed",
    gated=True,
    columns=_IDS,
    sql="""
INSERT INTO followed_events (room_nid, event_id)"""
    + _ONCE_EACH,
)


def place_gap(row: GapRow, sheet: Sheet) -> None:
    """Open the gap below an event that was placed before, with `skip`."""
    sheet.gate(row.room_nid)
    _, nth, skip = sheet.placed[row.event_nid]
    sheet.put(OPEN, (row.room_nid, nth - 1 - skip, nth, _text_array(row.missing)))


def place_gap_filled(row: GapFilledRow, sheet: Sheet) -> None:
    """Shrink or close a gap."""
    sheet.gate(row.room_nid)
    key = (row.room_nid, row.below)
    if row.missing:
        sheet.drop(CLOSE, key)
        sheet.keep(SHRINK, key, (row.room_nid, row.below, row.above, _text_array(row.missing)))
    else:
        sheet.drop(SHRINK, key)
        sheet.keep(CLOSE, key, (row.room_nid, row.below))


def place_backward(row: BackwardRow, sheet: Sheet) -> None:
    """Add and remove backward extremities."""
    sheet.gate(row.room_nid)
    for event_id in row.removed:
        sheet.drop(BACKWARD_ADD, (row.room_nid, event_id))
        sheet.keep(BACKWARD_REMOVE, (row.room_nid, event_id), (row.room_nid, event_id))
    for event_id in row.added:
        sheet.drop(BACKWARD_REMOVE, (row.room_nid, event_id))
        sheet.keep(BACKWARD_ADD, (row.room_nid, event_id), (row.room_nid, event_id))


def place_followed(row: FollowedRow, sheet: Sheet) -> None:
    """Note events that are no tips when they come."""
    sheet.gate(row.room_nid)
    for event_id in row.event_ids:
        sheet.keep(FOLLOWED, (row.room_nid, event_id), (row.room_nid, event_id))


def _text_array(ids: tuple[str, ...]) -> str:
    return "{" + ",".join('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in ids) + "}"


class Gap(NamedTuple):
    """A hole between two taken room positions and the ids known to lie in it."""

    below: int
    above: int
    missing: tuple[str, ...]


class GapTable:
    """Reads of gaps and backward extremities."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def between(self, room_nid: int, low: int, high: int) -> list[Gap]:
        """Gaps that touch the room positions `[low, high]`, newest first."""
        rows = await self._db.fetch(
            """
            SELECT below, above, missing
              FROM gaps
             WHERE room_nid = $1
               AND below <= $3
               AND above >= $2
             ORDER BY below DESC
            """,
            room_nid,
            low,
            high,
        )
        return [Gap(row["below"], row["above"], tuple(row["missing"])) for row in rows]

    async def backward_extremities(self, room_nid: int) -> list[str]:
        """Ids of the events just before the oldest that this server has."""
        rows = await self._db.fetch("SELECT event_id FROM backward_extremities WHERE room_nid = $1", room_nid)
        return [row["event_id"] for row in rows]
