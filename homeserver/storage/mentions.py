"""Members whose push result for an event differs from its flag, and unread counts.

Spec: Client-Server API, Receiving notifications.
"""

from homeserver.storage.fragments import Fragment, Sheet
from homeserver.storage.rows import MentionRow

INSERT = Fragment(
    name="mention",
    gated=True,
    columns=(
        ("room_nid", "int8"),
        ("user_id", "text"),
        ("nth", "int8"),
        ("notify", "bool"),
        ("highlight", "bool"),
        ("thread_id", "text"),
    ),
    sql="""
INSERT INTO mentions (user_id, room_nid, room_position, notify, highlight, thread_id)
SELECT u.user_id, u.room_nid, r.room_base + u.nth, u.notify, u.highlight, u.thread_id
  FROM room r
  JOIN {rows} u ON u.room_nid = r.room_nid""",
)


def place_mention(row: MentionRow, sheet: Sheet) -> None:
    """Add the result of one member for an event that was placed before."""
    sheet.gate(row.room_nid)
    nth = sheet.placed[row.event_nid].nth
    key = (row.user_id, row.event_nid)
    sheet.keep(INSERT, key, (row.room_nid, row.user_id, nth, row.notify, row.highlight, row.thread_id))
