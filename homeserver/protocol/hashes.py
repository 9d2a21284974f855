"""Content hash, reference hash and event ids. Spec: Server-Server API, Signing Events; Room Versions, Event IDs."""

import binascii
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from homeserver.protocol.canonical_json import encode_checked, encode_lenient
from homeserver.protocol.identifiers import EventId
from homeserver.protocol.redaction import redact
from homeserver.protocol.room_versions import RoomVersion

# The last three are in no format, but peers leave them out when they hash, so they must be left out here too.
_NOT_HASHED = frozenset({"unsigned", "signatures", "hashes", "age_ts", "outlier", "destinations"})


def canonical(value: Mapping[str, Any], rules: RoomVersion) -> bytes:
    """The bytes that a room version hashes and signs. Raises BadJson, but not on floats: `parse_pdu` looks for them."""
    return encode_checked(value) if rules.strict_json else encode_lenient(value)


def content_hash(pdu: Mapping[str, Any], rules: RoomVersion) -> bytes:
    """SHA-256 of the whole event without `unsigned`, `signatures` and `hashes`."""
    return sha256(canonical({k: v for k, v in pdu.items() if k not in _NOT_HASHED}, rules)).digest()


def check_content_hash(pdu: Mapping[str, Any], rules: RoomVersion) -> bool:
    """Whether `hashes.sha256` is right. If not, go on with the redacted PDU."""
    try:
        return decode_base64(pdu["hashes"]["sha256"]) == content_hash(pdu, rules)
    except ValueError:
        return False


def signed_form(pdu: Mapping[str, Any], rules: RoomVersion) -> bytes:
    """The bytes that signatures and the reference hash of an event are made over: redacted, without signatures."""
    redacted = redact(pdu, rules)
    redacted.pop("signatures", None)
    return canonical(redacted, rules)


def reference_hash(pdu: Mapping[str, Any], rules: RoomVersion) -> bytes:
    """SHA-256 of the redacted event without `unsigned` and `signatures`."""
    return sha256(signed_form(pdu, rules)).digest()


def event_id_of(pdu: Mapping[str, Any], rules: RoomVersion) -> EventId:
    """Spec: Room Versions, Event IDs."""
    if rules.ids_in_events:
        return EventId(pdu["event_id"])
    return event_id_from_hash(reference_hash(pdu, rules), rules)


def event_id_from_hash(digest: bytes, rules: RoomVersion) -> EventId:
    """`$` and the reference hash, in the base64 of the room version."""
    text = encode_base64(digest)
    return EventId("$" + (text.replace("+", "-").replace("/", "_") if rules.url_safe_event_ids else text))


def encode_base64(data: bytes) -> str:
    """Unpadded standard base64. Spec: Appendices, Unpadded Base64."""
    return binascii.b2a_base64(data, newline=False).rstrip(b"=").decode()


def decode_base64(text: str) -> bytes:
    """Standard or URL-safe, padded or not. Raises ValueError."""
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    return binascii.a2b_base64(plain + "=" * (-len(plain) % 4))
