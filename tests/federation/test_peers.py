"""Back-off: when a failing peer is left alone, for how long, and what ends it."""

from dataclasses import dataclass, field

import pytest

from homeserver.services.peers import FREE_FAILURES, MAX_PAUSE_AFTER_WEEK_MS, MAX_PAUSE_MS, WEEK_MS, Peers
from homeserver.storage.destinations import Destination


@dataclass
class Hands:
    """A clock moved by hand."""

    now: int = 1_000_000_000

    def now_ms(self) -> int:
        return self.now

    def monotonic(self) -> float:
        return self.now / 1000

    async def sleep(self, seconds: float) -> None:
        self.now += int(seconds * 1000)


class Middle:
    """Chance that is always in the middle."""

    def random(self) -> float:
        return 0.5


@dataclass
class Rows:
    """The table's rows in memory."""

    saved: dict[str, Destination] = field(default_factory=dict)

    async def read(self, server: str) -> Destination | None:
        return self.saved.get(server)

    async def save_contact(
        self,
        server: str,
        *,
        retry_ts: int,
        failing_since_ts: int | None,
        failures: int,
        last_error: str | None = None,
    ) -> None:
        self.saved[server] = Destination(server, 0, retry_ts, failing_since_ts, failures)


def _peers(clock: Hands, rows: Rows) -> Peers:
    return Peers(rows, clock, Middle())  # type: ignore[arg-type]  # only what is used of the table and of chance


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def rows() -> Rows:
    return Rows()


async def _fail_until(peers: Peers, clock: Hands, until: int) -> list[int]:
    """Fail at every try until then; the pauses between, in ms."""
    pauses = []
    while clock.now < until:
        await peers.failed("b")
        pause = await peers.retry_at("b") - clock.now
        if pause > 0:
            pauses.append(pause)
            clock.now += pause
    return pauses


async def test_a_restart_of_a_peer_costs_no_pause(clock: Hands, rows: Rows) -> None:
    peers = _peers(clock, rows)
    for _ in range(FREE_FAILURES):
        await peers.failed("b")
        assert await peers.may_ask("b")
    assert rows.saved == {}


async def test_pauses_double_to_an_hour_and_after_a_week_to_a_day(clock: Hands, rows: Rows) -> None:
    pauses = await _fail_until(_peers(clock, rows), clock, clock.now + 3 * WEEK_MS)
    assert pauses[:4] == [30_000, 60_000, 120_000, 240_000]
    assert MAX_PAUSE_MS in pauses
    assert max(pauses) == pauses[-1] == MAX_PAUSE_AFTER_WEEK_MS


async def test_requests_on_their_way_together_count_once(clock: Hands, rows: Rows) -> None:
    peers = _peers(clock, rows)
    for _ in range(20):
        await peers.failed("b")
    assert await peers.retry_at("b") - clock.now == 30_000


@pytest.mark.parametrize("sign", ["answered", "heard_from"])
async def test_a_sign_of_life_ends_the_pause_and_wakes_the_queue(clock: Hands, rows: Rows, sign: str) -> None:
    peers, woken = _peers(clock, rows), []
    peers.on_contact(woken.append)
    for _ in range(FREE_FAILURES + 1):
        await peers.failed("b")
    assert not await peers.may_ask("b")
    await getattr(peers, sign)("b")
    assert await peers.may_ask("b")
    assert woken == ["b"]
    assert rows.saved["b"].failing_since_ts is None


async def test_a_healthy_peer_leaves_no_row_and_wakes_nobody(clock: Hands, rows: Rows) -> None:
    peers, woken = _peers(clock, rows), []
    peers.on_contact(woken.append)
    await peers.heard_from("b")
    await peers.answered("b")
    assert (rows.saved, woken) == ({}, [])


async def test_a_pause_survives_our_restart(clock: Hands, rows: Rows) -> None:
    before = _peers(clock, rows)
    for _ in range(FREE_FAILURES + 1):
        await before.failed("b")
    after = _peers(clock, rows)
    assert not await after.may_ask("b")
    await after.heard_from("b")
    assert await after.may_ask("b")
