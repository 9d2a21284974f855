"""Turning the rows of a batch into the parameters of its statement, and the answer back into positions.

The list of kinds: a new kind of change is a row, a table, a fragment, and a line here.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from homeserver.storage import (
    account_data,
    destinations,
    devices,
    e2e_keys,
    members,
    mentions,
    one_time_keys,
    partial_joins,
    phone_accounts,
    purge,
    receipts,
    rooms,
    sessions,
    staging,
    state,
    to_device,
    users,
)
from homeserver.storage.errors import BadRow
from homeserver.storage.events import gaps, relations, write
from homeserver.storage.fragments import Fragment, Gates, Sheet, array_text, columns_of, compose
from homeserver.storage.rows import (
    AccountDataRow,
    AccountRow,
    BackwardRow,
    ChainRow,
    CrossSigningKeyRow,
    DeviceChangeRow,
    DeviceKeysRow,
    DeviceListRow,
    DirectoryRow,
    EarlyRedactionRow,
    EventRow,
    FollowedRow,
    GapFilledRow,
    GapRow,
    InboundTxnRow,
    KeySignatureRow,
    MemberRow,
    MentionRow,
    OneTimeKeysRow,
    OutboundEduRow,
    PartialRow,
    PurgedRow,
    ReceiptRow,
    RedactionRow,
    RemoteDeviceRow,
    RevocationRow,
    Row,
    Rows,
    StagedDoneRow,
    StagedRow,
    StateRow,
    ToDeviceRow,
    ToDeviceTxnRow,
    WithdrawnRow,
)

MARK = Fragment(
    name="mark",
    gated=False,
    columns=(("mark", "int8"),),
    sql="""
INSERT INTO batch_marks (mark, base)
SELECT u.mark, c.base
  FROM counter c
 CROSS JOIN {rows} u""",
)


def _place_revocation(row: RevocationRow, sheet: Sheet) -> None:
    sessions.place_revocation(row, sheet)
    phone_accounts.place_revocation(row, sheet)
    devices.place_revocation(row, sheet)
    e2e_keys.place_revocation(row, sheet)
    one_time_keys.place_revocation(row, sheet)
    to_device.place_revocation(row, sheet)


PLACE: dict[type, Callable[[Any, Sheet], None]] = {
    EventRow: write.place_event,
    MemberRow: members.place_member,
    StateRow: state.place_state,
    ChainRow: state.place_chain,
    RedactionRow: write.place_redaction,
    MentionRow: mentions.place_mention,
    GapRow: gaps.place_gap,
    GapFilledRow: gaps.place_gap_filled,
    BackwardRow: gaps.place_backward,
    FollowedRow: gaps.place_followed,
    ReceiptRow: receipts.place_receipt,
    AccountDataRow: account_data.place_account_data,
    ToDeviceRow: to_device.place_to_device,
    DeviceChangeRow: devices.place_device_change,
    RevocationRow: _place_revocation,
    OutboundEduRow: destinations.place_outbound_edu,
    StagedRow: staging.place_staged,
    StagedDoneRow: staging.place_staged_done,
    InboundTxnRow: staging.place_inbound_txn,
    DirectoryRow: rooms.place_directory,
    DeviceKeysRow: e2e_keys.place_device_keys,
    RemoteDeviceRow: e2e_keys.place_remote_device,
    DeviceListRow: e2e_keys.place_device_list,
    CrossSigningKeyRow: e2e_keys.place_cross_signing_key,
    KeySignatureRow: e2e_keys.place_signature,
    OneTimeKeysRow: one_time_keys.place_notice,
    ToDeviceTxnRow: to_device.place_txn,
    AccountRow: users.place_account,
    PurgedRow: purge.place_purged,
    PartialRow: partial_joins.place_partial,
    WithdrawnRow: write.place_withdrawn,
    EarlyRedactionRow: relations.place_early_redaction,
}

FRAGMENTS: tuple[Fragment, ...] = (
    write.INSERT,
    write.PROMOTE,
    write.REDACT,
    write.TRANSACTION,
    write.WITHDRAW,
    relations.INSERT,
    relations.EARLY,
    mentions.INSERT,
    gaps.OPEN,
    gaps.SHRINK,
    gaps.CLOSE,
    gaps.BACKWARD_ADD,
    gaps.BACKWARD_REMOVE,
    gaps.FOLLOWED,
    state.CHAIN,
    state.DELTA,
    state.CURRENT,
    state.CURRENT_GONE,
    state.SUBSTITUTE,
    members.OF_ROOM,
    members.ALONE,
    members.CHANGE_OF_ROOM,
    members.UNNAMED,
    members.CHANGE_ALONE,
    receipts.UPSERT,
    account_data.UPSERT,
    to_device.INSERT,
    devices.CHANGE,
    phone_accounts.LEFT,
    devices.REVOKE_DEVICE,
    devices.REVOKE_USER,
    sessions.REVOCATION,
    sessions.END_SESSION,
    sessions.END_OF_DEVICE,
    sessions.END_OF_USER,
    destinations.OUTBOUND,
    staging.STAGE,
    staging.DONE,
    staging.DONE_ALONE,
    staging.TRANSACTION,
    staging.TRANSACTION_OF_ROOM,
    rooms.ALIAS,
    rooms.ALIAS_GONE,
    rooms.PUBLICITY,
    rooms.PARTIAL,
    partial_joins.UPSERT,
    rooms.DIRECTORY,
    e2e_keys.DEVICE,
    e2e_keys.DEVICE_GONE,
    e2e_keys.SIGNATURES_GONE,
    e2e_keys.REMOTE,
    e2e_keys.REMOTE_GONE,
    e2e_keys.LIST,
    e2e_keys.CROSS_SIGNING,
    e2e_keys.SIGNATURE,
    one_time_keys.GONE,
    one_time_keys.FALLBACK_GONE,
    to_device.INBOX_GONE,
    to_device.TRANSACTION,
    users.STATE,
    purge.NOTICE,
    MARK,
)
_ORDER = {fragment: n for n, fragment in enumerate(FRAGMENTS)}

Kinds = tuple[tuple[int, ...], Gates]


def fill(parts: Iterable[Rows]) -> Sheet:
    """Spread the rows of all entries. Raises BadRow for a row that its room's gate does not cover."""
    sheet = Sheet()
    parts = list(parts)
    for part in parts:
        for room in part.rooms:
            sheet.rooms[room.room_nid] = room
    used = 0
    for part in parts:
        for row in part.added:
            used += 1
            row.position = used
            PLACE[type(row)](row, sheet)
    sheet.used = max(used, 1)
    return sheet


def needs_mark(sheet: Sheet) -> bool:
    """Whether the batch leaves no event by which a lost answer could be found again."""
    placed_rooms = {record[2] for record in sheet.plain.get(write.INSERT, ()) if record[5] is not None}
    if len(placed_rooms) < len(sheet.rooms):
        return True
    return any(not fragment.gated for fragment in (*sheet.plain, *sheet.keyed))


def kinds_of(sheet: Sheet) -> Kinds:
    """Which text the batch needs."""
    fragments = sorted(_ORDER[fragment] for fragment in (*sheet.plain, *sheet.keyed))
    gates = (sheet.rooms, sheet.txns, sheet.event_ids, sheet.promoted, sheet.unredacted, sheet.early)
    return tuple(fragments), Gates(*map(bool, gates))


def text_of(kinds: Kinds) -> str:
    """The statement for these kinds."""
    numbers, gates = kinds
    return compose((FRAGMENTS[number] for number in numbers), gates)


def parameters_of(sheet: Sheet, kinds: Kinds) -> list[object]:
    """The statement's parameters, in the order of `compose`."""
    numbers, gates = kinds
    parameters: list[object] = [sheet.used]
    if gates.txns:
        parameters.extend(columns_of(sheet.txns))
    if gates.events:
        parameters.append(sheet.event_ids)
    if gates.promotes:
        parameters.append(sheet.promoted)
    if gates.unredacted:
        parameters.append(sheet.unredacted)
    if gates.early:
        parameters.extend(columns_of(sheet.early))
    if gates.rooms:
        parameters.extend(columns_of([_gate_record(room_nid, sheet) for room_nid in sheet.rooms]))
    for number in numbers:
        parameters.extend(columns_of(sheet.records(FRAGMENTS[number])))
    return parameters


def _gate_record(room_nid: int, sheet: Sheet) -> tuple[object, ...]:
    room = sheet.rooms[room_nid]
    return (
        room_nid,
        room.seen,
        room.chain_id,
        room.sequence,
        room.exact,
        array_text(room.added),
        array_text(room.removed),
        room.depth,
        room.new_chain_id,
        room.new_sequence,
        sheet.nth.get(room_nid, 0),
    )


TEXTS = (
    ("type", 255),
    ("thread", 255),
    ("room_id", 255),
    ("user_id", 255),
    ("event_id", 255),
    ("sender", 255),
    ("state_key", 255),
    ("device_id", 255),
    ("observer", 255),
    ("usage", 255),
    ("key_id", 255),
    ("signer_id", 255),
    ("signer_key_id", 255),
    ("signature", 255),
    ("message_id", 255),
    ("txn_id", 255),
    ("edu_type", 255),
    ("key", 4096),
    ("alias", 255),
    ("displayname", 65_536),
    ("avatar_url", 65_536),
    ("server", 255),
)
_TEXTS_OF = {
    kind: tuple((name, limit) for name, limit in TEXTS if name in kind.__struct_fields__)  # type: ignore[attr-defined]  # every key is a msgspec.Struct
    for kind in PLACE
}


def check(rows: Sequence[Row]) -> None:
    """Refuse text that PostgreSQL cannot store or that no index holds. Raises BadRow."""
    for row in rows:
        for name, limit in _TEXTS_OF[type(row)]:
            value = getattr(row, name)
            if value is not None and (len(value) * 4 > limit or not value.isprintable()):
                _check_text(name, value, limit)
        if type(row) is EventRow and row.txn is not None:
            _check_text("txn_id", row.txn.txn_id, 255)


def _check_text(name: str, value: str, limit: int) -> None:
    if "\x00" in value:
        raise BadRow(f"{name} holds a NUL character")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise BadRow(f"{name} holds a lone surrogate") from None
    if size > limit:
        raise BadRow(f"{name} is longer than {limit} bytes")
