"""What may be taken from a member event that a stranger proposes: its place in the graph, nothing to be signed unread.

Spec: Server-Server API, Joining Rooms, Leaving Rooms.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from homeserver.federation.client.joining import Template
from homeserver.protocol.errors import BadIdentifier
from homeserver.protocol.identifiers import EventId, RoomId, UserId, parse_user_id
from homeserver.protocol.room_versions import RoomVersion
from homeserver.services.heads import MEMBER

MAX_DEPTH: Final = 2**53 - 1
MAX_HASH: Final = 44
"""Letters of a SHA-256 in base64."""


class BadTemplate(Exception):
    """What the resident proposed is not the event that was asked for."""


@dataclass(frozen=True, slots=True)
class Place:
    """All that is taken from a template: where the event stands in the graph, and who vouches for a restricted join."""

    prev_events: tuple[EventId, ...]
    auth_events: tuple[EventId, ...]
    depth: int
    authorised_via: UserId | None
    hashes: Mapping[EventId, str | None] = field(default_factory=dict)
    """In versions 1 and 2: the hashes of those events, where the resident tells them; not every one does."""


def read_template(template: Template, rules: RoomVersion, user_id: UserId, room_id: RoomId, membership: str) -> Place:
    """Check that a template is for the event that was asked for. Raises BadTemplate."""
    event = template.event
    content = event.get("content")
    if event.get("type") != MEMBER or event.get("room_id") != room_id:
        raise BadTemplate("the template is for another type or room")
    if event.get("sender") != user_id or event.get("state_key") != user_id:
        raise BadTemplate("the template is for another user")
    if not isinstance(content, dict) or content.get("membership") != membership:
        raise BadTemplate("the template is for another membership")
    depth = event.get("depth")
    if type(depth) is not int or not 0 <= depth <= MAX_DEPTH:
        raise BadTemplate("the template has no usable depth")
    via = content.get("join_authorised_via_users_server")
    prev_events, hashes = _references(event.get("prev_events"), rules)
    auth_events, more = _references(event.get("auth_events"), rules)
    return Place(
        _ids(prev_events, 1, 20), _ids(auth_events, 1, 10), depth, _user(via) if via else None, {**hashes, **more}
    )


def _references(value: object, rules: RoomVersion) -> tuple[object, dict[EventId, str | None]]:
    """The ids among references to events, and their hashes where the version has them."""
    if not rules.ids_in_events or not isinstance(value, list):
        return value, {}
    hashes: dict[EventId, str | None] = {}
    for pair in value:
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str) or pair[0] in hashes:
            raise BadTemplate("the template's parents or auth events are no references of this room version")
        digest = pair[1].get("sha256") if isinstance(pair[1], dict) else None
        hashes[EventId(pair[0])] = digest if isinstance(digest, str) and len(digest) <= MAX_HASH else None
    return list(hashes), hashes


def _ids(value: object, least: int, most: int) -> tuple[EventId, ...]:
    if not isinstance(value, list) or not least <= len(value) <= most or len(set(map(str, value))) != len(value):
        raise BadTemplate("the template's parents or auth events cannot be used")
    for entry in value:
        if not isinstance(entry, str) or not entry.startswith("$") or len(entry.encode(errors="replace")) > 255:
            raise BadTemplate("the template names something that is no event")
    return tuple(EventId(entry) for entry in value)


def _user(value: object) -> UserId:
    try:
        return parse_user_id(value if isinstance(value, str) else "")
    except BadIdentifier as error:
        raise BadTemplate("the template names nobody who vouches") from error
