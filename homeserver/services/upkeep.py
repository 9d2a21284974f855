"""Deleting what only bridges short absences: used transaction ids, notices for other processes, old sessions of proofs.

One process at a time does it, by a lease. Nothing here is anybody's data.
"""

from collections.abc import Awaitable, Callable, Sequence

import structlog

from homeserver.clock import Clock
from homeserver.services.feed import Feed
from homeserver.storage.errors import DatabaseDown, DatabaseFull
from homeserver.storage.events.read import Events
from homeserver.storage.leases import Leases
from homeserver.storage.sessions import UiAuthSessions
from homeserver.storage.to_device import ToDevice
from homeserver.storage.upkeep import Pruned
from homeserver.storage.upkeep import Upkeep as UpkeepTable

log = structlog.get_logger()

ROUND_S = 600.0
LEASE = "upkeep"
LEASE_S = 900.0
TXN_LIFE_S = 24 * 3600
MARK_LIFE_S = 3600.0
UI_AUTH_LIFE_MS = 24 * 3600 * 1000
ROWS_AT_ONCE = 1_000
PruneAged = Callable[[int], Awaitable[int]]
"""Takes the time in ms; how many rows went."""


class Upkeep:
    """Prunes, a thousand rows at a time."""

    def __init__(  # noqa: PLR0917 - the tables it prunes
        self,
        owner: str,
        leases: Leases,
        table: UpkeepTable,
        events: Events,
        ui_auth: UiAuthSessions,
        inboxes: ToDevice,
        feed: Feed,
        clock: Clock,
        of_age: Sequence[PruneAged] = (),
    ) -> None:
        """`owner`: names this process among others; `of_age`: what deletes rows of other tables that are too old."""
        self._owner = owner
        self._leases = leases
        self._table = table
        self._events = events
        self._ui_auth = ui_auth
        self._inboxes = inboxes
        self._feed = feed
        self._clock = clock
        self._of_age = of_age
        self._passed = 0
        """Position of the stream a round ago: every process has long applied it."""

    async def run(self) -> None:
        """A round now and then; runs as long as the process."""
        while True:
            await self._clock.sleep(ROUND_S)
            try:
                if await self._leases.take(self._owner, [LEASE], LEASE_S):
                    await self.prune()
            except (DatabaseDown, DatabaseFull) as error:
                log.warning("upkeep.put_off", error=type(error).__name__)

    async def prune(self) -> None:
        """One round."""
        now = self._clock.now_ms()
        passed, self._passed = self._passed, self._feed.head
        await _until_done(lambda: self._table.prune_notices(passed))
        await _until_done(lambda: self._table.prune_marks(MARK_LIFE_S))
        for prune in (self._events.prune_txns, self._inboxes.prune_txns):
            while await prune(TXN_LIFE_S) >= ROWS_AT_ONCE:
                pass
        await self._table.prune_login_tokens(now)
        await self._ui_auth.prune(now - UI_AUTH_LIFE_MS)
        for aged in self._of_age:
            await aged(now)


async def _until_done(prune: Callable[[], Awaitable[Pruned]]) -> None:
    while not (await prune()).is_done:
        pass
