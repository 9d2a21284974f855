"""Fetching from peers what an event stands on: its auth chain, and the state before it.

Everything fetched is verified and judged by its own auth events before it is stored as outliers.
Spec: Server-Server API, Retrieving events, Room State Resolution.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from homeserver.errors import MatrixError
from homeserver.federation.client.errors import FederationError
from homeserver.federation.client.events import Events as PeerEvents
from homeserver.protocol.auth_rules import auth_state_keys
from homeserver.protocol.events import Event, StateKey
from homeserver.protocol.identifiers import EventId
from homeserver.services.acceptance import Acceptance, Given, event_of
from homeserver.services.heads import Room
from homeserver.services.outliers import Outliers, judge
from homeserver.services.resolution import Resolution
from homeserver.services.turns import slices
from homeserver.storage.events.read import Events
from homeserver.storage.rows import REJECTED

MAX_FETCHED: Final = 20_000
AT_ONCE: Final = 20


class Ancestors:
    """Brings what lies under events."""

    def __init__(
        self,
        acceptance: Acceptance,
        peers: PeerEvents,
        events: Events,
        *,
        outliers: Outliers,
        resolution: Resolution,
    ) -> None:
        self._acceptance = acceptance
        self._peers = peers
        self._events = events
        self._outliers = outliers
        self._resolution = resolution

    async def fetch_auth_chain(self, origin: str, room: Room, event: Event) -> None:
        """Fetch the auth chain of an event and keep what of it is good."""
        pdus = await self._peers.event_auth(origin, room.room_id, event.event_id)
        read = await self._acceptance.read(pdus[:MAX_FETCHED], room.rules)
        await self._keep(room, [found for found in read if isinstance(found, Event)])

    async def state_before(self, origin: str, room: Room, event: Event, missing: Collection[EventId]) -> Given:
        """The state before the event as the peer tells it, every event of it verified and judged.

        While members of the room lack, that before our join stands for it: the event forked off about then, and is
        checked again once the state is whole.
        """
        if room.is_partial:
            return await self._before_join(room, event, missing)
        told = await self._peers.state_ids(origin, room.room_id, event.event_id)
        wanted = dict.fromkeys([*told.state, *told.auth_chain])
        unknown = await self._events.missing(list(wanted))
        if len(unknown) > MAX_FETCHED:
            raise MatrixError("The state is too large to be fetched")
        fetched = await self._fetch(origin, room, sorted(unknown))
        await self._keep(room, fetched)
        stored = await self._events.by_id(list(told.state))
        numbers: dict[StateKey, tuple[int, EventId]] = {}
        state: dict[StateKey, Event] = {}
        async for portion in slices(stored):
            for found in portion:
                entry = event_of(found, room.rules)
                if entry.is_state and not found.flags & REJECTED and found.room_nid == room.room_nid:
                    numbers[entry.key] = (found.event_nid, entry.event_id)
                    state[entry.key] = entry
        point, rows = await self._resolution.given(room, numbers)
        return Given(point, rows, state, tuple(sorted(missing)))

    async def _before_join(self, room: Room, event: Event, missing: Collection[EventId]) -> Given:
        point = (room.chain_id, 0)
        keys = auth_state_keys(event.type, event.sender, event.state_key, event.content, room.rules)
        return Given(point, (), await self._resolution.events_at(room, point, (), keys), tuple(sorted(missing)))

    async def empty_state(self, room: Room) -> Given:
        """The state before a create event."""
        point, rows = await self._resolution.given(room, {})
        return Given(point, rows, {}, ())

    async def _fetch(self, origin: str, room: Room, event_ids: Sequence[str]) -> list[Event]:
        """Single events, several at once; those that the peer does not give are left out."""
        places = asyncio.Semaphore(AT_ONCE)

        async def one(event_id: str) -> object:
            async with places:
                try:
                    return await self._peers.event(origin, event_id)
                except FederationError:
                    return None

        pdus = await asyncio.gather(*(one(event_id) for event_id in event_ids))
        read = await self._acceptance.read([pdu for pdu in pdus if pdu is not None], room.rules)
        asked = set(event_ids)
        return [found for found in read if isinstance(found, Event) and found.event_id in asked]

    async def _keep(self, room: Room, events: Iterable[Event]) -> None:
        """Store events for authorisation alone; those with unknown auth events are left out."""
        fresh = {event.event_id: event for event in events if event.room_id == room.room_id}
        named = {auth for event in fresh.values() for auth in event.auth_events} | fresh.keys()
        if room.rules.create_is_room:
            named.add(room.create.event_id)
        stored = {
            EventId(found.event_id): (event_of(found, room.rules), bool(found.flags & REJECTED))
            for found in await self._events.by_id(sorted(named))
            if found.room_nid == room.room_nid
        }
        new = {event_id: event for event_id, event in fresh.items() if event_id not in stored}
        order, rejected = judge(new, room.rules, stored)
        if order:
            named_nids = {event_id for event in order for event_id in event.auth_events if event_id in stored}
            known = [stored[event_id][0] for event_id in sorted(named_nids)]
            await self._outliers.store(room, [*known, *order], rejected)


def oldest_first(events: Mapping[EventId, Event]) -> list[Event]:
    """Parents before children, as far as they are among the events; without recursion."""
    waits = {event_id: sum(prev in events for prev in event.prev_events) for event_id, event in events.items()}
    order: list[Event] = []
    ready = sorted((event_id for event_id, count in waits.items() if not count), key=lambda e: events[e].depth)
    while ready:
        event_id = ready.pop(0)
        order.append(events[event_id])
        for other, event in events.items():
            if event_id in event.prev_events:
                waits[other] -= 1
                if not waits[other]:
                    ready.append(other)
    return order
