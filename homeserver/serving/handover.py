"""Hands a connection over to Hypercorn, which speaks what the front does not: WebSockets and HTTP/2."""

import asyncio
import ssl
from typing import cast

from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.typing import ASGIFramework, ConnectionState, LifespanState

from homeserver.asgi.interface import App
from homeserver.serving.crowd import Crowd
from homeserver.serving.patches import QuickTCPServer, ServerConfig
from homeserver.serving.scope import address_of

STREAM_BYTES = 64 * 1024


class Handover:
    """The connections of one listener that Hypercorn has."""

    def __init__(self, app: App, config: ServerConfig, crowd: Crowd) -> None:
        # Our ASGI types are the loose ones of the specification, Hypercorn's name every message.
        self._app = ASGIWrapper(cast(ASGIFramework, app))
        self._config = config
        self._crowd = crowd
        self._context = WorkerContext(None)
        self._tasks: set[asyncio.Task[None]] = set()

    @staticmethod
    def wants(transport: asyncio.Transport) -> bool:
        """Whether HTTP/2 was agreed on with TLS."""
        secure: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        return secure is not None and secure.selected_alpn_protocol() == "h2"

    def take(self, transport: asyncio.Transport, first: bytes) -> None:
        """Go on with a connection of which `first` was read already."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=STREAM_BYTES, loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if first:
            reader.feed_data(first)
        peer = address_of(transport.get_extra_info("peername"))
        task = loop.create_task(self._serve(reader, writer))  # owned here: it lives as long as its connection
        self._tasks.add(task)
        self._crowd.enter(peer and peer[0])
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: self._crowd.leave(peer and peer[0]))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        state = ConnectionState(LifespanState({}))
        await QuickTCPServer(self._app, loop, self._config, self._context, state, reader, writer)

    async def stop(self, within_s: float) -> None:
        """Let go on what is open for so long, then end it."""
        await self._context.terminated.set()
        self._config.close_idle()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_s)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1)
