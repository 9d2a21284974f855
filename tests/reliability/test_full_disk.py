"""R-8: the disk fills up under load: nothing acknowledged is lost, and with space the server goes on by itself."""

import asyncio
import errno
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from homeserver.storage.embedded_system import socket_folder
from tests.support.load import read_messages, read_sync
from tests.support.nemesis import Crowd, crowd
from tests.support.server import ServerProcess
from tests.support.waiting import eventually
from tests.support.wire import Wire
from tools.certificates import LocalCertificate

SIZE = "260m"
RECOVERED_S = 30.0
DOWN_S = 3.0
"""So long a killed database stays without room: it is tried again several times."""


@pytest.fixture
async def small_server(tmp_path: Path, certificate: LocalCertificate) -> AsyncIterator[ServerProcess]:
    """A server whose data, database and all, is on a small disk of its own."""
    server = ServerProcess(
        tmp_path / "server", certificate, rate_limits={"enabled": False}, federation={"enabled": False}
    )
    data = _data(server)
    data.mkdir(mode=0o700)
    mine = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    mounting = f'mount -t tmpfs -o size={SIZE},mode=0700 none {data} && exec "$@"'
    server.prefix = ("unshare", "--mount", *mine, "sh", "-c", mounting, "sh")
    await server.start()
    yield server
    await server.stop()


@pytest.mark.timeout(240)
async def test_a_disk_that_fills_up_loses_nothing(small_server: ServerProcess) -> None:
    ballast = Path(f"/proc/{small_server.pid}/root{_data(small_server)}/ballast")
    async with crowd([small_server.url], senders=8, rooms=2, followers=2, pause_s=0.0) as at_work:
        await asyncio.sleep(1)
        _fill(ballast)
        async with asyncio.timeout(60):
            while sum(sender.busy for sender in at_work.senders) < 8:
                _fill(ballast)
                await asyncio.sleep(0.2)
        await _ends_segments_of_the_log(_data(small_server))
        await _reads_go_on(at_work)
        ballast.unlink()
        await _writes_again(at_work)
    await at_work.settle()


@pytest.mark.timeout(240)
async def test_a_database_that_is_killed_on_a_full_disk_is_back_once_there_is_room(small_server: ServerProcess) -> None:
    data = Path(f"/proc/{small_server.pid}/root{_data(small_server)}")
    async with crowd([small_server.url], senders=8, rooms=2, followers=2, pause_s=0.0) as at_work:
        await asyncio.sleep(1)
        _fill(data / "ballast")
        async with asyncio.timeout(60):
            while sum(sender.busy for sender in at_work.senders) < 8:
                _fill(data / "ballast")
                await asyncio.sleep(0.2)
        [lock_file] = data.rglob("postmaster.pid")
        os.kill(int(lock_file.read_text().split()[0]), signal.SIGKILL)
        await asyncio.sleep(DOWN_S)
        assert small_server.is_running
        (data / "ballast").unlink()
        await _writes_again(at_work)
        await _reads_go_on(at_work)
    await at_work.settle()


async def _writes_again(at_work: Crowd) -> None:
    """By itself, soon after there is room."""
    freed = time.monotonic()

    async def is_written() -> bool:
        return any(send.started > freed and send.event_ids for send in at_work.history.sends[-50:])

    await eventually(is_written, RECOVERED_S)
    await asyncio.sleep(1)


async def _ends_segments_of_the_log(data: Path) -> None:
    """Have the database go on to the next files of its log, for which there is no room now."""
    socket = socket_folder((data / "database").resolve())
    superuser = await asyncpg.connect(f"postgresql://postgres@/postgres?host={socket}")
    for _ in range(2):
        await superuser.execute("SELECT pg_logical_emit_message(false, 'hearth', '')")
        await superuser.execute("SELECT pg_switch_wal()")
    await superuser.close()


async def _reads_go_on(at_work: Crowd) -> None:
    """While nothing can be written, rooms are read as ever: whole by `/messages`, their ends by a first `/sync`."""
    written = {send.text for send in at_work.history.sends if send.room == at_work.rooms[0] and send.event_ids}
    reader = Wire(at_work.reader.host, at_work.reader.port, at_work.reader.token)
    read = {seen.text for seen in (await read_messages(reader, at_work.rooms[0], "b")).messages}
    assert written <= read
    ends = await read_sync(reader, at_work.rooms)
    assert all(end.messages for end in ends)
    reader.close()


def _data(server: ServerProcess) -> Path:
    return server.local.config.parent / "data"


def _fill(path: Path) -> None:
    """Take what is left of the disk."""
    with path.open("ab", buffering=0) as file:
        try:
            for size in (1 << 20, 1 << 12):
                while True:
                    try:
                        file.write(bytes(size))
                    except OSError as error:
                        if error.errno != errno.ENOSPC:
                            raise
                        break
        finally:
            os.fsync(file.fileno())
