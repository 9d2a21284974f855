"""What the machine feels: memory of a large upload and download, a full disk, a server that is killed, two servers."""

import asyncio
import hashlib
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from homeserver.errors import StorageFull
from homeserver.providers import disk_media
from tests.media.files import downloads, on_disk, picture, request, sees_small, tries_to_upload, uploads
from tests.support.client import Server, User
from tests.support.postgres import Cluster
from tests.support.server import ServerProcess
from tools.certificates import LocalCertificate
from tools.environment import ROOT

NewServer = Callable[..., Awaitable[ServerProcess]]
MIB = 1024 * 1024
LARGE = 100 * MIB
SPARE = 30 * MIB
DISK = 4 * MIB


async def _large(size: int) -> AsyncIterator[bytes]:
    for number in range(size // MIB):
        yield bytes([number % 251]) * MIB


async def _digest(size: int) -> str:
    digest = hashlib.sha256()
    async for part in _large(size):
        digest.update(part)
    return digest.hexdigest()


def _memory(pid: int, kind: str) -> int:
    match = re.search(rf"{kind}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert match is not None
    return int(match[1]) * 1024


def _forget_peak(pid: int) -> int:
    """Start the peak anew; the memory used now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return _memory(pid, "VmRSS")


async def _downloaded(user: User, mxc: str) -> str:
    digest = hashlib.sha256()
    url = f"{user.server.base_url}/_matrix/client/v1/media/download/{mxc}"
    async with user.server.session.get(url, headers={"Authorization": f"Bearer {user.token}"}) as response:
        async for part in response.content.iter_chunked(MIB):
            digest.update(part)
    return digest.hexdigest()


async def test_a_large_file_costs_little_memory_both_ways(cluster: Cluster, new_server: NewServer) -> None:
    async with cluster.database() as url:
        process = await new_server(database={"url": url})
        async with Server(process.url, process.name) as server:
            alice = await server.register("alice")
            await downloads(alice, await uploads(alice, bytes(2 * MIB)))
            before = _forget_peak(process.pid)
            mxc = await uploads(alice, _large(LARGE), "video/mp4")
            assert _memory(process.pid, "VmHWM") - before <= SPARE
            before = _forget_peak(process.pid)
            assert await _downloaded(alice, mxc) == await _digest(LARGE)
            assert _memory(process.pid, "VmHWM") - before <= SPARE


async def test_a_client_that_reads_slowly_costs_little_memory(cluster: Cluster, new_server: NewServer) -> None:
    async with cluster.database() as url:
        process = await new_server(database={"url": url})
        async with Server(process.url, process.name) as server:
            alice = await server.register("alice")
            mxc = await uploads(alice, _large(LARGE), "video/mp4")
            before = _forget_peak(process.pid)
            host, port = process.url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port), limit=64 * 1024)
            path = f"/_matrix/client/v1/media/download/{mxc}"
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {alice.token}\r\n\r\n".encode())
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(1.5)
            assert _memory(process.pid, "VmHWM") - before <= SPARE
            writer.close()
            async with asyncio.timeout(20):
                while _open_files(process):  # noqa: ASYNC110 - it happens in another process
                    await asyncio.sleep(0.05)


def _open_files(process: ServerProcess) -> list[str]:
    """What the server has open in its media store."""
    folder = Path(f"/proc/{process.pid}/fd")
    targets = []
    for number in os.listdir(folder):
        try:
            targets.append(os.readlink(folder / number))
        except FileNotFoundError:
            continue
    return [target for target in targets if "/media/" in target]


class OnSmallDisk(ServerProcess):
    """A server whose media lie on a disk of 4 MiB, mounted where nobody else sees it."""

    async def launch(self, **environment: str) -> None:
        folder = self.local.config.parent / "data" / "media"
        folder.mkdir(parents=True)
        script = f'mount -t tmpfs -o size={DISK} media "$0" && exec "$@"'
        serve = [sys.executable, "-m", "homeserver", "serve", "--config", str(self.local.config)]
        namespace = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
        with self.log_file.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *namespace, "sh", "-c", script, str(folder), *serve,
                stdout=log, stderr=log, cwd=ROOT, env={**os.environ, **environment},
            )  # fmt: skip

    @property
    def media(self) -> Path:
        """The folder as the server sees it."""
        return Path(f"/proc/{self.pid}/root{self.local.config.parent}/data/media")


async def test_a_full_disk_is_told_and_nothing_is_left_on_it(
    cluster: Cluster, tmp_path: Path, certificate: LocalCertificate
) -> None:
    assert shutil.which("unshare"), "this test needs util-linux"
    async with cluster.database() as url:
        process = OnSmallDisk(tmp_path / "server", certificate, database={"url": url})
        await process.start()
        try:
            async with Server(process.url, process.name) as server:
                alice = await server.register("alice")
                kept = await uploads(alice, bytes(MIB))
                before = sorted(path for path in process.media.rglob("*") if path.is_file())
                for body in (bytes(3 * MIB + MIB // 2), _large(8 * MIB)):
                    got = await tries_to_upload(alice, body)
                    assert got.status == 507
                    assert got.errcode.startswith("M_")
                    assert sorted(path for path in process.media.rglob("*") if path.is_file()) == before
                assert (await downloads(alice, kept)).body == bytes(MIB)
                assert (await tries_to_upload(alice, b"small enough")).status == 200
        finally:
            await process.kill()


async def test_a_write_that_fails_anywhere_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = disk_media.DiskMedia(tmp_path / "media")
    store.prepare()
    for name in ("_write", "_publish"):

        def full(*_arguments: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(disk_media, name, full)
            with pytest.raises(StorageFull):
                await store.put(_large(MIB))
        assert on_disk(tmp_path) == []


async def test_an_upload_cancelled_at_any_moment_leaves_nothing_or_a_whole_file(tmp_path: Path) -> None:
    store = disk_media.DiskMedia(tmp_path / "media")
    store.prepare()
    whole = 0
    for number in range(60):
        putting = asyncio.ensure_future(store.put(_large(2 * MIB)))
        await asyncio.sleep(number * 0.0005)
        putting.cancel()
        try:
            await store.delete(await putting)
            whole += 1
        except asyncio.CancelledError:
            pass
        assert on_disk(tmp_path) == []
    assert whole < 60


async def test_what_a_killed_server_was_writing_is_cleared_away_at_the_next_start(tmp_path: Path) -> None:
    store = disk_media.DiskMedia(tmp_path / "media")
    store.prepare()
    dead, alive = tmp_path / "media" / "incoming" / "dead", tmp_path / "media" / "incoming" / "alive"
    for path in (dead, alive):
        path.write_bytes(b"half")
    os.utime(dead, (1, 1))
    store.prepare()
    assert on_disk(tmp_path) == [alive]


async def test_files_go_from_server_to_server(cluster: Cluster, new_server: NewServer) -> None:
    async with cluster.database() as url, cluster.database() as other_url:
        a = await new_server(database={"url": url})
        b = await new_server(database={"url": other_url})
        async with Server(a.url, a.name) as at_a, Server(b.url, b.name) as at_b:
            alice, bob = await at_a.register("alice"), await at_b.register("bob")
            body = picture((1000, 800))
            mxc = await uploads(alice, body, "image/png", filename="Blüte.png")
            got = await downloads(bob, mxc)
            assert (got.status, got.body, got.headers["content-type"]) == (200, body, "image/png")
            assert got.headers["content-disposition"].endswith("filename*=utf-8''Bl%C3%BCte.png")
            assert (await sees_small(bob, mxc, 96, 96, "crop")).image.size == (96, 96)
            page = await uploads(alice, b"<script>alert(1)</script>", "text/html")
            assert (await downloads(bob, page)).headers["content-disposition"] == "attachment"
            created = (await alice.call("POST", "/_matrix/media/v1/create"))["content_uri"].removeprefix("mxc://")
            early = await downloads(bob, created, "?timeout_ms=100")
            assert (early.status, early.errcode) == (504, "M_NOT_YET_UPLOADED")
            missing = await downloads(bob, f"{a.name}/nothing")
            assert (missing.status, missing.errcode) == (404, "M_NOT_FOUND")
            unsigned = await _federation_status(a, f"/_matrix/federation/v1/media/download/{mxc.partition('/')[2]}")
            assert unsigned == 401
            await a.kill()
            assert (await downloads(bob, mxc)).body == body
            assert (await request(at_b, "GET", f"/_matrix/media/v3/download/{mxc}")).status == 404


async def _federation_status(server: ServerProcess, path: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(server.local.secure_url + path, ssl=False) as response:
        return response.status
