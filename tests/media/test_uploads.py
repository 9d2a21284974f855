"""Files go in and come out: whole, in ranges, under names, once on disk."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from tests.media.files import downloads, on_disk, request, tries_to_upload, uploads
from tests.support.client import Server


async def test_what_is_uploaded_is_what_is_downloaded(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    body = bytes(range(256)) * 4000
    mxc = await uploads(alice, body, "application/zip", filename="things.zip")
    got = await downloads(bob, mxc)
    assert (got.status, got.body) == (200, body)
    assert got.headers["content-type"] == "application/zip"
    assert got.headers["content-disposition"] == 'attachment; filename="things.zip"'
    assert got.headers["content-length"] == str(len(body))


async def test_media_ids_are_160_random_bits(server: Server) -> None:
    alice = await server.register()
    ids = {(await uploads(alice, b"x")).partition("/")[2] for _ in range(5)}
    assert len(ids) == 5
    assert {len(media_id) for media_id in ids} == {27}


async def test_equal_files_are_kept_once_and_live_as_long_as_one_use(server: Server, tmp_path: Path) -> None:
    alice, bob = await server.users("alice", "bob")
    first = await uploads(alice, b"the same" * 1000, filename="a.txt")
    second = await uploads(bob, b"the same" * 1000, "text/csv", filename="b.csv")
    assert first != second
    assert len(on_disk(tmp_path)) == 1
    assert (await downloads(bob, first)).headers["content-disposition"] == 'inline; filename="a.txt"'
    assert (await downloads(alice, second)).headers["content-disposition"] == 'attachment; filename="b.csv"'


async def test_an_empty_file_is_a_file(server: Server) -> None:
    alice = await server.register()
    got = await downloads(alice, await uploads(alice, b""))
    assert (got.status, got.body, got.headers["content-length"]) == (200, b"", "0")


async def test_a_file_name_comes_back_and_the_path_may_give_another(server: Server) -> None:
    alice = await server.register()
    mxc = await uploads(alice, b"x", filename='Grüße "1".txt')
    assert (await downloads(alice, mxc)).headers["content-disposition"] == (
        "inline; filename=\"Gr__e _1_.txt\"; filename*=utf-8''Gr%C3%BC%C3%9Fe%20%221%22.txt"
    )
    assert (await downloads(alice, mxc, "/other.txt")).headers["content-disposition"] == 'inline; filename="other.txt"'
    nameless = await uploads(alice, b"x")
    assert (await downloads(alice, nameless)).headers["content-disposition"] == "inline"


@pytest.mark.parametrize(
    ("asked", "status", "part", "told"),
    [
        ("bytes=0-9", 206, slice(0, 10), "bytes 0-9/1000"),
        ("bytes=990-", 206, slice(990, 1000), "bytes 990-999/1000"),
        ("bytes=990-5000", 206, slice(990, 1000), "bytes 990-999/1000"),
        ("bytes=-5", 206, slice(995, 1000), "bytes 995-999/1000"),
        ("bytes=-5000", 206, slice(0, 1000), "bytes 0-999/1000"),
        ("bytes=0-0", 206, slice(0, 1), "bytes 0-0/1000"),
        ("bytes=5-2", 200, slice(0, 1000), None),
        ("bytes=0-1,5-6", 200, slice(0, 1000), None),
        ("lines=0-1", 200, slice(0, 1000), None),
        ("bytes=-", 200, slice(0, 1000), None),
        ("bytes=1000-", 416, None, "bytes */1000"),
        ("bytes=-0", 416, None, "bytes */1000"),
    ],
)
async def test_a_range_of_a_file(server: Server, asked: str, status: int, part: slice | None, told: str | None) -> None:
    alice = await server.register()
    body = bytes(number % 251 for number in range(1000))
    mxc = await uploads(alice, body)
    got = await downloads(alice, mxc, Range=asked)
    assert (got.status, got.headers.get("content-range")) == (status, told)
    if part is not None:
        assert got.body == body[part]


async def test_a_download_that_broke_off_goes_on_where_it_ended(server: Server) -> None:
    alice = await server.register()
    body = bytes(number % 251 for number in range(3_000_000))
    mxc = await uploads(alice, body, "video/mp4")
    first = await downloads(alice, mxc, Range="bytes=0-1999999")
    rest = await downloads(alice, mxc, Range="bytes=2000000-", If_Range=first.headers["etag"])
    assert (rest.status, first.body + rest.body == body) == (206, True)
    other = await downloads(alice, mxc, Range="bytes=2000000-", If_Range='"another"')
    assert (other.status, other.body == body) == (200, True)


async def test_a_file_that_the_client_has_is_not_sent_again(server: Server) -> None:
    alice = await server.register()
    mxc = await uploads(alice, b"x" * 1000)
    etag = (await downloads(alice, mxc)).headers["etag"]
    again = await downloads(alice, mxc, If_None_Match=etag)
    assert (again.status, again.body) == (304, b"")


async def test_head_tells_of_a_file_without_sending_it(server: Server) -> None:
    alice = await server.register()
    mxc = await uploads(alice, b"x" * 1000)
    got = await request(server, "HEAD", f"/_matrix/client/v1/media/download/{mxc}", token=alice.token)
    assert (got.status, got.headers["content-length"], got.body) == (200, "1000", b"")


async def test_a_created_uri_is_filled_once_by_its_creator(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    created = await alice.call("POST", "/_matrix/media/v1/create")
    mxc = created["content_uri"].removeprefix("mxc://")
    assert created["unused_expires_at"] > 0
    early = await downloads(bob, mxc, "?timeout_ms=0")
    assert (early.status, early.errcode) == (504, "M_NOT_YET_UPLOADED")
    path = f"/_matrix/media/v3/upload/{mxc}"
    assert (await request(server, "PUT", path, token=bob.token, body=b"bob's")).status == 403
    waiting = asyncio.ensure_future(downloads(bob, mxc))
    await asyncio.sleep(0.05)
    done = await request(server, "PUT", path, token=alice.token, body=b"hers", headers={"Content-Type": "text/plain"})
    assert done.status == 200
    assert (await waiting).body == b"hers"
    again = await request(server, "PUT", path, token=alice.token, body=b"more")
    assert (again.status, again.errcode) == (409, "M_CANNOT_OVERWRITE_MEDIA")
    unknown = await request(server, "PUT", f"/_matrix/media/v3/upload/{server.name}/nothing", token=alice.token)
    assert (unknown.status, unknown.errcode) == (404, "M_NOT_FOUND")


async def test_a_user_may_have_twenty_uris_that_wait(server: Server) -> None:
    alice = await server.register()
    for _ in range(20):
        await alice.call("POST", "/_matrix/media/v1/create")
    status, body = await alice.ask("POST", "/_matrix/media/v1/create")
    assert (status, body["errcode"]) == (429, "M_LIMIT_EXCEEDED")


async def test_a_file_that_is_announced_too_large_is_refused(server: Server, tmp_path: Path) -> None:
    alice = await server.register()
    limit = (await alice.call("GET", "/v1/media/config"))["m.upload.size"]
    got = await tries_to_upload(alice, b"x", **{"Content-Length": str(limit + 1)})
    assert (got.status, got.errcode) == (413, "M_TOO_LARGE")
    assert on_disk(tmp_path) == []


async def test_strangers_neither_upload_nor_download(server: Server, tmp_path: Path) -> None:
    alice = await server.register()
    mxc = await uploads(alice, b"x")
    assert (await request(server, "POST", "/_matrix/media/v3/upload", body=b"y")).status == 401
    assert (await request(server, "GET", f"/_matrix/client/v1/media/download/{mxc}")).status == 401
    assert (await request(server, "GET", f"/_matrix/media/v3/download/{mxc}")).status == 404
    assert len(on_disk(tmp_path)) == 1


async def test_bytes_that_the_disk_lost_are_not_found(server: Server, tmp_path: Path) -> None:
    alice = await server.register()
    mxc = await uploads(alice, b"x" * 1000)
    (path,) = on_disk(tmp_path)
    path.unlink()
    got = await downloads(alice, mxc)
    assert (got.status, got.errcode) == (404, "M_NOT_FOUND")
    path.write_bytes(b"x" * 500)
    with pytest.raises(aiohttp.ClientPayloadError):
        await downloads(alice, mxc)
    path.write_bytes(b"x" * 1000)
    assert (await downloads(alice, mxc)).status == 200
