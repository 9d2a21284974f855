"""Serves an application on bound sockets until SIGINT or SIGTERM, then lets everything end within ten seconds."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from typing import Protocol

from homeserver.asgi.interface import App
from homeserver.serving.binding import BACKLOG, Binding
from homeserver.serving.connection import KEEP_ALIVE_S
from homeserver.serving.crowd import Crowd
from homeserver.serving.front import Front
from homeserver.serving.handover import Handover
from homeserver.serving.head import HEAD_BYTES
from homeserver.serving.patches import ServerConfig, apply

GRACEFUL_S = 5.0
CLOSE_S = 3.0
TLS_HANDSHAKE_S = 10.0
SOCKET_FRAME_BYTES = 262_144
H2_STREAMS = 100


class Application(Protocol):
    """What is served: `homeserver.app.App`, or a small one in tests."""

    def listener(self, resources: frozenset[str]) -> App:
        """The ASGI application for a listener with these resources."""
        ...

    async def run(self) -> None:
        """Everything that goes on beside requests; ends only by cancellation or by a fault."""
        ...

    def stop(self) -> None:
        """Answer long-polls and close WebSockets: the server is about to end."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


async def serve(
    application: Application,
    bindings: Sequence[Binding],
    *,
    on_ready: Callable[[], None] = lambda: None,
    stop: asyncio.Event | None = None,
    crowd: Crowd | None = None,
) -> None:
    """Serve until a signal comes or `stop` is set. A fault in `application.run` ends it with an ExceptionGroup.

    `crowd`: who counts the connections of an address.
    """
    apply()
    crowd = crowd or Crowd()
    stop = stop or _on_signal()
    closing = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as group:
            background = group.create_task(application.run())
            listening = [group.create_task(_listen(application, binding, crowd, closing)) for binding in bindings]
            await asyncio.sleep(0)
            on_ready()
            await stop.wait()
            application.stop()
            closing.set()
            await asyncio.wait(listening)
            background.cancel()
    finally:
        await _close(application)


async def _listen(application: Application, binding: Binding, crowd: Crowd, closing: asyncio.Event) -> None:
    config = _config(binding)
    app = application.listener(frozenset(binding.listener.resources))
    handover = Handover(app, config, crowd)
    secure = config.create_ssl_context() if binding.listener.tls else None
    front = Front(app, handover, crowd, is_tls=secure is not None)
    server = await asyncio.get_running_loop().create_server(
        front.connection,
        sock=binding.sock,
        backlog=BACKLOG,
        ssl=secure,
        ssl_handshake_timeout=TLS_HANDSHAKE_S if secure else None,
    )
    await closing.wait()
    server.close()
    async with asyncio.TaskGroup() as ending:
        ending.create_task(front.stop(GRACEFUL_S))
        ending.create_task(handover.stop(GRACEFUL_S))


async def _close(application: Application) -> None:
    try:
        async with asyncio.timeout(CLOSE_S):
            await application.close()
    except TimeoutError:
        return


def _on_signal() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


def _config(binding: Binding) -> ServerConfig:
    config = ServerConfig()
    tls = binding.listener.tls
    if tls is not None:
        config.certfile, config.keyfile = tls.certificate, tls.private_key
    config.accesslog = None
    config.errorlog = None
    config.include_server_header = False
    config.keep_alive_timeout = KEEP_ALIVE_S
    config.keep_alive_max_requests = 10**9
    config.h11_max_incomplete_size = HEAD_BYTES
    config.h2_max_concurrent_streams = H2_STREAMS
    config.websocket_max_message_size = SOCKET_FRAME_BYTES
    config.websocket_ping_interval = None  # the endpoint has its own; Hypercorn's outlives its connection by 30 s
    return config
