"""Reads a multipart body as it comes, part after part, without holding more than a block of it.

Spec: Server-Server API, Content Repository (RFC 2046, section 5.1).
"""

from collections.abc import AsyncIterator, Mapping
from email.message import Message
from typing import Final

MAX_HEADER_BYTES: Final = 16 * 1024
MAX_BOUNDARY: Final = 200


class BadMultipart(Exception):
    """The body is not what its Content-Type promises, or ends too early."""


def boundary_of(content_type: str) -> str | None:
    """The boundary of a multipart type, None if it is another type or has none."""
    message = Message()
    message["Content-Type"] = content_type
    boundary = message.get_param("boundary")
    if message.get_content_maintype() != "multipart" or not isinstance(boundary, str):
        return None
    return boundary if boundary.isascii() and 0 < len(boundary) <= MAX_BOUNDARY else None


class Multipart:
    """`next_part` gives the headers of each part in turn, `body` the bytes of the part that was begun last."""

    def __init__(self, boundary: str, stream: AsyncIterator[bytes]) -> None:
        self._delimiter = b"\r\n--" + boundary.encode("ascii")
        self._stream = stream
        self._buffer = bytearray(b"\r\n")  # a delimiter may stand at the very beginning
        self._is_in_body = True

    async def next_part(self) -> Mapping[str, str] | None:
        """Headers (lower-case names) of the next part, None after the last one. What is left of a body is skipped."""
        if self._is_in_body:
            async for _ in self.body():
                pass
        while len(self._buffer) < 2:
            await self._need_more()
        if self._buffer.startswith(b"--"):
            return None
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > MAX_HEADER_BYTES:
                raise BadMultipart("the headers of a part are too long")
            await self._need_more()
        lines = bytes(self._buffer[:end]).split(b"\r\n")
        if lines[0].strip(b" \t"):
            raise BadMultipart("a boundary is followed by something else")
        del self._buffer[: end + 4]
        self._is_in_body = True
        return dict(_header(line) for line in reversed(lines[1:]))

    async def body(self) -> AsyncIterator[bytes]:
        """The bytes of the part, up to the next boundary. Raises BadMultipart if none comes."""
        while (end := self._buffer.find(self._delimiter)) < 0:
            ready = len(self._buffer) - len(self._delimiter) + 1
            if ready > 0:
                part = bytes(self._buffer[:ready])
                del self._buffer[:ready]
                yield part
            await self._need_more()
        part = bytes(self._buffer[:end])
        del self._buffer[: end + len(self._delimiter)]
        self._is_in_body = False
        if part:
            yield part

    async def _need_more(self) -> None:
        try:
            self._buffer += await anext(self._stream)
        except StopAsyncIteration:
            raise BadMultipart("the body ends before its last boundary") from None


def _header(line: bytes) -> tuple[str, str]:
    name, colon, value = line.partition(b":")
    if not colon:
        raise BadMultipart("a part has a malformed header")
    return name.strip().decode("latin-1").lower(), value.strip().decode("latin-1")
