"""One question to a service that an admin named by its address, through the outbound connector of `net`."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from homeserver.net.errors import NetError
from homeserver.net.http import Answer, Http, Request
from homeserver.providers.hooks import SignOnFailed

ANSWER_BYTES: Final = 256 * 1024
TIMEOUT_S: Final = 10.0
_PORTS: Final = {"https": 443, "http": 80}
_NO_HEADERS: Final[Mapping[str, str]] = {}


async def ask(
    http: Http, method: str, url: str, *, headers: Mapping[str, str] = _NO_HEADERS, body: bytes | None = None
) -> Answer:
    """The answer, whatever its status; redirects are not followed. Raises SignOnFailed."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError) as error:
        raise SignOnFailed(f"{url!r} is no address of a service") from error
    if parts.hostname is None:
        raise SignOnFailed(f"{url!r} is no address of a service")
    request = Request(
        method,
        parts.hostname,
        port,
        (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        headers=headers,
        body=body,
        scheme=parts.scheme,
        authority=parts.netloc.rpartition("@")[2],
        max_bytes=ANSWER_BYTES,
        timeout_s=TIMEOUT_S,
    )
    try:
        return await http.send(request)
    except NetError as error:
        raise SignOnFailed(f"{parts.hostname}: {error}") from error


def object_in(answer: Answer, what: str) -> dict[str, Any]:
    """The JSON object of a good answer. Raises SignOnFailed. `what`: for the log."""
    if answer.status != 200:
        raise SignOnFailed(f"{what} answered {answer.status}")
    try:
        told = orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        raise SignOnFailed(f"{what} answered no JSON") from error
    if not isinstance(told, dict):
        raise SignOnFailed(f"{what} answered no object")
    return told
