"""Grammar of user ids, room ids, event ids, aliases and server names.

Parsing is as wide as federation needs (historical ids stay readable); `is_valid_localpart_for_new_user` is as narrow as
the text asks of new accounts. Spec: Appendices, Identifier Grammar.
"""

import re
from typing import Final, NewType

from homeserver.protocol.errors import BadIdentifier

UserId = NewType("UserId", str)
RoomId = NewType("RoomId", str)
EventId = NewType("EventId", str)
RoomAlias = NewType("RoomAlias", str)
DeviceId = NewType("DeviceId", str)
ServerName = NewType("ServerName", str)

PREFIX: Final = "app.hearth."
"""Namespace of everything on the wire that is this project's own."""

MAX_ID_BYTES: Final = 255

_IPV6 = r"\[[0-9A-Fa-f:.]{2,45}\]"
_SERVER_NAME = re.compile(rf"(?:{_IPV6}|[0-9A-Za-z.-]{{1,255}})(?::[0-9]{{1,5}})?")
_NEW_LOCALPART = re.compile(r"[a-z0-9._=/+-]+")
_ROOM_VERSION = re.compile(r"[a-z0-9.-]{1,32}")


def server_of(identifier: str) -> ServerName:
    """The server part of `identifier`: what follows its first colon. Empty if there is none."""
    return ServerName(identifier.partition(":")[2])


def localpart_of(identifier: str) -> str:
    """What stands between the sigil and the first colon."""
    return identifier[1:].partition(":")[0]


def parse_server_name(text: str) -> ServerName:
    """Raises BadIdentifier. Spec: Appendices, Server Name."""
    if len(text) > MAX_ID_BYTES or not _SERVER_NAME.fullmatch(text):
        raise BadIdentifier("not a server name")
    return ServerName(text)


def parse_user_id(text: str) -> UserId:
    """Any user id that may occur in a room, historical ones included; raises BadIdentifier.

    Spec: Appendices, User Identifiers, Historical User IDs.
    """
    _split(text, "@", "user id")
    return UserId(text)


def parse_alias(text: str) -> RoomAlias:
    """Raises BadIdentifier. Spec: Appendices, Room Aliases."""
    if not _split(text, "#", "room alias"):
        raise BadIdentifier("not a room alias: nothing before the colon")
    return RoomAlias(text)


def parse_room_id(text: str) -> RoomId:
    """With or without a server part, which says nothing about where the room is. Raises BadIdentifier.

    Spec: Appendices, Room IDs.
    """
    return RoomId(_opaque(text, "!", "room id"))


def parse_event_id(text: str) -> EventId:
    """Raises BadIdentifier. Spec: Appendices, Event IDs."""
    return EventId(_opaque(text, "$", "event id"))


def is_valid_localpart_for_new_user(localpart: str) -> bool:
    """Spec: Appendices, User Identifiers. The length of the whole id is for `parse_user_id` to check."""
    return _NEW_LOCALPART.fullmatch(localpart) is not None


def is_user_id(text: str) -> bool:
    """Enough of a user id for the authorisation rules: a sigil and a colon.

    The text asks for the whole grammar; deployed servers ask for this, and a private rule would split rooms.
    """
    return text.startswith("@") and ":" in text


def is_room_version(text: str) -> bool:
    """Has the grammar of a room version, known or not. Spec: Appendices, Room Versions."""
    return _ROOM_VERSION.fullmatch(text) is not None


def _opaque(text: str, sigil: str, kind: str) -> str:
    if len(text) < 2 or text[0] != sigil or "\0" in text or _too_long(text):
        raise BadIdentifier(f"not a {kind}")
    return text


def _split(text: str, sigil: str, kind: str) -> str:
    """Check a `&localpart:server` id and return its localpart."""
    localpart, colon, server = _opaque(text, sigil, kind)[1:].partition(":")
    if not colon:
        raise BadIdentifier(f"not a {kind}: no server name")
    parse_server_name(server)
    return localpart


def _too_long(text: str) -> bool:
    try:
        return len(text.encode()) > MAX_ID_BYTES
    except UnicodeEncodeError:
        return True
