"""The types of an ASGI application, and what our own HTTP/1.1 front offers beyond it."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

DIRECT = "hearth.direct"
"""The key of a `Direct` in the extensions of a scope; other servers have none."""


class Direct(Protocol):
    """Short cuts for the usual request: a small body that came whole, an answer of one piece."""

    def take_body(self) -> bytes | None:
        """The whole body if it is there and was not received yet; else it is to be received."""
        ...

    def answer(self, status: int, fields: bytes, body: bytes) -> None:
        """Send the whole answer. `fields`: lines, each with CRLF, without content-length and connection."""
        ...

    def cancel_when_gone(self) -> bool:
        """From now on end the application when the client goes; False if it has gone already."""
        ...
