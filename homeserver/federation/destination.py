"""The queue of one destination: what it is owed, in order, and one transaction at a time.

A healthy destination lives in memory; one that fails falls behind and later reads what it missed from the database, so
no queue grows with an outage, and one that is left alone holds nothing. Spec: Server-Server API, Transactions.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

import structlog

from homeserver.clock import Clock, Faults
from homeserver.federation.client.errors import FederationError, Refused
from homeserver.federation.client.transactions import MAX_EDUS, MAX_PDUS, Transactions
from homeserver.federation.lanes import Lanes
from homeserver.protocol import canonical_json
from homeserver.storage.destinations import Destinations
from homeserver.storage.errors import DatabaseDown, DatabaseFull

log = structlog.get_logger()

MAX_QUEUED: Final = 500
MAX_EPHEMERAL: Final = 1_000
MAX_BYTES: Final = 1024 * 1024
"""Of PDUs in one transaction; each destination that hangs holds so much."""
IDLE_S: Final = 60.0
DATABASE_PAUSE_S: Final = 1.0
RETRY_S: Final = 1.0
"""After a failure that costs no pause yet."""
MAX_RETRY_AFTER_S: Final = 300.0
STALE_S: Final = 10.0
"""Typing and the like are not kept over longer pauses."""


class Backoff(Protocol):
    """What a destination asks `services.peers`."""

    async def retry_at(self, server: str) -> int: ...

    def is_suspect(self, server: str) -> bool: ...


class Queued(NamedTuple):
    """A PDU or a lasting EDU at its position in the stream, as canonical JSON."""

    position: int
    pdu: bytes | None
    edu: bytes | None


@dataclass(frozen=True, slots=True)
class Shared:
    """What all destinations of a process share. `pdus` reads what `server` missed in `(after, upto]`."""

    clock: Clock
    transactions: Transactions
    table: Destinations
    backoff: Backoff
    missed: "Callable[[str, int, int], Awaitable[tuple[list[Queued], int]]]"
    lanes: Lanes
    txn_prefix: str
    faults: Faults


@dataclass(slots=True)
class _Batch:
    """One transaction, kept as it is until it arrives."""

    txn_id: str
    ts: int
    pdus: list[bytes]
    edus: list[bytes]
    upto: int
    has_lasting_edus: bool


@dataclass(slots=True)
class Destination:
    """One server. `delivered`: it has everything for it up to here; `behind`: more than the queue holds is owed."""

    server: str
    delivered: int
    shared: Shared
    behind: bool = False
    latest: int = 0
    """The newest position with something for it."""
    queue: deque[Queued] = field(default_factory=deque)
    ephemeral: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    running: bool = False
    batch: _Batch | None = None
    sent: int = 0
    greets: bool = False
    """A transaction goes out even if it is empty."""
    not_before_ms: int = 0

    @property
    def is_idle(self) -> bool:
        """Nothing lasting is owed."""
        return not self.queue and not self.behind and self.batch is None

    def add(self, queued: Queued) -> None:
        """Owe one thing more."""
        self.latest = max(self.latest, queued.position)
        if not self.behind:
            self.queue.append(queued)
            if len(self.queue) > MAX_QUEUED:
                self.behind = True
                self.queue.clear()
        self.wake.set()

    def add_ephemeral(self, edu_type: str, key: str, content: Mapping[str, Any]) -> None:
        """Owe an EDU that is worth nothing later; a newer one with the same key takes its place."""
        self.ephemeral.pop((edu_type, key), None)
        self.ephemeral[edu_type, key] = content
        if len(self.ephemeral) > MAX_EPHEMERAL:
            del self.ephemeral[next(iter(self.ephemeral))]
        self.wake.set()

    async def run(self) -> None:
        """Send until nothing has been owed for a while."""
        try:
            while await self._send_one():
                pass
        finally:
            self.running = False

    async def _send_one(self) -> bool:
        """Wait for something to send, and send it; False when nothing came. A database that is away is waited for."""
        try:
            if not await self._something_to_do():
                return False
            async with self.shared.lanes.place(is_suspect=self.shared.backoff.is_suspect(self.server)):
                await self._send_next()
        except (DatabaseDown, DatabaseFull) as error:
            log.warning("destination waits for the database", server=self.server, error=type(error).__name__)
            await self.shared.clock.sleep(DATABASE_PAUSE_S)
        return True

    async def _something_to_do(self) -> bool:
        while True:
            self.wake.clear()
            pause_s = await self._pause_s()
            if pause_s <= 0:
                if not self.is_idle or self.ephemeral or self.greets:
                    return True
                pause_s = IDLE_S
            elif pause_s > STALE_S:
                self.ephemeral.clear()
            try:
                async with asyncio.timeout(pause_s):
                    await self.wake.wait()
            except TimeoutError:
                if self.is_idle and not self.ephemeral:
                    return False

    async def _pause_s(self) -> float:
        retry_at = max(await self.shared.backoff.retry_at(self.server), self.not_before_ms)
        return (retry_at - self.shared.clock.now_ms()) / 1000

    async def _send_next(self) -> None:
        if self.batch is None:
            if self.behind and not self.queue:
                await self._read_missed()
            self.batch = self._cut()
        self.greets = False
        batch = self.batch
        if batch is None:
            return
        await self.shared.faults.at("sender.before_request")
        try:
            refused = await self.shared.transactions.send(
                self.server, batch.txn_id, ts=batch.ts, pdus=batch.pdus, edus=batch.edus
            )
        except FederationError as error:
            if not isinstance(error, Refused) or error.status not in (400, 413):
                self._put_off(error)
                return
            # The peer will never take this body: going on is better than stopping for good.
            log.warning("transaction refused", server=self.server, why=str(error), pdus=len(batch.pdus))
            refused = {}
        await self.shared.faults.at("sender.after_answer")
        for event_id, why in refused.items():
            log.info("event refused by peer", server=self.server, event_id=event_id, why=why)
        self.batch = None
        self.delivered = max(self.delivered, batch.upto)
        if batch.has_lasting_edus:
            await self.shared.table.delete_edus(self.server, batch.upto)

    def _put_off(self, error: FederationError) -> None:
        """Try again later. What waits behind the transaction is read again then, and so is the transaction of a peer
        that keeps failing: both sides tell events and device messages apart by their ids, and memory stays free."""
        log.info("transaction not delivered", server=self.server, why=str(error))
        asked_s = error.retry_after_ms / 1000 if isinstance(error, Refused) else 0.0
        pause_s = max(RETRY_S, min(MAX_RETRY_AFTER_S, asked_s))
        self.not_before_ms = self.shared.clock.now_ms() + int(pause_s * 1000)
        if self.queue:
            self.queue.clear()
            self.behind = True
        if self.batch is not None and self.shared.backoff.is_suspect(self.server):
            self.behind = self.behind or self.batch.upto > self.delivered
            self.batch = None

    async def _read_missed(self) -> None:
        upto = self.latest
        found, reached = await self.shared.missed(self.server, self.delivered, upto)
        self.queue.extend(found)
        if reached >= upto and self.latest == upto:
            self.behind = False
        if not found:
            self.delivered = max(self.delivered, reached)

    def _cut(self) -> _Batch | None:
        """The next transaction: the oldest PDUs and EDUs, as many as fit. Repeats of an EDU key give only the last."""
        pdus: list[bytes] = []
        edus: list[bytes] = []
        upto, size, lasting = self.delivered, 0, False
        while self.queue and len(pdus) < MAX_PDUS and len(edus) < MAX_EDUS and size < MAX_BYTES:
            queued = self.queue.popleft()
            upto = queued.position
            if queued.pdu is not None:
                pdus.append(queued.pdu)
                size += len(queued.pdu)
            if queued.edu is not None:
                edus.append(queued.edu)
                lasting = True
        while self.ephemeral and len(edus) < MAX_EDUS:
            (edu_type, _), content = next(iter(self.ephemeral.items()))
            del self.ephemeral[next(iter(self.ephemeral))]
            edus.append(canonical_json.encode_lenient({"edu_type": edu_type, "content": content}))
        if not pdus and not edus and not self.greets:
            self.delivered = max(self.delivered, upto)
            return None
        self.sent += 1
        txn_id = f"{self.shared.txn_prefix}{self.sent}"
        return _Batch(txn_id, self.shared.clock.now_ms(), pdus, edus, upto, lasting)


def edu(edu_type: str, content: bytes) -> bytes:
    """A stored EDU in its wire form."""
    return canonical_json.encode_lenient({"edu_type": edu_type, "content": canonical_json.decode(content)})
