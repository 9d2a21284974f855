"""A lean HTTP/1.1 client for load: one kept connection, one request at a time.

For tests that are about what is said, take tests/support/client.py: this one is for thousands of requests per second,
where the measure must not be the client, and for kills, where a lost answer must stay what it is: unknown.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import httptools
import orjson


class Answer(NamedTuple):
    """A whole response."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Unanswered(Exception):
    """The connection ended before the answer: the server may or may not have done it."""


class Unreachable(Exception):
    """No connection: the server has seen nothing."""


class _Connection(asyncio.Protocol):
    """One connection; the parser calls back into it."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.waiter: asyncio.Future[Answer] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one by its methods only

    def connection_lost(self, _exc: Exception | None) -> None:
        self.transport = None
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_exception(Unanswered())

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._body = []

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(Answer(self._parser.get_status_code(), body))
        if not self._parser.should_keep_alive() and self.transport is not None:
            self.transport.close()
            self.transport = None


@dataclass(slots=True)
class Wire:
    """A client of the server at `host:port`, signed in by `token`; connects when it has to."""

    host: str
    port: int
    token: str = ""
    _connection: _Connection | None = None

    async def ask(self, method: str, path: str, body: object = None, *, limit_s: float = 60) -> Answer:
        """Send one request and wait. Raises Unreachable, Unanswered, TimeoutError (then as unknown as Unanswered)."""
        connection = await self._connected()
        assert connection.transport is not None
        connection.waiter = asyncio.get_running_loop().create_future()
        connection.transport.write(self._request(method, path, body))
        try:
            async with asyncio.timeout(limit_s):
                return await connection.waiter
        except (TimeoutError, asyncio.CancelledError):
            self.close()
            raise

    async def call(self, method: str, path: str, body: object = None, *, limit_s: float = 60) -> Any:
        """The JSON of an answer of 200; anything else is an AssertionError."""
        answer = await self.ask(method, path, body, limit_s=limit_s)
        assert answer.status == 200, f"{method} {path}: {answer.status} {answer.body[:300]!r}"
        return answer.json

    def close(self) -> None:
        """Drop the connection; the next request makes a new one."""
        if self._connection is not None and self._connection.transport is not None:
            self._connection.transport.abort()
        self._connection = None

    async def _connected(self) -> _Connection:
        if self._connection is None or self._connection.transport is None:
            loop = asyncio.get_running_loop()
            try:
                async with asyncio.timeout(10):
                    _, self._connection = await loop.create_connection(_Connection, self.host, self.port)
            except (OSError, TimeoutError) as error:
                raise Unreachable from error
        return self._connection

    def _request(self, method: str, path: str, body: object) -> bytes:
        data = b"" if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}:{self.port}"]
        if self.token:
            lines.append(f"Authorization: Bearer {self.token}")
        if body is not None or method in {"POST", "PUT"}:
            lines.append(f"Content-Type: application/json\r\nContent-Length: {len(data)}")
        return "\r\n".join([*lines, "", ""]).encode("ascii") + data
