"""Events: parsed once at the border, sealed when they are ours, shown in the client format, split for storage.

Spec: Room Versions, Event format; Server-Server API, PDUs; Client-Server API, Room event format.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from homeserver.protocol.identifiers import EventId, RoomId, UserId
from homeserver.protocol.room_versions import RoomVersion
from homeserver.protocol.signing import SigningKey

StateKey = tuple[str, str]
Json = dict[str, Any]


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
        """(type, state_key). Only for state events."""
        assert self.state_key is not None
        return (self.type, self.state_key)

    @property
    def target(self) -> UserId:
        """The user that a member event is about: its state key. Only for state events."""
        assert self.state_key is not None
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


def parse_pdu(pdu: Json, rules: RoomVersion) -> Event:
    """Check the format and size of a PDU and compute its id (and, in version 12, the room id of a create event).

    `unsigned` is not part of the event: read it before, it is dropped here. Raises BadEvent.
    """
    raise NotImplementedError


def build_pdu(  # noqa: PLR0913 - the fields of a PDU
    rules: RoomVersion,
    *,
    room_id: RoomId | None,
    sender: UserId,
    type: str,  # noqa: A002 - the spec's word
    state_key: str | None,
    content: Mapping[str, Any],
    prev_events: Sequence[EventId],
    auth_events: Sequence[EventId],
    depth: int,
    ts: int,
    redacts: EventId | None = None,
) -> Json:
    """The PDU of an event of ours before hashes and signatures. `room_id` is None for a version 12 create event.

    `redacts` goes where the room version wants it. Raises BadJson if `content` is not canonical JSON.
    """
    raise NotImplementedError


def seal(proto: Json, rules: RoomVersion, key: SigningKey) -> Event:
    """Hash, sign and name an event of ours; raises BadEvent when it is too large."""
    raise NotImplementedError


def client_event(event: Event, rules: RoomVersion) -> Json:
    """The client format without `unsigned`."""
    raise NotImplementedError


def split(event: Event, rules: RoomVersion) -> tuple[bytes, bytes]:
    """The stored form (body, envelope), two JSON texts: the client format, and the keys of the PDU that it lacks."""
    raise NotImplementedError


def join(body: bytes, envelope: bytes, rules: RoomVersion) -> Event:
    """The inverse of `split`. No checks: the texts come from our own store."""
    raise NotImplementedError
