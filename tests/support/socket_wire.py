"""A lean receiver of the socket `app.hearth.stream`, for hundreds at a time: frames are looked through, not parsed.

For tests of what the frames say, take tests/support/socket_client.py.
"""

import asyncio
import struct
from collections.abc import Callable
from typing import cast

import orjson

PATH = "/_matrix/client/unstable/app.hearth.stream/v1/ws"
UPGRADE = (
    "GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: app.hearth.stream.v1.json\r\n\r\n"
)
SUBSCRIPTION = {
    "lists": {"all": {"range": [0, 29], "timeline_limit": 20, "required_state": {"include": [], "lazy_members": True}}}
}
NO_MASK = b"\0\0\0\0"
"""A masking key is a must; this one costs nothing."""
HALF_WINDOW = 4
ACK_AFTER_S = 0.2
TEXT, CLOSE, PING = 0x1, 0x8, 0x9


class SocketWire(asyncio.Protocol):
    """One receiver. `on_frame` hears of each text frame.

    Deltas are acknowledged as the web client does it: half a window of them at once, or what came in 200 ms.
    """

    def __init__(self, token: str, on_frame: Callable[[bytes], None]) -> None:
        self._token = token
        self._on_frame = on_frame
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._is_open = False
        self._unacked = 0
        self._position = ""
        self.is_ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(cls, port: int, token: str, on_frame: Callable[[bytes], None], *, number: int = 0) -> "SocketWire":
        """A socket that has had its first delta. Fifty each come from a loopback address of their own."""
        loop = asyncio.get_running_loop()
        host, here = "127.0.0.1", f"127.0.0.{2 + number // 50}"
        _, wire = await loop.create_connection(lambda: cls(token, on_frame), host, port, local_addr=(here, 0))
        wire._write(UPGRADE.format(path=PATH, host=host, port=port).encode())
        async with asyncio.timeout(30):
            await wire.is_ready
        return wire

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by its methods only

    def connection_lost(self, _exc: Exception | None) -> None:
        self._fail("the connection ended")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._is_open:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self._fail(head.decode("latin-1"))
                return
            self._is_open, self._buffer = True, rest
            self._send({"t": "hello", "v": [1], "access_token": self._token, "conn_id": "bench", "sub": SUBSCRIPTION})
        while (frame := self._cut()) is not None:
            kind, payload = frame
            if kind == TEXT:
                self._take(payload)
            elif kind == PING:
                self._write(b"\x8a\x80" + NO_MASK)
            elif kind == CLOSE:
                self._fail(f"the server closed it: {payload!r}")

    def _fail(self, why: str) -> None:
        if not self.is_ready.done():
            self.is_ready.set_exception(ConnectionError(why))

    def close(self) -> None:
        """End it without a word."""
        if self._transport is not None:
            self._transport.abort()

    def _cut(self) -> tuple[int, bytes] | None:
        """The next whole frame; servers do not mask, and this one does not part its frames."""
        data = self._buffer
        if len(data) < 2:
            return None
        length, start = data[1] & 0x7F, 2
        if length == 126:
            if len(data) < 4:
                return None
            length, start = struct.unpack_from("!H", data, 2)[0], 4
        elif length == 127:
            if len(data) < 10:
                return None
            length, start = struct.unpack_from("!Q", data, 2)[0], 10
        if len(data) < start + length:
            return None
        self._buffer = data[start + length :]
        return data[0] & 0x0F, data[start : start + length]

    def _take(self, text: bytes) -> None:
        self._on_frame(text)
        if text.startswith(b'{"t":"delta"'):
            start = text.index(b'"pos":"') + 7
            self._position = text[start : text.index(b'"', start)].decode("ascii")
            self._unacked += 1
            if self._unacked == 1:
                asyncio.get_running_loop().call_later(ACK_AFTER_S, self._acknowledge)
            if self._unacked == HALF_WINDOW:
                self._acknowledge()
            if not self.is_ready.done():
                self.is_ready.set_result(None)

    def _acknowledge(self) -> None:
        is_open = self._transport is not None and not self._transport.is_closing()
        if self._unacked and is_open:
            self._unacked = 0
            self._send({"t": "ack", "pos": self._position})

    def _send(self, frame: dict[str, object]) -> None:
        payload = orjson.dumps(frame)
        size = len(payload)
        head = bytes([0x81, 0x80 | size]) if size < 126 else bytes([0x81, 0xFE]) + struct.pack("!H", size)
        self._write(head + NO_MASK + payload)

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)
