"""Which peers answer: contact and back-off, kept in memory and written behind. Any sign of life ends a pause.

Pauses double from half a minute to an hour, and to a day after a week. Spec: Server-Server API, Transactions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from homeserver.clock import Clock, Rng
from homeserver.storage.destinations import Destinations

log = structlog.get_logger()

FIRST_PAUSE_MS: Final = 30_000
MAX_PAUSE_MS: Final = 3600_000
MAX_PAUSE_AFTER_WEEK_MS: Final = 24 * 3600_000
WEEK_MS: Final = 7 * 24 * 3600_000
FREE_FAILURES: Final = 2
"""Failures in a row that cost no pause: a restart of the peer should not be noticed."""
CACHED: Final = 50_000
MAX_ERROR: Final = 300


@dataclass(slots=True)
class Peer:
    """Failures of one peer. Times are ms since the epoch; `failing_since` 0: it answers."""

    failing_since: int = 0
    retry_at: int = 0
    failures: int = 0
    pause_ms: int = 0


class Peers:
    """Back-off for every peer that fails; healthy ones take no memory in the database."""

    def __init__(self, table: Destinations, clock: Clock, rng: Rng) -> None:
        self._table = table
        self._clock = clock
        self._rng = rng
        self._peers: dict[str, Peer] = {}
        self._on_contact: list[Callable[[str], None]] = []

    def on_contact(self, wake: Callable[[str], None]) -> None:
        """Have `wake` called when a failing peer speaks to us again."""
        self._on_contact.append(wake)

    async def may_ask(self, server: str) -> bool:
        """False while the peer is being left alone."""
        peer = await self._peer(server)
        return peer.retry_at <= self._clock.now_ms()

    async def retry_at(self, server: str) -> int:
        """When the peer may be asked again, ms since the epoch; in the past when it may now."""
        return (await self._peer(server)).retry_at

    def is_suspect(self, server: str) -> bool:
        """Whether the peer failed several times in a row; no trip, so True only for those asked for before."""
        peer = self._peers.get(server)
        return peer is not None and peer.failures > FREE_FAILURES

    async def answered(self, server: str) -> None:
        """The peer answered a request of ours."""
        await self._alive(server)

    async def heard_from(self, server: str) -> None:
        """The peer sent us a request that we could verify: what waits for it goes out at once."""
        await self._alive(server)

    async def failed(self, server: str, why: str = "") -> None:
        """The peer did not answer, or answered that it is broken."""
        peer = await self._peer(server)
        now = self._clock.now_ms()
        if peer.retry_at > now:
            return  # one of several requests that were on their way together
        peer.failures += 1
        peer.failing_since = peer.failing_since or now
        if peer.failures > FREE_FAILURES:
            longest = MAX_PAUSE_AFTER_WEEK_MS if now - peer.failing_since > WEEK_MS else MAX_PAUSE_MS
            peer.pause_ms = min(longest, max(FIRST_PAUSE_MS, peer.pause_ms * 2))
            peer.retry_at = now + int(peer.pause_ms * (0.8 + 0.4 * self._rng.random()))
            log.info("peer left alone", server=server, pause_s=peer.pause_ms // 1000)
            await self._table.save_contact(
                server,
                retry_ts=peer.retry_at,
                failing_since_ts=peer.failing_since,
                failures=peer.failures,
                last_error=_storable(why),
            )

    async def _alive(self, server: str) -> None:
        peer = await self._peer(server)
        if not peer.failures and not peer.failing_since:
            return
        was_saved = peer.retry_at > 0
        peer.failing_since = peer.retry_at = peer.failures = peer.pause_ms = 0
        if was_saved:
            await self._table.save_contact(server, retry_ts=0, failing_since_ts=None, failures=0)
        for wake in self._on_contact:
            wake(server)

    async def _peer(self, server: str) -> Peer:
        peer = self._peers.get(server)
        if peer is None:
            saved = await self._table.read(server)
            peer = self._peers.get(server)
            if peer is None:
                peer = Peer()
                if saved is not None and saved.failing_since_ts is not None:
                    peer.failing_since, peer.retry_at = saved.failing_since_ts, saved.retry_ts
                    peer.failures = saved.failures
                    peer.pause_ms = max(FIRST_PAUSE_MS, min(MAX_PAUSE_MS, saved.retry_ts - saved.failing_since_ts))
                if len(self._peers) >= CACHED:
                    del self._peers[next(iter(self._peers))]
                self._peers[server] = peer
        return peer


def _storable(why: str) -> str:
    """A reason as it is kept: short, and without what no text column holds."""
    return why[:MAX_ERROR].replace("\0", "").encode(errors="replace").decode()
