"""The real server in this process: the app of `homeserver.app` on a real port, over a real database."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec

from homeserver.app import App, build
from homeserver.clock import NoFaults, SystemClock, SystemRng
from homeserver.config import Config
from homeserver.config.accounts import Login, Password, Registration
from homeserver.config.content import Web
from homeserver.config.rate_limits import RateLimits
from homeserver.config.server import Database, Listener
from homeserver.serving.binding import bind
from homeserver.serving.server import serve
from tests.support.client import Server
from tests.support.ports import free_ports
from tests.support.postgres import Cluster

NAME = "hearth.test"


def configured(url: str, folder: Path, **changes: Any) -> Config:
    """What tests run with: open sign-up, cheap hashes, no limits, no federation, no pages."""
    config = Config(
        server_name=NAME,
        data_dir=str(folder),
        database=Database(url=url),
        rate_limits=RateLimits(enabled=False),
        registration=Registration(enabled=True, without_verification=True),
        login=Login(password=Password(hash_cost="test")),
        web=Web(enabled=False),
    )
    config = msgspec.structs.replace(config, federation=msgspec.structs.replace(config.federation, enabled=False))
    return msgspec.structs.replace(config, **changes)


@contextlib.asynccontextmanager
async def running_app(cluster: Cluster, folder: Path, **changes: Any) -> AsyncIterator[tuple[App, Server]]:
    """The app on a database of its own, and a client of it."""
    async with cluster.database() as url, running_on(configured(url, folder, **changes)) as running:
        yield running


@contextlib.asynccontextmanager
async def running_on(config: Config) -> AsyncIterator[tuple[App, Server]]:
    """The app as configured, and a client of it."""
    app = await build(config, clock=SystemClock(), rng=SystemRng(), faults=NoFaults())
    bindings = bind(
        [Listener(host="127.0.0.1", port=free_ports(1)[0], resources=("client", "media", "well_known", "admin"))]
    )
    port = bindings[0].sock.getsockname()[1]
    stop, ready = asyncio.Event(), asyncio.Event()
    serving = asyncio.ensure_future(serve(app, bindings, on_ready=ready.set, stop=stop))
    await ready.wait()
    try:
        async with Server(f"http://127.0.0.1:{port}", config.server_name) as server:
            yield app, server
    finally:
        stop.set()
        await serving
