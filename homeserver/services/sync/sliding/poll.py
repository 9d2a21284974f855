"""`/v4/sync`: a sliding connection by long-poll. Spec: MSC4186 as accepted."""

import asyncio

import orjson

from homeserver.clock import Clock
from homeserver.errors import UnknownPos
from homeserver.services.feed import Feed
from homeserver.services.presence import Presence
from homeserver.services.requester import Requester
from homeserver.services.sync.collect.viewer import Arrival
from homeserver.services.sync.sliding.connection import Connection
from homeserver.services.sync.sliding.connections import Connections
from homeserver.services.sync.sliding.engine import Engine
from homeserver.services.sync.sliding.forms import ACCEPTED, Form
from homeserver.services.sync.sliding.opening import Opening
from homeserver.services.sync.sliding.wanted import Subscription

DIGITS = 18


class SlidingPoll:
    """Answers `/v4/sync`."""

    def __init__(
        self,
        *,
        engine: Engine,
        connections: Connections,
        opening: Opening,
        feed: Feed,
        presence: Presence,
        stopping: asyncio.Event,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._connections = connections
        self._opening = opening
        self._feed = feed
        self._presence = presence
        self._stopping = stopping
        self._clock = clock

    async def sync(
        self,
        requester: Requester,
        conn_id: str,
        pos: str | None,
        sub: Subscription,
        timeout_s: float,
        form: Form = ACCEPTED,
    ) -> bytes:
        """The next answer as JSON. A new request ends the one before it. Raises UnknownPos."""
        arrival = None
        if pos is None:
            connection: Connection | None = self._connections.begin(requester, conn_id)
        else:
            connection, arrival = await self._opening.found(requester, conn_id, pos, sub, stored_inbox(sub))
        if connection is None or (pos is not None and connection.find(pos) is None):
            raise UnknownPos
        turn = connection.take()
        self._feed.wake([requester.user_id])
        async with connection.lock:
            place = connection.find(pos) if pos is not None else connection.place
            if place is None:
                raise UnknownPos
            connection.resume(place)
            with self._presence.syncing(requester.user_id, requester.device_id or "", sub.set_presence):
                return await self._wait(
                    connection,
                    turn,
                    requester,
                    sub,
                    arrival=arrival,
                    timeout_s=timeout_s if pos is not None else 0,
                    form=form,
                )

    async def _wait(
        self,
        connection: Connection,
        turn: int,
        requester: Requester,
        sub: Subscription,
        *,
        arrival: Arrival | None,
        timeout_s: float,
        form: Form,
    ) -> bytes:
        inbox_after = stored_inbox(sub)
        if sub.extensions.to_device.enabled and inbox_after > connection.inbox_stored:
            connection.inbox_stored = inbox_after
            await self._engine.acknowledge_inbox(requester, inbox_after)
        deadline = self._clock.monotonic() + timeout_s
        while True:
            if arrival is None and self._feed.rooms_of(requester.user_id) is None:
                position = connection.place.position
                arrival = await self._engine.arrive(requester, position, sub, inbox_after, is_known=False)
            listener = await self._feed.listener(requester.user_id)
            ticket = listener.ticket
            parts = await self._engine.next(
                connection, requester, sub, split=False, inbox_after=inbox_after, arrival=arrival, form=form
            )
            arrival = None
            if parts:
                return _answer(parts[-1].pos, parts[-1].body)
            left = deadline - self._clock.monotonic()
            if left <= 0 or connection.turn != turn or self._stopping.is_set():
                body = await self._engine.nothing(connection, requester, sub, form)
                return _answer(self._engine.skip(connection), body)
            await self._feed.wait(listener, ticket, left)
            if connection.turn != turn:
                return _answer(connection.pos, await self._engine.nothing(connection, requester, sub, form))


def stored_inbox(sub: Subscription) -> int:
    """Up to where the client says that it has stored its inbox."""
    since = sub.extensions.to_device.since or ""
    return int(since) if since.isascii() and since.isdigit() and len(since) <= DIGITS else 0


def _answer(pos: str, body: bytes) -> bytes:
    return b'{"pos":%b,%b' % (orjson.dumps(pos), body[1:])
