"""Password hashes: Argon2id in a small pool of threads, so that signing in never holds up the event loop.

Spec: none (the hash is the server's own affair). Not for: who may log in (`login`).
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from homeserver.errors import LimitExceeded, WeakPassword

MIN_LENGTH = 8
MAX_LENGTH = 512
AT_ONCE = 2
"""Hashes computed at the same time: each takes 64 MiB."""
MAX_WAITING = 100
"""Hashes wanted at the same time by everyone together."""
BUSY_MS = 2_000

P = ParamSpec("P")
T = TypeVar("T")


class Passwords:
    """Hashes and checks passwords."""

    def __init__(self, cost: Literal["normal", "test"]) -> None:
        self._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1) if cost == "test" else PasswordHasher()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="password")
        self._waiting = 0
        self._nobodys = self._hasher.hash("nobody's password")

    @staticmethod
    def check(password: str) -> None:
        """Raise WeakPassword for one that nobody should have."""
        if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
            raise WeakPassword(f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters.")

    async def hash(self, password: str) -> str:
        """The hash to store. Raises WeakPassword, LimitExceeded."""
        self.check(password)
        return await self._compute(self._hasher.hash, password)

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Whether it is the password; takes as long for an account that does not exist (`password_hash` None).

        Raises LimitExceeded.
        """
        stored = password_hash if password_hash is not None else self._nobodys
        matches = await self._compute(self._verify, stored, password)
        return matches and password_hash is not None

    async def _compute(self, work: Callable[P, T], *arguments: P.args, **_: P.kwargs) -> T:
        """Do `work` in the pool. Raises LimitExceeded when the whole server has too much of it already."""
        if self._waiting >= MAX_WAITING:
            raise LimitExceeded(retry_after_ms=BUSY_MS)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)
        finally:
            self._waiting -= 1

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password[:MAX_LENGTH])
        except (VerificationError, InvalidHashError):
            return False
