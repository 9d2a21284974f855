"""Events as tests need them, really signed."""

from homeserver.protocol.events import Event, build_pdu, seal
from homeserver.protocol.identifiers import UserId
from homeserver.protocol.room_versions import RoomVersion
from homeserver.protocol.signing import SigningKey


def create_event(sender: UserId, rules: RoomVersion, key: SigningKey, *, ts: int = 1) -> Event:
    """The create event of a version 12 room."""
    proto = build_pdu(
        rules,
        room_id=None,
        sender=sender,
        type="m.room.create",
        state_key="",
        content={"room_version": rules.id},
        prev_events=[],
        auth_events=[],
        depth=1,
        ts=ts,
    )
    return seal(proto, rules, key)
