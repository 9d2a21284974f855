"""Thumbnails of a few fixed sizes, made once and kept beside their file. Spec: Client-Server API, Thumbnails."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol
from weakref import WeakValueDictionary

from homeserver.clock import Clock
from homeserver.errors import MatrixError, TooLarge, Unknown
from homeserver.providers.hooks import MediaStore
from homeserver.providers.thumbnails import NoThumbnail, Thumbnail, Thumbnailer, TooManyPixels, Wanted
from homeserver.services.media.flights import Flights, to_the_end
from homeserver.services.media.repository import Download, Media
from homeserver.services.requester import Requester
from homeserver.storage.errors import DatabaseDown
from homeserver.storage.media import MediaRecord, MediaTable, ThumbnailKey, ThumbnailRecord


class Size(NamedTuple):
    """A box in pixels."""

    width: int
    height: int


SCALED: Final = (Size(96, 96), Size(320, 240), Size(640, 480), Size(800, 600))
CROPPED: Final = (
    Size(32, 32),
    Size(96, 96),
    Size(240, 240),
    Size(480, 480),
    Size(800, 800),
    Size(320, 240),
    Size(640, 480),
    Size(800, 600),
)
"""All sizes that are made: whoever asks for others gets the next larger one, and cannot fill the disk with variants."""
FAILED_S: Final = 600.0
FAILED: Final = 2_000
"""Files that could not be decoded are not tried again for a while."""
_STILL: Final = frozenset({"image/jpeg", "image/png"})
_MOVING: Final = frozenset({"image/gif", "image/webp"})
_SENT: Final = frozenset({"image/jpeg", "image/png", "image/apng", "image/gif", "image/webp"})
_NAMES: Final = {"image/jpeg": "thumbnail.jpg", "image/png": "thumbnail.png", "image/webp": "thumbnail.webp"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client asks for."""

    width: int
    height: int
    method: str
    animated: bool

    def query(self) -> list[tuple[str, str]]:
        """The same for another server."""
        animated = "true" if self.animated else "false"
        return [
            ("width", str(self.width)),
            ("height", str(self.height)),
            ("method", self.method),
            ("animated", animated),
        ]


@dataclass(frozen=True, slots=True)
class Made:
    """A thumbnail that another server made, in memory."""

    content_type: str
    body: bytes


class OtherServers(Protocol):
    """Who asks other servers for thumbnails. `services.media.remote` does."""

    async def thumbnail(
        self, server: str, media_id: str, query: list[tuple[str, str]], requester: Requester, timeout_ms: int
    ) -> tuple[str, bytes]:
        """Its type and its bytes. Raises MatrixError."""
        ...


class Thumbnails:
    """Thumbnails of every file that is here, or can be copied here."""

    def __init__(
        self, media: Media, *, table: MediaTable, store: MediaStore, thumbnailer: Thumbnailer, clock: Clock
    ) -> None:
        self._media = media
        self._table = table
        self._store = store
        self._thumbnailer = thumbnailer
        self._clock = clock
        self._others: OtherServers | None = None
        self._flights: Flights[ThumbnailRecord] = Flights()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._failures: dict[ThumbnailKey, tuple[float, MatrixError]] = {}

    def ask_others_by(self, others: OtherServers) -> None:
        """Have thumbnails of files that are too large for a copy made by their servers."""
        self._others = others

    async def of(
        self, server: str, media_id: str, asked: Asked, *, timeout_ms: int, requester: Requester | None
    ) -> Download | Made:
        """The thumbnail. Raises NotFound, NotYetUploaded, TooLarge (413, 502), Unknown (400: no image)."""
        try:
            record = await self._media.record(server, media_id, timeout_ms=timeout_ms, requester=requester)
        except TooLarge:
            if self._others is None or requester is None:
                raise
            content_type, body = await self._others.thumbnail(server, media_id, asked.query(), requester, timeout_ms)
            kind = content_type.partition(";")[0].strip().lower()
            if kind not in _SENT:
                raise Unknown("The other server's thumbnail is no image", status=502) from None
            return Made(kind, body)
        assert record.hash is not None
        size = _next_size(asked)
        if size is None:
            return await self._whole(record, asked, requester)
        key = ThumbnailKey(record.hash, size.width, size.height, asked.method, asked.animated)
        return self._sent(record, key, await self._made(record, key, requester))

    async def _whole(self, record: MediaRecord, asked: Asked, requester: Requester | None) -> Download:
        """Larger than every size that is made: the image itself, if it is known not to move unasked."""
        assert record.hash is not None
        largest = SCALED[-1] if asked.method == "scale" else CROPPED[-1]
        key = ThumbnailKey(record.hash, largest.width, largest.height, asked.method, False)
        made = await self._made(record, key, requester)
        kind = record.content_type.partition(";")[0].strip().lower()
        if made.store_key is not None and (kind in _STILL or (asked.animated and kind in _MOVING)):
            made = ThumbnailRecord(None, record.size, kind)
        return self._sent(record, key, made)

    def _sent(self, record: MediaRecord, key: ThumbnailKey, made: ThumbnailRecord) -> Download:
        assert record.store_key is not None
        assert record.hash is not None
        etag = f"{record.hash.hex()}-{key.width}x{key.height}-{key.method}{'-moving' if key.animated else ''}"
        name = _NAMES.get(made.content_type, "thumbnail")
        return Download(made.content_type, name, made.size, etag, self._store, made.store_key or record.store_key)

    async def _made(self, record: MediaRecord, key: ThumbnailKey, requester: Requester | None) -> ThumbnailRecord:
        found = await self._table.thumbnail(key)
        if found is not None:
            return found
        self._raise_again(key)
        try:
            async with self._turn("" if requester is None else requester.user_id):
                return await self._flights.once(key, lambda: self._make(record, key))
        except (NoThumbnail, TooManyPixels) as problem:
            error = _error(problem, is_ours=record.server == self._media.server)
            self._remember(key, error)
            raise error from problem

    def _turn(self, user_id: str) -> asyncio.Lock:
        """One thumbnail of a user at a time: whoever asks for a hundred bombs waits for them alone."""
        turn = self._turns.get(user_id)
        if turn is None:
            turn = self._turns[user_id] = asyncio.Lock()
        return turn

    async def _make(self, record: MediaRecord, key: ThumbnailKey) -> ThumbnailRecord:
        try:
            thumbnail = await self._decode(record, key)
        except NoThumbnail:
            if not key.animated:
                raise
            thumbnail = await self._decode(record, key._replace(animated=False))  # moving pictures cost much more
        if thumbnail.body is None:
            made = ThumbnailRecord(None, record.size, thumbnail.content_type)
            await self._table.add_thumbnail(key, made)
            return made
        store_key = await self._store.put(_once(thumbnail.body))
        return await to_the_end(
            self._added(key, ThumbnailRecord(store_key, len(thumbnail.body), thumbnail.content_type))
        )

    async def _decode(self, record: MediaRecord, key: ThumbnailKey) -> Thumbnail:
        assert record.store_key is not None
        wanted = Wanted(key.width, key.height, key.method, key.animated)
        try:
            return await self._thumbnailer.make(self._store.open(record.store_key), record.size, wanted)
        except FileNotFoundError as error:
            raise NoThumbnail from error

    async def _added(self, key: ThumbnailKey, made: ThumbnailRecord) -> ThumbnailRecord:
        assert made.store_key is not None
        try:
            was_added = await self._table.add_thumbnail(key, made)
        except DatabaseDown:
            raise  # the row may be there: `Housekeeping` looks at the bytes later
        except Exception:
            await self._store.delete(made.store_key)
            raise
        if was_added:
            return made
        await self._store.delete(made.store_key)
        found = await self._table.thumbnail(key)
        if found is None:
            raise NoThumbnail  # the file was deleted meanwhile
        return found

    def _remember(self, key: ThumbnailKey, error: MatrixError) -> None:
        if len(self._failures) >= FAILED:
            del self._failures[next(iter(self._failures))]
        self._failures[key] = (self._clock.monotonic() + FAILED_S, error)

    def _raise_again(self, key: ThumbnailKey) -> None:
        failed = self._failures.get(key)
        if failed is None:
            return
        until, error = failed
        if until > self._clock.monotonic():
            raise type(error)(error.message, status=error.status)
        del self._failures[key]


def _next_size(asked: Asked) -> Size | None:
    """The size that is made for what is asked: no smaller, of the nearest shape if cropped; None if all are smaller."""
    sizes = SCALED if asked.method == "scale" else CROPPED
    fitting = [size for size in sizes if size.width >= asked.width and size.height >= asked.height]
    if not fitting:
        return None
    shape = asked.width / asked.height
    distance = (
        (lambda size: max(size.width / size.height / shape, shape * size.height / size.width))
        if (asked.method == "crop")
        else (lambda _size: 1.0)
    )
    return min(fitting, key=lambda size: (distance(size), size.width * size.height))


def _error(problem: NoThumbnail | TooManyPixels, *, is_ours: bool) -> MatrixError:
    if isinstance(problem, TooManyPixels):
        return TooLarge("The image is too large for a thumbnail", status=413 if is_ours else 502)
    return Unknown("No thumbnail can be made of this file", status=400)


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body
