"""Hypercorn 0.18 with changes that its settings do not offer; each replaces one class where Hypercorn looks it up.

One system call per answer in place of three; no task, lock and timeout per request; no permessage-deflate; no h2c.
"""

import asyncio
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

import h11
import hypercorn.protocol
import hypercorn.protocol.ws_stream
from hypercorn.asyncio.tcp_server import MAX_RECV, TCPServer
from hypercorn.asyncio.worker_context import AsyncioSingleTask
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData
from hypercorn.protocol.events import EndBody
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.h11 import H2ProtocolAssumedError, H11Protocol
from hypercorn.protocol.ws_stream import Handshake
from hypercorn.typing import TaskGroup

from homeserver.serving.http2 import BoundedH2Protocol

JOIN_BYTES = 64 * 1024


class ServerConfig(Config):
    """Hypercorn's configuration with the connections that wait for a request."""

    def __init__(self) -> None:
        super().__init__()
        self.idle: set[IdleTimer] = set()

    def close_idle(self) -> None:
        """Close the connections on which nothing happens."""
        for timer in list(self.idle):
            timer.expire()


class PlainHandshake(Handshake):
    """Never accepts permessage-deflate: 100 KB a connection, and secrets compressed beside foreign text (S-18)."""

    def __init__(self, headers: list[tuple[bytes, bytes]], http_version: str) -> None:
        super().__init__([pair for pair in headers if pair[0].lower() != b"sec-websocket-extensions"], http_version)


class PlainH11Protocol(H11Protocol):
    """Never upgrades HTTP/1.1 to HTTP/2: a proxy in front would not see the requests that follow (S-17).

    A connection that begins with HTTP/2 is another thing; the front hands over those and WebSockets only.
    """

    async def _check_protocol(self, event: h11.Request) -> None:
        if event.method == b"PRI" and event.target == b"*" and event.http_version == b"2.0":
            raise H2ProtocolAssumedError(b"PRI * HTTP/2.0\r\n\r\n" + self.connection.trailing_data[0])

    async def stream_send(self, event: StreamEvent) -> None:
        await super().stream_send(event)
        if isinstance(event, EndBody):  # a refused WebSocket; Hypercorn would leave its connection open
            await self.send(Closed())


class IdleTimer(AsyncioSingleTask):
    """Closes a connection that waits too long for its next request: a timer in place of a task."""

    def __init__(self, config: ServerConfig) -> None:
        self._config = config
        self._timer: asyncio.TimerHandle | None = None
        self._spawn: Callable[[], None] = lambda: None

    async def restart(self, task_group: TaskGroup, action: Callable[[], Awaitable[None]]) -> None:
        """Start to wait."""
        self._cancel()
        self._spawn = lambda: task_group.spawn(action)
        self._config.idle.add(self)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._config.keep_alive_timeout, self.expire)

    async def stop(self) -> None:
        """A request came, or the connection is gone."""
        self._cancel()

    def expire(self) -> None:
        """Close the connection now."""
        if self._timer is not None:
            self._cancel()
            self._spawn()

    def _cancel(self) -> None:
        self._config.idle.discard(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class QuickTCPServer(TCPServer):
    """A connection that writes once per turn of the loop, and waits for requests with an `IdleTimer`."""

    def __init__(self, *args: Any) -> None:  # noqa: ANN401 - Hypercorn's arguments, passed on
        super().__init__(*args)
        self._held = bytearray()
        if isinstance(self.config, ServerConfig):
            self.idle_task = IdleTimer(self.config)

    async def protocol_send(self, event: Event) -> None:
        if not isinstance(event, RawData):
            await super().protocol_send(event)
            return
        if not self._held:
            self.loop.call_soon(self._flush)
        self._held += event.data
        if len(self._held) >= JOIN_BYTES:
            self._flush()
        try:
            await self.writer.drain()
        except (ConnectionError, RuntimeError):
            await self.protocol.handle(Closed())

    def _flush(self) -> None:
        if self._held:
            data, self._held = self._held, bytearray()
            if not self.writer.is_closing():
                self.writer.write(data)

    async def _close(self) -> None:
        self._flush()
        await super()._close()

    async def _read_data(self) -> None:
        while not self.reader.at_eof():
            try:
                data = await self.reader.read(MAX_RECV)
            except OSError:  # among them a failed TLS
                break
            await self.protocol.handle(RawData(data))
        await self.idle_task.stop()  # its action may not be spawned once the task group ends
        await self.protocol.handle(Closed())

    async def _idle_timeout(self) -> None:
        """The action of the timer."""
        await self._initiate_server_close()


_REPLACED: tuple[tuple[ModuleType, str, type], ...] = (
    (hypercorn.protocol, "H11Protocol", PlainH11Protocol),
    (hypercorn.protocol, "H2Protocol", BoundedH2Protocol),
    (hypercorn.protocol.ws_stream, "Handshake", PlainHandshake),
)


def apply() -> None:
    """Put the changed classes where Hypercorn takes them from."""
    for module, name, replacement in _REPLACED:
        setattr(module, name, replacement)
