"""Serves an application on bound sockets until SIGINT or SIGTERM, then lets everything end within ten seconds."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from typing import Protocol, cast

from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.run import worker_serve
from hypercorn.config import Sockets
from hypercorn.typing import ASGIFramework

from homeserver.asgi.interface import App
from homeserver.serving.binding import BACKLOG, Binding
from homeserver.serving.patches import ServerConfig, apply

KEEP_ALIVE_S = 75.0
GRACEFUL_S = 5.0
CLOSE_S = 3.0
HEAD_BYTES = 64 * 1024
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
) -> None:
    """Serve until a signal comes or `stop` is set. A fault in `application.run` ends it with an ExceptionGroup."""
    apply()
    stop = stop or _on_signal()
    closing = asyncio.Event()
    configs = [_config(binding) for binding in bindings]
    try:
        async with asyncio.TaskGroup() as group:
            background = group.create_task(application.run())
            listening = [
                group.create_task(_listen(application, binding, config, closing))
                for binding, config in zip(bindings, configs, strict=True)
            ]
            await asyncio.sleep(0)
            on_ready()
            await stop.wait()
            application.stop()
            closing.set()
            for config in configs:
                config.close_idle()
            await asyncio.wait(listening)
            background.cancel()
    finally:
        await _close(application)


async def _listen(application: Application, binding: Binding, config: ServerConfig, closing: asyncio.Event) -> None:
    tls = binding.listener.tls
    sockets = Sockets([binding.sock] if tls else [], [] if tls else [binding.sock], [])
    # Our ASGI types are the loose ones of the specification, Hypercorn's name every message.
    wrapped = ASGIWrapper(cast(ASGIFramework, application.listener(frozenset(binding.listener.resources))))
    await worker_serve(wrapped, config, sockets=sockets, shutdown_trigger=closing.wait)


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
    config.backlog = BACKLOG
    config.accesslog = None
    config.errorlog = None
    config.include_server_header = False
    config.keep_alive_timeout = KEEP_ALIVE_S
    config.keep_alive_max_requests = 10**9
    config.graceful_timeout = GRACEFUL_S
    config.ssl_handshake_timeout = 10.0
    config.h11_max_incomplete_size = HEAD_BYTES
    config.h2_max_concurrent_streams = H2_STREAMS
    config.websocket_max_message_size = SOCKET_FRAME_BYTES
    config.websocket_ping_interval = 30.0
    return config
