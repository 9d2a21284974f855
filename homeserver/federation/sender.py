"""Bringing to peers what happens here: a cursor on the stream, routed to one queue per destination.

No row is written per message and server: the queue is the events table, and a destination that is up to date has no
state at all beside the one cursor. Spec: Server-Server API, Transactions, PDUs, EDUs.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import structlog

from homeserver.clock import Clock, Faults, Rng
from homeserver.federation.client.transactions import MAX_PDUS, Transactions
from homeserver.federation.destination import Destination, Queued, Shared, edu
from homeserver.federation.lanes import Lanes
from homeserver.protocol import canonical_json
from homeserver.protocol.events import join
from homeserver.protocol.identifiers import ServerName, server_of
from homeserver.protocol.room_versions import ROOM_VERSIONS, RoomVersion
from homeserver.protocol.server_acl import ServerAcl
from homeserver.services.feed import Feed
from homeserver.services.heads import MEMBER
from homeserver.services.peers import Peers
from homeserver.services.rooms import Rooms
from homeserver.storage.destinations import Destinations
from homeserver.storage.errors import DatabaseDown, DatabaseFull
from homeserver.storage.leases import Leases
from homeserver.storage.outbound import OutboundTable
from homeserver.storage.rows import HIDDEN, PASSED_ON, RELAY, EventRow, OutboundEduRow, ReceiptRow, Row
from homeserver.storage.stream import Stream

log = structlog.get_logger()

SAVE_S: Final = 2.0
LEASE: Final = "federation_sender"
LEASE_S: Final = 10.0
MAX_GREETED: Final = 500
GREETED_AT_ONCE: Final = 20
GREETING_S: Final = 100.0
"""Over which greetings beyond the first ones are spread."""
REMEMBERED_PDUS: Final = 500


class Sender:
    """Routes the stream to destinations. One per server, whatever the number of processes."""

    def __init__(
        self,
        us: ServerName,
        feed: Feed,
        stream: Stream,
        rooms: Rooms,
        *,
        outbound: OutboundTable,
        destinations: Destinations,
        leases: Leases,
        transactions: Transactions,
        peers: Peers,
        allowed: ServerAcl,
        clock: Clock,
        rng: Rng,
        faults: Faults,
    ) -> None:
        self._us = us
        self._feed = feed
        self._stream = stream
        self._rooms = rooms
        self._outbound = outbound
        self._table = destinations
        self._leases = leases
        self._owner = f"{us}-{rng.letters(8)}"
        self._allowed = allowed
        self._clock = clock
        self._destinations: dict[str, Destination] = {}
        self._routed = 0
        self._saved = -1
        self._lagging: set[str] = set()
        self._pdus: OrderedDict[int, bytes] = OrderedDict()
        self._tasks: asyncio.TaskGroup | None = None
        self._shared = Shared(
            clock=clock,
            transactions=transactions,
            table=destinations,
            backoff=peers,
            missed=self._missed,
            lanes=Lanes(),
            txn_prefix=f"{clock.now_ms()}{rng.letters(4)}-",
            faults=faults,
        )
        peers.on_contact(self._contact)

    async def run(self) -> None:
        """Follow the stream while no other process does; runs as long as the process."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            tasks.create_task(self._greet())
            while True:
                await self._take_lease()
                await self._start()
                async with asyncio.TaskGroup() as leading:
                    saving = leading.create_task(self._save_while_leading())
                    following = leading.create_task(self._follow())
                    await saving
                    following.cancel()
                self._destinations.clear()

    async def _take_lease(self) -> None:
        """Wait until this process is the one that sends; at once where there is no other."""
        while self._feed.is_shared:
            try:
                if await self._leases.take(self._owner, [LEASE], LEASE_S):
                    return
            except (DatabaseDown, DatabaseFull):
                log.warning("sender waits for the database")
            await self._clock.sleep(LEASE_S / 3)

    async def _follow(self) -> None:
        follower = self._feed.follow()
        try:
            while True:
                follower.clear()
                try:
                    await self._route_new()
                except (DatabaseDown, DatabaseFull):
                    await self._clock.sleep(1.0)
                    continue
                await follower.wait()
        finally:
            self._feed.unfollow(follower)

    async def _greet(self) -> None:
        """Tell peers that we are back: those who waited for us begin to send at once, and those we owe are tried."""
        try:
            servers = await self._outbound.servers_in_rooms(MAX_GREETED)
        except (DatabaseDown, DatabaseFull):
            return
        greeted = [server for server in servers if server != self._us and self._allowed.allows(server)]
        for number, server in enumerate(greeted):
            if number >= GREETED_AT_ONCE:
                await self._clock.sleep(GREETING_S / MAX_GREETED)
            destination = self._destination(server)
            destination.greets = True
            self._start_queue(server)

    def offer(self, servers: Iterable[str], edu_type: str, key: str, content: Mapping[str, Any]) -> None:
        """Send an EDU that is worth nothing later (typing, presence, receipts) to those of `servers` that are peers."""
        for server in servers:
            if server != self._us and self._allowed.allows(server):
                self._destination(server).add_ephemeral(edu_type, key, content)
                self._start_queue(server)

    def queues(self) -> dict[str, int]:
        """What is owed, by server: positions behind the stream's head, 0 for those that have everything."""
        return {
            server: 0 if destination.is_idle else self._routed - destination.delivered
            for server, destination in self._destinations.items()
        }

    # -- routing ---------------------------------------------------------------------------------------------------

    async def _start(self) -> None:
        """Go on where the last process stopped."""
        routed, behind = await self._cursors()
        self._routed = self._feed.head if routed is None else routed
        for destination in self._destinations.values():
            destination.delivered = self._routed  # made before this was known, for greetings and what passes
        for server, cursor in behind.items():
            self._lagging.add(server)
            destination = self._destination(server)
            destination.delivered, destination.behind, destination.latest = cursor, True, self._routed
            destination.wake.set()  # it may have been greeted by now, and wait for what is next
            self._start_queue(server)

    async def _cursors(self) -> tuple[int | None, Mapping[str, int]]:
        """Up to where events were routed, and what has arrived at servers that lag behind that."""
        while True:
            try:
                return await self._outbound.routed(), await self._outbound.behind()
            except (DatabaseDown, DatabaseFull):
                await self._clock.sleep(1.0)

    async def _route_new(self) -> None:
        while self._routed < self._feed.head:
            upto = self._feed.head
            rows: Sequence[Row] | None = self._feed.rows(self._routed, upto)
            if rows is None:
                _, rows, complete = await self._stream.changes(self._routed)
                upto = upto if complete or not rows else rows[-1].position
            await self._route(rows)
            self._routed = upto

    async def _route(self, rows: Sequence[Row]) -> None:
        """Hand the rows to the queues of those they are for; later rows first, to know who has left meanwhile."""
        routed: list[tuple[Iterable[str], Queued]] = []
        left: dict[int, set[str]] = {}
        for row in reversed(rows):
            if isinstance(row, EventRow):
                servers = await self._servers_for(row, left)
                if servers:
                    routed.append((servers, await self._queued(row)))
            elif isinstance(row, OutboundEduRow):
                routed.append(([row.server], _queued_edu(row)))
            elif isinstance(row, ReceiptRow) and row.type == "m.read" and server_of(row.user_id) == self._us:
                await self._receipt(row)
        for receivers, queued in reversed(routed):
            for server in receivers:
                if server != self._us and self._allowed.allows(server):
                    self._destination(server).add(queued)
                    self._start_queue(server)

    async def _servers_for(self, row: EventRow, left: dict[int, set[str]]) -> set[str]:
        """Servers in the room before or after the event; none for events that are not ours to send."""
        if row.flags & (HIDDEN | PASSED_ON) or row.historical:
            return set()
        gone = left.setdefault(row.room_nid, set())
        if row.type == MEMBER and row.state_key and row.membership != "join":
            gone.add(server_of(row.state_key))
        if server_of(row.sender) != self._us and not row.flags & RELAY:
            return set()
        room = await self._rooms.find(row.room_id)
        if room is None:
            return set()
        # Who sent us an event has it; but a third-party invite is made here in the name of a user elsewhere.
        has_it = set() if row.membership == "invite" else {server_of(row.sender)}
        return {*room.servers, *gone} - has_it - {self._us}

    async def _queued(self, row: EventRow) -> Queued:
        room = await self._rooms.room(row.room_id)
        pdu = self._pdus.get(row.event_nid)
        if pdu is None:
            pdu = self._pdus[row.event_nid] = wire_form(row.body, row.envelope, room.rules)
            if len(self._pdus) > REMEMBERED_PDUS:
                self._pdus.popitem(last=False)
        return Queued(row.position, pdu, None)

    async def _receipt(self, row: ReceiptRow) -> None:
        """Spec: Server-Server API, Receipts."""
        room = await self._rooms.find(row.room_id)
        if room is None:
            return
        data: dict[str, Any] = {"ts": row.ts}
        if row.thread:
            data["thread_id"] = row.thread
        content = {row.room_id: {"m.read": {row.user_id: {"event_ids": [row.event_id], "data": data}}}}
        self.offer(list(room.servers), "m.receipt", f"{row.room_id} {row.user_id} {row.thread}", content)

    # -- destinations ----------------------------------------------------------------------------------------------

    def _destination(self, server: str) -> Destination:
        destination = self._destinations.get(server)
        if destination is None:
            destination = self._destinations[server] = Destination(server, self._routed, self._shared)
        return destination

    def _start_queue(self, server: str) -> None:
        destination = self._destinations[server]
        if not destination.running and self._tasks is not None:
            destination.running = True
            self._tasks.create_task(destination.run())

    def _contact(self, server: str) -> None:
        """A peer that failed speaks again: try at once."""
        destination = self._destinations.get(server)
        if destination is not None:
            destination.wake.set()

    async def _missed(self, server: str, after: int, upto: int) -> tuple[list[Queued], int]:
        """The oldest of what `server` is owed in `(after, upto]`, and up to where that is everything."""
        events = await self._outbound.events_for(server, self._us, after, upto, MAX_PDUS)
        edus = await self._table.waiting_edus(server, after, upto, MAX_PDUS)
        reached = upto
        for found in (events, edus):
            if len(found) == MAX_PDUS:
                reached = min(reached, found[-1].position)
        queued = [
            Queued(
                event.position,
                wire_form(event.body, event.envelope, ROOM_VERSIONS[event.room_version]),
                None,
            )
            for event in events
            if event.position <= reached
        ]
        queued += [
            Queued(found.position, None, edu(found.edu_type, found.content))
            for found in edus
            if found.position <= reached
        ]
        return sorted(queued, key=lambda entry: entry.position), reached

    async def _save_while_leading(self) -> None:
        """Save and renew the lease now and then; returns when the lease is lost."""
        while True:
            await self._clock.sleep(SAVE_S)
            try:
                await self.save()
                if self._feed.is_shared and not await self._leases.take(self._owner, [LEASE], LEASE_S):
                    return
            except (DatabaseDown, DatabaseFull):
                continue

    async def save(self) -> None:
        """Write the cursor, and those of destinations that do not have everything up to it."""
        routed = self._routed
        behind = {
            server: destination.delivered
            for server, destination in self._destinations.items()
            if not destination.is_idle and destination.delivered < routed
        }
        done = self._lagging - behind.keys()
        if routed == self._saved and not done and not behind:
            return
        await self._outbound.save(routed, behind, sorted(done))
        self._saved = routed
        self._lagging = set(behind)
        idle = [
            server
            for server, destination in self._destinations.items()
            if destination.is_idle and not destination.running and not destination.ephemeral
        ]
        for server in idle:
            del self._destinations[server]


def wire_form(body: bytes, envelope: bytes, rules: RoomVersion) -> bytes:
    """A stored event as it goes to peers."""
    return canonical_json.encode_lenient(join(body, envelope, rules).pdu)


def _queued_edu(row: OutboundEduRow) -> Queued:
    return Queued(row.position, None, edu(row.edu_type, row.content))
