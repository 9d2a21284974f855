"""Files on a disk: written aside, synced, then renamed, so that a key always leads to whole bytes.

All file access is in threads; parts are joined to blocks first, since a hop to a thread costs as much as 100 KB.
"""

import asyncio
import errno
import os
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeVar

from homeserver.errors import StorageFull

T = TypeVar("T")

KEY_BYTES = 20
BLOCK_BYTES = 256 * 1024
ABANDONED_S = 24 * 3600.0
"""What is still being written after that belongs to a process that died."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_ASIDE = "incoming"
_HEX = frozenset("0123456789abcdef")


class DiskMedia:
    """A `MediaStore` in a folder. Keys are 40 random hexadecimal digits; the first four name two levels of folders."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._aside = folder / _ASIDE

    def prepare(self) -> None:
        """Make the folder, and clear away what died in the middle of an upload. Raises OSError."""
        clear_aside(self._aside)

    async def put(self, parts: AsyncIterable[bytes]) -> str:
        key = secrets.token_hex(KEY_BYTES)
        path = self._path(key)
        async with written_aside(self._aside / key, parts) as aside:
            try:
                await in_thread(_publish, aside, path)
            except BaseException:
                _forget(path)
                raise
        return key

    async def open(self, key: str, start: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        file = await in_thread(_open_at, self._path(key), start)
        try:
            left = length
            while left is None or left > 0:
                block = await in_thread(file.read, BLOCK_BYTES if left is None else min(BLOCK_BYTES, left))
                if not block:
                    return
                if left is not None:
                    left -= len(block)
                yield block
        finally:
            file.close()

    async def delete(self, key: str) -> None:
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    async def keys(self, older_than_s: float) -> AsyncIterator[str]:
        for first in range(256):
            for key in await asyncio.to_thread(self._keys_below, f"{first:02x}", older_than_s):
                yield key

    def _keys_below(self, first: str, older_than_s: float) -> list[str]:
        return [path.name for path in _older((self._folder / first).glob("??/*"), older_than_s)]

    def _path(self, key: str) -> Path:
        if len(key) != 40 or not _HEX.issuperset(key):
            raise ValueError("not a key of this store")
        return self._folder / key[:2] / key[2:4] / key


@asynccontextmanager
async def written_aside(aside: Path, parts: AsyncIterable[bytes]) -> AsyncIterator[Path]:
    """A new file with the bytes, synced, gone at the end of the block unless it was renamed. Raises StorageFull."""
    try:
        file = await in_thread(aside.open, "xb", 0)
        try:
            async for block in blocks(parts):
                await in_thread(_write, file, block)
            await in_thread(os.fsync, file.fileno())
        finally:
            file.close()
        yield aside
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull from error
        raise
    finally:
        _forget(aside)


def clear_aside(folder: Path) -> None:
    """Make the folder for files on their way in, and clear away what died there. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in _older(folder.iterdir(), ABANDONED_S):
        path.unlink(missing_ok=True)


async def blocks(parts: AsyncIterable[bytes], size: int = BLOCK_BYTES) -> AsyncIterator[bytes]:
    """The same bytes in parts of about `size`."""
    block = bytearray()
    async for part in parts:
        block += part
        if len(block) >= size:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


async def in_thread(function: Callable[..., T], *args: object) -> T:
    """Call it in a thread, and wait for its end even when cancelled: nobody closes a file that is being written."""
    running = asyncio.ensure_future(asyncio.to_thread(function, *args))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


def _write(file: BinaryIO, block: bytes) -> None:
    """Write all of it: an unbuffered file may take less."""
    view = memoryview(block)
    while view:
        view = view[file.write(view) :]


def _open_at(path: Path, start: int) -> BinaryIO:
    file = path.open("rb", 0)
    file.seek(start)
    return file


def _publish(aside: Path, path: Path) -> None:
    """Give the file its name for good, and sync the folders that know it."""
    for folder in (path.parent.parent, path.parent):
        with suppress(FileExistsError):
            folder.mkdir()
            _sync(folder.parent)
    aside.rename(path)
    _sync(path.parent)


def _forget(path: Path) -> None:
    """On the loop, not in a thread: it must happen even when the caller is being cancelled."""
    path.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _older(paths: Iterator[Path], seconds: float) -> list[Path]:
    due = time.time() - seconds
    found = []
    for path in paths:
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < due:
                found.append(path)
    return found
