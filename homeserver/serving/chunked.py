"""A body in chunks, decoded as it comes: strict, because whoever reads one byte otherwise may smuggle a request.

Chunk extensions are ignored, trailer fields dropped. Spec: RFC 9112, Chunked Transfer Coding.
"""

import re
from enum import Enum, auto

SIZE_LINE_BYTES = 256
TRAILER_BYTES = 8 * 1024
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
_TRAILER = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*")


class BadChunk(Exception):
    """The chunks are not as they must be; where the next request begins is not known."""


class _Part(Enum):
    SIZE = auto()
    DATA = auto()
    DATA_END = auto()
    TRAILERS = auto()
    DONE = auto()


class ChunkedBody:
    """Takes bytes as they come, gives the body's."""

    __slots__ = ("_held", "_left", "_part", "_trailer_bytes")

    def __init__(self) -> None:
        self._part = _Part.SIZE
        self._left = 0
        self._held = b""
        self._trailer_bytes = 0

    def feed(self, data: bytes) -> tuple[bytes, bytes | None]:
        """The body's bytes in `data`, and once the body is complete what follows it. Raises BadChunk."""
        if self._held:
            data, self._held = self._held + data, b""
        parts: list[bytes] = []
        at = 0
        while self._part is not _Part.DONE:
            if self._part is _Part.DATA:
                if at >= len(data):
                    break
                part = data[at : at + self._left]
                parts.append(part)
                at += len(part)
                self._left -= len(part)
                if self._left == 0:
                    self._part = _Part.DATA_END
                continue
            end = self._line_end(data, at)
            if end is None:
                self._held = data[at:]
                break
            self._take_line(data[at:end])
            at = end + 2
        return b"".join(parts), data[at:] if self._part is _Part.DONE else None

    def _line_end(self, data: bytes, at: int) -> int | None:
        """Where the line that starts at `at` ends, None if that has not come yet."""
        limit = {_Part.SIZE: SIZE_LINE_BYTES, _Part.DATA_END: 0, _Part.TRAILERS: TRAILER_BYTES}[self._part]
        end = data.find(b"\r\n", at, at + limit + 2)
        if end >= 0:
            return end
        if len(data) - at >= limit + 2:
            raise BadChunk("a line of the chunked body is too long")
        line_feed = data.find(b"\n", at)
        if line_feed >= 0:
            raise BadChunk("a line of the chunked body ends without CR")
        return None

    def _take_line(self, line: bytes) -> None:
        if self._part is _Part.SIZE:
            size = _SIZE.fullmatch(line)
            if size is None:
                raise BadChunk("the size of a chunk is not a number")
            self._left = int(size[1], 16)
            self._part = _Part.DATA if self._left else _Part.TRAILERS
        elif self._part is _Part.DATA_END:
            self._part = _Part.SIZE
        elif line:
            self._trailer_bytes += len(line)
            if self._trailer_bytes > TRAILER_BYTES or _TRAILER.fullmatch(line) is None:
                raise BadChunk("the trailer of the chunked body is not as it must be")
        else:
            self._part = _Part.DONE
