"""The seams: small protocols that a class of an admin's own may fit in place of what is shipped."""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from typing import Protocol


class MediaStore(Protocol):
    """Where the bytes of files lie. Keys are the store's own; nothing of a user or a server is in them."""

    async def put(self, parts: AsyncIterable[bytes]) -> str:
        """Keep the bytes for good; their key.

        What `parts` raises is raised, and cancellation too: nothing is left behind then. Raises StorageFull.
        """
        ...

    def open(self, key: str, start: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        """The bytes from `start` on, at most `length`, in parts. Raises FileNotFoundError at the first one."""
        ...

    async def delete(self, key: str) -> None:
        """Forget the bytes; a key that is not known is no error."""
        ...

    def keys(self, older_than_s: float) -> AsyncIterator[str]:
        """Every key that was put longer ago than that, and is found by looking at the store alone."""
        ...
