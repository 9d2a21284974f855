"""Copies of other servers' files, made when a user here first asks, dropped when nobody has asked for long.

Bounded three ways: what one user may have fetched (a bucket counted in MiB), files of one server at a time, the size of
all copies together. Spec: Client-Server API, Content repository, Security considerations.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

from homeserver.clock import Clock
from homeserver.config.content import RemoteCache
from homeserver.errors import LimitExceeded, MatrixError, NotFound, NotYetUploaded, TooLarge, Unknown
from homeserver.federation.client.errors import FederationError, NotContacted, Refused
from homeserver.federation.client.media import MediaRequests, MediaTooLarge, RemoteFile
from homeserver.providers.hooks import MediaStore
from homeserver.services.media.flights import Flights
from homeserver.services.media.keeping import keep
from homeserver.services.media.names import content_type_of, filename_of
from homeserver.services.requester import Requester
from homeserver.storage.media import MediaRecord, MediaTable, NewFile

BUCKET: Final = "remote_media"
BUCKET_BYTES: Final = 1024 * 1024
AT_ONCE: Final = 4
"""Files of one server that are fetched together."""
REMEMBERED_S: Final = 30.0
REMEMBERED: Final = 5_000
"""Failures that are not tried again for a while."""
THUMBNAIL_BYTES: Final = 4 * 1024 * 1024

Take = Callable[[str, str, float], Awaitable[None]]
"""Takes n tokens of a key from a bucket; raises LimitExceeded."""


class RemoteMedia:
    """Makes copies."""

    def __init__(
        self,
        client: MediaRequests,
        *,
        store: MediaStore,
        table: MediaTable,
        cache: "Cache",
        max_bytes: int,
        take: Take,
        clock: Clock,
    ) -> None:
        """`max_bytes`: of one file."""
        self._client = client
        self._store = store
        self._table = table
        self._cache = cache
        self._max_bytes = max_bytes
        self._take = take
        self._clock = clock
        self._flights: Flights[MediaRecord] = Flights()
        self._places: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._failures: dict[tuple[str, str], tuple[float, MatrixError]] = {}

    async def fetch(self, server: str, media_id: str, requester: Requester, timeout_ms: int) -> MediaRecord:
        """The copy, made now. Raises NotFound, NotYetUploaded, TooLarge (502), LimitExceeded, Unknown (502)."""
        self._raise_again(server, media_id)
        return await self._flights.once(
            (server, media_id), lambda: self._fetch(server, media_id, requester, timeout_ms)
        )

    async def thumbnail(
        self, server: str, media_id: str, query: list[tuple[str, str]], requester: Requester, timeout_ms: int
    ) -> tuple[str, bytes]:
        """A thumbnail that the other server makes of a file that is too large for a copy: its type, its bytes."""
        await self._take(BUCKET, requester.user_id, 1)
        async with self._place(server), _told():
            return await self._client.thumbnail(
                server, media_id, query=query, timeout_ms=timeout_ms, max_bytes=THUMBNAIL_BYTES
            )

    async def _fetch(self, server: str, media_id: str, requester: Requester, timeout_ms: int) -> MediaRecord:
        await self._take(BUCKET, requester.user_id, 1)
        try:
            async with (
                self._place(server),
                _told(),
                self._client.download(server, media_id, timeout_ms=timeout_ms, max_bytes=self._max_bytes) as file,
            ):
                size = await self._copy(server, media_id, file, requester)
        except MatrixError as error:
            if error.status in {404, 502}:
                self._remember(server, media_id, error)
            raise
        await self._cache.added(size)
        record = await self._table.read(server, media_id)
        if record is None:
            raise Unknown("The copy of the file was dropped at once", status=502)
        return record

    async def _copy(self, server: str, media_id: str, file: RemoteFile, requester: Requester) -> int:
        async def write(new: NewFile) -> str | None:
            return await self._table.add(server, media_id, None, new, self._clock.now_ms())

        kept, _ = await keep(
            self._store,
            self._metered(file.parts, requester.user_id),
            write,
            content_type=content_type_of(file.content_type),
            filename=filename_of(file.filename),
        )
        return kept.size

    async def _metered(self, parts: AsyncIterator[bytes], user_id: str) -> AsyncIterator[bytes]:
        """The same bytes, paid for by the user as they come. The first MiB is paid already."""
        received, paid = 0, BUCKET_BYTES
        async for part in parts:
            received += len(part)
            if received > paid:
                await self._take(BUCKET, user_id, 1)
                paid += BUCKET_BYTES
            yield part

    def _place(self, server: str) -> asyncio.Semaphore:
        places = self._places.get(server)
        if places is None:
            places = self._places[server] = asyncio.Semaphore(AT_ONCE)
        return places

    def _remember(self, server: str, media_id: str, error: MatrixError) -> None:
        if len(self._failures) >= REMEMBERED:
            del self._failures[next(iter(self._failures))]
        self._failures[server, media_id] = (self._clock.monotonic() + REMEMBERED_S, error)

    def _raise_again(self, server: str, media_id: str) -> None:
        failed = self._failures.get((server, media_id))
        if failed is None:
            return
        until, error = failed
        if until > self._clock.monotonic():
            raise type(error)(error.message, status=error.status, errcode=error.errcode)
        del self._failures[server, media_id]


@asynccontextmanager
async def _told() -> AsyncIterator[None]:
    """Tell clients what kept a file of another server from them."""
    try:
        yield
    except MediaTooLarge as error:
        raise TooLarge("The other server's file is too large for this server", status=502) from error
    except NotContacted as error:
        raise NotFound("The other server is not asked for files now") from error
    except Refused as error:
        if error.errcode == "M_NOT_YET_UPLOADED":
            raise NotYetUploaded from error
        if error.status == 429:
            raise LimitExceeded("The other server gives no more files now", retry_after_ms=5_000) from error
        if error.status in {400, 403, 404}:
            raise NotFound("The other server does not give this file") from error
        raise Unknown("The other server cannot give the file", status=502) from error
    except FederationError as error:
        raise Unknown("The other server did not give the file", status=502) from error


class Cache:
    """Keeps the copies of others' files together below a size, and drops those that nobody uses."""

    def __init__(self, table: MediaTable, store: MediaStore, limits: RemoteCache, clock: Clock) -> None:
        self._table = table
        self._store = store
        self._max_bytes = limits.max_bytes
        self._max_age_ms = limits.max_age_days * 24 * 3600 * 1000
        self._clock = clock
        self._bytes: int | None = None
        """Size of all copies: counted now and then, with what this process added since."""

    async def added(self, size: int) -> None:
        """A copy of this size was made: make room if it was one too many."""
        if self._bytes is None:
            self._bytes = await self._table.copied_bytes()
        else:
            self._bytes += size
        if self._bytes > self._max_bytes:
            await self.trim()

    async def trim(self) -> None:
        """Drop what is too old, then what was not used for longest until the rest fits."""
        await self._drop_before(self._clock.now_ms() - self._max_age_ms)
        while (excess := await self._table.copied_bytes() - self._max_bytes) > 0:
            before = None
            for read_ts, size in await self._table.copies_by_age(1_000):
                before = read_ts + 1
                excess -= size
                if excess <= 0:
                    break
            if before is None:
                break
            await self._drop_before(before)
        self._bytes = await self._table.copied_bytes()

    async def _drop_before(self, before_ms: int) -> None:
        while True:
            dropped, keys = await self._table.delete_unread_copies(before_ms)
            for key in keys:
                await self._store.delete(key)
            if not dropped:
                return
