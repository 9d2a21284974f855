"""Events: parsed once at the border, sealed when they are ours, shown in the client format, split for storage.

Spec: Room Versions, Event format; Server-Server API, PDUs; Client-Server API, Room event format.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final

import orjson

from homeserver.protocol.canonical_json import MAX_INT, check_strict
from homeserver.protocol.errors import BadEvent, BadJson
from homeserver.protocol.event_format import MAX_SIGNED_BYTES, check_format, check_lengths, check_reference_counts
from homeserver.protocol.hashes import canonical, encode_base64, event_id_from_hash, event_id_of, reference_hash
from homeserver.protocol.identifiers import EventId, RoomId, UserId
from homeserver.protocol.redaction import redact
from homeserver.protocol.room_versions import RoomVersion
from homeserver.protocol.signing import SigningKey

StateKey = tuple[str, str]
"""(type, state_key)"""
Json = dict[str, Any]

# Keys that a PDU and the client format have alike.
_SHARED: Final = ("type", "sender", "content", "room_id", "origin_server_ts", "state_key")
_MAX_OWN_DEPTH: Final = 64
"""Levels of `content` in events of ours: far from where peers stop."""
# What `hashes` and `signatures` add to the canonical text, but for the names of server and key.
_SEAL_BYTES: Final = len('"hashes":{"sha256":""},"signatures":{"":{"":""}},') + 43 + 86


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a room, well-formed for its version. `pdu` is the wire form as signed, without `unsigned`."""

    event_id: EventId
    room_id: RoomId
    type: str
    sender: UserId
    state_key: str | None
    content: Mapping[str, Any]
    prev_events: tuple[EventId, ...]
    auth_events: tuple[EventId, ...]
    depth: int
    ts: int
    pdu: Mapping[str, Any]

    @property
    def is_state(self) -> bool:
        return self.state_key is not None

    @property
    def key(self) -> StateKey:
        """(type, state_key). Raises ValueError on an event that is not a state event."""
        return (self.type, self.target)

    @property
    def target(self) -> UserId:
        """The user that a member event is about: its state key. Raises ValueError where there is none."""
        if self.state_key is None:
            raise ValueError("not a state event")
        return UserId(self.state_key)

    @property
    def membership(self) -> str | None:
        """`content.membership` where it is a string."""
        membership = self.content.get("membership")
        return membership if isinstance(membership, str) else None

    def redacts(self, rules: RoomVersion) -> EventId | None:
        """The event that this redaction names, or None. Spec: Client-Server API, m.room.redaction."""
        if self.type != "m.room.redaction":
            return None
        target = (self.content if rules.redacts_in_content else self.pdu).get("redacts")
        return EventId(target) if isinstance(target, str) else None


def parse_pdu(pdu: Json, rules: RoomVersion, *, limit_references: bool = True) -> Event:
    """Check the format and size of a PDU and compute its id (and, in version 12, the room id of a create event).

    `unsigned` is not part of the event: read it before, it is dropped here. `limit_references` is off for old events
    that came by backfill, from before there were limits for `prev_events` and `auth_events`. Raises BadEvent.
    """
    signed = {key: value for key, value in pdu.items() if key != "unsigned"}
    try:
        check_format(pdu, signed, rules)
        if limit_references:
            check_reference_counts(pdu, rules)
        event_id = event_id_of(signed, rules)
    except BadJson as error:
        raise BadEvent(str(error)) from error
    return _event(signed, event_id, rules)


def build_pdu(
    rules: RoomVersion,
    *,
    room_id: RoomId | None,
    sender: UserId,
    type: str,
    state_key: str | None,
    content: Mapping[str, Any],
    prev_events: Sequence[EventId],
    auth_events: Sequence[EventId],
    depth: int,
    ts: int,
    redacts: EventId | None = None,
    hashes: Mapping[EventId, str | None] | None = None,
) -> Json:
    """The PDU of an event of ours before hashes and signatures. `room_id` is None for a version 12 create event.

    `redacts` goes where the room version wants it. `hashes` are those of the events referred to, for versions 1 and 2
    (`reference_hash_of`). A `depth` that is too great is cut: a peer may have gone to the end. Raises BadJson if
    `content` is not canonical JSON of 64 levels at most, in all versions: what old ones take we need not make.
    """
    check_strict(content, _MAX_OWN_DEPTH)
    proto: Json = {
        "type": type,
        "sender": sender,
        "content": content,
        "prev_events": _references(prev_events, hashes, rules),
        "auth_events": _references(auth_events, hashes, rules),
        "depth": min(depth, MAX_INT),
        "origin_server_ts": ts,
    }
    if room_id is not None:
        proto["room_id"] = room_id
    if state_key is not None:
        proto["state_key"] = state_key
    if redacts is not None:
        if rules.redacts_in_content:
            proto["content"] = {**content, "redacts": redacts}
        else:
            proto["redacts"] = redacts
    return proto


def seal(proto: Json, rules: RoomVersion, key: SigningKey) -> Event:
    """Hash, sign and name an event of ours.

    Where servers make up the ids of their events, the hash of all that is in it makes a good one. Raises BadEvent when
    it, or a name in it, is too large, and BadJson on lone surrogates.
    """
    if rules.ids_in_events:
        opaque = encode_base64(sha256(canonical(proto, rules)).digest()).replace("+", "-").replace("/", "_")
        proto = {**proto, "event_id": f"${opaque}:{key.server}"}
    text = canonical(proto, rules)
    pdu = {**proto, "hashes": {"sha256": encode_base64(sha256(text).digest())}}
    # The same bytes are signed and hashed for the id, because neither `signatures` nor `unsigned` is there yet.
    message = canonical(redact(pdu, rules), rules)
    pdu["signatures"] = {key.server: {key.key_id: key.sign(message)}}
    if len(text) + _SEAL_BYTES + len(key.server) + len(key.key_id) > MAX_SIGNED_BYTES:
        raise BadEvent("the event is too large")
    check_lengths(pdu)
    event_id = pdu.get("event_id") or event_id_from_hash(sha256(message).digest(), rules)
    return _event(pdu, event_id, rules)


def reference_hash_of(event: Event, rules: RoomVersion) -> str:
    """The hash that goes with references to an event in versions 1 and 2, as base64."""
    return encode_base64(reference_hash(event.pdu, rules))


def referred_ids(references: Sequence[Any], rules: RoomVersion) -> tuple[EventId, ...]:
    """The ids in the `prev_events` or `auth_events` of a PDU, which are well-formed for the version."""
    return tuple(reference[0] for reference in references) if rules.ids_in_events else tuple(references)


def redacted(event: Event, rules: RoomVersion) -> Event:
    """What is left of an event, under its old id."""
    pdu = redact(event.pdu, rules)
    return replace(event, content=pdu["content"], pdu=pdu)


def client_event(event: Event, rules: RoomVersion) -> Json:
    """The client format without `unsigned`. Spec: Client-Server API, Room event format.

    A redaction names its target at the top level and in `content`, whichever the room version has: clients old and new.
    """
    client: Json = {
        "type": event.type,
        "sender": event.sender,
        "content": event.content,
        "event_id": event.event_id,
        "room_id": event.room_id,
        "origin_server_ts": event.ts,
    }
    if event.state_key is not None:
        client["state_key"] = event.state_key
    target = event.redacts(rules)
    if target is not None:
        client["redacts"] = target
        client["content"] = {**event.content, "redacts": target}
    return client


def split(event: Event, rules: RoomVersion) -> tuple[bytes, bytes]:
    """The stored form (body, envelope), two JSON texts: the client format, and the keys of the PDU that it lacks."""
    client = client_event(event, rules)
    envelope = {key: value for key, value in event.pdu.items() if key not in _SHARED}
    if event.type == "m.room.redaction" and not rules.redacts_in_content:
        envelope["content"] = event.content
    return _stored(client, rules), _stored(envelope, rules)


def join(body: bytes, envelope: bytes, rules: RoomVersion) -> Event:
    """The inverse of `split`. No checks: the texts come from our own store."""
    load = orjson.loads if rules.strict_json else json.loads
    client = load(body)
    pdu = {key: client[key] for key in _SHARED if key in client}
    pdu.update(load(envelope))
    if rules.create_is_room and client["type"] == "m.room.create":
        del pdu["room_id"]
    return _event(pdu, client["event_id"], rules)


def _references(
    event_ids: Sequence[EventId], hashes: Mapping[EventId, str | None] | None, rules: RoomVersion
) -> list[EventId] | list[list[Any]]:
    """Raises KeyError where versions 1 and 2 need a hash that is not among `hashes`; None: nobody tells it."""
    if not rules.ids_in_events:
        return list(event_ids)
    known = hashes or {}
    found = [(event_id, known[event_id]) for event_id in event_ids]
    return [[event_id, {} if digest is None else {"sha256": digest}] for event_id, digest in found]


def _stored(value: Json, rules: RoomVersion) -> bytes:
    if rules.strict_json:
        return orjson.dumps(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _event(pdu: Json, event_id: EventId, rules: RoomVersion) -> Event:
    names_room = rules.create_is_room and pdu["type"] == "m.room.create"
    return Event(
        event_id,
        RoomId("!" + event_id[1:]) if names_room else pdu["room_id"],
        pdu["type"],
        pdu["sender"],
        pdu.get("state_key"),
        pdu["content"],
        referred_ids(pdu["prev_events"], rules),
        referred_ids(pdu["auth_events"], rules),
        pdu["depth"],
        pdu["origin_server_ts"],
        pdu,
    )
