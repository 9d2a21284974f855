"""What is left of an event after a redaction. Spec: Room Versions, Redactions."""

from collections.abc import Mapping
from typing import Any

from homeserver.protocol.room_versions import RoomVersion


def redact(pdu: Mapping[str, Any], rules: RoomVersion) -> dict[str, Any]:
    """A redacted copy of a PDU, without `unsigned`."""
    raise NotImplementedError


def redact_body(body: Mapping[str, Any], rules: RoomVersion) -> dict[str, Any]:
    """A redacted copy of an event in the client format (`event_id`, `room_id` and `origin_server_ts` stay)."""
    raise NotImplementedError
