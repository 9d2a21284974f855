"""Memberships in rooms that we are not in: invites to users here and their knocks, with what may be shown of the room.

Spec: Client-Server API, Stripped state; Server-Server API, Inviting to a room, Knocking upon a room.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from homeserver.clock import Clock
from homeserver.errors import InvalidParam, MissingParam
from homeserver.protocol import canonical_json
from homeserver.protocol.errors import BadJson
from homeserver.protocol.events import Event
from homeserver.protocol.identifiers import server_of
from homeserver.protocol.room_versions import RoomVersion
from homeserver.services.acceptance import Acceptance
from homeserver.services.heads import MEMBER
from homeserver.storage.rooms import RoomTable
from homeserver.storage.rows import MemberRow
from homeserver.storage.stream import Stream

CREATE_TYPE: Final = "m.room.create"
MAX_STATE: Final = 50
MAX_STATE_BYTES: Final = 256 * 1024


class OutOfBand:
    """Checks and keeps what such memberships come with."""

    def __init__(self, acceptance: Acceptance, table: RoomTable, stream: Stream, clock: Clock) -> None:
        self._acceptance = acceptance
        self._table = table
        self._stream = stream
        self._clock = clock

    async def stripped(self, room_id: str, rules: RoomVersion, state: Sequence[Any]) -> bytes:
        """What the client may see of the room, as JSON. Raises MissingParam, InvalidParam.

        Version 12 asks for full PDUs with a create event that fits.
        """
        entries = [entry for entry in state[:MAX_STATE] if isinstance(entry, dict)]
        creates = [entry for entry in entries if entry.get("type") == CREATE_TYPE]
        if rules.create_is_room:
            if not creates:
                raise MissingParam("The room's state must hold the create event.")
            read = [event for event in await self._acceptance.read(entries, rules) if isinstance(event, Event)]
            entries = [dict(event.pdu) for event in read if event.room_id == room_id]
            if not any(entry.get("type") == CREATE_TYPE for entry in entries):
                raise InvalidParam("The create event in the room's state does not fit the room.")
        stripped = [entry for entry in map(_strip, entries) if entry is not None]
        text = canonical_json.encode_lenient(stripped)
        if len(text) <= MAX_STATE_BYTES:
            return text
        return canonical_json.encode_lenient([entry for entry in stripped if entry["type"] == CREATE_TYPE])

    async def keep(self, room_id: str, rules: RoomVersion, event: Event, stripped: bytes) -> None:
        """Keep the membership that `event` gives to its target, with the state it is shown with."""
        allocated = await self._table.allocate(room_id, rules.id, created_ts=self._clock.now_ms())
        name, avatar = event.content.get("displayname"), event.content.get("avatar_url")
        own = {
            "type": MEMBER,
            "state_key": event.state_key,
            "sender": event.sender,
            "content": dict(event.content),
            "event_id": event.event_id,
            "origin_server_ts": event.ts,
        }
        key = (MEMBER, event.state_key)
        state = [entry for entry in orjson.loads(stripped) if (entry["type"], entry["state_key"]) != key]
        await self._stream.write(
            MemberRow(
                room_nid=allocated.room_nid,
                room_id=room_id,
                user_id=event.target,
                server=server_of(event.target),
                membership=str(event.membership),
                event_id=event.event_id,
                sender=event.sender,
                displayname=name if isinstance(name, str) else None,
                avatar_url=avatar if isinstance(avatar, str) else None,
                stripped_state=canonical_json.encode_lenient([*state, own]),
            )
        )


def _strip(entry: Mapping[str, Any]) -> dict[str, Any] | None:
    """Stripped state of one event, None where it is malformed."""
    stripped = {name: entry.get(name) for name in ("type", "state_key", "sender", "content")}
    texts = (stripped["type"], stripped["state_key"], stripped["sender"])
    is_good = all(isinstance(text, str) and len(text) <= 255 for text in texts) and isinstance(
        entry.get("content"), dict
    )
    try:
        canonical_json.check_depth(stripped)
    except BadJson:
        return None  # no client could be shown it
    return stripped if is_good else None
