"""Files and thumbnails of users here, for peers. Spec: Server-Server API, Content Repository."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final

from homeserver.asgi.responses import Answer, Streamed
from homeserver.errors import NotFound
from homeserver.federation.server.http import PeerCall, PeerTable
from homeserver.services.media.names import disposition
from homeserver.services.media.repository import Download, Media
from homeserver.services.media.thumbnails import Asked, Made, Thumbnails

TIMEOUT_MS: Final = 20_000
MAX_TIMEOUT_MS: Final = 60_000
MAX_EDGE: Final = 10_000


def endpoints(endpoint: PeerTable, media: Media, thumbnails: Thumbnails, boundary: Callable[[], str]) -> None:
    """Register them. `boundary` gives letters and digits that no file can know."""

    @endpoint.signed("GET", "/v1/media/download/<media_id>")
    async def media_download(call: PeerCall, media_id: str) -> Answer:
        """Spec: Server-Server API, GET media/download."""
        found = await media.download(media.server, media_id, timeout_ms=_timeout_ms(call), requester=None)
        return await _multipart(found, boundary())

    @endpoint.signed("GET", "/v1/media/thumbnail/<media_id>")
    async def media_thumbnail(call: PeerCall, media_id: str) -> Answer:
        """Spec: Server-Server API, GET media/thumbnail."""
        query = call.query
        query.required("width")
        query.required("height")
        asked = Asked(
            width=query.int("width", 1, low=1, high=MAX_EDGE),
            height=query.int("height", 1, low=1, high=MAX_EDGE),
            method=query.one_of("method", ("crop", "scale"), "scale"),
            animated=query.flag("animated"),
        )
        found = await thumbnails.of(media.server, media_id, asked, timeout_ms=_timeout_ms(call), requester=None)
        if isinstance(found, Made):
            raise NotFound("There is no such file")
        return await _multipart(found, boundary())


def _timeout_ms(call: PeerCall) -> int:
    return call.query.int("timeout_ms", TIMEOUT_MS, high=MAX_TIMEOUT_MS)


async def _multipart(found: Download, boundary: str) -> Streamed:
    head = (
        f"--{boundary}\r\nContent-Type: application/json\r\n\r\n{{}}\r\n"
        f"--{boundary}\r\nContent-Type: {found.content_type}\r\n"
        f"Content-Disposition: {disposition(found.content_type, found.filename)}\r\n\r\n"
    ).encode("latin-1")
    tail = f"\r\n--{boundary}--\r\n".encode("ascii")
    size = len(head) + found.size + len(tail)
    return Streamed(_wrapped(head, await found.opened(), tail), size, f"multipart/mixed; boundary={boundary}")


async def _wrapped(head: bytes, file: AsyncGenerator[bytes, None], tail: bytes) -> AsyncGenerator[bytes, None]:
    async with aclosing(file):
        yield head
        async for part in file:
            yield part
        yield tail
