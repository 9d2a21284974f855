"""A homeserver as its users run it: a process started from a configuration file, killed, started again."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp

from tests.support import run_folder
from tests.support.ports import free_ports
from tests.support.zygote import Forked, fork
from tools.certificates import LocalCertificate
from tools.environment import ROOT
from tools.local_server import LocalServer, write_config

READY_S = 60.0
STOP_S = 15.0


class ServerProcess:
    """One homeserver process on free ports; its data, configuration and log are in `folder`."""

    def __init__(self, folder: Path, certificate: LocalCertificate, **config: Any) -> None:
        client_port, federation_port = free_ports(2)
        self.local: LocalServer = write_config(
            folder,
            client_port=client_port,
            federation_port=federation_port,
            certificate=certificate,
            **{"login": {"password": {"hash_cost": "test"}}, **config},
        )
        self.log_file = folder / "server.log"
        self.environment: dict[str, str] = {}
        self.prefix: tuple[str, ...] = ()
        """A program that starts the server in its own place."""
        self._process: asyncio.subprocess.Process | Forked | None = None

    @property
    def name(self) -> str:
        """The server name, `localhost:PORT`."""
        return self.local.name

    @property
    def url(self) -> str:
        """Where clients reach it in plain HTTP; `local.secure_url` is the same over TLS."""
        return self.local.url

    @property
    def pid(self) -> int:
        """Process id while it runs."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.returncode is None

    @property
    def log(self) -> str:
        """Everything it said so far."""
        return self.log_file.read_text(encoding="utf-8", errors="replace") if self.log_file.exists() else ""

    async def start(self, **environment: str) -> float:
        """Start it and wait for its first answer; the seconds that took."""
        began = time.monotonic()
        await self.launch(**environment)
        await self.ready()
        return time.monotonic() - began

    async def launch(self, **environment: str) -> None:
        """Start it without waiting."""
        arguments = ("serve", "--config", str(self.local.config))
        given = {**os.environ, **self.environment, **environment}
        if not self.prefix and run_folder.FOLDER in os.environ:
            self._process = await fork(*arguments, log=self.log_file, environment=given)
            return
        with self.log_file.open("ab") as log:
            command = (*self.prefix, sys.executable, "-m", "homeserver", *arguments)
            self._process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log, cwd=ROOT, env=given)

    async def ready(self) -> None:
        """Wait until it answers clients; fails with its last words if it ends before."""
        assert self._process is not None
        deadline = time.monotonic() + READY_S
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.get(f"{self.url}/_matrix/client/versions") as response:
                        if response.status == 200:
                            return
                except (aiohttp.ClientError, OSError):
                    pass
                if self._process.returncode is not None or time.monotonic() > deadline:
                    raise AssertionError(f"the server did not start ({self._process.returncode}):\n{self.log[-4000:]}")
                await asyncio.sleep(0.02)

    async def wait(self, limit_s: float = STOP_S) -> int:
        """Wait until it ends by itself; its exit code."""
        assert self._process is not None
        async with asyncio.timeout(limit_s):
            return await self._process.wait()

    async def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> int:
        """SIGTERM, and wait; its exit code. Killed, and an error, if it takes too long."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return await self.wait()
        except TimeoutError:
            await self.kill()
            raise AssertionError(f"the server did not stop within {STOP_S} s:\n{self.log[-4000:]}") from None

    async def restart(self) -> float:
        """Stop it in order and start it again; the seconds the start took."""
        assert await self.stop() == 0, self.log[-4000:]
        return await self.start()
