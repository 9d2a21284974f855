"""Answers: plain data to bytes, errors to JSON, and the headers that every answer carries.

Spec: Client-Server API, Web Browser Clients (CORS).
"""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import msgspec
import orjson

from homeserver.asgi.interface import Direct, Send
from homeserver.errors import MatrixError

JSON = "application/json"

CORS: tuple[tuple[bytes, bytes], ...] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, POST, PUT, DELETE, OPTIONS"),
    (b"access-control-allow-headers", b"X-Requested-With, Content-Type, Authorization"),
)
PREFLIGHT: tuple[tuple[bytes, bytes], ...] = (*CORS, (b"access-control-max-age", b"86400"))
_JSON_HEADERS = (
    (b"content-type", b"application/json"),
    *CORS,
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)
_JSON_LINES = b"".join(b"%b: %b\r\n" % pair for pair in _JSON_HEADERS)


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer that is not plain JSON with status 200. `headers` may replace the usual ones by name."""

    body: bytes
    content_type: str = JSON
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_plain(self) -> bool:
        """Whether it is JSON with the usual headers."""
        return self.content_type == JSON and not self.headers and self.body != b""


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer that is sent as its parts come; they must add up to `size` bytes. `headers` as of `Raw`."""

    parts: AsyncGenerator[bytes, None]
    size: int
    content_type: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Json = Mapping[str, object]
Answer = Json | Sequence[object] | Raw | Streamed


def encode(value: object) -> bytes:
    """`value` as JSON text. `orjson.Fragment`s stand for themselves, msgspec Structs for their fields."""
    return orjson.dumps(value, default=_plain)


def fragments(texts: Iterable[bytes]) -> list[orjson.Fragment]:
    """Pieces of JSON to stand in an answer as they are."""
    return [orjson.Fragment(text) for text in texts]


def _plain(value: object) -> object:
    if isinstance(value, msgspec.Struct):
        return msgspec.to_builtins(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def error_answer(error: MatrixError) -> Raw:
    """The JSON form of an error. Spec: Client-Server API, Standard error response."""
    return Raw(encode(error.body()), status=error.status, headers=error.headers)


async def send_answer(
    send: Send, answer: Answer, *, head_only: bool = False, direct: Direct | None = None
) -> tuple[int, int]:
    """Write the answer; returns its status and the size of its body."""
    if isinstance(answer, Streamed):
        return await _send_streamed(send, answer, head_only=head_only)
    if direct is not None and (not isinstance(answer, Raw) or answer.is_plain):
        status, body = (answer.status, answer.body) if isinstance(answer, Raw) else (200, encode(answer))
        direct.answer(status, _JSON_LINES, body)
        return status, len(body)
    if isinstance(answer, Raw):
        status, body, headers = answer.status, answer.body, _headers(answer)
    else:
        status, body, headers = 200, encode(answer), list(_JSON_HEADERS)
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head_only else body, "more_body": False})
    return status, len(body)


async def _send_streamed(send: Send, answer: Streamed, *, head_only: bool) -> tuple[int, int]:
    """Write part by part. Parts that fail or fall short break the connection: the client sees that it misses some."""
    headers = [*_headers(answer), (b"content-length", b"%d" % answer.size)]
    sent = 0
    async with aclosing(answer.parts) as parts:
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if not head_only and answer.status != 304:
            async for part in parts:
                sent += len(part)
                await send({"type": "http.response.body", "body": part, "more_body": True})
            if sent != answer.size:
                raise OSError(f"{sent} bytes came of a file of {answer.size}")
    await send({"type": "http.response.body", "body": b"", "more_body": False})
    return answer.status, sent


def _headers(answer: Raw | Streamed) -> list[tuple[bytes, bytes]]:
    own = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in answer.headers.items()]
    replaced = {name for name, _ in own} | {b"content-type"}
    headers = [pair for pair in _JSON_HEADERS if pair[0] not in replaced]
    if answer.content_type:
        headers.append((b"content-type", answer.content_type.encode("latin-1")))
    return headers + own
