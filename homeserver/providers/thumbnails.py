"""Thumbnails, made by `thumbnail_worker` in processes that are started when needed and ended when idle.

Two jobs at a time; a job that takes too long, or whose caller is gone, takes its process with it.
"""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

WORKERS: Final = 2
JOB_S: Final = 30.0
IDLE_S: Final = 60.0
MAX_SOURCE_BYTES: Final = 64 * 1024 * 1024
MAX_MADE_BYTES: Final = 16 * 1024 * 1024
_SCRIPT: Final = Path(__file__).with_name("thumbnail_worker.py")


class NoThumbnail(Exception):
    """The file is no image that is decoded here, or a broken one."""


class TooManyPixels(Exception):
    """The image is larger than what is decoded here."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A box in pixels, `crop` or `scale`, and whether it may move."""

    width: int
    height: int
    method: str
    animated: bool


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """`body` None: the file itself is no larger than the box."""

    content_type: str
    body: bytes | None


class Thumbnailer:
    """Makes thumbnails of JPEG, PNG, GIF and WebP files."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(WORKERS)
        self._idle: list[_Worker] = []
        self._timer: asyncio.TimerHandle | None = None

    async def make(self, source: AsyncIterable[bytes], size: int, wanted: Wanted) -> Thumbnail:
        """The thumbnail of a file of `size` bytes. Raises NoThumbnail, TooManyPixels."""
        if size > MAX_SOURCE_BYTES:
            raise TooManyPixels
        async with self._places:
            worker = self._idle.pop() if self._idle else await _Worker.start()
            try:
                async with asyncio.timeout(JOB_S):
                    head, body = await worker.do(source, size, wanted)
            except (TimeoutError, EOFError, ConnectionError, ValueError) as error:
                worker.kill()
                raise NoThumbnail from error
            except BaseException:
                worker.kill()
                raise
            self._idle.append(worker)
            self._end_idle_later()
        if "error" in head:
            raise TooManyPixels if head["error"] == "pixels" else NoThumbnail
        return Thumbnail(str(head["content_type"]), None if head.get("same") else body)

    async def close(self) -> None:
        """End the processes."""
        if self._timer is not None:
            self._timer.cancel()
        self._end_idle()

    def _end_idle_later(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(IDLE_S, self._end_idle)

    def _end_idle(self) -> None:
        while self._idle:
            self._idle.pop().kill()


class _Worker:
    """One process."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def start(cls) -> "_Worker":
        """Nothing of our environment goes along; -I keeps the current folder off its path."""
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                str(_SCRIPT),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env={},
                cwd="/",
                start_new_session=True,
            )
        )

    async def do(self, source: AsyncIterable[bytes], size: int, wanted: Wanted) -> tuple[dict[str, object], bytes]:
        """The head and the bytes of the answer. Raises EOFError, ConnectionError, ValueError."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        job = {
            "width": wanted.width,
            "height": wanted.height,
            "method": wanted.method,
            "animated": wanted.animated,
            "size": size,
        }
        text = orjson.dumps(job)
        self._process.stdin.write(len(text).to_bytes(4, "big") + text)
        sent = 0
        async for part in source:
            sent += len(part)
            self._process.stdin.write(part)
            await self._process.stdin.drain()
        if sent != size:
            raise ValueError("the file is shorter or longer than it should be")
        answers = self._process.stdout
        head = orjson.loads(await answers.readexactly(_at_most(await answers.readexactly(4), 4096)))
        return head, await answers.readexactly(_at_most(int(head["size"]).to_bytes(8, "big"), MAX_MADE_BYTES))

    def kill(self) -> None:
        """End it, and the fork that may be at work."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


def _at_most(number: bytes, limit: int) -> int:
    length = int.from_bytes(number, "big")
    if length > limit:
        raise ValueError("the worker says too much")
    return length
