"""What benches between servers stand on: PostgreSQL with fsync on, a certificate, servers, and accounts on them."""

import argparse
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from homeserver.storage.embedded import EmbeddedPostgres
from tests.performance.subjects import PASSWORD
from tests.support.postgres import Cluster
from tests.support.server import ServerProcess
from tests.support.synapse import SynapseProcess
from tests.support.wire import Wire
from tools.certificates import LocalCertificate, local_certificate

Process = ServerProcess | SynapseProcess


@dataclass(frozen=True, slots=True)
class Ground:
    """Where servers are started; `resources` ends them."""

    folder: Path
    cluster: Cluster
    certificate: LocalCertificate
    resources: AsyncExitStack

    async def hearth(self, name: str) -> ServerProcess:
        """A server of ours with a database of its own, without limits."""
        url = await self.resources.enter_async_context(self.cluster.database(template="template0"))
        server = ServerProcess(
            self.folder / f"hearth-{name}",
            self.certificate,
            database={"url": url},
            rate_limits={"enabled": False},
            log={"level": "warning"},
        )
        self.resources.push_async_callback(server.kill)
        await server.start()
        return server

    async def synapse(self, name: str, more: Mapping[str, object] | None = None) -> SynapseProcess:
        """A Synapse beside it. `more`: of its configuration."""
        place = self.folder / f"synapse-{name}"
        return await SynapseProcess.made(self.cluster, place, self.certificate, self.resources, dict(more or {}))


@asynccontextmanager
async def ground(*, connections: int) -> AsyncIterator[Ground]:
    """Everything in a folder that goes away with the block. `connections`: those that PostgreSQL takes."""
    async with AsyncExitStack() as resources:
        folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="hearth-bench-")))
        postgres = EmbeddedPostgres(folder / "postgres", settings={"max_connections": str(connections)})
        await postgres.start()
        resources.push_async_callback(postgres.stop)
        cluster = Cluster(postgres.dsn("postgres", "postgres"))
        yield Ground(folder, cluster, local_certificate(folder / "tls"), resources)


async def account(server: Process, localpart: str) -> Wire:
    """A new user, signed in."""
    address = urlsplit(server.url)
    assert address.port is not None
    wire = Wire("127.0.0.1", address.port)
    body = {"username": localpart, "password": PASSWORD, "auth": {"type": "m.login.dummy"}}
    wire.token = (await wire.call("POST", "/_matrix/client/v3/register", body))["access_token"]
    return wire


def parser_of(bench: str, description: str | None) -> argparse.ArgumentParser:
    """The command line of `./run bench BENCH`, with `--against`."""
    parser = argparse.ArgumentParser(
        prog=f"./run bench {bench}", description=description, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--against", choices=["synapse"], help="measure Synapse in the same run")
    return parser


def must_be_set_up(asked: argparse.Namespace, bench: str) -> None:
    """End the program where Synapse is wanted and nobody has installed it."""
    if asked.against == "synapse" and "HEARTH_SYNAPSE_PYTHON" not in os.environ:
        sys.exit(f"start it by `./run bench {bench} --against synapse`, which sets Synapse up")
