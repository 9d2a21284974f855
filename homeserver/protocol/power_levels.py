"""Power levels of a room: who has which, and what is asked for. Immutable, so one may be kept per room state.

Spec: Client-Server API, m.room.power_levels; Room Version 12, Authorization rules.
"""

from collections.abc import Mapping
from typing import Any, Self

from homeserver.protocol.events import Event
from homeserver.protocol.room_versions import RoomVersion

CREATOR = 2**63
"""Level of a creator in version 12 and later: above every integer that canonical JSON can hold."""


class PowerLevels:
    """The levels in force. Numbers: higher may more; `CREATOR` stands for infinity."""

    users_default: int
    events_default: int
    state_default: int
    ban: int
    kick: int
    redact: int
    invite: int

    @classmethod
    def of(cls, content: Mapping[str, Any] | None, create: Event, rules: RoomVersion) -> Self:
        """The levels by the content of the power levels event in force (None: there is none)."""
        raise NotImplementedError

    def of_user(self, user_id: str) -> int:
        raise NotImplementedError

    def for_event(self, event_type: str, is_state: bool) -> int:
        """The level asked of the sender of such an event."""
        raise NotImplementedError

    def notification(self, key: str) -> int:
        """The level asked of the sender of a `key` mention, e.g. `room`."""
        raise NotImplementedError


def creators(create: Event, rules: RoomVersion) -> frozenset[str]:
    """The room's creators: one, and in version 12 also `additional_creators`."""
    raise NotImplementedError
