"""Previews of linked pages. Spec: Client-Server API, GET /media/preview_url.

A page is fetched once for all who ask, its image kept as a copy that goes when nobody looks at it. Whoever asks learns
nothing of why a page could not be fetched: inside addresses answer as those that do not exist.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import orjson
import structlog

from homeserver.clock import Clock, Rng
from homeserver.errors import InvalidParam, LimitExceeded, StorageFull, Unknown
from homeserver.net.errors import NetError
from homeserver.protocol.identifiers import ServerName
from homeserver.providers.hooks import MediaStore
from homeserver.providers.pages import MAX_JSON_BYTES, MAX_PAGE_BYTES, Fetched, Pages, Unreadable
from homeserver.services.media.flights import Flights
from homeserver.services.media.keeping import keep
from homeserver.services.media.repository import MEDIA_ID_BYTES
from homeserver.services.requester import Requester
from homeserver.storage.media import MediaTable, NewFile
from homeserver.storage.previews import PreviewTable

log = structlog.get_logger()

MAX_URL: Final = 2_048
MAX_IMAGE_BYTES: Final = 10 * 1024 * 1024
AT_ONCE: Final = 8
AT_ONCE_OF_USER: Final = 2
LEAST_AGE_S: Final = 300
AGE_S: Final = 3_600
MOST_AGE_S: Final = 24 * 3_600
FAILED_AGE_S: Final = 300
MAX_TEXT: Final = 1_000
_PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})
_FROM_OEMBED: Final = {"title": "og:title", "provider_name": "og:site_name", "author_name": "og:article:author"}


class Previews:
    """Makes previews."""

    def __init__(
        self,
        server: ServerName,
        pages: Pages,
        *,
        table: PreviewTable,
        media: MediaTable,
        store: MediaStore,
        clock: Clock,
        rng: Rng,
    ) -> None:
        self._server = server
        self._pages = pages
        self._table = table
        self._media = media
        self._store = store
        self._clock = clock
        self._rng = rng
        self._flights: Flights[bytes] = Flights()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._asking: dict[str, int] = {}

    async def preview(self, requester: Requester, url: str) -> bytes:
        """What the page says of itself, as JSON [1 trip where it is known]. Raises InvalidParam, Unknown (502)."""
        url = _checked(url)
        url_hash = hashlib.sha256(url.encode("utf-8")).digest()
        known = await self._table.read(url_hash, self._clock.now_ms())
        if known is not None:
            return _found(known.preview)
        with self._counted(requester.user_id):
            return await self._flights.once(url, lambda: self._made(url, url_hash))

    @contextlib.contextmanager
    def _counted(self, user_id: str) -> Iterator[None]:
        """Nobody has many pages fetched at once."""
        asking = self._asking.get(user_id, 0)
        if asking >= AT_ONCE_OF_USER:
            raise LimitExceeded("Wait for the previews you have asked for", retry_after_ms=1_000)
        self._asking[user_id] = asking + 1
        try:
            yield
        finally:
            left = self._asking.pop(user_id) - 1
            if left:
                self._asking[user_id] = left

    async def _made(self, url: str, url_hash: bytes) -> bytes:
        """Fetch the page, and keep what came of it."""
        preview: bytes | None = None
        age_s = FAILED_AGE_S
        try:
            async with self._places:
                fetched = await self._pages.fetch(url, MAX_IMAGE_BYTES if _may_be_image(url) else MAX_PAGE_BYTES)
                preview = orjson.dumps(await self._of(fetched))
            age_s = max(LEAST_AGE_S, min(AGE_S if fetched.max_age_s is None else fetched.max_age_s, MOST_AGE_S))
        except (NetError, Unreadable) as error:
            log.info("preview.failed", error=type(error).__name__)
        now = self._clock.now_ms()
        await self._table.keep(url_hash, preview, now_ms=now, expires_ts=now + age_s * 1000)
        return _found(preview)

    async def _of(self, fetched: Fetched) -> dict[str, Any]:
        """The preview of what was fetched: of a page, of an image, or nothing."""
        if fetched.content_type.startswith("image/"):
            if not fetched.is_whole:
                fetched = await self._pages.fetch(fetched.url, MAX_IMAGE_BYTES, "image/*")
            return await self._image(fetched)
        if fetched.content_type not in _PAGES:
            return {}
        read = await self._pages.page(fetched)
        found: dict[str, Any] = {key: value for key, value in read["og"].items() if isinstance(value, str)}
        if isinstance(read.get("oembed"), str):
            found = {**await self._oembed(urljoin(fetched.url, read["oembed"])), **found}
        address = next(
            (found[key] for key in ("og:image:secure_url", "og:image", "og:image:url") if key in found), None
        )
        found = {key: value for key, value in found.items() if not key.startswith("og:image")}
        if address:
            found |= await self._image_of(urljoin(fetched.url, address))
        return found

    async def _oembed(self, url: str) -> dict[str, str]:
        """What the page tells in the other format; nothing if that cannot be had. Spec: oEmbed, JSON response."""
        try:
            fetched = await self._pages.fetch(url, MAX_JSON_BYTES, "application/json")
            told = orjson.loads(fetched.body)
        except (NetError, orjson.JSONDecodeError):
            return {}
        if not isinstance(told, dict):
            return {}
        found = {ours: told[name][:MAX_TEXT] for name, ours in _FROM_OEMBED.items() if isinstance(told.get(name), str)}
        image = told.get("url") if told.get("type") == "photo" else told.get("thumbnail_url")
        if isinstance(image, str):
            found["og:image"] = urljoin(fetched.url, image)
        return found

    async def _image_of(self, url: str) -> dict[str, Any]:
        """The image of a page; nothing if it cannot be had."""
        try:
            return await self._image(await self._pages.fetch(url, MAX_IMAGE_BYTES, "image/*"))
        except (NetError, Unreadable):
            return {}

    async def _image(self, fetched: Fetched) -> dict[str, Any]:
        """Keep an image; what the preview says of it. Raises Unreadable."""
        if not fetched.is_whole or not fetched.body:
            return {}
        known = await self._pages.image(fetched.body)
        media_id = self._rng.token(MEDIA_ID_BYTES)

        async def write(file: NewFile) -> str | None:
            return await self._media.add(self._server, media_id, None, file, self._clock.now_ms())

        async def whole() -> AsyncIterator[bytes]:
            yield fetched.body

        try:
            await keep(self._store, whole(), write, content_type=known["type"], filename=None)
        except StorageFull:
            return {}
        return {
            "og:image": f"mxc://{self._server}/{media_id}",
            "og:image:type": known["type"],
            "og:image:width": known["width"],
            "og:image:height": known["height"],
            "matrix:image:size": len(fetched.body),
        }


def _checked(url: str) -> str:
    """The URL without its fragment. Raises InvalidParam for what is never fetched."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidParam("`url` is no URL.") from error
    del port
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise InvalidParam("`url` is an http or https URL, without a user's name.")
    if len(url) > MAX_URL or not url.isprintable():
        raise InvalidParam(f"`url` has at most {MAX_URL} printable characters.")
    return parts._replace(fragment="").geturl()


def _may_be_image(url: str) -> bool:
    return urlsplit(url).path.lower().endswith((".png", ".jpg", ".jpeg", ".gif", ".webp"))


def _found(preview: bytes | None) -> bytes:
    if preview is None:
        raise Unknown("The page could not be fetched.", status=502)
    return preview
