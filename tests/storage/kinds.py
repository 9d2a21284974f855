"""One entry with every kind of change, for tests of all fragments."""

from homeserver.storage.database import Database
from homeserver.storage.rows import (
    OUTLIER,
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
    StagedDoneRow,
    StagedRow,
    StateRow,
    ToDeviceRow,
    ToDeviceTxnRow,
    WithdrawnRow,
)
from tests.storage.world import TestRoom


def member(room: TestRoom, user_id: str, membership: str, **more: object) -> MemberRow:
    """A membership without an event."""
    server = user_id.partition(":")[2]
    return MemberRow(
        room_nid=room.room_nid,
        room_id=room.room_id,
        user_id=user_id,
        server=server,
        membership=membership,
        event_id="$outofband:far",
        **more,  # type: ignore[arg-type]
    )


def receipt(room: TestRoom, user_id: str, at: EventRow, **more: object) -> ReceiptRow:
    """A receipt for an event."""
    values: dict[str, object] = {"type": "m.read", "thread": "", "ts": 1, **more}
    return ReceiptRow(
        room_nid=room.room_nid,
        room_id=room.room_id,
        user_id=user_id,
        event_id=at.event_id,
        event_nid=at.event_nid,
        room_position=at.room_position,
        **values,  # type: ignore[arg-type]
    )


def alone(room: TestRoom, at: EventRow) -> list[Row]:
    """Rows of every kind that needs no room's gate."""
    revoked = {"user_id": "@gone:test"}
    return [
        member(room, "@invited:test", "invite", stripped_state=b"[]"),
        receipt(room, "@alice:test", at),
        AccountDataRow(user_id="@alice:test", room_id=room.room_id, type="m.tag", content=b"{}"),
        ToDeviceRow(user_id="@alice:test", device_id="D", device_nid=7, content=b"{}", message_id="m1"),
        DeviceChangeRow(user_id="@alice:test", device_id="D", room_nids=(room.room_nid,)),
        RevocationRow(kind="session", session_nid=1, **revoked),
        RevocationRow(kind="device", device_id="D", **revoked),
        RevocationRow(kind="user", **revoked),
        OutboundEduRow(server="far", edu_type="m.receipt", key="k", content=b"{}"),
        StagedRow(room_nid=room.room_nid, room_id=room.room_id, event_id="$s1", origin="far", pdu=b"{}", received_ts=1),
        StagedDoneRow(room_nid=room.room_nid, event_id="$s0"),
        InboundTxnRow(origin="far", txn_id="1", response=b"{}", received_ts=1),
        DirectoryRow(alias="#a:test", room_id=room.room_id, creator="@alice:test"),
        DirectoryRow(alias="#b:test", room_id=None),
        DirectoryRow(alias="", room_id=room.room_id, room_nid=room.room_nid, is_public=True),
        DeviceChangeRow(user_id="@bob:test", device_id=None, room_nids=(), observer="@alice:test"),
        DeviceKeysRow(device_nid=7, user_id="@alice:test", device_id="D", keys=b"{}"),
        RemoteDeviceRow(user_id="@carol:far", device_id="C", keys=b"{}"),
        RemoteDeviceRow(user_id="@carol:far", device_id="GONE", keys=None),
        DeviceListRow(user_id="@carol:far", stream_id=3),
        CrossSigningKeyRow(user_id="@alice:test", usage="master", content=b"{}"),
        KeySignatureRow(
            user_id="@alice:test", key_id="D", signer_id="@alice:test", signer_key_id="ed25519:k", signature="s"
        ),
        OneTimeKeysRow(user_id="@alice:test", device_id="D", device_nid=7),
        ToDeviceTxnRow(sender="@alice:test D", path_hash=1, txn_id="1"),
        AccountRow(user_id="@alice:test", is_locked=False),
        PurgedRow(room_nid=-1, room_id="!emptied:test"),
    ]


async def put_out(database: Database, event: EventRow) -> None:
    """Make an outlier of a stored event, so that it can get its place."""
    await database.execute("UPDATE events SET flags = flags | $2 WHERE event_nid = $1", event.event_nid, OUTLIER)


def of_room(room: TestRoom, before: EventRow, key_nids: tuple[int, int], nids: list[int]) -> list[Row]:
    """Rows of every kind that needs the room's gate, to be written beside a message."""
    assert room.head is not None
    new, outlier, historical, chain = nids
    values = {
        "room_nid": room.room_nid,
        "room_id": room.room_id,
        "sender": "@alice:test",
        "ts": 1,
        "depth": 9,
        "chain_id": room.head.chain_id,
        "sequence": room.head.sequence,
        "body": b'{"content":{}}',
        "envelope": b"{}",
        "type": "m.room.message",
        "on_head": False,
    }
    fresh = EventRow(event_nid=new, event_id=f"$n{new}", relates=("m.thread", before.event_id, None), skip=10, **values)
    return [
        fresh,
        EventRow(event_nid=outlier, event_id=f"$o{outlier}", flags=OUTLIER, **values),
        EventRow(event_nid=historical, event_id=f"$h{historical}", historical=True, room_position=-5, **values),
        EventRow(event_nid=before.event_nid, event_id=before.event_id, promoted=True, **values),
        MentionRow(user_id="@bob:test", notify=True, highlight=True).at(fresh),
        GapRow(room_nid=room.room_nid, event_nid=new, missing=('$a"b\\', "$c")),
        GapFilledRow(room_nid=room.room_nid, below=1, above=5, missing=("$x",)),
        GapFilledRow(room_nid=room.room_nid, below=2, above=5, missing=()),
        BackwardRow(room_nid=room.room_nid, added=("$back",), removed=("$other",)),
        FollowedRow(room_nid=room.room_nid, event_ids=("$followed",)),
        InboundTxnRow(origin="far", txn_id="of room", response=b"{}", received_ts=1, room_nid=room.room_nid),
        ChainRow(chain_id=chain, room_nid=room.room_nid, parent_chain=1, parent_sequence=1, level=1),
        StateRow(
            room_nid=room.room_nid,
            room_id=room.room_id,
            chain_id=room.head.chain_id,
            sequence=100,
            type="m.room.member",
            state_key="@alice:test",
            state_key_nid=key_nids[0],
            event_nid=before.event_nid,
            event_id=before.event_id,
            membership="join",
        ),
        StateRow(
            room_nid=room.room_nid,
            room_id=room.room_id,
            chain_id=room.head.chain_id,
            sequence=101,
            type="m.room.topic",
            state_key="",
            state_key_nid=key_nids[1],
            event_nid=None,
            event_id=None,
        ),
        RedactionRow(
            target_event_nid=before.event_nid,
            event_id=before.event_id,
            room_nid=room.room_nid,
            body=b'{"content":{"redacted":true}}',
            redacted_by="$r",
        ),
        member(room, "@bob:test", "leave", forgotten=True),
        PartialRow(
            room_nid=room.room_nid, room_id=room.room_id, event_id="$j", is_partial=True, via="far", servers=("far",)
        ),
        WithdrawnRow(room_nid=room.room_nid, event_nid=-1, state_key_nid=key_nids[1], substitute=before.event_nid),
        EarlyRedactionRow(room_nid=room.room_nid, event_id="$later", redaction_id="$r"),
        StagedDoneRow(room_nid=room.room_nid, event_id="$s1"),
    ]
