"""What a bus is. `LocalBus` serves one process, `RedisBus` several; one set of tests holds for both.

Whatever is lost here heals: receivers see a missed notice by arithmetic, states run out, buckets refill.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol


class Notice(NamedTuple):
    """A commit: the stream moved from `first` to `last`, and these are the rows."""

    first: int
    last: int
    payload: bytes


class StateChange(NamedTuple):
    """A state was set, or ended (`value` is None). `counter` rises with each change on this bus."""

    key: str
    value: bytes | None
    counter: int


class Bus(Protocol):
    """Six verbs; none blocks longer than `TIMEOUT_S`, all that fail outside raise `BusDown`."""

    @property
    def epoch(self) -> str:
        """Names this life of the bus, the same for all processes. Another epoch: send states whole again."""
        ...

    async def publish(self, first: int, last: int, payload: bytes) -> None:
        """Tell the other subscribers, and one's own, of a commit."""
        ...

    def subscribe(self) -> AbstractAsyncContextManager[AsyncIterator[Notice]]:
        """Notices from now on. Ends (StopAsyncIteration) when some were lost: read the stream, subscribe again."""
        ...

    async def set_state(self, key: str, value: bytes | None, ttl_s: float = 30.0) -> None:
        """Set or end (None) a state that lives `ttl_s` unless set again."""
        ...

    async def states(self, prefix: str) -> Mapping[str, bytes]:
        """The living states whose key begins with `prefix`."""
        ...

    def watch_state(self, prefix: str) -> AbstractAsyncContextManager[AsyncIterator[StateChange]]:
        """Changes of states from now on, including their running out. Ends when some were lost."""
        ...

    async def take(self, bucket: str, key: str, n: float, rate: float, burst: float) -> float:
        """Take `n` tokens from a bucket that refills by `rate` a second up to `burst`.

        Returns 0 when they were taken, else the seconds to wait until they could be (nothing is taken then).
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class BusDown(Exception):
    """The bus does not answer. Callers go on without it."""


TIMEOUT_S = 2.0
QUEUE_NOTICES = 10_000
