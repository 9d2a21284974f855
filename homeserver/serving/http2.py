"""Hypercorn's HTTP/2 with a budget for what costs the server and not the client: opening and resetting streams (S-17).

Streams that are open together, sizes of headers and chains of CONTINUATION are limited by h2 itself.
"""

import asyncio
from typing import Any, Final

import h2.errors
import h2.events
from hypercorn.events import Closed
from hypercorn.protocol.h2 import H2Protocol

BURST: Final = 300
"""A browser that leaves a page resets what it waits for, at most all streams."""
PER_S: Final = 20.0
_COSTLY: Final = (
    h2.events.StreamReset,
    h2.events.PingReceived,
    h2.events.RemoteSettingsChanged,
    h2.events.PriorityUpdated,
)


class BoundedH2Protocol(H2Protocol):
    """Ends a connection that does nothing but begin and take back."""

    def __init__(self, *args: Any) -> None:  # noqa: ANN401 - Hypercorn's arguments, passed on
        super().__init__(*args)
        self._left = float(BURST)
        self._at = asyncio.get_running_loop().time()

    async def _handle_events(self, events: list[h2.events.Event]) -> None:
        costly = sum(isinstance(event, _COSTLY) for event in events)
        if costly and not self._may(costly):
            self.connection.close_connection(h2.errors.ErrorCodes.ENHANCE_YOUR_CALM)
            await self._flush()
            await self.send(Closed())
            return
        await super()._handle_events(events)

    def _may(self, costly: int) -> bool:
        now = asyncio.get_running_loop().time()
        self._left = min(float(BURST), self._left + (now - self._at) * PER_S) - costly
        self._at = now
        return self._left >= 0
