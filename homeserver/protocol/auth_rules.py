"""The authorisation rules of rooms, in the order and with the numbers of the specification's pages.

Spec: Room Version 12, Authorization rules (and the pages of the versions before); Server-Server API, Auth events selection.
"""

from collections.abc import Collection, Mapping
from typing import Any

from homeserver.protocol.events import Event, StateKey
from homeserver.protocol.identifiers import EventId
from homeserver.protocol.room_versions import RoomVersion


def auth_state_keys(
    event_type: str, sender: str, state_key: str | None, content: Mapping[str, Any], rules: RoomVersion
) -> frozenset[StateKey]:
    """The keys of the state before an event whose events are its `auth_events`, where they exist.

    Spec: Server-Server API, Auth events selection.
    """
    raise NotImplementedError


def check_auth_events(
    event: Event, auth_events: Mapping[EventId, Event], rejected: Collection[EventId], rules: RoomVersion
) -> None:
    """Rules about an event's own `auth_events` (2; 2 and 3 in version 12). Raises NotAllowed.

    `auth_events` holds every event that `event.auth_events` names and, in version 12, the room's create event.
    """
    raise NotImplementedError


def check(
    event: Event, state: Mapping[StateKey, Event], rules: RoomVersion, *, create: Event | None = None
) -> None:
    """All rules but those about `auth_events` and signatures, on top of a room state. Raises NotAllowed.

    `state` needs to hold the keys of `auth_state_keys` only. `create` is for version 12, where those do not name the
    create event. Signatures (rule 4.2 / 5.2) are `signing.required_signers`' to name and the caller's to verify before.
    """
    raise NotImplementedError
