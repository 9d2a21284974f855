"""Content hash, reference hash and event ids. Spec: Server-Server API, Signing Events; Room Versions, Event IDs."""

from collections.abc import Mapping
from typing import Any

from homeserver.protocol.identifiers import EventId
from homeserver.protocol.room_versions import RoomVersion


def content_hash(pdu: Mapping[str, Any], rules: RoomVersion) -> bytes:
    """SHA-256 of the whole event without `unsigned`, `signatures` and `hashes`."""
    raise NotImplementedError


def check_content_hash(pdu: Mapping[str, Any], rules: RoomVersion) -> bool:
    """Whether `hashes.sha256` is right. If not, go on with the redacted PDU."""
    raise NotImplementedError


def reference_hash(pdu: Mapping[str, Any], rules: RoomVersion) -> bytes:
    """SHA-256 of the redacted event without `unsigned` and `signatures`."""
    raise NotImplementedError


def event_id_of(pdu: Mapping[str, Any], rules: RoomVersion) -> EventId:
    raise NotImplementedError
