"""HTTP/1.1 on llhttp: reads requests off a connection, one at a time, and calls the ASGI application with each.

A request that comes before the one before it is answered waits. WebSockets and HTTP/2 go to Hypercorn (`handover`).
All limits of one connection are here: size and time of the head, pace of bodies, idleness. Spec: RFC 9112.
"""

import asyncio
from math import inf
from typing import TYPE_CHECKING, cast

import structlog

from homeserver.asgi.interface import Scope
from homeserver.serving.chunked import BadChunk, ChunkedBody
from homeserver.serving.exchange import Exchange, refusal
from homeserver.serving.handover import Handover
from homeserver.serving.head import HEAD_BYTES, LINE_BYTES, BadHead, Head, parse_head
from homeserver.serving.scope import address_of, scope_of

if TYPE_CHECKING:
    from homeserver.serving.front import Front

KEEP_ALIVE_S = 75.0
HEAD_S = 10.0
BODY_GRACE_S = 10.0
BODY_BYTES_PER_S = 1024
WRITE_STALL_S = 60.0
LINGER_S = 2.0
CLOSING_S = 30.0
WHOLE_BYTES = 64 * 1024
"""A body up to here is awaited before the application is called; a longer one, or one in chunks, is streamed."""
HELD_BYTES = 64 * 1024
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

log = structlog.get_logger("http")


class Connection(asyncio.Protocol):
    """One connection of a client. `due`: when the client must have done what it is to do next."""

    __slots__ = (
        "_at_start",
        "_body",
        "_buffer",
        "_eof",
        "_exchange",
        "_front",
        "_head",
        "_is_ending",
        "_is_paused",
        "_left_s",
        "_readable",
        "_server",
        "_task",
        "_transport",
        "_unsent",
        "client",
        "due",
        "write_due",
    )

    def __init__(self, front: "Front") -> None:
        self._front = front
        self._transport: asyncio.Transport | None = None
        self.client: tuple[str, int] | None = None
        self._server: tuple[str, int] | None = None
        self._buffer = b""
        self._at_start = True
        self._head: Head | None = None
        self._body: ChunkedBody | int = 0
        self._exchange: Exchange | None = None
        self._task: asyncio.Task[None] | None = None
        self._eof = False
        self._is_ending = False
        self._left_s = inf
        self._is_paused = False
        self._readable: asyncio.Future[None] | None = None
        self._unsent = 0
        self.due = inf
        self.write_due = inf

    # -- what the loop calls -----------------------------------------------------------------------------------------

    def connection_made(self, made: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, made)  # asyncio's types say less than what a stream protocol gets
        front = self._front
        self.client = address_of(transport.get_extra_info("peername"))
        self._server = address_of(transport.get_extra_info("sockname"))
        if front.crowd.is_full(self.client and self.client[0]):
            transport.abort()
            return
        if Handover.wants(transport):
            front.handover.take(transport, b"")
            return
        self._transport = transport
        front.entered(self)
        self.due = front.loop.time() + KEEP_ALIVE_S

    def data_received(self, data: bytes) -> None:
        if self._is_ending:
            return
        exchange = self._exchange
        if exchange is None:
            self._buffer = self._buffer + data if self._buffer else data
            if self._head is not None:
                self.due += len(data) / BODY_BYTES_PER_S
            self._advance()
        elif exchange.wants_body:
            self._add_to_body(exchange, data)
        else:
            self._hold(data)

    def eof_received(self) -> bool:
        """A client that sends no more may still read, but may as well be gone: long-polls end, other requests go on."""
        self._eof = True
        if self._exchange is None:
            self._close()
            return False
        self._client_gone(self._exchange)
        return not self._front.is_tls

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        self._eof = True
        self._buffer = b""
        if self._exchange is not None:
            self._client_gone(self._exchange)
        self.resume_writing()
        self._front.left(self)

    def _client_gone(self, exchange: Exchange) -> None:
        exchange.gone()
        if exchange.cancels_when_gone and not exchange.is_answered and self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._readable = self._front.loop.create_future()
        self._watch_writing()

    def resume_writing(self) -> None:
        if self._readable is not None:
            if not self._readable.done():
                self._readable.set_result(None)
            self._readable = None
            self.write_due = inf
            if self._exchange is None and self._buffer:
                self._advance()

    # -- requests ----------------------------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Begin the next request, if it has come and the answer before it is on its way."""
        if self._readable is not None or self._transport is None or self._is_ending:
            return
        now = self._front.loop.time()
        try:
            head = self._head or self._take_head()
        except BadHead as bad:
            self._refuse(bad.status, str(bad))
            return
        if head is None:
            if not self._buffer:
                self.due = now + KEEP_ALIVE_S
            elif self.due > now + HEAD_S:
                self.due = now + HEAD_S
            self._end_if_over()
            return
        whole: bytes | None = None
        if not (head.is_chunked or head.expects_continue) and head.length <= WHOLE_BYTES:
            if len(self._buffer) < head.length:
                if self._head is None:
                    self._head = head
                    self.due = now + BODY_GRACE_S
                self._end_if_over()
                return
            whole, self._buffer = self._buffer[: head.length], self._buffer[head.length :]
        self._head = None
        self._begin(head, whole)

    def _take_head(self) -> Head | None:
        """The next head, cut off the buffer; None if it has not come whole, or the connection was handed over."""
        if self._at_start and PREFACE.startswith(self._buffer[: len(PREFACE)]):
            if len(self._buffer) >= len(PREFACE):
                self._hand_over(self._buffer)
            return None
        start = 2 if self._buffer.startswith(b"\r\n") else 0  # one empty line is forgiven. Spec: RFC 9112, 2.2
        end = self._buffer.find(b"\r\n\r\n", start)
        if end < 0 or end - start + 4 > HEAD_BYTES:
            if len(self._buffer) > LINE_BYTES and b"\r\n" not in self._buffer[start : start + LINE_BYTES + 2]:
                raise BadHead(414, "The request line is too long")
            if len(self._buffer) > HEAD_BYTES:
                raise BadHead(431, "The head of the request is too long")
            if end < 0 and b"\n" in self._buffer.replace(b"\r\n", b""):
                raise BadHead(400, "A line of the head ends without CR")
            return None
        raw, rest = self._buffer[start : end + 4], self._buffer[end + 4 :]
        head = parse_head(raw)
        self._at_start = False
        if head.is_websocket:
            self._hand_over(raw + rest)
            return None
        self._buffer = rest
        return head

    def _begin(self, head: Head, whole: bytes | None) -> None:
        front = self._front
        exchange = self._exchange = Exchange(self, head, whole)
        self.due = inf
        if whole is None:
            self._body = ChunkedBody() if head.is_chunked else head.length
            self.due = front.loop.time() + BODY_GRACE_S
            rest, self._buffer = self._buffer, b""
            self._add_to_body(exchange, rest)
            if self._is_ending:
                self._exchange = None
                return
        scope = scope_of(exchange, head, self.client, self._server, is_tls=front.is_tls)
        if self._eof:
            exchange.gone()
        # Owned by the connection: `expire` and `abort` end it.
        self._task = front.loop.create_task(self._run(exchange, scope))

    async def _run(self, exchange: Exchange, scope: Scope) -> None:
        try:
            await self._front.app(scope, exchange.receive, exchange.send)
        except Exception:
            log.exception("request_failed", method=scope["method"])
        finally:
            self._ended(exchange)

    def _ended(self, exchange: Exchange) -> None:
        """The application is done with this request."""
        self._task = None
        if exchange is not self._exchange:
            return
        self._exchange = None
        if self._transport is None or self._is_ending:
            return
        if not exchange.is_answered:
            if exchange.is_started or self._eof:
                self.abort()
            else:
                self._refuse(500, "The server failed to answer")
        elif exchange.wants_body or (self._buffer and not exchange.keeps_alive):
            self._linger()
        elif not exchange.keeps_alive:
            self._close()
        else:
            self._resume_reading()
            self._advance()

    # -- bodies ------------------------------------------------------------------------------------------------------

    def _add_to_body(self, exchange: Exchange, data: bytes) -> None:
        """Give the exchange its part of what came; the rest is the next request's."""
        if isinstance(self._body, int):
            part, rest = data[: self._body], data[self._body :]
            self._body -= len(part)
            is_last = self._body == 0
        else:
            try:
                part, after = self._body.feed(data)
            except BadChunk as bad:
                self._refuse(400, f"The body is not HTTP: {bad}")
                return
            is_last, rest = after is not None, after or b""
        self.due = inf if is_last else self.due + len(part) / BODY_BYTES_PER_S
        exchange.add(part, is_last=is_last)
        if rest:
            self._hold(rest)
        elif exchange.waiting_bytes > HELD_BYTES:
            self._pause_reading()

    def body_taken(self) -> None:
        """More of the body may come in."""
        if self._is_paused and len(self._buffer) <= HELD_BYTES:
            self._resume_reading()

    def _hold(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) > HELD_BYTES:
            self._pause_reading()

    def _pause_reading(self) -> None:
        if not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._left_s = self.due - self._front.loop.time()  # the time in which we do not read is not the client's
            self.due = inf
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self.due = self._front.loop.time() + self._left_s
            self._transport.resume_reading()

    # -- answers -----------------------------------------------------------------------------------------------------

    @property
    def is_stopping(self) -> bool:
        """Whether no request is to follow on this connection."""
        return self._front.is_stopping

    def date(self) -> bytes:
        """The Date field of this second."""
        return self._front.date

    def write(self, data: bytes, more: bytes = b"") -> None:
        """Send these bytes, or drop them if the connection is gone."""
        if self._transport is None or self._is_ending:
            return
        if more:
            self._transport.writelines((data, more))
        else:
            self._transport.write(data)

    async def drained(self) -> None:
        """Wait until the client has read most of what was sent, or is gone."""
        if self._readable is not None and not self._readable.done():
            await self._readable

    def _watch_writing(self) -> None:
        assert self._transport is not None
        self._unsent = self._transport.get_write_buffer_size()
        self.write_due = self._front.loop.time() + WRITE_STALL_S

    # -- the end -----------------------------------------------------------------------------------------------------

    def expire(self, now: float) -> None:
        """The client did not do in time what it was to do."""
        if self._transport is None:
            return
        if self.write_due <= now:
            if self._unsent - self._transport.get_write_buffer_size() < BODY_BYTES_PER_S * WRITE_STALL_S:
                self.abort()
            else:
                self._watch_writing()
        elif self._is_ending:
            self.abort()
        elif self._exchange is not None or self._head is not None or self._buffer:
            self._refuse(408, "The request came too slowly")
        else:
            self._close()

    def close_if_idle(self) -> None:
        """Close the connection unless a request is on its way."""
        if self._exchange is None and self._head is None:
            self._close()

    def abort(self) -> None:
        """End the connection now, and what runs for it."""
        if self._task is not None:
            self._task.cancel()
        if self._transport is not None:
            self._transport.abort()

    def _end_if_over(self) -> None:
        if self._eof:  # a client that sends no more cannot complete its request
            self._close()

    def _refuse(self, status: int, why: str) -> None:
        """Answer for the application, and end. Where its own answer has begun, the connection is cut."""
        exchange = self._exchange
        if exchange is not None:
            exchange.gone()
            if exchange.is_started and not exchange.is_answered:
                self.abort()
                return
        if exchange is None or not exchange.is_started:
            self.write(refusal(status, why, self._front.date))
        self._linger()

    def _linger(self) -> None:
        """Close once the client has seen the answer: closing while it still sends would take the answer from it."""
        transport = self._transport
        if transport is None or self._eof:
            self._close()
            return
        self._buffer = b""
        self._is_ending = True
        self._resume_reading()
        self.due = self._front.loop.time() + LINGER_S
        if transport.can_write_eof():
            transport.write_eof()

    def _close(self) -> None:
        self._is_ending = True
        self.due = self._front.loop.time() + CLOSING_S
        if self._transport is not None:
            self._transport.close()

    def _hand_over(self, first: bytes) -> None:
        """Let Hypercorn go on with this connection."""
        transport, self._transport = self._transport, None
        assert transport is not None
        self._buffer = b""
        self.due = self.write_due = inf
        self._front.left(self)
        self._front.handover.take(transport, first)
