"""Records of the union in `changes.py` turned into rows: what the columns do not hold is read from the stored body."""

from collections.abc import Callable, Collection
from typing import Any

import msgspec
import orjson

from homeserver.storage.database import Record
from homeserver.storage.rows import (
    CURRENT,
    HIDDEN,
    AccountDataRow,
    DeviceChangeRow,
    DirectoryRow,
    EventRow,
    MemberRow,
    OutboundEduRow,
    PartialRow,
    PurgedRow,
    ReceiptRow,
    RevocationRow,
    Row,
    StateRow,
    ToDeviceRow,
)


def rows_of(found: Collection[Record]) -> list[Row]:
    """The rows that a union's records stand for."""
    return [READ[record["kind"]](record) for record in found if record["kind"] is not None]


class _Content(msgspec.Struct):
    membership: Any = None
    displayname: Any = None
    avatar_url: Any = None
    redacts: Any = None
    relates: Any = msgspec.field(name="m.relates_to", default=None)


class _Body(msgspec.Struct):
    content: _Content = msgspec.field(default_factory=_Content)
    redacts: Any = None


_body_decoder = msgspec.json.Decoder(_Body)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def relation_of(relates: object) -> tuple[str, str, str | None] | None:
    """(rel_type, event_id, key) of a stored `m.relates_to`, where it is well-formed."""
    if not isinstance(relates, dict):
        return None
    rel_type, target = relates.get("rel_type"), relates.get("event_id")
    if not isinstance(rel_type, str) or not isinstance(target, str):
        return None
    return (rel_type, target, _text(relates.get("key")))


def event_row(record: Record) -> EventRow:
    """An event as it was committed. `txn` is not read back; hidden and historical ones are not `on_head`."""
    body = record["b1"]
    decoded = _body_decoder.decode(body)
    content, flags = decoded.content, record["n12"]
    is_member = record["t3"] == "m.room.member"
    return EventRow(
        position=record["position"] or 0,
        event_nid=record["n1"],
        room_nid=record["n2"],
        room_position=record["n3"] or 0,
        chain_id=record["n4"],
        sequence=record["n5"],
        head_chain_id=record["n6"] or record["n4"],
        delta_sequence=record["n7"],
        head_version=record["n8"],
        ts=record["n9"],
        depth=record["n10"],
        state_key_nid=record["n11"],
        flags=flags,
        event_id=record["t1"],
        room_id=record["t2"],
        type=record["t3"],
        state_key=record["t4"],
        sender=record["t5"],
        thread_id=record["t6"],
        redacted_by=record["t7"],
        body=body,
        envelope=record["b2"],
        auth_nids=tuple(record["a1"]),
        replaces=tuple(record["a2"]),
        relates=relation_of(content.relates),
        redacts=_text(content.redacts) or _text(decoded.redacts) if record["t3"] == "m.room.redaction" else None,
        membership=_text(content.membership) if is_member else None,
        displayname=_text(content.displayname) if is_member else None,
        avatar_url=_text(content.avatar_url) if is_member else None,
        is_current_state=bool(flags & CURRENT),
        on_head=not flags & HIDDEN and record["position"] is not None,
        historical=record["position"] is None,
    )


def _state_row(record: Record) -> StateRow:
    body = record["b1"] or b""
    content = _body_decoder.decode(body).content if body and record["t2"] == "m.room.member" else _Content()
    return StateRow(
        position=record["position"],
        room_nid=record["n1"],
        room_id=record["t1"],
        chain_id=record["n2"],
        sequence=record["n3"],
        type=record["t2"],
        state_key=record["t3"],
        state_key_nid=record["n4"],
        event_nid=record["n5"],
        event_id=record["t4"],
        body=body,
        membership=_text(content.membership),
        displayname=_text(content.displayname),
        avatar_url=_text(content.avatar_url),
        head_version=record["n6"] or 0,
    )


def _member_row(record: Record) -> MemberRow:
    return MemberRow(
        position=record["position"],
        room_nid=record["n1"],
        event_nid=record["n2"],
        room_position=record["n3"],
        room_id=record["t1"],
        user_id=record["t2"],
        server=record["t3"],
        membership=record["t4"],
        event_id=record["t5"],
        sender=record["t6"],
        displayname=record["t7"],
        avatar_url=record["t8"],
        stripped_state=record["b1"],
        forgotten=record["f1"],
    )


def _receipt_row(record: Record) -> ReceiptRow:
    return ReceiptRow(
        position=record["position"],
        room_nid=record["n1"],
        event_nid=record["n2"],
        room_position=record["n3"],
        ts=record["n4"],
        room_id=record["t1"],
        user_id=record["t2"],
        type=record["t3"],
        thread=record["t4"],
        event_id=record["t5"],
    )


READ: dict[str, Callable[[Record], Row]] = {
    "event": event_row,
    "member": _member_row,
    "state": _state_row,
    "receipt": _receipt_row,
    "account_data": lambda r: AccountDataRow(
        position=r["position"], user_id=r["t1"], room_id=r["t2"], type=r["t3"], content=r["b1"]
    ),
    "to_device": lambda r: ToDeviceRow(
        position=r["position"],
        device_nid=r["n1"],
        user_id=r["t1"],
        device_id=r["t2"],
        message_id=r["t3"],
        content=r["b1"],
    ),
    "device_change": lambda r: DeviceChangeRow(
        position=r["position"],
        user_id=r["t1"],
        device_id=r["t2"],
        observer=r["t3"],
        room_nids=tuple(r["a1"]),
        deleted=r["f1"],
    ),
    "revocation": lambda r: RevocationRow(
        position=r["position"], session_nid=r["n1"], user_id=r["t1"], kind=r["t2"], device_id=r["t3"]
    ),
    "outbound_edu": lambda r: OutboundEduRow(
        position=r["position"], server=r["t1"], edu_type=r["t2"], key=r["t3"], content=r["b1"]
    ),
    "partial": lambda r: PartialRow(
        position=r["position"],
        room_nid=r["n1"],
        room_id=r["t1"],
        event_id=r["t2"],
        via=r["t3"],
        servers=tuple(orjson.loads(r["t4"])),
        is_partial=r["f1"],
    ),
    "purged": lambda r: PurgedRow(position=r["position"], room_nid=r["n1"], room_id=r["t1"]),
    "directory": lambda r: DirectoryRow(
        position=r["position"], room_nid=r["n1"], alias=r["t1"], room_id=r["t2"], is_public=r["f1"]
    ),
}
