"""A real Synapse as a peer: a process of its own environment, with PostgreSQL and TLS by the tests' authority.

Its name is `localhost:PORT`, like that of our own servers under test; what would slow a test down is raised or off.
"""

import asyncio
import base64
import itertools
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import aiohttp
import asyncpg
import yaml

from tests.support.ports import free_ports
from tests.support.postgres import Cluster
from tools.certificates import LocalCertificate
from tools.commands import SYNAPSE
from tools.environment import alone, prepare_apart
from tools.local_server import loopback_hosts

READY_S = 120.0
_numbers = itertools.count(1)
MUCH = {"per_second": 1_000_000, "burst_count": 1_000_000}


def synapse_python() -> Path:
    """The Python of the environment that holds Synapse, made if it is missing."""
    given = os.environ.get("HEARTH_SYNAPSE_PYTHON")
    if given:
        return Path(given)
    with alone():
        return prepare_apart(SYNAPSE, "requirements-synapse.txt")


@asynccontextmanager
async def _database(cluster: Cluster) -> AsyncIterator[str]:
    """An empty database of locale C, without which Synapse does not start; dropped at the end."""
    name = f"synapse_{os.getpid()}_{next(_numbers)}"
    owner = urlsplit(cluster.url(name)).username or "hearth"
    admin = await asyncpg.connect(cluster.admin_url)
    try:
        await admin.execute(
            f"CREATE DATABASE \"{name}\" OWNER \"{owner}\" TEMPLATE template0 LOCALE 'C' ENCODING 'UTF8'"
        )
        try:
            yield cluster.url(name)
        finally:
            await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await admin.close()


class SynapseProcess:
    """One Synapse on free ports; its data, configuration and log are in `folder`."""

    def __init__(
        self,
        folder: Path,
        certificate: LocalCertificate,
        python: Path,
        database_url: str,
        changes: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        client_port, federation_port = free_ports(2)
        self.name = f"localhost:{federation_port}"
        self.url = f"http://localhost:{client_port}"
        self._folder = folder
        self._command = [str(python), "-m", "synapse.app.homeserver", "--config-path", str(folder / "homeserver.yaml")]
        folder.mkdir(parents=True)
        config = {**self._config(client_port, federation_port, certificate, database_url), **changes}
        (folder / "homeserver.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        seed = base64.b64encode(os.urandom(32)).decode().rstrip("=")
        (folder / "signing.key").write_text(f"ed25519 a_tests {seed}\n", encoding="ascii")
        (folder / "log.yaml").write_text(yaml.safe_dump(self._log_config()), encoding="utf-8")
        self._process: asyncio.subprocess.Process | None = None

    @classmethod
    async def made(
        cls,
        cluster: Cluster,
        folder: Path,
        certificate: LocalCertificate,
        resources: AsyncExitStack,
        changes: Mapping[str, object] = MappingProxyType({}),
    ) -> Self:
        """A running one; it ends with `resources`. `changes` of its configuration, by section."""
        python = await asyncio.to_thread(synapse_python)
        url = await resources.enter_async_context(_database(cluster))
        synapse = cls(folder, certificate, python, url, changes)
        resources.push_async_callback(synapse.kill)
        await synapse.start()
        return synapse

    @property
    def pid(self) -> int:
        """Process id while it runs."""
        assert self._process is not None, "Synapse is not running"
        return self._process.pid

    @property
    def log(self) -> str:
        """Everything it said so far."""
        return (self._folder / "synapse.log").read_text(encoding="utf-8", errors="replace")

    async def start(self) -> None:
        """Start it and wait for its first answer; fails with its last words if it ends before."""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        with (self._folder / "synapse.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdout=log, stderr=log, cwd=self._folder, env=environment
            )
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
                    raise AssertionError(f"Synapse did not start:\n{self.log[-4000:]}")
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """SIGTERM, and wait."""
        assert self._process is not None
        self._process.terminate()
        await self._process.wait()

    async def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def _config(
        self, client_port: int, federation_port: int, certificate: LocalCertificate, database_url: str
    ) -> dict[str, Any]:
        address = urlsplit(database_url)
        arguments = {
            "user": address.username,
            "password": address.password,
            "dbname": address.path[1:],
            "host": address.hostname or parse_qs(address.query)["host"][0],
            "port": address.port,
            "cp_min": 2,
            "cp_max": 5,
        }
        return {
            "server_name": self.name,
            "public_baseurl": self.url,
            "pid_file": str(self._folder / "synapse.pid"),
            "listeners": [
                {
                    "port": port,
                    "type": "http",
                    "tls": resource == "federation",
                    "bind_addresses": loopback_hosts(),
                    "resources": [{"names": [resource], "compress": False}],
                }
                for port, resource in ((client_port, "client"), (federation_port, "federation"))
            ],
            "tls_certificate_path": str(certificate.certificate),
            "tls_private_key_path": str(certificate.private_key),
            "federation_custom_ca_list": [str(certificate.authority)],
            "ip_range_blacklist": [],
            "federation": {
                "destination_min_retry_interval": "1s",
                "destination_max_retry_interval": "2s",
                "max_long_retries": 1,
                "max_long_retry_delay": "1s",  # else a transaction is held back for a minute, whoever calls meanwhile
            },
            "database": {"name": "psycopg2", "args": {key: value for key, value in arguments.items() if value}},
            "log_config": str(self._folder / "log.yaml"),
            "media_store_path": str(self._folder / "media"),
            "signing_key_path": str(self._folder / "signing.key"),
            "registration_shared_secret": "interop",
            "macaroon_secret_key": "interop",
            "form_secret": "interop",
            "report_stats": False,
            "suppress_key_server_warning": True,
            "trusted_key_servers": [],
            "enable_registration": True,
            "enable_registration_without_verification": True,
            "allow_public_rooms_over_federation": True,
            "bcrypt_rounds": 4,
            **dict.fromkeys(
                ("rc_message", "rc_registration", "rc_admin_redaction", "rc_presence", "rc_room_creation"), MUCH
            ),
            "rc_login": {"address": MUCH, "account": MUCH, "failed_attempts": MUCH},
            "rc_joins": {"local": MUCH, "remote": MUCH},
            "rc_joins_per_room": MUCH,
            "rc_invites": {"per_room": MUCH, "per_user": MUCH, "per_issuer": MUCH},
            "rc_federation": {"window_size": 1000, "sleep_limit": 100_000, "reject_limit": 100_000, "concurrent": 100},
        }

    def _log_config(self) -> dict[str, Any]:
        line = {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}
        return {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": line},
            "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"level": os.environ.get("HEARTH_SYNAPSE_LOG", "WARNING"), "handlers": ["console"]},
        }
