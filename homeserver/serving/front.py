"""The connections of a listener: made, looked at once a second, ended together. What one does is in `connection`."""

import asyncio
import time
from email.utils import formatdate

from homeserver.asgi.interface import App
from homeserver.serving.connection import Connection
from homeserver.serving.crowd import Crowd
from homeserver.serving.handover import Handover

SWEEP_S = 1.0


class Front:
    """The connections of one listener."""

    def __init__(self, app: App, handover: Handover, crowd: Crowd, *, is_tls: bool) -> None:
        self.app = app
        self.handover = handover
        self.crowd = crowd
        self.is_tls = is_tls
        self.is_stopping = False
        self.loop = asyncio.get_running_loop()
        self.connections: set[Connection] = set()
        self.date = b""
        self._empty = asyncio.Event()
        self._sweeper: asyncio.TimerHandle | None = None
        self._sweep()

    def connection(self) -> Connection:
        """A protocol for a new connection."""
        return Connection(self)

    def _sweep(self) -> None:
        """End what is late: one look at each connection a second in place of a timer for each request."""
        self.date = b"date: " + formatdate(time.time(), usegmt=True).encode("ascii") + b"\r\n"
        now = self.loop.time()
        for connection in [one for one in self.connections if one.due <= now or one.write_due <= now]:
            connection.expire(now)
        self._sweeper = self.loop.call_later(SWEEP_S, self._sweep)

    def entered(self, connection: "Connection") -> None:
        """This connection is one of ours."""
        self.connections.add(connection)
        self.crowd.enter(connection.client and connection.client[0])

    def left(self, connection: "Connection") -> None:
        """This connection is gone or handed over."""
        if connection in self.connections:
            self.connections.discard(connection)
            self.crowd.leave(connection.client and connection.client[0])
        if not self.connections:
            self._empty.set()

    async def stop(self, within_s: float) -> None:
        """Close what is idle, let requests end for so long, then end the rest."""
        self.is_stopping = True
        for connection in list(self.connections):
            connection.close_if_idle()
        try:
            async with asyncio.timeout(within_s):
                while self.connections:
                    self._empty.clear()
                    await self._empty.wait()
        except TimeoutError:
            for connection in list(self.connections):
                connection.abort()
        if self._sweeper is not None:
            self._sweeper.cancel()
