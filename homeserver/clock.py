"""Time, chance and planned crashes: the three things outside that every part is handed, so that tests can own them."""

import asyncio
import base64
import os
import random
import secrets
import signal
import string
import time
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")


class Clock(Protocol):
    """Where time comes from."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Rng(Protocol):
    """Where chance comes from."""

    def token(self, n_bytes: int) -> str:
        """`n_bytes` of secret chance as unpadded base64url (32 bytes give 43 letters)."""
        ...

    def bytes(self, n: int) -> bytes:
        """`n` secret bytes."""
        ...

    def letters(self, n: int) -> str:
        """`n` ASCII letters of both cases."""
        ...

    def capitals(self, n: int) -> str:
        """`n` capital ASCII letters."""
        ...

    def digits(self, n: int) -> str:
        """`n` decimal digits."""
        ...

    def random(self) -> float:
        """A number in [0, 1), not for secrets (jitter)."""
        ...

    def choice(self, items: Sequence[T]) -> T:
        """One of `items`, not for secrets."""
        ...


class SystemRng:
    """The chance of the operating system."""

    def token(self, n_bytes: int) -> str:
        return base64.urlsafe_b64encode(secrets.token_bytes(n_bytes)).rstrip(b"=").decode("ascii")

    def bytes(self, n: int) -> bytes:
        return secrets.token_bytes(n)

    def letters(self, n: int) -> str:
        return _pick(string.ascii_letters, n)

    def capitals(self, n: int) -> str:
        return _pick(string.ascii_uppercase, n)

    def digits(self, n: int) -> str:
        return _pick(string.digits, n)

    def random(self) -> float:
        return random.random()  # noqa: S311 - jitter, not a secret

    def choice(self, items: Sequence[T]) -> T:
        return random.choice(items)  # noqa: S311 - jitter, not a secret


def _pick(alphabet: str, n: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(n))


class Faults(Protocol):
    """Named points of the code at which a crash test may end the process."""

    async def at(self, name: str) -> None:
        """Pass the point `name`; in a crash test perhaps never to return."""
        ...


class NoFaults:
    """What a server runs with: every point is passed."""

    async def at(self, name: str) -> None:
        pass


class KillAt:
    """Ends the process by SIGKILL when the point `name` is passed for the `nth` time: nothing is flushed."""

    def __init__(self, name: str, nth: int) -> None:
        self._name = name
        self._left = nth

    async def at(self, name: str) -> None:
        if name != self._name:
            return
        self._left -= 1
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


def faults_of(env: Mapping[str, str]) -> Faults:
    """The faults asked for by `HEARTH_FAULT=name:nth`, else none. Raises ValueError if it is malformed."""
    wanted = env.get("HEARTH_FAULT")
    if not wanted:
        return NoFaults()
    name, _, nth = wanted.partition(":")
    return KillAt(name, int(nth or "1"))
