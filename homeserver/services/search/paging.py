"""Where a search goes on: the tokens of `next_batch`. They say nothing that the searcher does not know."""

import base64
import binascii
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import msgspec

from homeserver.errors import InvalidParam

_HIGHEST: Final = 2**62


class Place(NamedTuple):
    """A place in the order of all documents: time in ms, number of the event."""

    ts: int
    event_nid: int

    @classmethod
    def above(cls, ts: int) -> "Place":
        """Above everything of that time."""
        return cls(ts, _HIGHEST)


class Group(NamedTuple):
    """The messages of one room, or of one sender."""

    key: Literal["room_id", "sender"]
    value: str


@dataclass(frozen=True, slots=True)
class Page:
    """Hits below `place`; by rank, those from `offset` on among them; `group`: only of this one."""

    place: Place
    offset: int = 0
    group: Group | None = None


START: Final = Page(Place.above(_HIGHEST))


class _Token(msgspec.Struct, array_like=True, frozen=True):
    ts: int
    event_nid: int
    offset: int = 0
    key: Literal["room_id", "sender"] | None = None
    value: str = ""


def token_of(page: Page) -> str:
    """The page as clients get it."""
    group = page.group
    token = _Token(
        page.place.ts, page.place.event_nid, page.offset, group.key if group else None, group.value if group else ""
    )
    return base64.urlsafe_b64encode(msgspec.json.encode(token)).decode("ascii").rstrip("=")


def page_of(token: str | None) -> Page:
    """The page of a token; the first one without. Raises InvalidParam."""
    if token is None:
        return START
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        read = msgspec.json.decode(raw, type=_Token)
    except (ValueError, binascii.Error) as error:
        raise InvalidParam("`next_batch` is no token of this server.") from error
    if not (0 <= read.offset < _HIGHEST and abs(read.ts) <= _HIGHEST and abs(read.event_nid) <= _HIGHEST):
        raise InvalidParam("`next_batch` is no token of this server.")
    group = Group(read.key, read.value) if read.key is not None else None
    return Page(Place(read.ts, read.event_nid), read.offset, group)
