"""The tokens that clients carry: where they are in the stream, in a room, or on a connection.

Three kinds, told apart by their first letter. `SyncToken`: everything up to `position` of the stream was seen.
`PageToken`: a place in one room, just after the event at `room_position`. `ConnectionToken`: a place in the answers of
one sliding sync connection, which stands for a stream position too. Tokens never expire.
Spec: Client-Server API, Syncing; Room message pagination.
"""

import re
from dataclasses import dataclass
from typing import Final

MAX_NUMBER: Final = 2**63 - 1
"""What the database can hold."""

_SYNC: Final = re.compile(r"s(\d{1,19})\.(\d{1,19})-(\d{1,19})(?:~(\d{1,19}))?", re.ASCII)
_PAGE: Final = re.compile(r"t(-?\d{1,19})", re.ASCII)
_CONNECTION: Final = re.compile(r"c(\d{1,19})\.(\d{1,19})\.(\d{1,19})", re.ASCII)


class BadPosition(ValueError):
    """A text is not a token of ours, or not of the kind asked for."""


@dataclass(frozen=True, slots=True)
class SyncToken:
    """`s{position}.{epoch}-{n}`. `epoch` names a life of the bus; `n` counts its typing and presence changes seen.

    `~{inbox}` follows where the client has messages to its device only up to that position, because there were many.
    """

    position: int
    epoch: int
    n: int
    inbox: int | None = None

    @property
    def stored(self) -> int:
        """The position up to which the client has the messages to its device."""
        return self.position if self.inbox is None else self.inbox

    def __str__(self) -> str:
        text = f"s{self.position}.{self.epoch}-{self.n}"
        return text if self.inbox is None else f"{text}~{self.inbox}"


@dataclass(frozen=True, slots=True)
class PageToken:
    """`t{room_position}`: backwards from here are the events at and below it, forwards those above it."""

    room_position: int

    def __str__(self) -> str:
        return f"t{self.room_position}"


@dataclass(frozen=True, slots=True)
class ConnectionToken:
    """`c{connection}.{position}.{n}`: the `n`th answer of a connection, which went up to `position` of the stream."""

    connection: int
    position: int
    n: int

    def __str__(self) -> str:
        return f"c{self.connection}.{self.position}.{self.n}"


Token = SyncToken | PageToken | ConnectionToken


def parse_sync_token(text: str) -> SyncToken:
    """A token for `since`. Raises BadPosition."""
    return SyncToken(*_numbers(_SYNC, text))


def parse_page_token(text: str) -> PageToken:
    """Raises BadPosition."""
    return PageToken(*_numbers(_PAGE, text))


def parse_connection_token(text: str) -> ConnectionToken:
    """A `pos`. Raises BadPosition."""
    return ConnectionToken(*_numbers(_CONNECTION, text))


def parse_token(text: str) -> Token:
    """Any token, for endpoints that page through a room from wherever the client is. Raises BadPosition.

    Spec: Client-Server API, GET rooms/{roomId}/messages, `from`.
    """
    match text[:1]:
        case "s":
            return parse_sync_token(text)
        case "c":
            return parse_connection_token(text)
        case _:
            return parse_page_token(text)


def _numbers(form: re.Pattern[str], text: str) -> list[int]:
    found = form.fullmatch(text)
    if found is None:
        raise BadPosition("not a token of this kind")
    numbers = [int(number) for number in found.groups() if number is not None]
    if any(abs(number) > MAX_NUMBER for number in numbers):
        raise BadPosition("the number in the token is out of range")
    return numbers
