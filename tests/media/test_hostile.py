"""What strangers and users do to a media repository that must not care: T8.1, T8.2, T8.3, T9.1."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from homeserver.providers.thumbnails import Thumbnail, Thumbnailer
from tests.media import hostile
from tests.media.files import downloads, on_disk, picture, request, sees_small, tries_to_upload, uploads
from tests.support.client import Server
from tests.support.postgres import Cluster
from tests.support.server import ServerProcess

NewServer = Callable[..., Awaitable[ServerProcess]]

SAFE = {
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "cross-origin",
    "referrer-policy": "no-referrer",
    "access-control-allow-origin": "*",
}


def _is_safe(headers: dict[str, str]) -> bool:
    policy = headers.get("content-security-policy", "")
    return (
        policy.startswith("sandbox; default-src 'none'; script-src 'none'")
        and "allow-scripts" not in policy
        and "frame-ancestors 'none'" in policy
        and {name: headers.get(name) for name in SAFE} == SAFE
    )


async def test_every_answer_keeps_a_browser_from_running_what_it_holds(server: Server) -> None:
    alice = await server.register()
    for kind in (*hostile.TYPES, *hostile.SHOWN):
        mxc = await uploads(alice, picture((40, 40)), kind, filename="a<b>.html")
        missing = mxc[:-1] + ("A" if mxc[-1] != "A" else "B")
        download = f"/_matrix/client/v1/media/download/{mxc}"
        answers = [
            await downloads(alice, mxc),
            await downloads(alice, mxc, "/index.html"),
            await downloads(alice, mxc, Range="bytes=0-9"),
            await request(server, "HEAD", download, token=alice.token),
            await downloads(alice, missing),
            await sees_small(alice, mxc, 32, 32),
        ]
        assert [got.status for got in answers] == [200, 200, 206, 200, 404, 200]
        assert all(_is_safe(got.headers) for got in answers), kind
        shown = "inline" if kind in hostile.SHOWN else "attachment"
        for got in answers[:4]:
            assert got.headers["content-type"] == kind
            assert got.headers["content-disposition"].partition(";")[0] == shown, kind
        assert answers[5].headers["content-type"] in {"image/png", "image/jpeg"}


async def test_what_is_no_type_is_unknown_bytes(server: Server) -> None:
    alice = await server.register()
    for kind in hostile.NO_TYPES:
        got = await tries_to_upload(alice, b"<script>", kind)
        mxc = got.json["content_uri"].removeprefix("mxc://")
        found = await downloads(alice, mxc)
        assert found.headers["content-type"] == "application/octet-stream", kind
        assert found.headers["content-disposition"] == "attachment"


@pytest.mark.parametrize(
    "name", ["a\r\nSet-Cookie: x=1", "../../../etc/passwd", "a\0b", "\u202egnp.exe", "x" * 5_000, " . ", "a/b\\c"]
)
async def test_a_file_name_cannot_leave_its_header_or_its_folder(server: Server, name: str) -> None:
    alice = await server.register()
    got = await tries_to_upload(alice, b"x", filename=name)
    if got.status != 200:
        assert got.status == 400
        return
    found = await downloads(alice, got.json["content_uri"].removeprefix("mxc://"))
    shown = found.headers["content-disposition"]
    assert "set-cookie" not in found.headers
    assert not any(sign in shown for sign in ("\r", "\n", "\0", "/", "\\", "\u202e", "%2F", "%E2%80%AE"))
    assert len(shown) < 1200


@pytest.mark.parametrize(
    "paths",
    [hostile.TRAVERSALS, pytest.param(hostile.traversals(100), marks=pytest.mark.full("fuzz"))],
    ids=lambda paths: str(len(paths)),
)
async def test_no_path_leads_out_of_the_store(server: Server, tmp_path: Path, paths: tuple[str, ...]) -> None:
    alice = await server.register()
    await uploads(alice, b"secret")
    before = on_disk(tmp_path)
    for bad in paths:
        for mxc in (f"{server.name}/{bad}", f"{bad}/abc", f"{bad}/{bad}"):
            for path in (f"download/{mxc}", f"download/{mxc}/x", f"thumbnail/{mxc}?width=9&height=9"):
                got = await request(server, "GET", f"/_matrix/client/v1/media/{path}", token=alice.token)
                assert got.status in {400, 404}, path
                assert got.errcode.startswith("M_")
        got = await request(
            server, "PUT", f"/_matrix/media/v3/upload/{server.name}/{bad}", token=alice.token, body=b"x"
        )
        assert got.status in {400, 404, 405}, bad
    assert on_disk(tmp_path) == before


@pytest.mark.parametrize("n_mutated", [0, pytest.param(100, marks=pytest.mark.full("fuzz"))])
async def test_hostile_images_cost_the_server_nothing(server: Server, n_mutated: int) -> None:
    alice = await server.register()
    good = await uploads(alice, picture((500, 500)), "image/png")
    await sees_small(alice, good, 96, 96)
    process, files = psutil.Process(), list(hostile.mutated(n_mutated) if n_mutated else hostile.images())
    before = process.memory_info().rss
    for name, body in files:
        mxc = await uploads(alice, body, "image/png")
        began = time.monotonic()
        got = await sees_small(alice, mxc, 320, 240, animated="true")
        assert got.status in {200, 400, 413}, (name, got.status)  # some are pictures still
        assert time.monotonic() - began < 25, name
    after = await sees_small(alice, good, 32, 32, "crop")
    assert after.status == 200
    assert process.memory_info().rss - before < 50 << 20


async def test_what_cannot_be_decoded_is_not_tried_again_at_once(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, tried = await server.register(), 0
    mxc = await uploads(alice, picture((300, 200), "JPEG")[:50], "image/jpeg")
    make = Thumbnailer.make

    async def counted(self: Thumbnailer, *args: Any) -> Thumbnail:
        nonlocal tried
        tried += 1
        return await make(self, *args)

    monkeypatch.setattr(Thumbnailer, "make", counted)
    answers = [await sees_small(alice, mxc, 96, 96) for _ in range(5)]
    assert {got.status for got in answers} == {400}
    assert tried == 1


async def test_whoever_asks_for_many_bombs_does_not_keep_others_waiting(server: Server) -> None:
    mallory, alice = await server.users("mallory", "alice")
    bombs = [await uploads(mallory, hostile.bomb(number), "image/png") for number in range(6)]
    good = await uploads(alice, picture((500, 500)), "image/png")
    await sees_small(alice, good, 96, 96)
    asked = [asyncio.ensure_future(sees_small(mallory, mxc, 320, 240)) for mxc in bombs]
    await asyncio.sleep(0.2)
    assert (await sees_small(alice, good, 32, 32, "crop")).status == 200
    assert not all(one.done() for one in asked)
    for one in asked:
        one.cancel()


async def test_a_stranger_makes_no_copy(server: Server, tmp_path: Path) -> None:
    got = await request(server, "GET", "/_matrix/client/v1/media/download/other.test/abc")
    assert (got.status, got.errcode) == (401, "M_MISSING_TOKEN")
    assert on_disk(tmp_path) == []


async def test_a_cancelled_upload_leaves_nothing(server: Server, tmp_path: Path) -> None:
    alice = await server.register()

    async def endless() -> object:
        while True:
            yield bytes(100_000)
            await asyncio.sleep(0.01)

    uploading = asyncio.ensure_future(tries_to_upload(alice, endless()))
    while not on_disk(tmp_path):  # noqa: ASYNC110 - it happens in a thread
        await asyncio.sleep(0.02)
    uploading.cancel()
    async with asyncio.timeout(15):
        while on_disk(tmp_path):  # noqa: ASYNC110 - it happens in a thread
            await asyncio.sleep(0.02)


async def test_an_upload_without_a_length_ends_at_the_limit(cluster: Cluster, tmp_path: Path) -> None:
    from homeserver.config.content import Media
    from tests.support.running import running_app

    async with running_app(cluster, tmp_path, media=Media(max_upload_bytes=1_000_000)) as (_, server):
        alice = await server.register()

        async def long() -> object:
            for _ in range(11):
                yield bytes(100_000)

        got = await tries_to_upload(alice, long())
        assert (got.status, got.errcode) == (413, "M_TOO_LARGE")
        assert on_disk(tmp_path) == []


async def test_a_user_keeps_no_more_than_the_quota(cluster: Cluster, tmp_path: Path) -> None:
    from homeserver.config.content import Media
    from tests.support.running import running_app

    async with running_app(cluster, tmp_path, media=Media(quota_bytes=1_000_000)) as (_, server):
        alice, bob = await server.users("alice", "bob")
        many = await asyncio.gather(*(tries_to_upload(alice, bytes([n]) * 300_000) for n in range(5)))
        assert sorted(got.status for got in many) == [200, 200, 200, 403, 403]
        assert {got.errcode for got in many if got.status == 403} == {"M_FORBIDDEN"}
        assert len(on_disk(tmp_path)) == 3
        assert (await tries_to_upload(bob, bytes(300_000))).status == 200


async def test_old_paths_give_files_without_a_token_only_where_that_is_wanted(cluster: Cluster, tmp_path: Path) -> None:
    from homeserver.config.content import Media
    from tests.support.running import running_app

    async with running_app(cluster, tmp_path, media=Media(legacy_routes=True)) as (_, server):
        alice = await server.register()
        mxc = await uploads(alice, picture((500, 500)), "image/png")
        for version in ("v3", "r0", "v1"):
            got = await request(server, "GET", f"/_matrix/media/{version}/download/{mxc}/a.png")
            assert (got.status, got.headers["content-type"]) == (200, "image/png")
            assert _is_safe(got.headers)
            small = await request(server, "GET", f"/_matrix/media/{version}/thumbnail/{mxc}?width=9&height=9")
            assert (small.status, small.image.size) == (200, (96, 96))
        assert (await request(server, "GET", "/_matrix/media/v3/download/other.test/abc")).status == 404
