"""A way to a server that can be shut, and on which answers can be held back: what bad networks do."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Self


class Gate:
    """Forwards TCP connections to a port of this machine. Use `async with Gate.to(port)`."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._own_port = 0
        self._is_open = True
        self._refuses_sockets = False
        self._left: int | None = None
        self._answers = asyncio.Event()
        self._answers.set()
        self._writers: set[asyncio.StreamWriter] = set()

    @classmethod
    @contextlib.asynccontextmanager
    async def to(cls, port: int) -> AsyncIterator[Self]:
        """Open for traffic to `port`."""
        gate = cls(port)
        server = await asyncio.start_server(gate._connected, "127.0.0.1", 0)
        gate._own_port = server.sockets[0].getsockname()[1]
        try:
            yield gate
        finally:
            server.close()
            gate.shut()

    @property
    def url(self) -> str:
        """The server's address by this way."""
        return f"http://localhost:{self._own_port}"

    def shut(self) -> None:
        """Cut all connections and let none through."""
        self._is_open = False
        self._abort_all()

    def _abort_all(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def cut_after(self, size: int) -> None:
        """Cut all connections, in the middle of whatever is said, once so many more bytes went through."""
        self._left = size

    def open(self) -> None:
        """Let everything through again, also what was held back."""
        self._is_open = True
        self._answers.set()

    def hold_answers(self) -> None:
        """What the server says does not arrive any more; what is said to it does."""
        self._answers.clear()

    def refuse_sockets(self) -> None:
        """Cut every connection that asks to become a WebSocket, as some proxies do."""
        self._refuses_sockets = True

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._is_open:
            writer.transport.abort()
            return
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            answers, requests = await asyncio.open_connection("127.0.0.1", self._port)
            self._writers |= {writer, requests}
            always = asyncio.Event()
            always.set()
            await asyncio.gather(self._pump(reader, requests, always), self._pump(answers, writer, self._answers))
        self._writers.discard(writer)
        writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, allowed: asyncio.Event) -> None:
        try:
            while data := await reader.read(65_536):
                await allowed.wait()
                if self._refuses_sockets and b"upgrade: websocket" in data.lower():
                    break
                if self._left is not None:
                    data = data[: self._left]
                    self._left -= len(data)
                writer.write(data)
                await writer.drain()
                if self._left == 0:
                    self._left = None
                    self._abort_all()
        finally:
            writer.close()
