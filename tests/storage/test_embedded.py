"""The embedded PostgreSQL: it starts, keeps what was committed through every kind of death, and says what is wrong."""

import asyncio
import contextlib
import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from homeserver.storage import embedded, embedded_exec, embedded_reserve, embedded_system
from homeserver.storage.embedded import EmbeddedPostgres
from homeserver.storage.embedded_reserve import SEGMENTS
from homeserver.storage.embedded_system import EmbeddedPostgresError, essence, wheel_bindir
from tests.support.waiting import eventually

OWNER = """
import asyncio, sys
from pathlib import Path
from homeserver.storage.embedded import EmbeddedPostgres

async def main():
    postgres = EmbeddedPostgres(Path(sys.argv[1]))
    print(await postgres.start(), postgres.pid, flush=True)
    await postgres.run()

asyncio.run(main())
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where no database is yet."""
    with tempfile.TemporaryDirectory(prefix="hearth-pg-") as name:
        yield Path(name) / "database"


@pytest.fixture(scope="module")
async def made_once() -> AsyncIterator[Path]:
    """A folder with a database that was stopped in order; nobody starts it again."""
    with tempfile.TemporaryDirectory(prefix="hearth-pg-") as name:
        async with started(Path(name)):
            pass
        yield Path(name)


@pytest.fixture
async def made(made_once: Path, folder: Path) -> Path:
    """A folder with a database of the test's own: to copy one takes a tenth of what making one takes."""
    folder.mkdir(mode=0o700)
    copying = await asyncio.create_subprocess_exec("cp", "-a", str(made_once / "cluster"), str(folder))
    assert await copying.wait() == 0
    return folder


@contextlib.asynccontextmanager
async def started(folder: Path) -> AsyncIterator[EmbeddedPostgres]:
    postgres = EmbeddedPostgres(folder)
    await postgres.start()
    try:
        yield postgres
    finally:
        await postgres.stop()


async def query(dsn: str, sql: str) -> object:
    async with asyncio.timeout(20):
        while True:
            try:
                connection = await asyncpg.connect(dsn)
                break
            except (OSError, asyncpg.CannotConnectNowError):
                await asyncio.sleep(0.02)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def start_owner(folder: Path) -> tuple[asyncio.subprocess.Process, str, int]:
    """Another process that owns the database; its DSN and the postmaster's pid."""
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OWNER, str(folder), stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert owner.stdout is not None
    dsn, pid = (await owner.stdout.readline()).decode().split()
    return owner, dsn, int(pid)


def segments(folder: Path) -> list[str]:
    """Names of the files of the log of changes."""
    return sorted(file.name for file in (folder / "cluster" / "pg_wal").iterdir() if len(file.name) == 24)


async def gone(pid: int) -> None:
    async with asyncio.timeout(20):
        while Path(f"/proc/{pid}").exists() and not embedded_system.is_zombie(pid):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_new_folder_becomes_a_database_with_our_role_and_letters_of_all_scripts(folder: Path) -> None:
    async with started(folder) as postgres:
        assert await query(postgres.dsn(), "SELECT current_user || current_database()") == "hearthhearth"
        assert await query(postgres.dsn(), "SELECT rolsuper FROM pg_roles WHERE rolname = 'hearth'") is False
        assert await query(postgres.dsn(), "SELECT upper('é') || cardinality(show_trgm('é'))") == "É2"
        assert await query(postgres.dsn(), "SHOW data_checksums") == "on"
        assert await query(postgres.dsn(), "SHOW fsync") == "on"


async def test_pages_are_read_by_the_process_that_needs_them(folder: Path) -> None:
    async with started(folder) as postgres:
        assert await query(postgres.dsn(), "SELECT current_setting('io_method', true)") in ("sync", None)  # before 18


async def test_the_next_segments_of_its_log_are_on_the_disk_already(made: Path) -> None:
    waiting = segments(made)
    assert len(waiting) > SEGMENTS
    async with started(made) as postgres:
        dsn = postgres.dsn(role="postgres")
        for _ in range(SEGMENTS):
            await query(dsn, "SELECT pg_logical_emit_message(false, 'hearth', '')")
            await query(dsn, "SELECT pg_switch_wal()")
        assert segments(made) == waiting
        await query(dsn, "CHECKPOINT")
        assert len(segments(made)) == len(waiting), "those that were used wait again"


async def test_nothing_is_set_aside_on_a_disk_that_is_nearly_full(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_reserve, "SPARE", 2**40)
    async with started(folder):
        assert len(segments(folder)) == 1


async def test_a_server_that_cannot_start_is_tried_until_it_can(made: Path) -> None:
    async with started(made) as postgres, asyncio.TaskGroup() as tasks:
        watcher = tasks.create_task(postgres.run())
        control, away = made / "cluster" / "global" / "pg_control", made / "pg_control"
        control.rename(away)
        killed = postgres.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        await gone(killed)

        async def has_failed() -> bool:
            return "pg_control" in (made / "log" / "start.log").read_text() + embedded_system.newest_log(made / "log")

        await eventually(has_failed)
        assert not watcher.done()
        away.rename(control)
        assert await query(postgres.dsn(), "SELECT 1") == 1
        watcher.cancel()


async def test_only_we_can_reach_it(folder: Path) -> None:
    async with started(folder) as postgres:
        assert await query(postgres.dsn(), "SHOW listen_addresses") == ""
        for part in (folder, folder / "cluster", folder / "run", folder / "log"):
            assert part.stat().st_mode & 0o077 == 0, part


async def test_settings_reach_the_server(made: Path) -> None:
    postgres = EmbeddedPostgres(made, fsync=False, settings={"max_connections": "7"})
    dsn = await postgres.start()
    try:
        assert await query(dsn, "SHOW max_connections") == "7"
        assert await query(dsn, "SHOW fsync") == "off"
    finally:
        await postgres.stop()


async def test_data_outlives_a_stop(made: Path) -> None:
    async with started(made) as postgres:
        await query(postgres.dsn(), "CREATE TABLE kept AS SELECT 42 AS answer")
        pid = postgres.pid
    assert pid is not None
    await gone(pid)
    assert not (made / "cluster" / "postmaster.pid").exists()
    async with started(made) as postgres:
        assert await query(postgres.dsn(), "SELECT answer FROM kept") == 42


async def test_a_killed_postmaster_is_started_again_and_nothing_committed_is_lost(made: Path) -> None:
    async with started(made) as postgres, asyncio.TaskGroup() as tasks:
        watcher = tasks.create_task(postgres.run())
        await query(postgres.dsn(), "CREATE TABLE numbers (n int PRIMARY KEY)")
        committed = 0
        for _ in range(2):
            writer = await asyncpg.connect(postgres.dsn())
            killed = postgres.pid
            assert killed is not None
            for n in range(committed + 1, committed + 51):
                await writer.execute("INSERT INTO numbers VALUES ($1)", n)
                committed = n
            os.kill(killed, signal.SIGKILL)
            await gone(killed)
            writer.terminate()
            assert await query(postgres.dsn(), "SELECT count(*) FROM numbers") == committed
            assert postgres.pid != killed
        watcher.cancel()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's death")
async def test_the_server_shuts_down_when_its_owner_is_killed(made: Path) -> None:
    owner, _, pid = await start_owner(made)
    owner.kill()
    await owner.wait()
    await gone(pid)
    assert not (made / "cluster" / "postmaster.pid").exists()


async def test_a_start_right_after_the_owner_was_killed_finds_everything(made: Path) -> None:
    owner, dsn, _ = await start_owner(made)
    await query(dsn, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    owner.kill()
    await owner.wait()
    async with started(made) as postgres:
        assert await query(postgres.dsn(), "SELECT count(*) FROM kept") == 1000


async def test_a_server_that_outlived_its_owner_is_replaced_by_one_of_ours(made: Path) -> None:
    program = wheel_bindir() / "postgres"
    async with started(made) as first:
        mode = first._mode
    options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={made / 'run'}"]
    # A parent that is not there any more after the exec: PR_SET_PDEATHSIG then never fires for us.
    orphan = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        embedded_exec.__file__,
        str(os.getpid()),
        mode,
        str(program),
        "-D",
        str(made / "cluster"),
        *options,
        stderr=subprocess.DEVNULL,
    )
    await query(first.dsn("postgres", "postgres"), "SELECT 1")
    async with started(made) as second:
        assert await orphan.wait() == 0
        assert second.pid != orphan.pid
        assert await query(second.dsn(), "SELECT 1") == 1


async def test_a_second_process_joins_as_a_guest_and_leaves_the_server_alone(made: Path) -> None:
    owner, dsn, pid = await start_owner(made)
    guest = EmbeddedPostgres(made)
    assert await guest.start() == dsn
    assert guest.pid is None
    await guest.stop()
    assert await query(dsn, "SELECT 1") == 1
    owner.kill()
    await owner.wait()
    await gone(pid)


async def test_a_guest_takes_over_when_the_owner_is_killed(made: Path) -> None:
    owner, dsn, _ = await start_owner(made)
    await query(dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
    async with started(made) as guest, asyncio.TaskGroup() as tasks:
        watcher = tasks.create_task(guest.run())
        owner.kill()
        async with asyncio.timeout(20):
            while guest.pid is None:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert await query(dsn, "SELECT answer FROM kept") == 42
        watcher.cancel()
    await owner.wait()


async def test_a_lock_file_with_the_pid_of_a_stranger_does_not_prevent_the_start(made: Path) -> None:
    lines = [str(os.getpid()), str(made / "cluster"), "1", "5432", str(made / "run"), "", "0 0", "ready"]
    (made / "cluster" / "postmaster.pid").write_text("\n".join(lines) + "\n")
    async with started(made) as postgres:
        assert await query(postgres.dsn(), "SELECT 1") == 1


async def test_a_cluster_left_half_made_is_made_again(folder: Path) -> None:
    (folder / "cluster.new" / "base").mkdir(parents=True)
    async with started(folder) as postgres:
        assert await query(postgres.dsn(), "SELECT 1") == 1
    assert not (folder / "cluster.new").exists()


async def test_a_long_path_gets_its_socket_in_a_short_folder(folder: Path) -> None:
    long = folder / ("x" * 60) / ("y" * 60)
    async with started(long) as postgres:
        assert await query(postgres.dsn(), "SELECT 1") == 1
        socket_folder = postgres._run_dir
        assert socket_folder.stat().st_mode & 0o077 == 0
    assert long not in socket_folder.parents
    assert not socket_folder.exists()


async def test_a_socket_folder_that_others_can_enter_is_refused(folder: Path) -> None:
    (folder / "run").mkdir(parents=True)
    (folder / "run").chmod(0o755)
    with pytest.raises(EmbeddedPostgresError, match="can be entered by others"):
        await EmbeddedPostgres(folder).start()


async def test_a_cluster_of_another_major_version_is_refused_with_the_way_out(made: Path) -> None:
    (made / "cluster" / "PG_VERSION").write_text("15\n")
    with pytest.raises(EmbeddedPostgresError, match=r"made by PostgreSQL 15.*dump it"):
        await EmbeddedPostgres(made).start()


async def test_a_setting_that_the_server_refuses_is_named(made: Path) -> None:
    postgres = EmbeddedPostgres(made, settings={"max_connections": "none"})
    with pytest.raises(EmbeddedPostgresError, match='invalid value for parameter "max_connections"'):
        await postgres.start()
    assert postgres.pid is None


async def test_a_folder_without_programs_is_refused(folder: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match=r"set database\.url"):
        await EmbeddedPostgres(folder, bindir=folder).start()


async def test_a_data_folder_that_cannot_be_written_is_refused(folder: Path) -> None:
    folder.parent.joinpath("file").write_text("")
    with pytest.raises(EmbeddedPostgresError, match="Cannot write the data folder"):
        await EmbeddedPostgres(folder.parent / "file" / "database").start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another identity")
async def test_root_without_user_namespaces_runs_it_as_another_account(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes = [mode for mode in embedded_system.identities() if mode.startswith("account")]
    monkeypatch.setattr(embedded, "identities", lambda: iter(modes))
    folder.parent.chmod(0o755)
    # The account must be able to reach the programs: their folder may be closed to it where they are installed.
    wheel = wheel_bindir().parents[1]
    shutil.copytree(wheel, folder.parent / wheel.name)
    shutil.copytree(wheel.with_name(f"{wheel.name}.libs"), folder.parent / f"{wheel.name}.libs")
    postgres = EmbeddedPostgres(folder, bindir=folder.parent / wheel.name / "pginstall" / "bin")
    dsn = await postgres.start()
    try:
        assert await query(dsn, "SELECT 1") == 1
        assert f"account:{(folder / 'cluster').stat().st_uid}:" in modes[0]
    finally:
        await postgres.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another identity")
async def test_root_with_no_other_identity_is_told_what_to_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "identities", lambda: iter(["account:4294967295:4294967295"]))
    with pytest.raises(EmbeddedPostgresError, match=r"run as another user, or set database\.url"):
        await EmbeddedPostgres(folder).start()


@pytest.mark.parametrize("step", ["_answers", "_make_database"])
async def test_a_server_that_is_killed_while_it_starts_is_started_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    whole, killed = getattr(EmbeddedPostgres, step), set[int]()

    async def kills_at_first(postgres: EmbeddedPostgres) -> object:
        if not killed:
            assert postgres.pid is not None
            killed.add(postgres.pid)
            os.kill(postgres.pid, signal.SIGKILL)
            await gone(postgres.pid)
        return await whole(postgres)

    monkeypatch.setattr(EmbeddedPostgres, step, kills_at_first)
    async with started(folder) as postgres:
        assert await query(postgres.dsn(), "SELECT 1") == 1
        assert postgres.pid not in killed


@pytest.mark.parametrize(
    ("printed", "line"),
    [
        ("2026 LOG:  starting\n2026 FATAL:  no space left on device\nHINT: x\n", "no space left on device"),
        ("initdb: error: could not create directory\n", "could not create directory"),
        ("FATAL:  the database system is starting up\nPANIC:  no valid checkpoint\n", "no valid checkpoint"),
        ("strange\n", "strange"),
        ("", "it said nothing"),
    ],
)
def test_the_line_that_matters_is_picked_from_the_output(printed: str, line: str) -> None:
    assert essence(printed) == line


def test_a_process_that_goes_while_it_is_looked_at_is_no_zombie(monkeypatch: pytest.MonkeyPatch) -> None:
    def is_gone(*_: object, **__: object) -> str:
        raise ProcessLookupError(errno.ESRCH, "No such process")

    monkeypatch.setattr(Path, "read_text", is_gone)
    assert not embedded_system.is_zombie(os.getpid())
