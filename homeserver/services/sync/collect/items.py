"""Events on their way to a client: live ones as one piece of bytes that all receivers share, others read with extras.

Not for: who sees what (`collect.rooms`, `visibility`).
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import orjson

from homeserver.services.feed import Feed
from homeserver.services.presentation import Presentation, live, live_for_sender, spliced
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.services.turns import slices
from homeserver.services.visibility import Seen
from homeserver.storage.events.extras import NOTHING, Extra
from homeserver.storage.events.read import PageEvent
from homeserver.storage.rows import CURRENT, HIDDEN, EventRow, RedactionRow, Row

K = TypeVar("K")
V = TypeVar("V")
REMEMBERED = 20_000
RENDERED_AT_ONCE = 500


class Item(NamedTuple):
    """An event that the viewer may see, with the viewer's membership at it.

    `extra`: of a stored event, what was read beside it. `left_at`: of a live one, the stream position at which the
    viewer left; what happened to the event after that is not told.
    """

    event: EventRow | PageEvent
    membership: str = "join"
    extra: Extra | None = None
    left_at: int | None = None

    @classmethod
    def of(cls, seen: Seen) -> "Item":
        """A stored event."""
        return cls(seen.event, seen.membership, seen.extra)

    @property
    def is_current_state(self) -> bool:
        """Whether it became the current state of its key when it was committed."""
        event = self.event
        return event.is_current_state if isinstance(event, EventRow) else bool(event.flags & CURRENT)


class Live:
    """The bytes of the newest events, and which of them are out of the ordinary. Follows the feed, after `Rooms`."""

    def __init__(self, rooms: Rooms, feed: Feed) -> None:
        self._rooms = rooms
        self._shared: dict[int, orjson.Fragment] = {}
        self._redactions: dict[int, RedactionRow] = {}
        self._bodies: dict[str, bytes] = {}
        """Bodies of redactions, by event id."""
        self._aside: dict[int, None] = {}
        feed.register(self.apply)

    def apply(self, row: Row) -> None:
        """Note redactions, and events whose state is not that of the head when they came."""
        if isinstance(row, EventRow):
            if row.redacts is not None:
                self._bodies[row.event_id] = row.body
                _bound(self._bodies)
            if not row.flags & HIDDEN and not row.historical and not self._stands_on_head(row):
                self._aside[row.event_nid] = None
                _bound(self._aside)
        elif isinstance(row, RedactionRow):
            self._redactions[row.target_event_nid] = row
            self._shared.pop(row.target_event_nid, None)
            _bound(self._redactions)

    def _stands_on_head(self, row: EventRow) -> bool:
        room = self._rooms.cached(row.room_nid)
        if room is None:
            return False
        return row.is_current_state or (row.chain_id, row.sequence) == (room.chain_id, room.sequence)

    def is_aside(self, row: EventRow) -> bool:
        """Whether the state before the event may be another than the room's at that time: ask `Visibility`."""
        return row.event_nid in self._aside

    def fragment(self, row: EventRow, requester: Requester, left_at: int | None = None) -> orjson.Fragment:
        """The event for one who was joined when it came, and left at stream position `left_at`."""
        txn = row.txn
        redaction = self._redactions.get(row.event_nid)
        if left_at is not None and redaction is not None and redaction.position > left_at:
            # That it was redacted shows; by what, came too late for this viewer.
            return orjson.Fragment(spliced(redaction.body, {"membership": "join"}))
        if txn is not None and txn.user_nid == requester.user_nid and txn.device_nid == (requester.device_nid or 0):
            return orjson.Fragment(live_for_sender(row, txn.txn_id)) if not self._is_redacted(row) else self.shared(row)
        return self.shared(row)

    def _is_redacted(self, row: EventRow) -> bool:
        return row.redacted_by is not None or row.event_nid in self._redactions

    def shared(self, row: EventRow) -> orjson.Fragment:
        """The event for everyone who was joined when it came, but the device that sent it."""
        found = self._shared.get(row.event_nid)
        if found is None:
            found = self._shared[row.event_nid] = orjson.Fragment(self._bytes(row))
            _bound(self._shared)
        return found

    def _bytes(self, row: EventRow) -> bytes:
        redaction = self._redactions.get(row.event_nid)
        if redaction is None:
            return live(row)
        unsigned: dict[str, object] = {"membership": "join"}
        because = self._bodies.get(redaction.redacted_by)
        if because is not None:
            unsigned["redacted_because"] = orjson.Fragment(because)
        return spliced(redaction.body, unsigned)


def _bound(kept: dict[K, V]) -> None:
    """Forget the oldest entry of a dict that has grown too long."""
    if len(kept) > REMEMBERED:
        del kept[next(iter(kept))]


class Presented(NamedTuple):
    """Events in the client format, and what else was read beside them, by event id."""

    events: dict[str, orjson.Fragment]
    extras: dict[str, Extra]


class Presenter:
    """Makes items into JSON for one requester."""

    def __init__(self, live_events: Live, presentation: Presentation) -> None:
        self._live = live_events
        self._presentation = presentation

    async def present(self, requester: Requester, items: Sequence[Item]) -> Presented:
        """The items in the client format [0 trips for live ones, 1 for any number of others]."""
        events: dict[str, orjson.Fragment] = {}
        stored: list[Seen] = []
        for item in items:
            event = item.event
            if isinstance(event, EventRow):
                events[event.event_id] = self._live.fragment(event, requester, item.left_at)
            else:
                stored.append(Seen(event, item.membership, item.extra))
        extras: dict[str, Extra] = {}
        if stored:
            completed = await self._presentation.completed(requester, stored)
            async for portion in slices(completed, RENDERED_AT_ONCE):
                for seen, rendered in zip(portion, self._presentation.rendered(portion), strict=True):
                    event_id = seen.event.event_id
                    if seen.extra is not None and seen.extra is not NOTHING:
                        extras[event_id] = seen.extra
                    events[event_id] = rendered
        return Presented(events, extras)
