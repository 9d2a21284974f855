"""One request and its answer over HTTP/1.1, as the ASGI application sees them: `receive` and `send`.

An answer of one piece is written in one go. Not for: where requests begin and end on a connection (`front`).
Spec: ASGI, HTTP & WebSocket; RFC 9112.
"""

import asyncio
from http import HTTPStatus
from typing import Protocol

import orjson

from homeserver.asgi.interface import Message
from homeserver.asgi.responses import CORS
from homeserver.serving.head import Head

JOIN_BYTES = 64 * 1024
_NO_BODY = frozenset({204, 304})
_FRAMING = frozenset({b"content-length", b"connection", b"transfer-encoding", b"date"})
_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode("ascii")
    for status in HTTPStatus
    if status >= HTTPStatus.OK
}


def refusal(status: int, why: str, date: bytes) -> bytes:
    """The whole answer to a request that does not reach the application; the connection ends with it."""
    body = orjson.dumps({"errcode": "M_UNKNOWN", "error": why})
    fields = [
        date,
        b"content-type: application/json\r\n",
        *(b"%b: %b\r\n" % pair for pair in CORS),
        b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body),
    ]
    return b"".join([_status_line(status), *fields, body])


def _status_line(status: int) -> bytes:
    return _STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status


class BadAnswer(Exception):
    """The application's answer cannot be sent as it is."""


class Line(Protocol):
    """The connection, as an exchange sees it."""

    @property
    def is_stopping(self) -> bool:
        """Whether no request is to follow on this connection."""
        ...

    def date(self) -> bytes:
        """The Date field of this second."""
        ...

    def write(self, data: bytes, more: bytes = b"") -> None:
        """Send these bytes, or drop them if the connection is gone."""
        ...

    async def drained(self) -> None:
        """Wait until the client has read most of what was sent, or is gone."""
        ...

    def body_taken(self) -> None:
        """More of the body may come in."""
        ...


class Exchange:
    """A request whose head was read. `whole` is its body if that came already, else the body comes by `add`."""

    __slots__ = (
        "_body_told",
        "_changed",
        "_expects_continue",
        "_gone",
        "_head",
        "_is_chunked",
        "_left",
        "_line",
        "_more",
        "_parts",
        "_start",
        "cancels_when_gone",
        "is_answered",
        "is_started",
        "keeps_alive",
        "waiting_bytes",
    )

    def __init__(self, line: Line, head: Head, whole: bytes | None) -> None:
        self._line = line
        self._head = head
        self._parts: list[bytes] = [] if whole is None else [whole]
        self._more = whole is None
        self._body_told = False
        self._expects_continue = head.expects_continue
        self._gone = False
        self._changed: asyncio.Event | None = None
        self._start: Message | None = None
        self._is_chunked = False
        self._left: int | None = None
        self.waiting_bytes = 0
        """How much of a body that comes in parts the application has not taken yet."""
        self.cancels_when_gone = False
        self.is_started = False
        self.is_answered = False
        self.keeps_alive = head.keep_alive

    # -- the connection's side ---------------------------------------------------------------------------------------

    @property
    def wants_body(self) -> bool:
        """Whether the request has not come in whole."""
        return self._more

    def add(self, part: bytes, *, is_last: bool) -> None:
        """A part of the body came."""
        if part:
            self._parts.append(part)
            self.waiting_bytes += len(part)
        if is_last:
            self._more = False
        self._wake()

    def gone(self) -> None:
        """The client is gone, or what it sends cannot be read."""
        self._gone = True
        self._wake()

    def _wake(self) -> None:
        if self._changed is not None:
            self._changed.set()

    # -- the application's side --------------------------------------------------------------------------------------

    async def receive(self) -> Message:
        """The next part of the body; after the last one `http.disconnect`, once the client is gone or answered."""
        if not self._body_told:
            if self._expects_continue and self._more and not self._parts and not self.is_started:
                self._expects_continue = False
                self._line.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            while not self._parts and self._more and not self._gone:
                await self._change()
            if self._parts or not self._more:
                body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
                self._parts.clear()
                self._body_told = not self._more
                if self.waiting_bytes:
                    self.waiting_bytes = 0
                    self._line.body_taken()
                return {"type": "http.request", "body": body, "more_body": self._more}
        while not self._gone and not self.is_answered:
            await self._change()
        return {"type": "http.disconnect"}

    async def _change(self) -> None:
        if self._changed is None:
            self._changed = asyncio.Event()
        self._changed.clear()
        await self._changed.wait()

    async def send(self, message: Message) -> None:
        """Send a part of the answer; waits while the client does not read. Raises BadAnswer."""
        kind = message["type"]
        if kind == "http.response.start":
            if self._start is not None:
                raise BadAnswer("an answer has one start")
            self._start = message
        elif kind == "http.response.body":
            if self._start is None or self.is_answered:
                raise BadAnswer("a body needs a start before it, and nothing comes after its end")
            more = message.get("more_body", False)
            self._write(message.get("body", b""), more)
            if more:
                await self._line.drained()
        else:
            raise BadAnswer(f"{kind} is nothing that is sent here")

    def take_body(self) -> bytes | None:
        """The whole body if it is there and was not received yet; else it is to be received."""
        if self._more or self._body_told:
            return None
        self._body_told = True
        return self._parts.pop() if len(self._parts) == 1 else b"".join(self._parts)

    def answer(self, status: int, fields: bytes, body: bytes) -> None:
        """Send the whole answer: lines of fields, each with CRLF, without content-length and connection."""
        if self._start is not None:
            raise BadAnswer("an answer has one start")
        line = self._line
        if self._more or line.is_stopping:
            self.keeps_alive = False
        connection = b"" if self.keeps_alive and self._head.http_version == "1.1" else self._connection()
        head = b"%b%b%bcontent-length: %d\r\n%b\r\n" % (
            _status_line(status),
            line.date(),
            fields,
            len(body),
            connection,
        )
        if self._head.method == "HEAD":
            body = b""
        if len(body) > JOIN_BYTES:
            line.write(head, body)
        else:
            line.write(head + body)
        self.is_started = self.is_answered = True
        self._wake()

    def _connection(self) -> bytes:
        return b"connection: keep-alive\r\n" if self.keeps_alive else b"connection: close\r\n"

    def cancel_when_gone(self) -> bool:
        """From now on end the application when the client goes; False if it has gone already."""
        self.cancels_when_gone = True
        return not self._gone

    def _write(self, body: bytes, more: bool) -> None:
        head = b"" if self.is_started else self._head_of_answer(body, more)
        if self._has_no_body():
            body = b""
        if self._left is not None:
            self._left -= len(body)
            if self._left < 0 or (self._left and not more):
                raise BadAnswer("the body is not as long as its content-length says")
        if self._is_chunked:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (b"" if more else b"0\r\n\r\n")
        if len(body) > JOIN_BYTES:
            self._line.write(head, body)
        else:
            self._line.write(head + body)
        self.is_started = True
        if not more:
            self.is_answered = True
            self._wake()

    def _has_no_body(self) -> bool:
        assert self._start is not None
        return self._head.method == "HEAD" or self._start["status"] in _NO_BODY

    def _head_of_answer(self, body: bytes, more: bool) -> bytes:
        """Status line and fields. Settles the framing, and whether the connection goes on after it."""
        assert self._start is not None
        status: int = self._start["status"]
        pieces = [_status_line(status), self._line.date()]
        length: bytes | None = None
        lines = 3
        for name, value in self._start["headers"]:
            if name in _FRAMING:
                if name == b"content-length":
                    length = value
                elif name == b"connection" and value.lower() == b"close":
                    self.keeps_alive = False
            else:
                pieces += (name, b": ", value, b"\r\n")
                lines += 1
        if length is None and not more and (body or self._head.method != "HEAD"):
            length = b"%d" % len(body)
        if not self._has_no_body():
            if length is not None:
                self._left = int(length)
            elif self._head.http_version == "1.1":
                self._is_chunked = True
                pieces.append(b"transfer-encoding: chunked\r\n")
                lines += 1
            else:
                self.keeps_alive = False
        if length is not None and status not in _NO_BODY:
            pieces += (b"content-length: ", length, b"\r\n")
            lines += 1
        if self._more or self._line.is_stopping:
            self.keeps_alive = False
        if not self.keeps_alive or self._head.http_version == "1.0":
            pieces.append(self._connection())
            lines += 1
        pieces.append(b"\r\n")
        head = b"".join(pieces)
        if head.count(b"\n") != lines or head.count(b"\r") != lines:
            raise BadAnswer("a field of the answer holds a line break")
        return head
