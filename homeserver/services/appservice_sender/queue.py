"""The queue of one application service: transactions one after the other, each kept until it has arrived.

A transaction is written down with its id and the position it reaches before it is sent, so a repeat, even after a
crash, has the same id and the same content. Spec: Application Service API, Pushing events.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from homeserver.clock import Clock, Faults
from homeserver.services.appservice_sender.contents import Contents, Passing, Transaction
from homeserver.services.appservices.asking import Asking
from homeserver.services.appservices.registrations import Registration
from homeserver.services.feed import Feed
from homeserver.services.presence import Presence
from homeserver.services.states import States
from homeserver.services.typing import Typing
from homeserver.storage.appservices import Appservices
from homeserver.storage.errors import DatabaseDown, DatabaseFull
from homeserver.storage.leases import Leases
from homeserver.storage.rows import Row
from homeserver.storage.stream import Stream
from homeserver.storage.to_device import ToDevice

log = structlog.get_logger("appservices")

LEASE_S: Final = 10.0
SAVE_S: Final = 5.0
FIRST_RETRY_S: Final = 1.0
LAST_RETRY_S: Final = 300.0


class Gone(Exception):
    """Another process serves the application service now."""


class Queue:
    """Serves one application service, as long as this process has its lease."""

    def __init__(
        self,
        registration: Registration,
        contents: Contents,
        *,
        owner: str,
        asking: Asking,
        table: Appservices,
        inboxes: ToDevice,
        leases: Leases,
        feed: Feed,
        stream: Stream,
        states: States,
        typing: Typing,
        presence: Presence,
        clock: Clock,
        faults: Faults,
    ) -> None:
        self.registration = registration
        self._contents = contents
        self._owner = owner
        self._lease = f"appservice/{registration.id}"
        self._asking = asking
        self._table = table
        self._inboxes = inboxes
        self._leases = leases
        self._feed = feed
        self._stream = stream
        self._states = states
        self._typing = typing
        self._presence = presence
        self._clock = clock
        self._faults = faults
        self._contact = asyncio.Event()
        self._news = asyncio.Event()
        self._position = 0
        self._saved = 0
        self._txn_id = 0
        self._mark = (states.epoch, states.counter)

    def contacted(self) -> None:
        """It has just asked for something, so it is there: what waits is tried again at once."""
        self._contact.set()

    async def run(self) -> None:
        """Serve it while no other process does; runs as long as the process."""
        while True:
            try:
                await self._take_lease()
                async with asyncio.TaskGroup() as leading:
                    keeping = leading.create_task(self._keep_lease())
                    serving = leading.create_task(self._serve())
                    await asyncio.wait((keeping, serving), return_when=asyncio.FIRST_COMPLETED)
                    keeping.cancel()
                    serving.cancel()
            except* (DatabaseDown, DatabaseFull):
                log.warning("appservice.database_down", appservice=self.registration.id)
                await self._clock.sleep(FIRST_RETRY_S)
            except* Gone:
                await self._clock.sleep(LEASE_S / 3)

    async def _take_lease(self) -> None:
        while self._feed.is_shared and not await self._leases.take(self._owner, [self._lease], LEASE_S):
            await self._clock.sleep(LEASE_S / 3)

    async def _keep_lease(self) -> None:
        """Returns when it is lost."""
        while True:
            await self._clock.sleep(LEASE_S / 3)
            if self._feed.is_shared and not await self._leases.take(self._owner, [self._lease], LEASE_S):
                return

    # -- serving ---------------------------------------------------------------------------------------------------

    async def _serve(self) -> None:
        owed = await self._table.owed(self.registration.id, self._feed.head)
        self._position = self._saved = owed.position
        self._txn_id = owed.txn_id
        if owed.body is not None:
            await self._bring(Transaction(owed.position, owed.body))
        self._news = self._feed.follow()
        try:
            while True:
                self._news.clear()
                await self._go_on()
                try:
                    async with asyncio.timeout(SAVE_S if self._position > self._saved else None):
                        await self._news.wait()
                except TimeoutError:
                    await self._table.passed(self.registration.id, self._txn_id, self._position)
                    self._saved = self._position
        finally:
            self._feed.unfollow(self._news)

    def wake(self) -> None:
        """Something has changed that is not in the stream."""
        self._news.set()

    async def _go_on(self) -> None:
        """Bring everything up to the head."""
        while True:
            passing = self._passing()
            if self._position >= self._feed.head and not (passing.typing or passing.presence):
                return
            rows, upto = await self._rows()
            transaction = await self._contents.of(rows, upto, passing)
            if transaction.body is None:
                self._position = transaction.upto
                continue
            self._txn_id += 1
            kept = await self._table.begin(self.registration.id, self._txn_id, transaction.upto, transaction.body)
            if not kept:
                raise Gone
            self._position = self._saved = transaction.upto
            await self._faults.at("appservice.kept")
            await self._bring(transaction)

    async def _rows(self) -> tuple[Sequence[Row], int]:
        """The rows that come next, and the position they reach."""
        head = self._feed.head
        rows = self._feed.rows(self._position, head)
        if rows is not None:
            return rows, head
        reached, read, complete = await self._stream.changes(self._position)
        return read, reached if complete or not read else read[-1].position

    def _passing(self) -> Passing:
        """What others type and who is there, as far as it changed since this was asked last."""
        epoch, counter = self._mark
        since = counter if epoch == self._states.epoch else 0
        self._mark = (self._states.epoch, self._states.counter)
        if not self.registration.receives_ephemeral or self._states.counter == since:
            return Passing()
        return Passing(self._typing.changed_since(since), self._presence.changed_since(since))

    async def _bring(self, transaction: Transaction) -> None:
        """Send until it has arrived, ever more rarely; at once when the application service shows itself."""
        assert transaction.body is not None
        pause = 2 * FIRST_RETRY_S
        while not await self._asking.send(self.registration, self._txn_id, transaction.body):
            await self._clock.sleep(FIRST_RETRY_S)
            self._contact.clear()
            try:
                async with asyncio.timeout(pause - FIRST_RETRY_S):
                    await self._contact.wait()
            except TimeoutError:
                pause = min(pause * 2, LAST_RETRY_S)
            else:
                pause = 2 * FIRST_RETRY_S
        await self._faults.at("appservice.arrived")
        await self._table.arrived(self.registration.id, self._txn_id)
        if transaction.inboxes:
            await self._inboxes.acknowledge_all(transaction.inboxes)
