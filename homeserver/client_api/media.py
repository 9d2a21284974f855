"""Uploads, downloads, thumbnails. Spec: Client-Server API, Content repository.

Every answer with a file, and every refusal of one, carries headers that keep a browser from running it (S-9).
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec

from homeserver.asgi.responses import Answer, Raw, Streamed
from homeserver.client_api.http import NONE, USER, USER_OR_GUEST, Auth, Call, EndpointTable
from homeserver.errors import InvalidParam, MatrixError
from homeserver.services.media.names import disposition, filename_of
from homeserver.services.media.repository import Download, Media, Upload
from homeserver.services.media.thumbnails import Asked, Made, Thumbnails

P = ParamSpec("P")

MAX_TIMEOUT_MS: Final = 60_000
TIMEOUT_MS: Final = 20_000
MAX_EDGE: Final = 10_000
UPLOADS: Final = "/_matrix/media"
DOWNLOADS: Final = "/v1/media"
OLD_DOWNLOADS: Final = "/_matrix/media/v3"

SAFE_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; script-src 'none'; object-src 'none'; style-src 'unsafe-inline'; "
        "media-src 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
CACHED: Final = "private, max-age=86400, immutable"
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def endpoints(endpoint: EndpointTable, media: Media, thumbnails: Thumbnails, *, legacy_routes: bool) -> None:
    """Register the endpoints; with `legacy_routes` files can also be had without a token, at the old paths."""

    @endpoint("POST", f"{UPLOADS}/v3/upload", auth=USER, limit="upload", resource="media")
    async def upload(call: Call[None]) -> Answer:
        """Spec: Client-Server API, POST /upload."""
        return {"content_uri": await media.upload(call.requester, _upload(call, media.max_upload_bytes))}

    @endpoint("POST", f"{UPLOADS}/v1/create", auth=USER, limit="upload", resource="media")
    async def create_media(call: Call[None]) -> Answer:
        """Spec: Client-Server API, POST /create."""
        uri, expires_ts = await media.create(call.requester)
        return {"content_uri": uri, "unused_expires_at": expires_ts}

    @endpoint("PUT", f"{UPLOADS}/v3/upload/<server>/<media_id>", auth=USER, limit="upload", resource="media")
    async def upload_to(call: Call[None], server: str, media_id: str) -> Answer:
        """Spec: Client-Server API, PUT /upload/{serverName}/{mediaId}."""
        await media.fill(call.requester, server, media_id, _upload(call, media.max_upload_bytes))
        return {}

    @endpoint("GET", f"{DOWNLOADS}/config", auth=USER_OR_GUEST, limit="read", socket=True, resource="media")
    async def media_config(_call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /media/config."""
        return {"m.upload.size": media.max_upload_bytes}

    @endpoint("GET", f"{OLD_DOWNLOADS}/config", auth=USER_OR_GUEST, limit="read", resource="media")
    async def old_media_config(_call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /media/config."""
        return {"m.upload.size": media.max_upload_bytes}

    async def file(call: Call[None], server: str, media_id: str, filename: str | None = None) -> Answer:
        found = await media.download(server, media_id, timeout_ms=_timeout_ms(call), requester=call.requester_or_none)
        return await _sent(call, found, filename_of(filename) or found.filename)

    async def small(call: Call[None], server: str, media_id: str) -> Answer:
        found = await thumbnails.of(
            server, media_id, _asked(call), timeout_ms=_timeout_ms(call), requester=call.requester_or_none
        )
        if isinstance(found, Made):
            return Raw(found.body, found.content_type, headers={**SAFE_HEADERS, "Content-Disposition": "inline"})
        return await _sent(call, found, found.filename)

    _downloads(endpoint, file, small, root=DOWNLOADS, auth=USER_OR_GUEST, prefix="")
    if legacy_routes:
        _downloads(endpoint, file, small, root=OLD_DOWNLOADS, auth=NONE, prefix="old_")


def _downloads(
    endpoint: EndpointTable,
    file: Callable[..., Awaitable[Answer]],
    small: Callable[..., Awaitable[Answer]],
    *,
    root: str,
    auth: Auth,
    prefix: str,
) -> None:
    """Register the three endpoints that give files, by token or at the old paths."""

    @_safe
    async def download(call: Call[None], server: str, media_id: str) -> Answer:
        """Spec: Client-Server API, GET /media/download/{serverName}/{mediaId}."""
        return await file(call, server, media_id)

    @_safe
    async def download_as(call: Call[None], server: str, media_id: str, filename: str) -> Answer:
        """Spec: Client-Server API, GET /media/download/{serverName}/{mediaId}/{fileName}."""
        return await file(call, server, media_id, filename)

    @_safe
    async def thumbnail(call: Call[None], server: str, media_id: str) -> Answer:
        """Spec: Client-Server API, GET /media/thumbnail/{serverName}/{mediaId}."""
        return await small(call, server, media_id)

    for path, handler in (
        ("download/<server>/<media_id>", download),
        ("download/<server>/<media_id>/<filename>", download_as),
        ("thumbnail/<server>/<media_id>", thumbnail),
    ):
        handler.__name__ = prefix + handler.__name__
        endpoint("GET", f"{root}/{path}", auth=auth, limit="media", resource="media", long_poll=True, max_param=1024)(
            handler
        )


def _safe(handler: Callable[Concatenate[Call[None], P], Awaitable[Answer]]) -> Callable[..., Awaitable[Answer]]:
    """Give refusals the headers of files: a browser may be led to them just the same."""

    @wraps(handler)
    async def safe(call: Call[None], *args: P.args, **params: P.kwargs) -> Answer:
        try:
            return await handler(call, *args, **params)
        except MatrixError as error:
            error.headers = {**SAFE_HEADERS, **error.headers}
            raise

    return safe


def _upload(call: Call[Any], max_bytes: int) -> Upload:
    request = call.http
    length = request.header("content-length")
    return Upload(
        parts=request.stream(max_bytes),
        length=int(length) if length is not None else None,
        content_type=request.content_type,
        filename=call.query.text("filename"),
    )


def _timeout_ms(call: Call[None]) -> int:
    return call.query.int("timeout_ms", TIMEOUT_MS, high=MAX_TIMEOUT_MS)


def _asked(call: Call[None]) -> Asked:
    query = call.query
    query.required("width")
    query.required("height")
    return Asked(
        width=query.int("width", 1, low=1, high=MAX_EDGE),
        height=query.int("height", 1, low=1, high=MAX_EDGE),
        method=query.one_of("method", ("crop", "scale"), "scale"),
        animated=query.flag("animated"),
    )


async def _sent(call: Call[None], found: Download, filename: str | None) -> Answer:
    """The whole file, the range that was asked for, or nothing new (RFC 9110, sections 13 and 14)."""
    etag = f'"{found.etag}"'
    headers = {
        **SAFE_HEADERS,
        "Content-Disposition": disposition(found.content_type, filename),
        "Cache-Control": CACHED,
        "ETag": etag,
        "Accept-Ranges": "bytes",
    }
    request = call.http
    if etag in [tag.strip().removeprefix("W/") for tag in (request.header("if-none-match") or "").split(",")]:
        return Streamed(await found.opened(length=0), found.size, found.content_type, 304, headers)
    asked = request.header("range")
    if asked is None or request.header("if-range") not in {None, etag}:
        return Streamed(await found.opened(), found.size, found.content_type, headers=headers)
    wanted = _range(asked, found.size)
    if wanted is None:
        return Streamed(await found.opened(), found.size, found.content_type, headers=headers)
    start, length = wanted
    if length <= 0:
        raise InvalidParam("The file has no such bytes", status=416, headers={"Content-Range": f"bytes */{found.size}"})
    headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{found.size}"
    return Streamed(await found.opened(start, length), length, found.content_type, 206, headers)


def _range(asked: str, size: int) -> tuple[int, int] | None:
    """(start, length) of one range of bytes, length 0 if it lies outside; None for what is not one range: ignored."""
    match = _RANGE.fullmatch(asked.strip().replace(" ", ""))
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        return size - length, length
    start = int(first)
    if last and int(last) < start:
        return None
    end = min(int(last), size - 1) if last else size - 1
    return start, end - start + 1
