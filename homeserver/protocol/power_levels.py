"""Power levels of a room: who has which, and what is asked for. Immutable and cheap: read only when asked.

Spec: Client-Server API, m.room.power_levels; Room Version 12, Authorisation rules.
"""

from collections.abc import Mapping
from typing import Any, Final, Self

from homeserver.protocol.errors import NotAllowed
from homeserver.protocol.events import Event
from homeserver.protocol.room_versions import RoomVersion

CREATOR: Final = 2**63
"""Level of a creator in version 12 and later: above every integer that canonical JSON can hold."""

DEFAULTS: Final[Mapping[str, int]] = {
    "users_default": 0,
    "events_default": 0,
    "state_default": 50,
    "ban": 50,
    "redact": 50,
    "kick": 50,
    "invite": 0,
}
"""The levels of a room whose power levels event does not name them, or that has no such event."""


class PowerLevels:
    """The levels in force. Higher may more; `CREATOR` stands for infinity.

    Levels that cannot be read (versions 3 to 9 let them in) raise NotAllowed when they are needed.
    """

    __slots__ = ("_content", "_creators", "_rules")

    def __init__(self, content: Mapping[str, Any] | None, creators: frozenset[str], rules: RoomVersion) -> None:
        self._content = content
        self._creators = creators
        self._rules = rules

    @classmethod
    def of(cls, content: Mapping[str, Any] | None, create: Event, rules: RoomVersion) -> Self:
        """The levels by the content of the power levels event in force (None: there is none)."""
        return cls(content, creators(create, rules), rules)

    def of_user(self, user_id: str) -> int:
        """The user's own level, or the default of users."""
        if user_id in self._creators:
            if self._rules.create_is_room:
                return CREATOR
            if self._content is None:
                return 100
        level = self._entry("users", user_id)
        return self.users_default if level is None else level

    def for_event(self, event_type: str, is_state: bool) -> int:
        """The level asked of the sender of such an event."""
        level = self._entry("events", event_type)
        if level is not None:
            return level
        return self.state_default if is_state else self.events_default

    def notification(self, key: str) -> int:
        """The level asked of the sender of a `key` mention, e.g. `room`."""
        level = self._entry("notifications", key)
        return 50 if level is None else level

    @property
    def users_default(self) -> int:
        return self._named("users_default")

    @property
    def events_default(self) -> int:
        return self._named("events_default")

    @property
    def state_default(self) -> int:
        return self._named("state_default")

    @property
    def ban(self) -> int:
        return self._named("ban")

    @property
    def kick(self) -> int:
        return self._named("kick")

    @property
    def redact(self) -> int:
        return self._named("redact")

    @property
    def invite(self) -> int:
        return self._named("invite")

    def _named(self, name: str) -> int:
        level = None if self._content is None else self._content.get(name)
        return DEFAULTS[name] if level is None else self._read(level)

    def _entry(self, name: str, key: str) -> int | None:
        if self._content is None:
            return None
        entries = self._content.get(name, {})
        if not isinstance(entries, Mapping):
            raise NotAllowed(self._rules.numbered("8"), f"{name} of the power levels in force is not an object")
        level = entries.get(key)
        return None if level is None else self._read(level)

    def _read(self, level: object) -> int:
        try:
            return read_level(level)
        except ValueError as error:
            raise NotAllowed(self._rules.numbered("8"), "a power level in force cannot be read") from error


def read_level(level: object) -> int:
    """A power level as versions 3 to 9 take it: an integer, a text of one, or a float to truncate. Raises ValueError.

    Texts are read as Python reads them (` +1_000 `, digits of any script) and booleans count, because the most used
    server does so. From version 10 on the rules let integers only into a room, so this reads those as they are.
    """
    if type(level) is int:
        return level
    if isinstance(level, bool | str):
        return int(level)
    if isinstance(level, float):
        return int(level)
    raise ValueError("not a power level")


def creators(create: Event, rules: RoomVersion) -> frozenset[str]:
    """The room's creators: one, and in version 12 also `additional_creators`."""
    if rules.creator_in_content:
        creator = create.content.get("creator")
        return frozenset({creator}) if isinstance(creator, str) else frozenset()
    if not rules.create_is_room:
        return frozenset({create.sender})
    return frozenset({create.sender, *create.content.get("additional_creators", ())})
