"""The table of room versions: what each does differently, as data. Each version is the one before with its changes.

No code outside this table compares version strings. Spec: Room Versions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal

ALL: Final = None
"""In place of a keep-list: every key of `content` survives a redaction."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What survives a redaction: keys of the event, and by event type keys of `content` (`ALL`: every key)."""

    top_level: frozenset[str]
    content: Mapping[str, frozenset[str] | None]
    third_party_invite_signed: bool
    """Whether `signed` inside `third_party_invite` of a member event survives too."""


@dataclass(frozen=True, slots=True)
class RoomVersion:
    """The rules of one room version. Spec: Room Versions, the page of that version."""

    id: str
    kept: Kept
    stable: bool = True
    state_resolution: Literal["v1", "v2", "v2.1"] = "v2"
    ids_in_events: bool = False
    """Servers make up the ids of their events, which stand in the PDU; references to events carry their hashes."""
    redaction_rule: bool = False
    """`m.room.redaction` has an authorisation rule of its own."""
    url_safe_event_ids: bool = False
    strict_json: bool = False
    """Canonical JSON is enforced: no floats, no integers beyond 2^53 - 1."""
    enforce_key_validity: bool = False
    aliases_rule: bool = True
    """`m.room.aliases` has an authorisation rule of its own."""
    notification_levels: bool = False
    """Changes of `notifications` are checked in power levels events."""
    knock: bool = False
    restricted: bool = False
    knock_restricted: bool = False
    integer_levels: bool = False
    """Power levels must be integers; before, strings of digits and (without strict JSON) floats passed."""
    redacts_in_content: bool = False
    creator_in_content: bool = True
    """`content.creator` of the create event names the creator, else its sender is."""
    create_is_room: bool = False
    """The room id is the create event's id; that event is in no `auth_events`, and creators outrank everyone."""

    def numbered(self, rule: str) -> str:
        """The number that an authorisation rule of version 12's page has on this version's page.

        The code names rules as that page does. Older pages lack some rules, and so count differently.
        """
        section, _, rest = rule.partition(".")
        number = int(section)
        if number == 5:
            rest = self._numbered_member_rule(rest)
        elif number == 10 and rest:
            rest = self._numbered_levels_rule(rest)
        elif number == 1 and rest == "5" and not self.create_is_room and not self.creator_in_content:
            rest = "4"
        if not self.create_is_room and number > 1:
            number -= 1
        if self.aliases_rule and number > 3:
            number += 1
        if self.redaction_rule and number == 11:
            number += 1
        return f"{number}.{rest}" if rest else str(number)

    def _numbered_member_rule(self, rest: str) -> str:
        first, _, below = rest.partition(".")
        number = int(first)
        if not self.restricted:
            if number == 3 and below in {"6", "7"}:
                below = str(int(below) - 1)
            number -= number > 2
        if not self.knock and first == "8":
            number -= 1
        return f"{number}.{below}" if below else str(number)

    def _numbered_levels_rule(self, rest: str) -> str:
        first, _, below = rest.partition(".")
        number = int(first)
        number -= number > 4 and not self.create_is_room
        number -= 0 if self.integer_levels else 2
        return f"{number}.{below}" if below else str(number)


_TOP_LEVEL_11 = frozenset(
    {
        "event_id",
        "type",
        "room_id",
        "sender",
        "state_key",
        "content",
        "hashes",
        "signatures",
        "depth",
        "prev_events",
        "auth_events",
        "origin_server_ts",
    }
)
_LEVELS_1 = frozenset({"ban", "events", "events_default", "kick", "redact", "state_default", "users", "users_default"})

_KEPT_1 = Kept(
    top_level=_TOP_LEVEL_11 | {"origin", "membership", "prev_state"},
    content=MappingProxyType(
        {
            "m.room.member": frozenset({"membership"}),
            "m.room.create": frozenset({"creator"}),
            "m.room.join_rules": frozenset({"join_rule"}),
            "m.room.power_levels": _LEVELS_1,
            "m.room.history_visibility": frozenset({"history_visibility"}),
            "m.room.aliases": frozenset({"aliases"}),
        }
    ),
    third_party_invite_signed=False,
)


def _with(kept: Kept, **content: frozenset[str] | None) -> Kept:
    """`kept` with other keep-lists for some types, named without `m.room.`."""
    changed = {f"m.room.{name}": keys for name, keys in content.items()}
    return replace(kept, content=MappingProxyType({**kept.content, **changed}))


_KEPT_6 = replace(
    _KEPT_1, content=MappingProxyType({k: v for k, v in _KEPT_1.content.items() if k != "m.room.aliases"})
)
_KEPT_8 = _with(_KEPT_6, join_rules=frozenset({"join_rule", "allow"}))
_KEPT_9 = _with(_KEPT_8, member=frozenset({"membership", "join_authorised_via_users_server"}))
_KEPT_11 = replace(
    _with(_KEPT_9, create=ALL, power_levels=_LEVELS_1 | {"invite"}, redaction=frozenset({"redacts"})),
    top_level=_TOP_LEVEL_11,
    third_party_invite_signed=True,
)

V1: Final = RoomVersion("1", _KEPT_1, state_resolution="v1", ids_in_events=True, redaction_rule=True)
V2: Final = replace(V1, id="2", state_resolution="v2")
V3: Final = replace(V2, id="3", ids_in_events=False, redaction_rule=False)
V4: Final = replace(V3, id="4", url_safe_event_ids=True)
V5: Final = replace(V4, id="5", enforce_key_validity=True)
V6: Final = replace(V5, id="6", kept=_KEPT_6, strict_json=True, aliases_rule=False, notification_levels=True)
V7: Final = replace(V6, id="7", knock=True)
V8: Final = replace(V7, id="8", kept=_KEPT_8, restricted=True)
V9: Final = replace(V8, id="9", kept=_KEPT_9)
V10: Final = replace(V9, id="10", knock_restricted=True, integer_levels=True)
V11: Final = replace(V10, id="11", kept=_KEPT_11, redacts_in_content=True, creator_in_content=False)
V12: Final = replace(V11, id="12", state_resolution="v2.1", create_is_room=True)

ROOM_VERSIONS: Final[Mapping[str, RoomVersion]] = MappingProxyType(
    {rules.id: rules for rules in (V1, V2, V3, V4, V5, V6, V7, V8, V9, V10, V11, V12)}
)
DEFAULT: Final = "12"
"""Version of new rooms unless the admin says otherwise."""
