"""Hashes that go with references to events in room versions 1 and 2. Later versions need none: their ids are hashes.

Spec: Room Version 1, Event format.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Final

from homeserver.protocol.events import Event, StateKey, join, reference_hash_of
from homeserver.protocol.identifiers import EventId
from homeserver.protocol.room_versions import RoomVersion
from homeserver.services.heads import Room
from homeserver.storage.events.read import Events

REMEMBERED: Final = 10_000


class References:
    """Remembers the hashes of events that the next events of their rooms refer to."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._hashes: OrderedDict[EventId, str] = OrderedDict()

    @property
    def hashes(self) -> Mapping[EventId, str]:
        """Those that are known now."""
        return self._hashes

    def note(self, event: Event, rules: RoomVersion) -> None:
        """Remember the hash of an event that is being committed."""
        if rules.ids_in_events:
            self._hashes[event.event_id] = reference_hash_of(event, rules)
            if len(self._hashes) > REMEMBERED:
                self._hashes.popitem(last=False)

    async def prepare(self, room: Room, keys: Iterable[StateKey]) -> None:
        """Have the hashes of the room's tips and of its state under `keys` [0 trips, 1 where some are not known]."""
        if not room.rules.ids_in_events:
            return
        wanted = {tip.event_id for tip in room.extremities.values()}
        wanted.update(event.event_id for key in keys if (event := room.event(key)) is not None)
        unknown = sorted(wanted - self._hashes.keys())
        if unknown:
            for stored in await self._events.by_id(unknown):
                self.note(join(stored.body, stored.envelope, room.rules), room.rules)
