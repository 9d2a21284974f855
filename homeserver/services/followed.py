"""Which events nothing follows, when events come in any order: what is to become a forward extremity, and what is none.

An accepted event follows those that it names and, by way of hidden ones (rejected, soft-failed), those before these.
What is followed is no tip, whichever came first: kept, it would go on to bring an old state into the head's.
Spec: Server-Server API, Soft failure, Rejection.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from homeserver.protocol.events import Event, join
from homeserver.protocol.identifiers import EventId
from homeserver.services.heads import Room
from homeserver.services.known import Known
from homeserver.services.turns import slices
from homeserver.storage.events.read import Events, StoredEvent
from homeserver.storage.rows import OUTLIER, REJECTED, SOFT_FAILED, FollowedRow, Row

HIDDEN_LAYERS: Final = 100
"""How far hidden events are followed to what is before them: a peer can make them without end."""
HIDDEN_MOST: Final = 1_000
"""How many events are looked at then: a peer can let each of them name twenty others."""


@dataclass(frozen=True, slots=True)
class Behind:
    """What an event follows by way of hidden ones: `tips`, which are none any more, and what is `lacking`."""

    tips: frozenset[EventId] = frozenset()
    lacking: frozenset[EventId] = frozenset()

    def rows(self, room: Room) -> list[Row]:
        """The note that what is lacking is no tip when it comes."""
        return [FollowedRow(room_nid=room.room_nid, event_ids=tuple(sorted(self.lacking)))] if self.lacking else []


async def is_followed(events: Events, room: Room, event: Event, known: Known) -> bool:
    """Whether accepted events follow this one, which has not come yet [0 trips if it names all tips, else 1].

    It stands in a state that was told to us, or is a parent that was not to be had.
    """
    at_head = room.event(event.key) if event.is_state else None
    if at_head is not None and at_head.event_id == event.event_id:
        return True
    await look_up_followed(events, room, [event], known)
    return known.followed.get(event.event_id, False)


async def look_up_followed(events: Events, room: Room, run: Sequence[Event], known: Known) -> None:
    """Know which of events that may follow each other are followed [0 trips if the first names all tips, else 1]."""
    tips = {tip.event_id for tip in room.extremities.values()}
    if tips.issubset(run[0].prev_events):
        return  # a tip that followed it would stand in a circle
    asked = [event.event_id for event in run if event.event_id not in known.followed]
    if asked:
        lacking = await events.lacking(room.room_nid, asked)
        known.followed |= {event_id: event_id in lacking for event_id in asked}


async def behind(events: Events, room: Room, event: Event, known: Known, *, is_hidden: bool = False) -> Behind:
    """What the event follows by way of hidden ones; one that `is_hidden` itself is such a way.

    [0 trips, 1 for each layer of hidden events, 1 where a parent was lacking when it was looked up.]
    """
    tips = {tip.event_id for tip in room.extremities.values()}
    found: set[EventId] = set()
    lacking: set[EventId] = set()
    seen: set[EventId] = set()
    layer = set(event.prev_events)
    for number in range(HIDDEN_LAYERS):
        seen |= layer
        stored = await _stored(events, room, layer - tips, known)
        if number or is_hidden:
            found |= layer & tips
            lacking |= layer - tips - stored.keys()
        hidden = [one for one in stored.values() if one.flags & (REJECTED | SOFT_FAILED)]
        layer = await _parents(hidden, room) - seen
        if not layer or len(seen) + len(layer) > HIDDEN_MOST:
            break
    return Behind(frozenset(found), frozenset(lacking))


async def _parents(hidden: Sequence[StoredEvent], room: Room) -> set[EventId]:
    """The events that these name."""
    named: set[EventId] = set()
    async for portion in slices(hidden):
        for one in portion:
            named.update(join(one.body, one.envelope, room.rules).prev_events)
    return named


async def _stored(events: Events, room: Room, wanted: set[EventId], known: Known) -> dict[EventId, StoredEvent]:
    """Those of the wanted events that have come; what had not when it was looked up may have since, by another way."""
    found = [known.stored[event_id] for event_id in wanted if event_id in known.stored]
    found = [one for one in found if not one.flags & OUTLIER]
    unknown = wanted - {one.event_id for one in found}
    if unknown:
        found += await events.by_id(sorted(unknown))
    return {EventId(one.event_id): one for one in found if one.room_nid == room.room_nid and not one.flags & OUTLIER}
