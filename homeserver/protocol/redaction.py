"""What is left of an event after a redaction. Spec: Room Versions, Redactions."""

from collections.abc import Mapping
from typing import Any

from homeserver.protocol.room_versions import RoomVersion

_BODY = ("event_id", "room_id", "sender", "type", "state_key", "origin_server_ts")


def redact(pdu: Mapping[str, Any], rules: RoomVersion) -> dict[str, Any]:
    """A redacted copy of a PDU, without `unsigned`."""
    top_level = rules.kept.top_level
    redacted = {key: value for key, value in pdu.items() if key in top_level}
    redacted["content"] = redact_content(pdu["type"], pdu["content"], rules)
    return redacted


def redact_body(body: Mapping[str, Any], rules: RoomVersion) -> dict[str, Any]:
    """A redacted copy of an event in the client format. From version 11 on a redaction keeps what it redacts."""
    redacted = {key: body[key] for key in _BODY if key in body}
    redacted["content"] = content = redact_content(body["type"], body["content"], rules)
    if "redacts" in content and "redacts" in body:
        redacted["redacts"] = body["redacts"]
    return redacted


def redact_content(event_type: str, content: object, rules: RoomVersion) -> dict[str, Any]:
    """What a redaction leaves of `content`: nothing, where it is no object."""
    kept = rules.kept
    if event_type not in kept.content or not isinstance(content, Mapping):
        return {}
    keys = kept.content[event_type]
    if keys is None:
        return dict(content)
    redacted = {key: value for key, value in content.items() if key in keys}
    if event_type == "m.room.member" and kept.third_party_invite_signed:
        invite = content.get("third_party_invite")
        if isinstance(invite, Mapping):
            # An empty object stays where there was no `signed`: it counts for the event id, and peers keep it.
            redacted["third_party_invite"] = {"signed": invite["signed"]} if "signed" in invite else {}
    return redacted
