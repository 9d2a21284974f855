"""R-2: PostgreSQL dies under load, three ways: nothing acknowledged is lost, and the server goes on by itself."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from homeserver.storage.embedded import EmbeddedPostgres
from tests.support.nemesis import Crowd, crowd
from tests.support.server import ServerProcess

HEALTHY_S = 10.0
NewServer = Callable[..., Awaitable[ServerProcess]]


@pytest.mark.timeout(180)
async def test_a_database_that_is_killed_loses_and_doubles_nothing(new_server: NewServer, tmp_path: Path) -> None:
    await _survives(new_server, tmp_path, kills=2)


@pytest.mark.full("reliability")
@pytest.mark.timeout(600)
async def test_a_database_that_is_killed_often_loses_and_doubles_nothing(new_server: NewServer, tmp_path: Path) -> None:
    await _survives(new_server, tmp_path, kills=5)


async def _survives(new_server: NewServer, folder: Path, *, kills: int) -> None:
    async with _own_postgres(folder / "postgres") as postgres:
        server = await new_server(
            database={"url": postgres.dsn()}, rate_limits={"enabled": False}, federation={"enabled": False}
        )
        pid = server.pid
        async with crowd([server.url]) as at_work:
            for number in range(kills):
                await asyncio.sleep(0.7)
                await (_kill_postmaster, _kill_writer, _stop_at_once)[number % 3](postgres)
                await _accepts(postgres)
                await _acknowledges(at_work, time.monotonic())
        await at_work.settle()
        assert server.pid == pid, "the server had to be started again"


@asynccontextmanager
async def _own_postgres(folder: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A cluster that is started again whenever it ends, with fsync on."""
    postgres = EmbeddedPostgres(folder)
    await postgres.start()
    running = asyncio.ensure_future(postgres.run())
    try:
        yield postgres
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await postgres.stop()


async def _kill_postmaster(postgres: EmbeddedPostgres) -> None:
    assert postgres.pid is not None
    os.kill(postgres.pid, signal.SIGKILL)


async def _stop_at_once(postgres: EmbeddedPostgres) -> None:
    assert postgres.pid is not None
    os.kill(postgres.pid, signal.SIGQUIT)


async def _kill_writer(postgres: EmbeddedPostgres) -> None:
    """Kill the backend of the newest batch; PostgreSQL throws all others out and recovers."""
    admin = await asyncpg.connect(postgres.dsn("postgres", "postgres"))
    pid = await admin.fetchval(
        "SELECT pid FROM pg_stat_activity WHERE datname = 'hearth' ORDER BY query_start DESC LIMIT 1"
    )
    os.kill(pid, signal.SIGKILL)
    with suppress(asyncpg.PostgresError, OSError):
        await admin.close(timeout=1)


async def _accepts(postgres: EmbeddedPostgres) -> None:
    """Wait until a client gets an answer again."""
    await asyncio.sleep(0.1)
    async with asyncio.timeout(60):
        while True:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                probe = await asyncpg.connect(postgres.dsn(), timeout=2)
                await probe.execute("SELECT 1")
                await probe.close()
                return
            await asyncio.sleep(0.05)


async def _acknowledges(at_work: Crowd, since: float) -> None:
    """Wait until a send that began after `since` is acknowledged."""
    async with asyncio.timeout(HEALTHY_S):
        while True:
            if any(send.started > since and send.event_ids for send in reversed(at_work.history.sends)):
                return
            await asyncio.sleep(0.05)
