"""Uploads and downloads. Spec: Client-Server API, Content repository."""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import structlog

from homeserver.clock import Clock, Rng
from homeserver.config.content import Media as MediaConfig
from homeserver.errors import (
    CannotOverwriteMedia,
    Forbidden,
    LimitExceeded,
    NotFound,
    NotYetUploaded,
    TooLarge,
    UserSuspended,
)
from homeserver.protocol.identifiers import ServerName
from homeserver.providers.hooks import MediaStore
from homeserver.services.media.keeping import keep
from homeserver.services.media.names import content_type_of, filename_of, is_mxc
from homeserver.services.requester import Requester
from homeserver.storage.media import Filled, MediaRecord, MediaTable, NewFile

R = TypeVar("R")

log = structlog.get_logger()

MEDIA_ID_BYTES: Final = 20
UNUSED_LIFE_MS: Final = 24 * 3600 * 1000
MAX_WAITING: Final = 20
"""Created URIs of one user that wait for their upload."""
DAY_MS: Final = 24 * 3600 * 1000
FIRST_LOOK_S: Final = 0.1
LAST_LOOK_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Upload:
    """A body on its way in: as its headers announce it, and its parts. `length` None: not announced."""

    parts: AsyncIterable[bytes]
    length: int | None
    content_type: str | None
    filename: str | None


@dataclass(frozen=True, slots=True)
class Download:
    """A file to be sent. `etag` names its bytes."""

    content_type: str
    filename: str | None
    size: int
    etag: str
    store: MediaStore
    store_key: str

    async def opened(self, start: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        """Its bytes from `start` on, at most `length`. The first are there already: NotFound if the store lost them."""
        parts = self.store.open(self.store_key, start, length)
        try:
            first = await anext(parts, b"")
        except FileNotFoundError as error:
            log.warning("media.bytes_lost", key=self.store_key)
            raise NotFound("The bytes of this file were lost") from error
        return _from_first(first, parts)


class OtherServers(Protocol):
    """Who copies files of other servers. `services.media.remote` does."""

    async def fetch(self, server: str, media_id: str, requester: Requester, timeout_ms: int) -> MediaRecord:
        """The copy, made now. Raises MatrixError."""
        ...


class Media:
    """What mxc:// URIs lead to."""

    def __init__(
        self, *, server: ServerName, table: MediaTable, store: MediaStore, config: MediaConfig, clock: Clock, rng: Rng
    ) -> None:
        self.server = server
        self.max_upload_bytes = config.max_upload_bytes
        self._table = table
        self._store = store
        self._quota_bytes = config.quota_bytes
        self._clock = clock
        self._rng = rng
        self._others: OtherServers | None = None
        self._coming: dict[str, int] = {}

    def fetch_others_by(self, others: OtherServers) -> None:
        """Have copies of other servers' files made."""
        self._others = others

    async def upload(self, requester: Requester, upload: Upload) -> str:
        """Keep a file; its mxc:// URI. Raises TooLarge, Forbidden (quota), StorageFull; nothing is left then."""
        media_id = self._rng.token(MEDIA_ID_BYTES)

        async def write(file: NewFile) -> str | None:
            return await self._table.add(self.server, media_id, requester.user_id, file, self._clock.now_ms())

        await self._keep(requester, upload, write)
        return self._uri(media_id)

    async def create(self, requester: Requester) -> tuple[str, int]:
        """Reserve an mxc:// URI; the URI, and when it ends if nothing is uploaded to it. Raises LimitExceeded."""
        if requester.is_suspended:
            raise UserSuspended
        now = self._clock.now_ms()
        _, waiting = await self._table.usage(requester.user_id, now)
        if waiting >= MAX_WAITING:
            raise LimitExceeded("Upload to the URIs you have created first", retry_after_ms=60_000)
        media_id, expires_ts = self._rng.token(MEDIA_ID_BYTES), now + UNUSED_LIFE_MS
        await self._table.create(self.server, media_id, requester.user_id, now_ms=now, expires_ts=expires_ts)
        return self._uri(media_id), expires_ts

    async def fill(self, requester: Requester, server: str, media_id: str, upload: Upload) -> None:
        """Upload to a URI created before.

        Raises NotFound, Forbidden (another's URI, quota), CannotOverwriteMedia, TooLarge, StorageFull.
        """
        if server != self.server or not is_mxc(server, media_id):
            raise NotFound("This URI was not created here")
        _refuse(await self._table.why_not(server, media_id, requester.user_id, self._clock.now_ms()))

        async def write(file: NewFile) -> str | Filled:
            return await self._table.fill(server, media_id, requester.user_id, file, self._clock.now_ms())

        filled = await self._keep(requester, upload, write)
        _refuse(filled if isinstance(filled, Filled) else None)

    async def download(self, server: str, media_id: str, *, timeout_ms: int, requester: Requester | None) -> Download:
        """A file. Without a requester no copy of another server's is made. Raises NotFound, NotYetUploaded."""
        return self.sent(await self.record(server, media_id, timeout_ms=timeout_ms, requester=requester))

    def sent(self, record: MediaRecord) -> Download:
        """The whole file of a record that has one."""
        assert record.hash is not None
        assert record.store_key is not None
        return Download(
            record.content_type, record.filename, record.size, record.hash.hex(), self._store, record.store_key
        )

    async def record(self, server: str, media_id: str, *, timeout_ms: int, requester: Requester | None) -> MediaRecord:
        """What a URI leads to, once something was uploaded to it. Raises NotFound, NotYetUploaded."""
        if not is_mxc(server, media_id):
            raise NotFound("There is no such file")
        if server == self.server:
            record = await self._uploaded(media_id, timeout_ms)
        else:
            record = await self._copied(server, media_id, timeout_ms, requester)
        if record.is_quarantined or record.store_key is None:
            raise NotFound("There is no such file")
        return record

    async def delete(self, server: str, media_id: str) -> None:
        """Forget what a URI leads to; its bytes too, unless others lead to them."""
        for key in await self._table.delete(server, media_id):
            await self._store.delete(key)

    async def delete_copies(self, before_ms: int) -> int:
        """Forget copies of other servers' files that nobody used since, with their bytes; how many."""
        gone = 0
        while True:
            n, keys = await self._table.delete_unread_copies(before_ms)
            for key in keys:
                await self._store.delete(key)
            gone += n
            if not n:
                return gone

    async def quarantine(self, server: str, media_id: str, by: str | None) -> None:
        """Forbid the file of a URI under every URI, or with None allow it again. Raises NotFound."""
        if not await self._table.quarantine(server, media_id, by):
            raise NotFound("There is no such file")

    async def _uploaded(self, media_id: str, timeout_ms: int) -> MediaRecord:
        """Wait until something was uploaded."""
        due, pause_s = self._clock.monotonic() + timeout_ms / 1000, FIRST_LOOK_S
        while True:
            record = await self._table.read(self.server, media_id)
            if record is None or (record.expires_ts is not None and record.expires_ts <= self._clock.now_ms()):
                raise NotFound("There is no such file")
            if record.hash is not None:
                return record
            left_s = due - self._clock.monotonic()
            if left_s <= 0:
                raise NotYetUploaded
            await self._clock.sleep(min(pause_s, left_s))
            pause_s = min(pause_s * 2, LAST_LOOK_S)

    async def _copied(self, server: str, media_id: str, timeout_ms: int, requester: Requester | None) -> MediaRecord:
        record = await self._table.read(server, media_id)
        if record is None:
            if self._others is None or requester is None:
                raise NotFound("There is no such file")
            return await self._others.fetch(server, media_id, requester, timeout_ms)
        now = self._clock.now_ms()
        if now - record.read_ts > DAY_MS:
            await self._table.touch(server, media_id, now)
        return record

    async def _keep(self, requester: Requester, upload: Upload, write: Callable[[NewFile], Awaitable[R]]) -> R:
        if requester.is_suspended:
            raise UserSuspended
        if upload.length is not None and upload.length > self.max_upload_bytes:
            raise TooLarge(f"A file may have {self.max_upload_bytes} bytes")
        async with self._within_quota(requester.user_id, upload.length):
            _, written = await keep(
                self._store,
                self._at_most(upload.parts),
                write,
                content_type=content_type_of(upload.content_type),
                filename=filename_of(upload.filename),
            )
        return written

    async def _at_most(self, parts: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        received = 0
        async for part in parts:
            received += len(part)
            if received > self.max_upload_bytes:
                raise TooLarge(f"A file may have {self.max_upload_bytes} bytes")
            yield part

    @asynccontextmanager
    async def _within_quota(self, user_id: str, length: int | None) -> AsyncIterator[None]:
        """What is on its way counts as if it were kept: several uploads at once do not pass where one would not."""
        if self._quota_bytes is None:
            yield
            return
        size = self.max_upload_bytes if length is None else length
        used, _ = await self._table.usage(user_id, self._clock.now_ms())
        coming = self._coming.get(user_id, 0)
        if used + coming + size > self._quota_bytes:
            raise Forbidden(f"Your files may have {self._quota_bytes} bytes together")
        self._coming[user_id] = coming + size
        try:
            yield
        finally:
            left = self._coming.pop(user_id) - size
            if left:
                self._coming[user_id] = left

    def _uri(self, media_id: str) -> str:
        return f"mxc://{self.server}/{media_id}"


async def _from_first(first: bytes, parts: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(parts):
        if first:
            yield first
        async for part in parts:
            yield part


def _refuse(why: Filled | None) -> None:
    if why is Filled.UNKNOWN:
        raise NotFound("This URI was not created here, or has ended")
    if why is Filled.NOT_YOURS:
        raise Forbidden("This URI was created by another user")
    if why is Filled.TAKEN:
        raise CannotOverwriteMedia
