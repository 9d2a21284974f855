"""Changes as rows: one struct per kind of change.

The same struct is inserted by `stream.py`, fed to the caches of this process and sent to other processes on the bus.
`position` (of the stream) and `room_position` are filled in when the commit answers; before that they are 0.
Not for request bodies or answers.
Longer than others because it is a list: one struct for each kind of change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

# Bits of `EventRow.flags` and of the column `events.flags`.
REJECTED = 1
SOFT_FAILED = 2
OUTLIER = 4
NOTIFY = 8  # what the default push rules say of this event
CURRENT = 16  # it entered the current state when it was committed; set by the stream
RELAY = 32  # a peer's member event that came by a handshake with us: it goes on to the other servers of the room
FOLLOWED = 64  # events that follow it were there before it, so it never was a forward extremity
PASSED_ON = 128  # our user's join by a handshake: the resident that took it sends it to the other servers of the room
HIDDEN = REJECTED | SOFT_FAILED | OUTLIER


class TxnKey(NamedTuple):
    """The scope of a client transaction id. `path_hash`: signed 64 bits; `device_nid`: 0 without a device."""

    user_nid: int
    device_nid: int
    path_hash: int
    txn_id: str


class ChangeRow(msgspec.Struct, array_like=True, gc=False, kw_only=True, tag_field="row"):
    """What every kind has: the position in the stream, 0 until committed."""

    position: int = 0


class EventRow(ChangeRow, tag=1, gc=False):
    """One event. `(chain_id, sequence)` is the state before it.

    `delta_sequence`: sequence of the state change that this event makes on `head_chain_id` (0: `chain_id`), None: none.
    `is_current_state`: it becomes the current state of its key (and its user's membership).
    `on_head`: it joins the extremities and takes the place of `replaces`, the numbers of those it names as parents.
    `relates`: (rel_type, target event id, aggregation key or None).
    `historical`: it fills a hole or the time before; `room_position` is given, and it has no stream position.
    `promoted`: it is stored as an outlier under this number, and gets its place now.
    `unredacted`: no redaction of it had come when it was prepared; where one has come since, its room is refused.
    `skip`: room positions left free below it (a gap). Hidden events (rejected, soft-failed, outliers) get none.
    `head_version`: of the room after the batch, set by the stream.
    `unsigned`: JSON object of what it replaces, for those who see it live; not stored.
    """

    event_nid: int
    event_id: str
    room_nid: int
    room_id: str
    type: str
    sender: str
    ts: int
    depth: int
    chain_id: int
    sequence: int
    body: bytes
    envelope: bytes
    auth_nids: tuple[int, ...] = ()
    state_key: str | None = None
    state_key_nid: int | None = None
    flags: int = 0
    thread_id: str | None = None
    relates: tuple[str, str, str | None] | None = None
    redacts: str | None = None
    redacted_by: str | None = None
    membership: str | None = None
    displayname: str | None = None
    avatar_url: str | None = None
    txn: TxnKey | None = None
    is_current_state: bool = False
    delta_sequence: int | None = None
    head_chain_id: int = 0
    head_version: int = 0
    on_head: bool = True
    replaces: tuple[int, ...] = ()
    historical: bool = False
    promoted: bool = False
    unredacted: bool = False
    skip: int = 0
    room_position: int = 0
    unsigned: bytes = b""

    def __post_init__(self) -> None:
        if self.thread_id is None and self.relates is not None and self.relates[0] == "m.thread":
            self.thread_id = self.relates[1]


class MemberRow(ChangeRow, tag=3, gc=False):
    """A membership that no committed current event sets: out-of-band invites and knocks, resolution, forgetting."""

    room_nid: int
    room_id: str
    user_id: str
    server: str
    membership: str
    event_id: str | None
    event_nid: int | None = None
    sender: str = ""
    displayname: str | None = None
    avatar_url: str | None = None
    room_position: int = 0
    stripped_state: bytes | None = None
    forgotten: bool = False


class StateRow(ChangeRow, tag=4, gc=False):
    """A state change by resolution: the key now has an older event, or none (`event_nid` None).

    `is_current`: the current state changes too (else only a side chain). The member fields are those of the event of a
    member key; without an event the user is as one who left. `head_version`: of the room after it, set by the stream.
    """

    room_nid: int
    room_id: str
    chain_id: int
    sequence: int
    type: str
    state_key: str
    state_key_nid: int
    event_nid: int | None
    event_id: str | None
    body: bytes = b""
    is_current: bool = True
    membership: str | None = None
    displayname: str | None = None
    avatar_url: str | None = None
    head_version: int = 0


class ChainRow(ChangeRow, tag=5, gc=False):
    """A new snapshot chain, forked from `(parent_chain, parent_sequence)`; no parent: it starts from a full copy."""

    chain_id: int
    room_nid: int
    parent_chain: int | None
    parent_sequence: int | None
    level: int


class RedactionRow(ChangeRow, tag=6, gc=False):
    """The body of event `target_event_nid` (`event_id`) becomes `body`. `redacted_by`: the id of the redaction."""

    target_event_nid: int
    event_id: str
    room_nid: int
    body: bytes
    redacted_by: str


class MentionRow(ChangeRow, tag=7, gc=False):
    """A member whose push result for the event of this batch differs from its flag, or highlights."""

    user_id: str
    notify: bool
    highlight: bool
    room_nid: int = 0
    event_nid: int = 0
    thread_id: str | None = None

    def at(self, event: EventRow) -> MentionRow:
        """The same for `event`, a row of the same batch."""
        return MentionRow(
            user_id=self.user_id,
            notify=self.notify,
            highlight=self.highlight,
            room_nid=event.room_nid,
            event_nid=event.event_nid,
            thread_id=event.thread_id,
        )


class GapRow(ChangeRow, tag=8, gc=False):
    """A hole left below the event `event_nid` of this batch, whose `skip` room positions are free for it."""

    room_nid: int
    event_nid: int
    missing: tuple[str, ...]


class GapFilledRow(ChangeRow, tag=9, gc=False):
    """The gap above `below` now ends at `above` and lacks `missing`; nothing missing: it is closed."""

    room_nid: int
    below: int
    above: int
    missing: tuple[str, ...]


class BackwardRow(ChangeRow, tag=10, gc=False):
    """Backward extremities: ids of events before the oldest we have, that came to be known or were fetched."""

    room_nid: int
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class FollowedRow(ChangeRow, tag=63, gc=False):
    """Events that are not here and are followed, by way of hidden events, by accepted ones."""

    room_nid: int
    event_ids: tuple[str, ...]


class ReceiptRow(ChangeRow, tag=11, gc=False):
    """A read receipt. `thread`: "" unthreaded, "main", or a root's event id. `room_position`: of the event read."""

    room_nid: int
    room_id: str
    user_id: str
    type: str
    thread: str
    event_id: str
    event_nid: int | None
    room_position: int
    ts: int


class AccountDataRow(ChangeRow, tag=12, gc=False):
    """Account data; `room_id` "" is the global kind. `content`: JSON."""

    user_id: str
    room_id: str
    type: str
    content: bytes


class ToDeviceRow(ChangeRow, tag=13, gc=False):
    """A message for one device. `content`: the whole event as JSON. `message_id`: of the sender, for remote repeats."""

    user_id: str
    device_id: str
    device_nid: int
    content: bytes
    message_id: str = ""


class DeviceChangeRow(ChangeRow, tag=14, gc=False):
    """The devices or keys of a user changed. `room_nids`: the rooms the user is joined to; `device_id` None: all.

    `observer`: only this user sees it (they signed a key of `user_id`).
    """

    user_id: str
    device_id: str | None
    room_nids: tuple[int, ...]
    deleted: bool = False
    observer: str | None = None


class RevocationRow(ChangeRow, tag=15, gc=False):
    """Access that ends with this commit: the rows of sessions (and of a device) go in the same statement.

    `kind`: "session" (`session_nid`), "device" (`device_id`: device, inbox and sessions), "user" (all sessions and
    devices), "account" (nothing ends, but what the account may do is to be read anew; see AccountRow).
    """

    user_id: str
    kind: str
    device_id: str | None = None
    session_nid: int | None = None


class OutboundEduRow(ChangeRow, tag=16, gc=False):
    """An EDU that must reach `server`. A later one with the same non-empty `key` replaces it when sending."""

    server: str
    edu_type: str
    key: str
    content: bytes


class StagedRow(ChangeRow, tag=17, gc=False):
    """A PDU accepted from `origin` that is still to be worked off."""

    room_nid: int
    room_id: str
    event_id: str
    origin: str
    pdu: bytes
    received_ts: int


class StagedDoneRow(ChangeRow, tag=18, gc=False):
    """A staged PDU leaves the queue with this commit; refused with its room when the room is."""

    room_nid: int
    event_id: str


class InboundTxnRow(ChangeRow, tag=19, gc=False):
    """The answer to a federation transaction, kept so that a repeat gets the same.

    `room_nid`: it is kept only if that room's part of the batch passes its gate.
    """

    origin: str
    txn_id: str
    response: bytes
    received_ts: int
    room_nid: int | None = None


class DirectoryRow(ChangeRow, tag=20, gc=False):
    """An alias now names `room_id`, or nothing (None), or the room's publicity changed (`alias` "")."""

    alias: str
    room_id: str | None
    room_nid: int | None = None
    creator: str = ""
    is_public: bool | None = None


class DeviceKeysRow(ChangeRow, tag=21, gc=False):
    """Identity keys of a device here, as JSON; nothing is written when the device is gone."""

    device_nid: int
    user_id: str
    device_id: str
    keys: bytes


class RemoteDeviceRow(ChangeRow, tag=22, gc=False):
    """A device of a user elsewhere: its identity keys as JSON, or None when it is gone."""

    user_id: str
    device_id: str
    keys: bytes | None


class DeviceListRow(ChangeRow, tag=23, gc=False):
    """Where the device list of a user stands. `stream_id`: of its last change; `is_stale`: it must be fetched anew."""

    user_id: str
    stream_id: int
    is_stale: bool = False


class CrossSigningKeyRow(ChangeRow, tag=24, gc=False):
    """A cross-signing key of a user as JSON. `usage`: "master", "self_signing" or "user_signing"."""

    user_id: str
    usage: str
    content: bytes


class KeySignatureRow(ChangeRow, tag=25, gc=False):
    """A signature on a key of `user_id`. `key_id`: a device id, or the public part of a cross-signing key."""

    user_id: str
    key_id: str
    signer_id: str
    signer_key_id: str
    signature: str


class OneTimeKeysRow(ChangeRow, tag=26, gc=False):
    """A device's one-time or fallback keys are others than before. For caches and clients; not stored."""

    user_id: str
    device_id: str
    device_nid: int


class ToDeviceTxnRow(ChangeRow, tag=27, gc=False):
    """A sending to devices that was taken. `sender`: a user id elsewhere, or the device of a client here."""

    sender: str
    path_hash: int
    txn_id: str


class AccountRow(ChangeRow, tag=40, gc=False):
    """What an account may do from now on; None leaves a thing as it is. Goes with a RevocationRow of kind "account"."""

    user_id: str
    is_admin: bool | None = None
    is_locked: bool | None = None
    is_suspended: bool | None = None
    is_shadow_banned: bool | None = None
    is_approved: bool | None = None
    is_guest: bool | None = None


class PurgedRow(ChangeRow, tag=41, gc=False):
    """All that a room held was deleted: who has its head in memory reads it anew."""

    room_nid: int
    room_id: str


class PartialRow(ChangeRow, tag=60, gc=False):
    """The state of a room lacks members since the join `event_id`, or no longer (`is_partial` False).

    `via`: the server that took the join. `servers`: those that it said are in the room.
    """

    room_nid: int
    room_id: str
    event_id: str
    is_partial: bool
    via: str = ""
    servers: tuple[str, ...] = ()


class WithdrawnRow(ChangeRow, tag=61, gc=False):
    """An event that was accepted while members lacked, and that the whole state refuses: it is rejected after all.

    `state_key_nid`: of the key that it held, None for a message. `substitute`: the event that holds the key in its
    place wherever it did, None: nothing does. Not read back: with it comes a PartialRow, and heads are read anew.
    """

    room_nid: int
    event_nid: int
    state_key_nid: int | None = None
    substitute: int | None = None


class EarlyRedactionRow(ChangeRow, tag=62, gc=False):
    """The redaction `redaction_id` came before the event `event_id`, which is to arrive redacted. Not read back.

    Where that event has come since, the room is refused.
    """

    room_nid: int
    event_id: str
    redaction_id: str


Row = (
    EventRow
    | MemberRow
    | StateRow
    | ChainRow
    | RedactionRow
    | MentionRow
    | GapRow
    | GapFilledRow
    | BackwardRow
    | ReceiptRow
    | AccountDataRow
    | ToDeviceRow
    | DeviceChangeRow
    | RevocationRow
    | OutboundEduRow
    | StagedRow
    | StagedDoneRow
    | InboundTxnRow
    | DirectoryRow
    | DeviceKeysRow
    | RemoteDeviceRow
    | DeviceListRow
    | CrossSigningKeyRow
    | KeySignatureRow
    | OneTimeKeysRow
    | ToDeviceTxnRow
    | AccountRow
    | PurgedRow
    | PartialRow
    | WithdrawnRow
    | EarlyRedactionRow
    | FollowedRow
)


class RoomWrite(msgspec.Struct, kw_only=True):
    """What the gate needs for one room: the head as its writer believes it, and the head after the batch.

    `exact`: the batch changes the state, so the version must be `seen`; messages only need the state point unmoved.
    `added`, `removed`: event numbers of extremities. `n`: visible events; counted again by the stream.
    """

    room_nid: int
    seen: int
    chain_id: int
    sequence: int
    new_chain_id: int
    new_sequence: int
    depth: int
    exact: bool = False
    added: Sequence[int] = ()
    removed: Sequence[int] = ()
    n: int = 0


class Rows:
    """What one entry brings into a batch; the order of `add` is the order of positions."""

    __slots__ = ("added", "rooms")

    def __init__(self) -> None:
        self.rooms: list[RoomWrite] = []
        self.added: list[Row] = []

    def add(self, row: Row) -> None:
        """Have `row` written with this batch; of several rows for one key (member, receipt, ...) the last stands."""
        self.added.append(row)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Row])


def encode_rows(rows: Sequence[Row]) -> bytes:
    """MessagePack of the rows, for the bus."""
    return _encoder.encode(rows)


def decode_rows(payload: bytes) -> list[Row]:
    """Rows of `encode_rows`. Raises msgspec.DecodeError when they come from another release."""
    return _decoder.decode(payload)
