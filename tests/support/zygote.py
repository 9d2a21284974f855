"""Starts servers fast: one process of the run has imported the homeserver, and forks a server for each who asks.

The imports take a second of a core, and a run starts more than a hundred servers. What is forked differs from
`python -m homeserver` in nothing but that: it has its own environment, log and working directory, and runs the same
command line. How a server starts from nothing is shown in tests/start.
"""

import asyncio
import contextlib
import gc
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from tests.support import run_folder

START_S = 60.0
ROOT = Path(__file__).parents[2]


class Forked:
    """A process forked by the zygote; used like a process of `asyncio.subprocess`."""

    def __init__(self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pid = pid
        self._writer = writer
        self._ended = asyncio.ensure_future(reader.readline())

    @property
    def returncode(self) -> int | None:
        """Its exit code, minus the signal that ended it; None while it runs."""
        return int(self._ended.result() or -signal.SIGKILL) if self._ended.done() else None

    async def wait(self) -> int:
        """Wait until it ends; its exit code."""
        await asyncio.shield(self._ended)
        self._writer.close()
        code = self.returncode
        assert code is not None
        return code

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it is gone."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


async def fork(*arguments: str, log: Path, environment: dict[str, str]) -> Forked:
    """Run the homeserver's command line with `arguments`; what it says is appended to `log`."""
    address = await asyncio.to_thread(_zygote)
    reader, writer = await asyncio.open_unix_connection(address)
    request = {"arguments": arguments, "log": str(log), "environment": environment, "folder": str(ROOT)}
    writer.write(json.dumps(request).encode() + b"\n")
    return Forked(int(await reader.readline()), reader, writer)


def _zygote() -> str:
    """The address of this run's zygote, started by whoever asks first."""
    address = run_folder.path() / "zygote.socket"
    with run_folder.locked("zygote"):
        if not address.exists():
            command = [sys.executable, "-m", "tests.support.zygote", str(address), str(run_folder.owner())]
            started = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
            deadline = time.monotonic() + START_S
            while not address.exists():
                if started.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the zygote did not start (exit code {started.returncode})")
                time.sleep(0.02)
    return str(address)


class Zygote:
    """Forks on request until process `owner` is gone; its children then go too."""

    def __init__(self, address: Path, owner: int) -> None:
        self._owner = owner
        self._children: dict[int, socket.socket] = {}
        self._listener = socket.socket(socket.AF_UNIX)
        new = address.with_suffix(".new")
        self._listener.bind(str(new))
        self._listener.listen(64)
        new.rename(address)
        self._woken, wake = socket.socketpair()
        for one in (self._woken, wake):
            one.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        self._wake = wake

    def run(self) -> None:
        """Serve."""
        selector = selectors.DefaultSelector()
        selector.register(self._listener, selectors.EVENT_READ)
        selector.register(self._woken, selectors.EVENT_READ)
        while _lives(self._owner):
            for key, _ in selector.select(timeout=1):
                if key.fileobj is self._listener:
                    self._fork()
                else:
                    self._woken.recv(4096)
            self._reap()
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)

    def _fork(self) -> None:
        connection, _ = self._listener.accept()
        with connection.makefile("rb") as lines:
            request = json.loads(lines.readline())
        pid = os.fork()
        if pid == 0:
            for inherited in (connection, self._listener, self._woken, *self._children.values()):
                inherited.close()
            signal.set_wakeup_fd(-1)
            self._wake.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _become_server(**request)
        self._children[pid] = connection
        connection.sendall(b"%d\n" % pid)

    def _reap(self) -> None:
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            connection = self._children.pop(pid)
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def _become_server(arguments: list[str], log: str, environment: dict[str, str], folder: str) -> NoReturn:
    from homeserver.cli import main

    code: Any = 1
    try:
        told = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.dup2(told, 1)
        os.dup2(told, 2)
        os.close(told)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        sys.argv[1:] = arguments
        main(arguments)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def main() -> None:
    """Import what a server needs, then serve. Arguments: the socket's path, the process id of the run's owner."""
    import homeserver.cli  # noqa: F401 - what takes long, once for all

    gc.collect()
    gc.freeze()
    Zygote(Path(sys.argv[1]), int(sys.argv[2])).run()


if __name__ == "__main__":
    main()
