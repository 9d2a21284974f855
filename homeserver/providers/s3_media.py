"""Files in an object store that speaks S3. An upload is written to the local disk first and sent when it is whole.

So an upload that breaks off sends nothing, and a slow client holds nothing open in the store. Needs the extra `s3`.
"""

import secrets
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import S3Store

from homeserver.config.content import S3
from homeserver.errors import Unavailable
from homeserver.providers.disk_media import BLOCK_BYTES, KEY_BYTES, clear_aside, written_aside

log = structlog.get_logger()

PART_BYTES: Final = 8 * 1024 * 1024
PARTS_AT_ONCE: Final = 2
"""Parts of one file that are in memory and on their way together."""
KEYS_AT_ONCE: Final = 500


class S3Media:
    """A `MediaStore` in a bucket. Keys are 40 random hexadecimal digits."""

    def __init__(self, config: S3, aside: Path) -> None:
        """`aside`: a local folder for uploads on their way."""
        options: dict[str, Any] = {
            "endpoint": config.endpoint,
            "prefix": config.prefix or None,
            "region": config.region,
            "access_key_id": config.access_key_id,
            "secret_access_key": config.secret_access_key,
        }
        self._store = S3Store(
            config.bucket,
            client_options={"allow_http": config.endpoint.startswith("http://")},
            virtual_hosted_style_request=False,
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
            **{name: value for name, value in options.items() if value is not None},
        )
        self._aside = aside

    def prepare(self) -> None:
        """Make the local folder, and clear away what died in the middle of an upload. Raises OSError."""
        clear_aside(self._aside)

    async def put(self, parts: AsyncIterable[bytes]) -> str:
        key = secrets.token_hex(KEY_BYTES)
        async with written_aside(self._aside / key, parts) as file:
            with _told():
                await obstore.put_async(
                    self._store, _path(key), file, chunk_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE
                )
        return key

    async def open(self, key: str, start: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        if length == 0:
            return
        options: Any = {}
        if length is not None:
            options = {"range": (start, start + length)}
        elif start:
            options = {"range": {"offset": start}}
        with _told():
            found = await obstore.get_async(self._store, _path(key), options=options)
            async for part in found.stream(min_chunk_size=BLOCK_BYTES):
                yield bytes(part)

    async def delete(self, key: str) -> None:
        with suppress(FileNotFoundError), _told():
            await obstore.delete_async(self._store, _path(key))

    async def keys(self, older_than_s: float) -> AsyncIterator[str]:
        due = datetime.now(UTC) - timedelta(seconds=older_than_s)
        with _told():
            async for found in obstore.list(self._store, chunk_size=KEYS_AT_ONCE):
                for one in found:
                    if one["last_modified"] < due:
                        yield str(one["path"]).rpartition("/")[2]


@contextmanager
def _told() -> Iterator[None]:
    """Tell callers, who can do nothing about it, that the store is away; why stands in the log."""
    try:
        yield
    except BaseError as error:
        log.warning("media.store_away", error=str(error).partition("\n")[0])
        raise Unavailable("The store of files does not answer") from error


def _path(key: str) -> str:
    """Spread by the first two digits: some stores slow down when many names begin alike."""
    return f"{key[:2]}/{key}"
