"""Thumbnails: the right size, never larger than the image, without metadata, moving only when asked."""

import asyncio
import io
from pathlib import Path

import pytest
from PIL import Image

from homeserver.providers.thumbnails import Thumbnailer, Wanted
from tests.media.files import downloads, moving, on_disk, picture, sees_small, uploads
from tests.support.client import Server
from tests.support.postgres import Cluster
from tests.support.running import running_app


@pytest.fixture
def server(crowd: Server) -> Server:
    return crowd


@pytest.mark.parametrize(
    ("asked", "method", "size"),
    [
        ((320, 240), "scale", (320, 200)),
        ((300, 100), "scale", (320, 200)),
        ((1, 1), "scale", (96, 60)),
        ((640, 480), "scale", (640, 400)),
        ((32, 32), "crop", (32, 32)),
        ((40, 40), "crop", (96, 96)),
        ((128, 128), "crop", (240, 240)),
        ((300, 225), "crop", (320, 240)),
        ((2000, 2000), "scale", (1600, 1000)),
    ],
)
async def test_a_thumbnail_has_the_next_size_that_is_made(
    server: Server, asked: tuple[int, int], method: str, size: tuple[int, int]
) -> None:
    alice = await server.register()
    mxc = await uploads(alice, picture((1600, 1000)), "image/png")
    got = await sees_small(alice, mxc, *asked, method)
    assert (got.status, got.image.size) == (200, size)
    assert got.headers["content-type"] in {"image/jpeg", "image/png"}
    assert got.headers["content-disposition"].startswith("inline; filename=")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP"])
async def test_each_of_the_four_formats_has_thumbnails(server: Server, form: str) -> None:
    alice = await server.register()
    mxc = await uploads(alice, picture((800, 800), form), f"image/{form.lower()}")
    got = await sees_small(alice, mxc, 96, 96, "crop")
    assert (got.status, got.image.size) == (200, (96, 96))


async def test_an_image_is_never_made_larger(server: Server) -> None:
    alice = await server.register()
    body = picture((50, 20))
    mxc = await uploads(alice, body, "image/png")
    assert (await sees_small(alice, mxc, 320, 240)).body == body
    assert (await sees_small(alice, mxc, 32, 32, "crop")).image.size == (20, 20)


async def test_transparency_stays(server: Server) -> None:
    alice = await server.register()
    out = io.BytesIO()
    Image.new("RGBA", (500, 500), (255, 0, 0, 100)).save(out, "PNG")
    got = await sees_small(alice, await uploads(alice, out.getvalue(), "image/png"), 96, 96)
    assert got.image.convert("RGBA").getpixel((10, 10)) == (255, 0, 0, 100)


async def test_where_a_picture_was_taken_is_not_told_and_it_stands_upright(server: Server) -> None:
    alice = await server.register()
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "A camera of mine"
    exif.get_ifd(0x8825)[1] = "N"
    body = picture((1200, 600), "JPEG", exif=exif)
    got = await sees_small(alice, await uploads(alice, body, "image/jpeg"), 640, 480)
    assert got.image.size == (240, 480)
    assert dict(got.image.getexif()) == {}
    assert b"camera" not in got.body


@pytest.mark.parametrize(("animated", "frames"), [("true", 5), ("false", 1), ("", 1)])
async def test_pictures_move_only_when_asked_to(server: Server, animated: str, frames: int) -> None:
    alice = await server.register()
    for size in ((400, 300), (50, 50), (1000, 900)):
        mxc = await uploads(alice, moving(size), "image/gif")
        got = await sees_small(alice, mxc, 320, 240, animated=animated)
        assert (got.status, getattr(got.image, "n_frames", 1)) == (200, frames), size


async def test_a_thumbnail_is_made_once_and_goes_with_its_file(cluster: Cluster, tmp_path: Path) -> None:
    async with running_app(cluster, tmp_path) as (_, server):
        alice = await server.register()
        mxc = await uploads(alice, picture((1000, 1000)), "image/png")
        many = await asyncio.gather(*(sees_small(alice, mxc, 90, 90, "crop") for _ in range(10)))
        assert {got.status for got in many} == {200}
        assert len({got.body for got in many}) == 1
        assert len(on_disk(tmp_path)) == 2
        again = await sees_small(alice, mxc, 96, 96, "crop")
        assert again.headers["etag"] == many[0].headers["etag"]
        assert again.headers["etag"] != (await downloads(alice, mxc)).headers["etag"]


@pytest.mark.parametrize("query", [(0, 10), (-1, 10), ("x", 10), ("", "")])
async def test_sizes_that_are_none_are_refused(server: Server, query: tuple[int, int]) -> None:
    alice = await server.register()
    mxc = await uploads(alice, picture((100, 100)), "image/png")
    got = await sees_small(alice, mxc, *query)
    assert (got.status, got.errcode) == (400, "M_INVALID_PARAM")


async def test_the_worker_has_no_files_no_sockets_no_environment_and_little_memory() -> None:
    thumbnailer = Thumbnailer()
    try:
        await thumbnailer.make(_once(picture((300, 300))), len(picture((300, 300))), Wanted(96, 96, "crop", False))
        (worker,) = thumbnailer._idle
        folder = Path(f"/proc/{worker._process.pid}")
        limits = {line[:26].strip(): line[26:].split()[:2] for line in (folder / "limits").read_text().splitlines()}
        assert limits["Max open files"] == ["0", "0"]
        assert limits["Max file size"] == ["0", "0"]
        assert limits["Max address space"] == [str(512 * 1024 * 1024)] * 2
        assert (folder / "environ").read_bytes() == b""
    finally:
        await thumbnailer.close()


async def _once(body: bytes):  # noqa: ANN202
    yield body
