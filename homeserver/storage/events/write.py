"""Inserting events: the fragments for new, promoted and redacted events and for client transactions.

Owns `events` (with read.py) and `client_txns`. Reading is in the other modules of this folder.
"""

from homeserver.storage import state
from homeserver.storage.events import relations
from homeserver.storage.fragments import NOT_PLACED, Fragment, Placed, Sheet, array_text
from homeserver.storage.members import place_member_event, place_member_redaction
from homeserver.storage.rows import CURRENT, HIDDEN, OUTLIER, EventRow, RedactionRow, WithdrawnRow

INSERT = Fragment(
    name="event",
    gated=True,
    columns=(
        ("event_nid", "int8"),
        ("event_id", "text"),
        ("room_nid", "int8"),
        ("room_position", "int8"),
        ("nth", "int8"),
        ("place", "int8"),
        ("chain_id", "int8"),
        ("sequence", "int8"),
        ("head_chain_id", "int8"),
        ("delta_sequence", "int8"),
        ("ts", "int8"),
        ("depth", "int8"),
        ("state_key_nid", "int8"),
        ("flags", "int4"),
        ("type", "text"),
        ("sender", "text"),
        ("thread_id", "text"),
        ("auth_nids", "text"),
        ("prev_nids", "text"),
        ("envelope", "bytea"),
        ("redacted_by", "text"),
        ("body", "bytea"),
    ),
    # A plain INSERT: a conflict means a broken rule or a repeat not seen by the snapshot, and must abort the batch.
    sql="""
INSERT INTO events (event_nid, event_id, room_nid, room_position, position, chain_id, sequence, head_chain_id,
                    delta_sequence, head_version, ts, depth, state_key_nid, flags, type, sender, thread_id, auth_nids,
                    prev_nids, envelope, redacted_by, body)
SELECT u.event_nid, u.event_id, u.room_nid, coalesce(u.room_position, r.room_base + u.nth), r.base + u.place,
       u.chain_id, u.sequence, u.head_chain_id, u.delta_sequence, r.version, u.ts, u.depth, u.state_key_nid, u.flags,
       u.type, u.sender, u.thread_id, u.auth_nids::int8[], u.prev_nids::int8[], u.envelope, u.redacted_by, u.body
  FROM room r
  JOIN {rows} u ON u.room_nid = r.room_nid""",
)

PROMOTE = Fragment(
    name="promoted",
    gated=True,
    columns=(
        ("event_nid", "int8"),
        ("room_nid", "int8"),
        ("room_position", "int8"),
        ("nth", "int8"),
        ("place", "int8"),
        ("chain_id", "int8"),
        ("sequence", "int8"),
        ("head_chain_id", "int8"),
        ("delta_sequence", "int8"),
        ("flags", "int4"),
        ("auth_nids", "text"),
        ("prev_nids", "text"),
    ),
    sql="""
UPDATE events e
   SET room_position = coalesce(u.room_position, r.room_base + u.nth),
       position = r.base + u.place,
       chain_id = u.chain_id,
       sequence = u.sequence,
       head_chain_id = u.head_chain_id,
       delta_sequence = u.delta_sequence,
       head_version = r.version,
       flags = u.flags,
       auth_nids = u.auth_nids::int8[],
       prev_nids = u.prev_nids::int8[]
  FROM room r
  JOIN {rows} u ON u.room_nid = r.room_nid
 WHERE e.event_nid = u.event_nid""",
)

REDACT = Fragment(
    name="redaction",
    gated=True,
    columns=(("room_nid", "int8"), ("event_nid", "int8"), ("body", "bytea"), ("redacted_by", "text")),
    sql="""
UPDATE events e
   SET body = u.body,
       redacted_by = u.redacted_by
  FROM room r
  JOIN {rows} u ON u.room_nid = r.room_nid
 WHERE e.event_nid = u.event_nid
   AND e.room_nid = u.room_nid""",
)

TRANSACTION = Fragment(
    name="txn",
    gated=True,
    columns=(
        ("room_nid", "int8"),
        ("user_nid", "int8"),
        ("device_nid", "int8"),
        ("path_hash", "int8"),
        ("txn_id", "text"),
        ("event_nid", "int8"),
    ),
    sql="""
INSERT INTO client_txns (user_nid, device_nid, room_nid, path_hash, txn_id, event_nid)
SELECT u.user_nid, u.device_nid, u.room_nid, u.path_hash, u.txn_id, u.event_nid
  FROM room r
  JOIN {rows} u ON u.room_nid = r.room_nid""",
)
WITHDRAW = Fragment(
    name="withdrawn",
    gated=True,
    columns=(("room_nid", "int8"), ("event_nid", "int8")),
    sql="""
UPDATE events e
   SET flags = (e.flags & ~16) | 1,
       room_position = NULL
  FROM room r
  JOIN {rows} u ON u.room_nid = r.room_nid
 WHERE e.event_nid = u.event_nid
   AND e.room_nid = u.room_nid""",
)


def place_event(row: EventRow, sheet: Sheet) -> None:
    """Spread one event over the fragments that it concerns."""
    room_nid = row.room_nid
    sheet.gate(room_nid)
    flags = row.flags
    if row.is_current_state:
        flags = row.flags = flags | CURRENT
    nth: int | None = None
    room_position: int | None = None
    place: int | None = None if row.historical or flags & OUTLIER else row.position
    if flags & HIDDEN:
        row.on_head = False
    elif row.historical:
        room_position = row.room_position
    else:
        nth = sheet.nth.get(room_nid, 0) + 1 + row.skip
        sheet.nth[room_nid] = row.room_position = nth
    head_chain_id = row.head_chain_id = row.head_chain_id or row.chain_id
    after = head_chain_id if row.delta_sequence is not None else None
    auth, prev = array_text(row.auth_nids), array_text(row.replaces)
    if row.promoted:
        sheet.promoted.append(row.event_nid)
        sheet.placed[row.event_nid] = Placed(-1, nth or 0, row.skip)
        record = (row.event_nid, room_nid, room_position, nth, place, row.chain_id, row.sequence, after)
        sheet.put(PROMOTE, (*record, row.delta_sequence, flags, auth, prev))
    else:
        sheet.event_ids.append(row.event_id)
        sheet.placed[row.event_nid] = Placed(len(sheet.plain.get(INSERT, ())), nth or 0, row.skip)
        sheet.put(
            INSERT,
            (
                row.event_nid,
                row.event_id,
                room_nid,
                room_position,
                nth,
                place,
                row.chain_id,
                row.sequence,
                after,
                row.delta_sequence,
                row.ts,
                row.depth,
                row.state_key_nid,
                flags,
                row.type,
                row.sender,
                row.thread_id,
                auth,
                prev,
                row.envelope,
                row.redacted_by,
                row.body,
            ),
        )
    if row.unredacted:
        sheet.unredacted.append(row.event_id)
    if row.txn is not None:
        _place_txn(row, sheet)
    if row.relates is not None and not flags & HIDDEN and row.redacted_by is None:
        relations.place_relation(row, sheet)
    if row.delta_sequence is not None:
        state.place_delta(row, sheet)
    if row.is_current_state:
        state.place_current(row, sheet)
        if row.membership is not None and row.type == "m.room.member":
            place_member_event(row, nth, sheet)


def _place_txn(row: EventRow, sheet: Sheet) -> None:
    txn = row.txn
    assert txn is not None
    sheet.txns.append((len(sheet.txns), row.room_nid, txn.user_nid, txn.device_nid, txn.path_hash, txn.txn_id))
    sheet.txn_keys.append(txn)
    sheet.put(TRANSACTION, (row.room_nid, txn.user_nid, txn.device_nid, txn.path_hash, txn.txn_id, row.event_nid))


def place_withdrawn(row: WithdrawnRow, sheet: Sheet) -> None:
    """Reject a stored event after all, and take it out of the states that hold it."""
    sheet.gate(row.room_nid)
    sheet.put(WITHDRAW, (row.room_nid, row.event_nid))
    if row.state_key_nid is not None:
        state.place_substitute(row, sheet)


def place_redaction(row: RedactionRow, sheet: Sheet) -> None:
    """Rewrite the stored body, or that of an event of this very batch, which an UPDATE would not see."""
    sheet.gate(row.room_nid)
    index = sheet.placed.get(row.target_event_nid, NOT_PLACED).place
    if index >= 0:
        inserted = sheet.plain[INSERT]
        inserted[index] = (*inserted[index][:-2], row.redacted_by, row.body)
    else:
        sheet.keep(REDACT, row.target_event_nid, (row.room_nid, row.target_event_nid, row.body, row.redacted_by))
        place_member_redaction(row, sheet)
