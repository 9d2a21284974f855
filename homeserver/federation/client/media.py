"""Files and thumbnails of peers. Spec: Server-Server API, Content Repository."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import Final

from homeserver.federation.client.errors import BadResponse, FederationError, NoAnswer, Refused
from homeserver.federation.client.multipart import BadMultipart, Multipart, boundary_of
from homeserver.federation.client.requests import Requests, path
from homeserver.net.errors import NetError, TooBig
from homeserver.net.http import Http, Streamed, stream_url

TIMEOUT_S: Final = 300.0
"""Of a whole file; a peer that falls silent is given up much sooner."""
WRAPPING_BYTES: Final = 64 * 1024
"""What boundaries, headers and the first part may add to a file."""
DESCRIPTION_BYTES: Final = 32 * 1024
_OLD: Final = "/_matrix/media/v3"


class MediaTooLarge(FederationError):
    """The file is larger than we take."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file on its way: what its server calls it, unchecked, and its bytes, which raise FederationError."""

    content_type: str
    filename: str | None
    parts: AsyncIterator[bytes]


class MediaRequests:
    """Asks peers for their files. Raises FederationError."""

    def __init__(self, requests: Requests, http: Http) -> None:
        self._requests = requests
        self._http = http

    @asynccontextmanager
    async def download(
        self, server: str, media_id: str, *, timeout_ms: int, max_bytes: int
    ) -> AsyncIterator[RemoteFile]:
        """A file of the peer; the block must read its parts. A peer that knows only the old endpoint is asked there."""
        query = [("timeout_ms", str(timeout_ms))]
        new, old = path("media", "download", media_id), path("download", server, media_id, prefix=_OLD)
        async with self._fetched(server, new, old, query, timeout_ms, max_bytes) as file:
            yield file

    async def thumbnail(
        self, server: str, media_id: str, *, query: list[tuple[str, str]], timeout_ms: int, max_bytes: int
    ) -> tuple[str, bytes]:
        """A thumbnail that the peer makes: its type and its bytes. `query`: width, height, method, animated."""
        query = [*query, ("timeout_ms", str(timeout_ms))]
        new, old = path("media", "thumbnail", media_id), path("thumbnail", server, media_id, prefix=_OLD)
        async with self._fetched(server, new, old, query, timeout_ms, max_bytes) as file:
            return file.content_type, b"".join([part async for part in file.parts])

    @asynccontextmanager
    async def _fetched(
        self, server: str, new: str, old: str, query: list[tuple[str, str]], timeout_ms: int, max_bytes: int
    ) -> AsyncIterator[RemoteFile]:
        timeout_s, at_most = TIMEOUT_S + timeout_ms / 1000, max_bytes + WRAPPING_BYTES
        async with AsyncExitStack() as opened:
            with _told(server):
                try:
                    answer = await opened.enter_async_context(
                        self._requests.stream(server, new, query, timeout_s=timeout_s, max_bytes=at_most)
                    )
                    file = await self._unwrapped(server, answer, max_bytes, opened)
                except Refused as error:
                    if error.status != 404 or error.errcode != "M_UNRECOGNIZED":
                        raise
                    query = [*query, ("allow_remote", "false")]
                    answer = await opened.enter_async_context(
                        self._requests.stream(
                            server, old, query, timeout_s=timeout_s, max_bytes=max_bytes, is_signed=False
                        )
                    )
                    file = _file(answer.headers, _counted(server, answer.parts, max_bytes))
            yield file

    async def _unwrapped(self, server: str, answer: Streamed, max_bytes: int, opened: AsyncExitStack) -> RemoteFile:
        """The second part of the answer, or what its `Location` leads to: one hop, unsigned, to an address we check."""
        boundary = boundary_of(answer.headers.get("content-type", ""))
        if boundary is None:
            raise BadResponse(server, "the file does not come as multipart/mixed")
        multipart = Multipart(boundary, answer.parts)
        if await multipart.next_part() is None:
            raise BadMultipart("there is no first part")
        described = 0
        async for part in multipart.body():
            described += len(part)
            if described > DESCRIPTION_BYTES:
                raise BadMultipart("the first part is too long")
        headers = await multipart.next_part()
        if headers is None:
            raise BadMultipart("there is no second part")
        location = headers.get("location")
        if location is None:
            return _file(headers, _counted(server, multipart.body(), max_bytes))
        elsewhere = await opened.enter_async_context(
            stream_url(self._http, location, max_bytes=max_bytes, timeout_s=TIMEOUT_S)
        )
        if elsewhere.status != 200:
            raise BadResponse(server, f"the place it sends us to answers {elsewhere.status}")
        return _file(elsewhere.headers, _counted(server, elsewhere.parts, max_bytes))


@contextmanager
def _told(server: str) -> Iterator[None]:
    """Tell what went wrong on the way as a FederationError."""
    try:
        yield
    except TooBig as error:
        raise MediaTooLarge(server, str(error)) from error
    except NetError as error:
        raise NoAnswer(server, str(error)) from error
    except BadMultipart as error:
        raise BadResponse(server, str(error)) from error


async def _counted(server: str, parts: AsyncIterator[bytes], max_bytes: int) -> AsyncIterator[bytes]:
    """The same bytes, not more than `max_bytes` of them."""
    received = 0
    with _told(server):
        async for part in parts:
            received += len(part)
            if received > max_bytes:
                raise MediaTooLarge(server, f"the file has more than {max_bytes} bytes")
            yield part


def _file(headers: Mapping[str, str], parts: AsyncIterator[bytes]) -> RemoteFile:
    content_type = headers.get("content-type", "application/octet-stream")
    return RemoteFile(content_type, filename_of(headers.get("content-disposition")), parts)


def filename_of(disposition: str | None) -> str | None:
    """The file name in a Content-Disposition header."""
    if disposition is None or len(disposition) > DESCRIPTION_BYTES:
        return None
    message = Message()
    try:
        message["Content-Disposition"] = disposition.encode("latin-1").decode("utf-8", "replace")
        params = message.get_params(failobj=[], header="content-disposition")
        values: list[str | tuple[str | None, str | None, str]] = [
            value for name, value in params if name.lower() == "filename"
        ]
        # The extended form says more than the plain one beside it.
        values.sort(key=lambda value: isinstance(value, str))
        return collapse_rfc2231_value(values[0]) or None if values else None
    except (ValueError, LookupError, TypeError):
        return None
