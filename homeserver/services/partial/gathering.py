"""Storing a large state that a peer told: each event verified, judged by its auth events, written as an outlier.

In portions, and beside the loop where it takes long. What waits in large states is kept as JSON, a fifth of what parsed
events take.
Spec: Server-Server API, Checks performed on receipt of a PDU.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from homeserver.protocol import canonical_json
from homeserver.protocol.events import Event, parse_pdu
from homeserver.protocol.identifiers import EventId
from homeserver.protocol.room_versions import RoomVersion
from homeserver.services.acceptance import Acceptance, event_of
from homeserver.services.heads import Room
from homeserver.services.outliers import Outliers, judge, topological
from homeserver.services.turns import slices
from homeserver.storage.events.read import Events
from homeserver.storage.rows import REJECTED

PORTION: Final = 100
LOOKED_UP: Final = 2_000
PARSED_KEPT: Final = 1_000
"""Parsed events that wait or that others cite; of more, JSON waits. The garbage collector walks through all of them."""
Progress = Callable[[int], Awaitable[None]]


@dataclass(slots=True)
class _Heap:
    """What was told: events, parsed or as JSON, whom they cite, and the numbers of what is stored."""

    room: Room
    parsed: dict[EventId, Event] = field(default_factory=dict)
    """All of a small state."""
    pdus: dict[EventId, bytes] = field(default_factory=dict)
    """All of a large state, as JSON."""
    cites: dict[EventId, tuple[EventId, ...]] = field(default_factory=dict)
    numbers: dict[EventId, int] = field(default_factory=dict)
    cited: OrderedDict[EventId, tuple[Event, bool]] = field(default_factory=OrderedDict)
    """Parsed events that others cite, with whether they were rejected."""


class Gathering:
    """Stores states."""

    def __init__(self, acceptance: Acceptance, events: Events, outliers: Outliers) -> None:
        self._acceptance = acceptance
        self._events = events
        self._outliers = outliers

    async def store(self, room: Room, pdus: Sequence[bytes], progress: Progress) -> list[EventId | None]:
        """Ids of the PDUs in their order, None for what is no good event of the room; new ones are stored.

        `progress` is told how many are here, first of what was stored before, then after each portion.
        """
        heap = _Heap(room)
        ids = await self._read(heap, pdus)
        async for portion in slices(await asyncio.to_thread(_named, heap.cites), LOOKED_UP):
            heap.numbers.update(await self._events.numbers(portion, room.room_nid))
        order = await asyncio.to_thread(_order_of_new, heap.cites, heap.numbers)
        await progress(len(ids) - len(order))
        async for portion in slices(order, PORTION):
            await self._write(heap, portion)
            await progress(len(portion))
        return [event_id if event_id in heap.numbers else None for event_id in ids]

    async def _read(self, heap: _Heap, pdus: Sequence[bytes]) -> list[EventId | None]:
        ids: list[EventId | None] = []
        async for portion in slices(pdus, PORTION):
            read = await self._acceptance.read(portion, heap.room.rules)
            good = [one if isinstance(one, Event) and one.room_id == heap.room.room_id else None for one in read]
            ids += [event.event_id if event is not None else None for event in good]
            events = [event for event in good if event is not None]
            heap.cites.update({event.event_id: event.auth_events for event in events})
            if len(pdus) > PARSED_KEPT:
                heap.pdus.update(await asyncio.to_thread(_texts, events))
            else:
                heap.parsed.update({event.event_id: event for event in events})
        return ids

    async def _write(self, heap: _Heap, portion: Sequence[EventId]) -> None:
        if heap.parsed:
            events = {event_id: heap.parsed.pop(event_id) for event_id in portion}
        else:
            texts = [heap.pdus.pop(event_id) for event_id in portion]
            events = await asyncio.to_thread(_parsed, texts, heap.room.rules)
        known = await self._known(heap, events)
        order, rejected = await asyncio.to_thread(judge, events, heap.room.rules, known)
        await self._outliers.write(heap.room, order, heap.numbers, rejected)
        for event in order:
            heap.cited[event.event_id] = (event, event.event_id in rejected)
        while len(heap.cited) > PARSED_KEPT:
            heap.cited.popitem(last=False)

    async def _known(self, heap: _Heap, events: Mapping[EventId, Event]) -> dict[EventId, tuple[Event, bool]]:
        """The stored events that these cite [0 trips in memory, else 1]."""
        room = heap.room
        wanted = {auth for event in events.values() for auth in event.auth_events if auth not in events}
        absent = [auth for auth in wanted if auth not in heap.cited and auth in heap.numbers]
        for found in await self._events.by_id(absent) if absent else ():
            heap.cited[EventId(found.event_id)] = (event_of(found, room.rules), bool(found.flags & REJECTED))
        known = {auth: heap.cited[auth] for auth in wanted if auth in heap.cited}
        for auth in known:
            heap.cited.move_to_end(auth)
        if room.rules.create_is_room:
            known[room.create.event_id] = (room.create, False)
        return known


def _named(cites: Mapping[EventId, Sequence[EventId]]) -> list[EventId]:
    """All events that cite or are cited."""
    return list(dict.fromkeys([*cites, *(auth for cited in cites.values() for auth in cited)]))


def _order_of_new(cites: Mapping[EventId, Sequence[EventId]], numbers: Mapping[EventId, int]) -> list[EventId]:
    """Those that are not stored yet, cited ones first."""
    return topological({event_id: cited for event_id, cited in cites.items() if event_id not in numbers})


def _texts(events: Sequence[Event]) -> dict[EventId, bytes]:
    return {event.event_id: canonical_json.encode_lenient(event.pdu) for event in events}


def _parsed(texts: Sequence[bytes], rules: RoomVersion) -> dict[EventId, Event]:
    events = [parse_pdu(canonical_json.decode(text), rules) for text in texts]
    return {event.event_id: event for event in events}
