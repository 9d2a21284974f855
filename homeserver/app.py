"""The composition root: every object is made here once, bottom to top, and handed its collaborators."""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import cast

from prometheus_client import CollectorRegistry
from quart import Quart

import homeserver
from homeserver.asgi.dispatch import Dispatcher
from homeserver.asgi.interface import App as AsgiApp
from homeserver.asgi.observe import RequestObserver
from homeserver.asgi.static import Site
from homeserver.bus.bus import Bus, BusDown
from homeserver.bus.local import LocalBus
from homeserver.bus.redis import RedisBus
from homeserver.client_api import service, versions
from homeserver.client_api.http import EndpointTable
from homeserver.clock import Clock, Faults, Rng
from homeserver.config import Config
from homeserver.errors import UnknownToken
from homeserver.services.ratelimit import Limits
from homeserver.services.requester import Requester
from homeserver.storage.database import Database
from homeserver.storage.embedded import EmbeddedPostgres
from homeserver.storage.embedded_system import EmbeddedPostgresError
from homeserver.storage.errors import DatabaseDown, DatabaseFull, DatabaseUnusable
from homeserver.storage.migrate import migrate

Task = Callable[[], Awaitable[None]]


class CannotStart(Exception):
    """The server cannot start; the message is one line that says why and what to do."""


class App:
    """A server of one process, ready to be served."""

    def __init__(
        self, table: EndpointTable, dispatcher: Dispatcher, tasks: Sequence[Task], resources: AsyncExitStack
    ) -> None:
        self.table = table
        self._dispatcher = dispatcher
        self._tasks = tasks
        self._resources = resources

    def listener(self, resources: frozenset[str]) -> AsgiApp:
        """The ASGI application for a listener with these resources."""
        return self._dispatcher.listener(resources)

    async def run(self) -> None:
        """Everything that goes on beside requests. A fault in one task ends all."""
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.Event().wait())
            for task in self._tasks:
                group.create_task(_run(task))

    def stop(self) -> None:
        """Answer long-polls and close WebSockets: the server is about to end."""
        self._dispatcher.stop()

    async def close(self) -> None:
        """Let go of everything, the newest first."""
        await self._resources.aclose()


async def _run(task: Task) -> None:
    await task()


async def build(config: Config, *, clock: Clock, rng: Rng, faults: Faults, index: int = 0) -> App:
    """Make the server from the bottom up. `index`: which of the processes this is. Raises CannotStart."""
    async with AsyncExitStack() as resources:
        registry = CollectorRegistry()
        stopping = asyncio.Event()
        tasks: list[Task] = []

        database = await open_database(config, resources, tasks)
        bus = await open_bus(config, resources)
        limits = Limits(config.rate_limits, bus)

        async def check() -> None:
            await database.fetchval("SELECT 1")

        table = EndpointTable(no_sessions, limits, query_access_token=config.client_api.query_access_token)
        versions.endpoints(table, config)
        service.endpoints(table, check, registry if config.metrics.enabled else None)

        dispatcher = Dispatcher(
            table.routes(),
            observer=RequestObserver(registry),
            stopping=stopping,
            trusted_proxies=[ipaddress.ip_network(one, strict=False) for one in config.trusted_proxies],
            websockets=cast(AsgiApp, Quart("hearth")),  # Quart names every message in its types
            site=web_client() if config.web.enabled else None,
            instance=f"{index}.{rng.letters(4)}",
        )
        return App(table, dispatcher, tasks, resources.pop_all())


async def no_sessions(_token: str) -> Requester:
    """Nobody is known while there are no accounts."""
    raise UnknownToken


async def database_url(config: Config, resources: AsyncExitStack, tasks: list[Task]) -> str:
    """The address of the database, started first if it is the embedded one. Raises CannotStart."""
    if config.database.url is not None:
        return config.database.url
    bindir = config.database.embedded.bindir
    embedded = EmbeddedPostgres(Path(config.data_dir) / "database", bindir=Path(bindir) if bindir else None)
    try:
        url = await embedded.start()
    except EmbeddedPostgresError as error:
        raise CannotStart(f"the embedded database does not start: {error}") from error
    resources.push_async_callback(embedded.stop)
    tasks.append(embedded.run)
    return url


async def open_database(config: Config, resources: AsyncExitStack, tasks: list[Task]) -> Database:
    """The database, brought to this release. Raises CannotStart."""
    url = await database_url(config, resources, tasks)
    try:
        await migrate(url)
        database = await Database.open(url, max_connections=config.database.max_connections)
    except DatabaseUnusable as error:
        raise CannotStart(str(error)) from error
    except DatabaseFull as error:
        raise CannotStart("the disk of the database is full: free some space and start again") from error
    except DatabaseDown as error:
        cause = str(error.__cause__).partition("\n")[0] or type(error.__cause__).__name__
        raise CannotStart(f"the database cannot be used ({cause}): start it, or correct database.url") from error
    resources.push_async_callback(database.close)
    return database


async def open_bus(config: Config, resources: AsyncExitStack) -> Bus:
    """The bus: Redis if there is one. Raises CannotStart."""
    if config.redis.url is None:
        bus: Bus = LocalBus()
    else:
        try:
            bus = await RedisBus.open(config.redis.url)
        except BusDown as error:
            raise CannotStart(f"Redis does not answer ({error}): start it, or correct redis.url") from error
    resources.push_async_callback(bus.close)
    return bus


def web_client() -> Site | None:
    """The built web client: beside the package in a checkout, within it in a wheel; None if it was not built."""
    package = Path(homeserver.__file__).parent
    for folder in (package / "webclient", package.parent / "webclient" / "dist"):
        if (folder / "index.html").is_file():
            return Site(folder)
    return None
