"""The format and the size limits of PDUs: whether what a peer sent is an event of its room version at all.

As strict as deployed servers and no stricter, because a private rule splits rooms. Ids and memberships are mostly left
to the authorisation rules. Spec: Room Versions, Event format; Client-Server API, Size limits.
"""

from collections.abc import Mapping
from typing import Any, Final

from homeserver.protocol.canonical_json import MAX_DEPTH, MAX_INT, check_depth, check_strict
from homeserver.protocol.errors import BadEvent
from homeserver.protocol.hashes import canonical
from homeserver.protocol.identifiers import MAX_ID_BYTES
from homeserver.protocol.room_versions import RoomVersion
from homeserver.protocol.signing import required_signers

MAX_PDU_BYTES: Final = 65_536
# Peers measure an event without `unsigned` as if it had an empty one.
MAX_SIGNED_BYTES: Final = MAX_PDU_BYTES - len('"unsigned":{},')
MAX_PREV_EVENTS: Final = 20
MAX_AUTH_EVENTS: Final = 10
_MAX_TS: Final = 2**63 - 1

_KINDS: Final[Mapping[str, type]] = {
    "type": str,
    "sender": str,
    "content": dict,
    "depth": int,
    "origin_server_ts": int,
    "prev_events": list,
    "auth_events": list,
    "hashes": dict,
    "signatures": dict,
}


def check_format(pdu: Mapping[str, Any], signed: Mapping[str, Any], rules: RoomVersion) -> None:
    """Raises BadEvent or BadJson. `signed` is `pdu` without `unsigned`."""
    for key, kind in _KINDS.items():
        if type(pdu.get(key)) is not kind:
            raise BadEvent(f"{key} is missing or of the wrong type")
    _check_event_id(pdu, rules)
    if not isinstance(pdu.get("state_key", ""), str) or not isinstance(pdu.get("unsigned", {}), dict):
        raise BadEvent("state_key or unsigned is of the wrong type")
    _check_room_id(pdu, rules)
    _check_numbers(signed, rules)
    _check_references(pdu, rules)
    _check_signatures(pdu, rules)
    if pdu["type"] == "m.room.member" and "membership" not in pdu["content"]:
        raise BadEvent("a member event without membership")
    if len(canonical(signed, rules)) > MAX_SIGNED_BYTES:
        raise BadEvent("the event is too large")
    check_lengths(pdu)


def check_reference_counts(pdu: Mapping[str, Any], rules: RoomVersion) -> None:
    """Raises BadEvent. The create event, which version 12 implies, counts as one of the auth events."""
    auth_events = len(pdu["auth_events"]) + _implies_create(pdu, rules)
    if len(pdu["prev_events"]) > MAX_PREV_EVENTS or auth_events > MAX_AUTH_EVENTS:
        raise BadEvent("too many prev_events or auth_events")


def check_lengths(pdu: Mapping[str, Any]) -> None:
    """Raises BadEvent if a name in the event has over 255 bytes. Spec: Client-Server API, Size limits."""
    for key in ("type", "state_key", "sender", "room_id", "event_id"):
        text = pdu.get(key, "")
        if len(text) * 4 > MAX_ID_BYTES and len(text.encode()) > MAX_ID_BYTES:
            raise BadEvent(f"{key} has more than {MAX_ID_BYTES} bytes")


def _check_event_id(pdu: Mapping[str, Any], rules: RoomVersion) -> None:
    if not rules.ids_in_events:
        if "event_id" in pdu:
            raise BadEvent("event_id is not part of events of this room version")
    elif not isinstance(pdu.get("event_id"), str):
        raise BadEvent("event_id is missing or of the wrong type")
    elif ":" not in pdu["event_id"]:
        raise BadEvent("event_id names no server")


def _check_room_id(pdu: Mapping[str, Any], rules: RoomVersion) -> None:
    if rules.create_is_room and pdu["type"] == "m.room.create":
        if "room_id" in pdu or pdu.get("state_key") != "":
            raise BadEvent("a create event has an empty state_key and no room_id")
        return
    room_id = pdu.get("room_id")
    if not isinstance(room_id, str):
        raise BadEvent("room_id is missing or of the wrong type")
    if rules.create_is_room and not room_id.startswith("!"):
        raise BadEvent("room_id is not a room id")


def _check_numbers(signed: Mapping[str, Any], rules: RoomVersion) -> None:
    if rules.strict_json:
        check_strict(signed, MAX_DEPTH)
    else:
        check_depth(signed, MAX_DEPTH)
    if not 0 <= signed["depth"] <= MAX_INT or abs(signed["origin_server_ts"]) > _MAX_TS:
        raise BadEvent("depth or origin_server_ts is out of range")


def _check_references(pdu: Mapping[str, Any], rules: RoomVersion) -> None:
    prev_events, auth_events = pdu["prev_events"], pdu["auth_events"]
    is_reference = _is_pair if rules.ids_in_events else _is_text
    if not all(map(is_reference, (*prev_events, *auth_events))):
        raise BadEvent("prev_events and auth_events are lists of references to events")
    if _implies_create(pdu, rules) and "$" + pdu["room_id"][1:] in auth_events:
        raise BadEvent("the create event is not one of the auth_events in this room version")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)


def _implies_create(pdu: Mapping[str, Any], rules: RoomVersion) -> bool:
    return rules.create_is_room and pdu["type"] != "m.room.create"


def _check_signatures(pdu: Mapping[str, Any], rules: RoomVersion) -> None:
    """Whether the values are of the right types, and those who must have signed are among the signers."""
    hashes, signatures = pdu["hashes"], pdu["signatures"]
    if "sha256" not in hashes or not _all_strings(hashes):
        raise BadEvent("hashes holds no sha256, or what is not a string")
    if not all(isinstance(block, dict) and _all_strings(block) for block in signatures.values()):
        raise BadEvent("signatures is not a map of maps of strings")
    if ":" not in pdu["sender"]:
        raise BadEvent("the sender has no server")
    if not required_signers(pdu, rules) <= signatures.keys():
        raise BadEvent("not signed by every server that must have")


def _all_strings(values: Mapping[str, Any]) -> bool:
    return all(isinstance(value, str) for value in values.values())
