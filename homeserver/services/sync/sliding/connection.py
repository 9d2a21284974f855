"""What a client holds, as far as this server knows: at the position it acknowledged, and at each one sent since.

A retry from any of those positions is answered as if nothing had been sent after it. Losing a connection's state is a
reset for its client, never wrong data. Spec: MSC4186.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from homeserver.protocol.positions import BadPosition, ConnectionToken, parse_connection_token
from homeserver.services.sync.sliding.wanted import Combined

MAX_MEMBERS = 2_000


class RoomSent(NamedTuple):
    """What a client has of a room: everything wanted by `wanted` up to stream position `upto`.

    `members`: whose member events it has.
    """

    upto: int
    wanted: Combined
    membership: str
    members: frozenset[str] = frozenset()

    def with_members(self, more: frozenset[str]) -> "RoomSent":
        """The same with more members; when there are too many, the older ones are forgotten and sent again."""
        members = self.members | more if len(self.members) < MAX_MEMBERS else more
        return self._replace(members=members)


class Place(NamedTuple):
    """A position: the `n`th answer, up to `position` of the stream and `counter` of the passing states."""

    n: int
    position: int
    epoch: int
    counter: int

    @property
    def is_start(self) -> bool:
        """Whether the client has nothing yet, or only some parts of a first answer."""
        return not self.epoch


START = Place(0, 0, 0, 0)
Rooms = Mapping[int, RoomSent | None]


class Diff(NamedTuple):
    """What an answer changed; None: the client has nothing of the room any more."""

    place: Place
    rooms: Rooms


class Connection:
    """One client connection: (user, device, conn_id)."""

    def __init__(self, number: int, user_id: str, device_nid: int, conn_id: str) -> None:
        self.number = number
        self.user_id = user_id
        self.device_nid = device_nid
        self.conn_id = conn_id
        self.acked = START
        self._acked_rooms: dict[int, RoomSent] = {}
        self._unacked: deque[Diff] = deque()
        self.place = START
        self.rooms: dict[int, RoomSent] = {}
        """What the client has when all that was sent has arrived."""
        self.is_dirty = False
        self.inbox_stored = 0
        """Up to where the client has said that it has stored its inbox."""
        self.used_at = 0.0
        self.turn = 0
        """Rises when somebody takes the connection over: whoever had it stops."""
        self._let_go: Callable[[], None] | None = None
        self.lock = asyncio.Lock()
        self.cache: Any = None
        """What the engine remembers from one answer to the next; may be lost at any time."""

    def take(self, let_go: Callable[[], None] | None = None) -> int:
        """Take the connection over; the turn. `let_go` is called when another one does."""
        before, self._let_go = self._let_go, let_go
        self.turn += 1
        if before is not None:
            before()
        return self.turn

    @property
    def pos(self) -> str:
        """The token of the last answer."""
        return self.token(self.place)

    def token(self, place: Place) -> str:
        return str(ConnectionToken(self.number, place.position, place.n))

    @property
    def unacked(self) -> int:
        """How many answers are not acknowledged."""
        return len(self._unacked)

    def find(self, pos: str) -> Place | None:
        """The acknowledged place or a later one that a token names."""
        if pos == self.pos:
            return self.place
        try:
            token = parse_connection_token(pos)
        except BadPosition:
            return None
        if token.connection != self.number:
            return None
        for place in (self.acked, *(diff.place for diff in self._unacked)):
            if (place.n, place.position) == (token.n, token.position):
                return place
        return None

    def ack(self, place: Place) -> None:
        """The client holds everything up to `place`."""
        while self._unacked and self._unacked[0].place.n <= place.n:
            diff = self._unacked.popleft()
            _apply(self._acked_rooms, diff.rooms)
            self.acked = diff.place
            self.is_dirty = True

    def resume(self, place: Place) -> None:
        """The client holds everything up to `place` and nothing after it."""
        self.ack(place)
        if self._unacked:
            self._unacked.clear()
            self.rooms = dict(self._acked_rooms)
            self.cache = None
        self.place = self.acked

    def sent(self, place: Place, rooms: Rooms) -> None:
        """An answer is on its way."""
        self._unacked.append(Diff(place, rooms))
        _apply(self.rooms, rooms)
        self.place = place

    # -- keeping ---------------------------------------------------------------------------------------------------

    def dump(self) -> bytes:
        """The state to be written behind."""
        self.is_dirty = False
        return _encoder.encode(Saved(self.number, self.acked, self._acked_rooms, list(self._unacked)))

    @classmethod
    def load(cls, saved: bytes, user_id: str, device_nid: int, conn_id: str) -> "Connection | None":
        """What `dump` made; None when another release wrote it."""
        try:
            state = _decoder.decode(saved)
        except msgspec.DecodeError:
            return None
        connection = cls(state.number, user_id, device_nid, conn_id)
        connection.acked = connection.place = state.acked
        connection._acked_rooms = state.rooms
        connection.rooms = dict(state.rooms)
        for diff in state.unacked:
            connection.sent(diff.place, diff.rooms)
        return connection


class Saved(msgspec.Struct, array_like=True):
    """A connection as it is stored."""

    number: int
    acked: Place
    rooms: dict[int, RoomSent]
    unacked: list[Diff]


def _apply(rooms: dict[int, RoomSent], changes: Rooms) -> None:
    for nid, sent in changes.items():
        if sent is None:
            rooms.pop(nid, None)
        else:
            rooms[nid] = sent


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Saved)
