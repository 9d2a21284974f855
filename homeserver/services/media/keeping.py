"""Bytes into the store and a row that leads to them: both, or neither."""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import TypeVar

from homeserver.providers.hooks import MediaStore
from homeserver.services.media.flights import to_the_end
from homeserver.storage.errors import DatabaseDown
from homeserver.storage.media import NewFile

R = TypeVar("R")


async def keep(
    store: MediaStore,
    parts: AsyncIterable[bytes],
    write: Callable[[NewFile], Awaitable[R]],
    *,
    content_type: str,
    filename: str | None,
) -> tuple[NewFile, R]:
    """Put the bytes and `write` the row; what it returned.

    `write` returns the key that the row leads to: when it is another one (or none), these bytes are not needed.
    """
    digest, size = hashlib.sha256(), 0

    async def measured() -> AsyncIterator[bytes]:
        nonlocal size
        async for part in parts:
            digest.update(part)
            size += len(part)
            yield part

    key = await store.put(measured())
    file = NewFile(digest.digest(), key, size, content_type, filename)
    return file, await to_the_end(_written(store, write, file))


async def _written(store: MediaStore, write: Callable[[NewFile], Awaitable[R]], file: NewFile) -> R:
    try:
        kept = await write(file)
    except DatabaseDown:
        raise  # the row may be there: `Housekeeping` looks at the bytes later
    except Exception:
        await store.delete(file.store_key)
        raise
    if kept != file.store_key:
        await store.delete(file.store_key)
    return kept
