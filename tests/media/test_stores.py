"""Every store keeps the same promises."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from homeserver.config.content import S3, Media
from homeserver.providers.disk_media import DiskMedia
from homeserver.providers.hooks import MediaStore
from homeserver.providers.s3_media import S3Media
from tests.media.fake_s3 import BUCKET, FakeS3, fake_s3
from tests.media.files import downloads, picture, sees_small, tries_to_upload, uploads
from tests.support.postgres import Cluster


@dataclass
class Kept:
    """A store, and where its bytes can be looked at."""

    store: MediaStore
    folder: Path
    objects: dict[str, bytes] | None

    @property
    def count(self) -> int:
        """How many files there are, whole or not."""
        files = len([path for path in self.folder.rglob("*") if path.is_file()])
        return files + len(self.objects or {})


def settings(s3: FakeS3) -> S3:
    return S3(s3.url, BUCKET, region="here", prefix="hearth", access_key_id="key", secret_access_key="secret")


@pytest.fixture(params=["disk", "s3"])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kept]:
    if request.param == "disk":
        disk = DiskMedia(tmp_path)
        disk.prepare()
        yield Kept(disk, tmp_path, None)
        return
    async with fake_s3() as s3:
        objects = S3Media(settings(s3), tmp_path / "aside")
        objects.prepare()
        yield Kept(objects, tmp_path, s3.objects)


async def _parts(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def _read(store: MediaStore, key: str, start: int = 0, length: int | None = None) -> bytes:
    return b"".join([part async for part in store.open(key, start, length)])


@pytest.mark.parametrize("size", [0, 1, 1000, 20_000_000])
async def test_what_is_put_is_what_is_read(kept: Kept, size: int) -> None:
    body = (bytes(range(251)) * (size // 251 + 1))[:size]
    key = await kept.store.put(_parts(body[:10], body[10:]))
    assert await _read(kept.store, key) == body
    assert await _read(kept.store, key, size // 2) == body[size // 2 :]
    assert await _read(kept.store, key, size // 3, size // 3) == body[size // 3 : size // 3 * 2]
    assert kept.count == 1


async def test_a_deleted_file_is_gone_and_may_be_deleted_again(kept: Kept) -> None:
    key = await kept.store.put(_parts(b"x"))
    for _ in range(2):
        await kept.store.delete(key)
    assert kept.count == 0
    with pytest.raises(FileNotFoundError):
        await _read(kept.store, key)


async def test_what_breaks_off_leaves_nothing(kept: Kept) -> None:
    async def breaks() -> AsyncIterator[bytes]:
        yield bytes(1_000_000)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await kept.store.put(breaks())

    async def stalls() -> AsyncIterator[bytes]:
        yield bytes(1_000_000)
        await asyncio.sleep(60)

    putting = asyncio.ensure_future(kept.store.put(stalls()))
    await asyncio.sleep(0.1)
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert kept.count == 0


async def test_the_store_tells_its_keys_by_age(kept: Kept) -> None:
    keys = {await kept.store.put(_parts(bytes([number]))) for number in range(3)}
    assert {key async for key in kept.store.keys(older_than_s=-5)} == keys
    assert [key async for key in kept.store.keys(older_than_s=3600)] == []


async def test_a_server_keeps_its_files_in_an_object_store(cluster: Cluster, tmp_path: Path) -> None:
    from tests.support.running import running_app

    async with fake_s3() as s3, running_app(cluster, tmp_path, media=Media(s3=settings(s3))) as (_, server):
        alice = await server.register()
        body = picture((1000, 700))
        mxc = await uploads(alice, body, "image/png")
        assert (await downloads(alice, mxc)).body == body
        assert (await downloads(alice, mxc, Range="bytes=10-19")).body == body[10:20]
        assert (await sees_small(alice, mxc, 96, 96, "crop")).image.size == (96, 96)
        assert sorted(len(name.split("/")) for name in s3.objects) == [3, 3]
        assert {name.split("/")[0] for name in s3.objects} == {"hearth"}
        s3.is_broken = True
        refused = await tries_to_upload(alice, b"x")
        assert (refused.status, refused.headers["retry-after"]) == (503, "2")
        assert [path for path in (tmp_path / "media").rglob("*") if path.is_file()] == []
