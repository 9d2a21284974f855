"""Events of a `/v3/sync` answer in the format of federation, for the few who ask for it.

What may be shown was decided before: an event that was shown redacted is redacted here. Spec: Client-Server API,
Filtering, `event_format`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from homeserver.protocol.events import join
from homeserver.protocol.filters import SyncFilter, select_fields
from homeserver.protocol.property_paths import Path
from homeserver.protocol.redaction import redact
from homeserver.protocol.room_versions import ROOM_VERSIONS
from homeserver.storage.events.read import Events, StoredEvent

Json = dict[str, Any]
SECTIONS = ("join", "leave")
PARTS = ("timeline", "state", "state_after", "org.matrix.msc4222.state_after")


class FederationFormat:
    """Puts answers into the format."""

    def __init__(self, events: Events) -> None:
        self._events = events

    async def put(self, answer: Json, chosen: SyncFilter) -> None:
        """Replace the events of an answer in the client format, of joined and left rooms [1 trip]."""
        rooms = answer.get("rooms", {})
        if isinstance(rooms, orjson.Fragment):
            # Shared by several receivers, and made already.
            rooms = answer["rooms"] = orjson.loads(orjson.dumps(rooms))
        parts = list(_parts(rooms))
        shown = [[orjson.loads(orjson.dumps(event)) for event in part["events"]] for part in parts]
        ids = {event["event_id"] for events in shown for event in events}
        stored = {one.event_id: one for one in await self._events.by_id(ids)} if ids else {}
        for part, events in zip(parts, shown, strict=True):
            part["events"] = [
                _pdu(event, stored[event["event_id"]], chosen.event_fields)
                for event in events
                if event["event_id"] in stored
            ]


def _parts(rooms: Json) -> Iterator[Json]:
    for section in SECTIONS:
        for room in rooms.get(section, {}).values():
            yield from (room[name] for name in PARTS if name in room)


def _pdu(shown: Json, stored: StoredEvent, fields: Sequence[Path] | None) -> Json:
    """The event as servers exchange it, with its id, and what stands in `unsigned` for this client."""
    rules = ROOM_VERSIONS[stored.room_version]
    event = join(stored.body, stored.envelope, rules)
    is_whole = stored.redacted_by is None and shown["content"] == orjson.loads(stored.body)["content"]
    pdu = {**(event.pdu if is_whole else redact(event.pdu, rules)), "event_id": shown["event_id"]}
    pdu["unsigned"] = shown.get("unsigned", {})
    return pdu if fields is None else select_fields(pdu, fields)
