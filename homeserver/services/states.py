"""Passing states (typing, presence) as this process knows them: the bus followed in one order, under one counter.

A sync token holds `epoch` and `counter`; in another epoch everything is sent whole again, so a loss heals.
Not for: what lasts, which is in the stream (`feed`).
"""

from collections.abc import Awaitable, Callable
from hashlib import blake2b
from typing import NamedTuple

from homeserver.bus.bus import Bus, BusDown
from homeserver.clock import Clock

Apply = Callable[[str, bytes | None, int], Awaitable[None]]
"""Takes a state without its prefix, its value (None: it ended) and the counter of the change."""
RETRY_S = 1.0


class Follower(NamedTuple):
    """Who keeps the states of one prefix. `reset` forgets all of them."""

    prefix: str
    apply: Apply
    reset: Callable[[], None]


class States:
    """Follows the bus. `counter` rises with each change applied here."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._followers: list[Follower] = []
        self._readings = 0
        self.counter = 0
        self.epoch = _number(bus.epoch, 0)

    def follow(self, prefix: str, apply: Apply, reset: Callable[[], None]) -> None:
        """Have the states of `prefix` kept by `apply`."""
        self._followers.append(Follower(prefix, apply, reset))

    async def run(self) -> None:
        """Follow; runs as long as the process."""
        while True:
            try:
                async with self._bus.watch_state("") as changes:
                    await self._read_all()
                    async for change in changes:
                        await self._take(change.key, change.value, change.counter)
            except BusDown:
                await self._clock.sleep(RETRY_S)

    async def _read_all(self) -> None:
        """Begin anew with what the bus has. Changes were lost before, so that it is another epoch."""
        for follower in self._followers:
            follower.reset()
        if self._readings:
            self.epoch = _number(self._bus.epoch, self._readings)
            self.counter = 0
        self._readings += 1
        for key, value in (await self._bus.states("")).items():
            await self._take(key, value, 0)

    async def _take(self, key: str, value: bytes | None, counter: int) -> None:
        """Apply one change; one that comes late, or without a counter, counts as new."""
        mark = max(counter, self.counter + 1)
        for follower in self._followers:
            if key.startswith(follower.prefix):
                await follower.apply(key.removeprefix(follower.prefix), value, mark)
        self.counter = mark


def _number(epoch: str, readings: int) -> int:
    """The epoch as a token has it: 56 bits."""
    text = f"{epoch}.{readings}" if readings else epoch
    return int.from_bytes(blake2b(text.encode(), digest_size=7).digest(), "big")
