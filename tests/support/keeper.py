"""The process that keeps the test cluster running: it ends with the test run, even when pytest is killed."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from homeserver.storage.embedded import EmbeddedPostgres
from tests.support import run_folder

SETTINGS = {
    "max_connections": "300",
    "shared_buffers": "256MB",
    "full_page_writes": "off",
    "max_wal_size": "4GB",
    "log_min_messages": "fatal",
}


def start_keeper() -> str:
    """Start the keeper; answers the superuser's DSN once the cluster takes queries."""
    ready = run_folder.path() / "keeper.url"
    keeper = subprocess.Popen(
        [sys.executable, "-m", "tests.support.keeper", str(run_folder.path()), str(run_folder.owner())],
        cwd=Path(__file__).parents[2],
        start_new_session=True,
    )
    (run_folder.path() / "keeper.pid").write_text(str(keeper.pid), encoding="ascii")
    deadline = time.monotonic() + 60
    while not ready.exists():
        if keeper.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the test cluster did not start (keeper's exit code {keeper.returncode})")
        time.sleep(0.02)
    return ready.read_text(encoding="utf-8")


def stop_keeper() -> None:
    """Stop the cluster of this run, if there is one, and wait until it is gone."""
    pid_file = run_folder.path() / "keeper.pid"
    if not pid_file.exists():
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(pid_file.read_text(encoding="ascii")), signal.SIGTERM)
    deadline = time.monotonic() + 30
    while not (run_folder.path() / "keeper.gone").exists() and time.monotonic() < deadline:
        time.sleep(0.02)


async def _keep(folder: Path, owner: int) -> None:
    """Run the cluster until SIGTERM, or until process `owner` is gone."""
    bindir = os.environ.get("HEARTH_TEST_POSTGRES_BINDIR")
    postgres = EmbeddedPostgres(
        folder / "postgres", bindir=Path(bindir) if bindir else None, fsync=False, settings=SETTINGS
    )
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await postgres.start()
    ready = folder / "keeper.url.new"
    ready.write_text(postgres.dsn("postgres", "postgres"), encoding="utf-8")
    ready.rename(folder / "keeper.url")
    try:
        while not stop.is_set() and _lives(owner):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1)
    finally:
        await postgres.stop()
        if folder.exists():
            (folder / "keeper.gone").touch()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    asyncio.run(_keep(Path(sys.argv[1]), int(sys.argv[2])))
