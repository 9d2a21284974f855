"""Relations between events: written with the related event, read for aggregations and `/relations`.

Spec: Client-Server API, Relationships between events. A redacted event loses its relations: reads skip it.
"""

from homeserver.storage.fragments import Fragment, Sheet
from homeserver.storage.rows import EventRow

INSERT = Fragment(
    name="relation",
    gated=True,
    columns=(
        ("room_nid", "int8"),
        ("target_event_id", "text"),
        ("rel_type", "text"),
        ("event_nid", "int8"),
        ("event_id", "text"),
        ("sender", "text"),
        ("type", "text"),
        ("key", "text"),
        ("ts", "int8"),
    ),
    sql="""
INSERT INTO relations (target_event_id, rel_type, event_nid, event_id, sender, type, key, ts)
SELECT u.target_event_id, u.rel_type, u.event_nid, u.event_id, u.sender, u.type, u.key, u.ts
  FROM room r
  JOIN {rows} u ON u.room_nid = r.room_nid
    ON CONFLICT (target_event_id, rel_type, event_nid) DO NOTHING""",
)


def place_relation(row: EventRow, sheet: Sheet) -> None:
    """Add the relation of an event."""
    assert row.relates is not None
    rel_type, target, key = row.relates
    record = (row.room_nid, target, rel_type, row.event_nid, row.event_id, row.sender, row.type, key, row.ts)
    sheet.put(INSERT, record)
