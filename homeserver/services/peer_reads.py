"""What peers may read of rooms: events, states, auth chains and the past, seen with their eyes.

Spec: Server-Server API, Retrieving events, Backfilling and retrieving missing events.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

from homeserver.errors import Forbidden, NotFound
from homeserver.protocol.events import redacted
from homeserver.protocol.identifiers import ServerName
from homeserver.services.acceptance import event_of
from homeserver.services.heads import Room
from homeserver.services.pdus import pdu_texts
from homeserver.services.resident import Resident
from homeserver.services.resolution import Point
from homeserver.services.rooms import Rooms
from homeserver.services.visibility import Visibility
from homeserver.storage.events.read import ChainLink, Events, StoredEvent
from homeserver.storage.rows import HIDDEN, OUTLIER
from homeserver.storage.state import StateTable

Pdu = Mapping[str, Any]

MAX_BACKFILL: Final = 100
MAX_MISSING: Final = 20
WINDOW: Final = 60
"""Events read at once to walk the graph in; those further away cost a read for each step."""


class StateOf(NamedTuple):
    """The state before an event, and its auth chain."""

    state: list[ChainLink]
    auth_chain: list[ChainLink]


class PeerReads:
    """Reads on behalf of another server."""

    def __init__(
        self, resident: Resident, rooms: Rooms, visibility: Visibility, *, events: Events, states: StateTable
    ) -> None:
        self._resident = resident
        self._rooms = rooms
        self._visibility = visibility
        self._events = events
        self._states = states

    async def event(self, origin: ServerName, event_id: str) -> Pdu:
        """One event, redacted where the peer may not see it whole. Raises NotFound, Forbidden."""
        stored = await self._stored(event_id)
        room = await self._room(origin, stored.room_id)
        return (await self._shown(origin, room, [stored]))[0]

    async def state_before(self, origin: ServerName, room_id: str, event_id: str) -> StateOf:
        """Raises NotFound, Forbidden."""
        room = await self._room(origin, room_id)
        stored = await self._stored(event_id)
        if room.is_partial or stored.room_nid != room.room_nid or stored.flags & OUTLIER:
            raise NotFound("The event, or the state before it, is not known here.")
        point: Point = (stored.chain_id, stored.sequence)
        ids = [entry.event_id for entry in (await self._states.state_at(point)).values()]
        return await self._with_chain(ids)

    async def auth_chain(self, origin: ServerName, room_id: str, event_id: str) -> list[Pdu]:
        """The auth chain of an event. Raises NotFound, Forbidden."""
        room = await self._room(origin, room_id)
        stored = await self._stored(event_id)
        if stored.room_nid != room.room_nid:
            raise NotFound("The event is not known here.")
        chain = await self._events.with_auth_chain([event_id])
        return [pdu_of(found, room) for found in chain if found.event_id != event_id]

    async def event_at(self, origin: ServerName, room_id: str, ts: int, *, is_backwards: bool) -> tuple[str, int]:
        """The event at or before (after) a time, in ms, and its own time. Raises NotFound, Forbidden."""
        room = await self._room(origin, room_id)
        found = await self._events.event_for_ts(room.room_nid, ts, backwards=is_backwards)
        if found is None:
            raise NotFound("There is no event on that side of that time.")
        return found

    async def texts(self, origin: ServerName, room_id: str, links: Sequence[ChainLink]) -> list[bytes]:
        """State events as JSON of PDUs. Raises NotFound, Forbidden."""
        room = await self._room(origin, room_id)
        return await pdu_texts(self._events, [link.event_nid for link in links], room.rules)

    async def backfill(self, origin: ServerName, room_id: str, event_ids: Collection[str], limit: int) -> list[Pdu]:
        """The events and what came before them, newest first. Raises NotFound, Forbidden."""
        room = await self._room(origin, room_id)
        found = await self._events.ancestors(room.room_nid, event_ids, min(limit, MAX_BACKFILL))
        return await self._shown(origin, room, found)

    async def missing(
        self,
        origin: ServerName,
        room_id: str,
        *,
        earliest: Collection[str],
        latest: Collection[str],
        limit: int,
        min_depth: int = 0,
    ) -> list[Pdu]:
        """What lies between in the graph, oldest first; neither the `earliest` nor the `latest` themselves."""
        room = await self._room(origin, room_id)
        most = max(1, min(limit, MAX_MISSING))
        near = await self._events.ancestors(room.room_nid, latest, WINDOW)
        known = {stored.event_id: stored for stored in near}
        between: list[StoredEvent] = []
        seen, layer = {*earliest, *latest}, list(latest)
        for _ in range(most + 1):
            await self._add(room, layer, known)
            between += [known[event_id] for event_id in layer if event_id in known and event_id not in latest]
            if not layer or len(between) >= most:
                break
            prevs = [prev for event_id in layer if event_id in known for prev in _prevs(known[event_id], room)]
            layer = [prev for prev in dict.fromkeys(prevs) if prev not in seen]
            seen.update(layer)
        between = [stored for stored in between if stored.depth >= min_depth][:most]
        return await self._shown(origin, room, sorted(between, key=lambda stored: stored.depth))

    async def _add(self, room: Room, event_ids: Collection[str], known: dict[str, StoredEvent]) -> None:
        """Have those of the events that have a place in the graph here [0 trips if they are near, else 1]."""
        absent = [event_id for event_id in event_ids if event_id not in known]
        for stored in await self._events.by_id(absent) if absent else ():
            if stored.room_nid == room.room_nid and not stored.flags & OUTLIER:
                known[stored.event_id] = stored

    async def _room(self, origin: ServerName, room_id: str) -> Room:
        room = await self._resident.room_for(origin, room_id)
        if not room.has_server(origin):
            raise Forbidden("Your server is not in this room.")
        return room

    async def _stored(self, event_id: str) -> StoredEvent:
        found = await self._events.by_id([event_id])
        if not found:
            raise NotFound("The event is not known here.")
        return found[0]

    async def _with_chain(self, state_ids: Sequence[str]) -> StateOf:
        everything = await self._events.chain_links(state_ids)
        in_state = set(state_ids)
        cited = {nid for link in everything for nid in link.auth_nids}
        state = [link for link in everything if link.event_id in in_state]
        chain = [link for link in everything if link.event_id not in in_state or link.event_nid in cited]
        return StateOf(state, chain)

    async def _shown(self, origin: ServerName, room: Room, stored: Sequence[StoredEvent]) -> list[Pdu]:
        """Whole, or redacted, in the same order; hidden events as they are, since they are not part of the timeline."""
        whole = await self._visibility.for_server(origin, room, [found.event_id for found in stored])
        shown: list[Pdu] = []
        for found in stored:
            event = event_of(found, room.rules)
            may_see = whole.get(found.event_id, bool(found.flags & HIDDEN) and event.is_state)
            shown.append(event.pdu if may_see else redacted(event, room.rules).pdu)
        return shown


def _prevs(stored: StoredEvent, room: Room) -> Sequence[str]:
    return event_of(stored, room.rules).prev_events


def pdu_of(stored: StoredEvent, room: Room) -> Pdu:
    """A stored event as peers exchange it."""
    return event_of(stored, room.rules).pdu
