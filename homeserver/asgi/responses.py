"""Answers: plain data to bytes, errors to JSON, and the headers that every answer carries.

Spec: Client-Server API, Web Browser Clients (CORS).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import orjson

from homeserver.asgi.interface import Send
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


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer that is not plain JSON with status 200. `headers` may replace the usual ones by name."""

    body: bytes
    content_type: str = JSON
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Json = Mapping[str, object]
Answer = Json | Sequence[object] | Raw


def encode(value: object) -> bytes:
    """`value` as JSON text. `orjson.Fragment`s stand for themselves, msgspec Structs for their fields."""
    return orjson.dumps(value, default=_plain)


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


async def send_answer(send: Send, answer: Answer, *, head_only: bool = False) -> tuple[int, int]:
    """Write the answer; returns its status and the size of its body."""
    if isinstance(answer, Raw):
        status, body, headers = answer.status, answer.body, _headers(answer)
    else:
        status, body, headers = 200, encode(answer), list(_JSON_HEADERS)
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head_only else body, "more_body": False})
    return status, len(body)


def _headers(answer: Raw) -> list[tuple[bytes, bytes]]:
    own = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in answer.headers.items()]
    replaced = {name for name, _ in own} | {b"content-type"}
    headers = [pair for pair in _JSON_HEADERS if pair[0] not in replaced]
    if answer.content_type:
        headers.append((b"content-type", answer.content_type.encode("latin-1")))
    return headers + own
