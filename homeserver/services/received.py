"""What can be said of a PDU from elsewhere without its room: its format, its signatures, its hash, what it redacts.

Not for: authorisation (`acceptance`).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import orjson

from homeserver.protocol import canonical_json
from homeserver.protocol.errors import BadEvent, BadIdentifier, BadJson, ProtocolError
from homeserver.protocol.events import Event, parse_pdu, redacted
from homeserver.protocol.hashes import check_content_hash
from homeserver.protocol.identifiers import parse_room_id, server_of
from homeserver.protocol.redaction import redact_body
from homeserver.protocol.room_versions import RoomVersion
from homeserver.services.heads import Room
from homeserver.services.keyring import Keyring
from homeserver.services.turns import SLICE, slices
from homeserver.storage.events.read import PageEvent, StoredEvent
from homeserver.storage.rows import EventRow, RedactionRow


@dataclass(frozen=True, slots=True)
class Dropped:
    """A PDU that is no event for us; `why` may be told to who sent it."""

    why: str
    event_id: str | None = None


def room_id_of(pdu: object) -> str | None:
    """The room that a PDU names; None where it names none, as create events of version 12 do not."""
    room_id = pdu.get("room_id") if isinstance(pdu, dict) else None
    try:
        return parse_room_id(room_id) if isinstance(room_id, str) else None
    except BadIdentifier:
        return None


def parse(pdu: object, rules: RoomVersion, limit_references: bool) -> Event | Dropped:
    """The event of a PDU, or of its JSON, if its format and size are right."""
    try:
        pdu = canonical_json.decode(pdu) if isinstance(pdu, bytes) else pdu
        if not isinstance(pdu, dict):
            return Dropped("not an object")
        event = parse_pdu(pdu, rules, limit_references=limit_references)
    except (BadEvent, BadJson, ProtocolError) as error:
        return Dropped(str(error))
    names = (event.event_id, event.type, event.sender, event.state_key or "", event.redacts(rules) or "")
    if any("\0" in name for name in (*names, *event.prev_events, *event.auth_events)):
        return Dropped("a name in it holds a NUL character, which cannot be stored")
    return event


def has_right_hash(event: Event, rules: RoomVersion) -> bool:
    """Whether the content is what was signed."""
    try:
        return check_content_hash(event.pdu, rules)
    except (BadEvent, BadJson):
        return False


async def read_pdus(
    keyring: Keyring, pdus: Sequence[object], rules: RoomVersion, *, limit_references: bool
) -> list[Event | Dropped]:
    """Parse, verify, check hashes; see `Acceptance.read`."""
    results: list[Event | Dropped] = []
    is_much = len(pdus) > SLICE
    async for portion in slices(pdus):
        read = partial(_parse_all, portion, rules, limit_references)
        results += await asyncio.to_thread(read) if is_much else read()
    parsed = [(place, event) for place, event in enumerate(results) if isinstance(event, Event)]
    problems = await keyring.verify_pdus([(event.pdu, rules) for _, event in parsed])
    async for judged in slices(list(zip(parsed, problems, strict=True))):
        signed = [event for (_, event), problem in judged if problem is None]
        hashed = partial(_as_hashed, signed, rules)
        shown = iter(await asyncio.to_thread(hashed) if is_much else hashed())
        for (place, event), problem in judged:
            results[place] = next(shown) if problem is None else Dropped(f"signature: {problem}", event.event_id)
    return results


def _parse_all(pdus: Sequence[object], rules: RoomVersion, limit_references: bool) -> list[Event | Dropped]:
    return [parse(pdu, rules, limit_references) for pdu in pdus]


def _as_hashed(events: Sequence[Event], rules: RoomVersion) -> list[Event]:
    """The events, those whose content is not what was hashed redacted."""
    return [event if has_right_hash(event, rules) else redacted(event, rules) for event in events]


def may_redact(room: Room, event: Event, target: PageEvent | StoredEvent | Event | EventRow) -> bool:
    """Whether a redaction takes effect. Spec: as of `redaction_of`."""
    if target.type == "m.room.create":
        return False
    by, of = (event.event_id, target.event_id) if room.rules.redaction_rule else (event.sender, target.sender)
    return room.power.of_user(event.sender) >= room.power.redact or server_of(by) == server_of(of)


def redaction_of(room: Room, event: Event, target: PageEvent | StoredEvent) -> RedactionRow | None:
    """The rewritten target of a redaction that takes effect.

    Spec: Room Version 3, Handling redactions; in versions 1 and 2 an authorisation rule says who may redact what.
    """
    if target.room_nid != room.room_nid or target.redacted_by is not None or not may_redact(room, event, target):
        return None
    body = orjson.dumps(redact_body(orjson.loads(target.body), room.rules))
    return RedactionRow(
        target_event_nid=target.event_nid,
        event_id=target.event_id,
        room_nid=room.room_nid,
        body=body,
        redacted_by=event.event_id,
    )
