"""The composition root: every object is made here once, bottom to top, and handed its collaborators.

Each floor of the house has a module in `composition`; this one puts them on each other and gives them a life.
"""

import asyncio
import ipaddress
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final, cast

import structlog
from prometheus_client import CollectorRegistry

from homeserver.asgi.dispatch import Dispatcher
from homeserver.asgi.interface import App as AsgiApp
from homeserver.asgi.observe import RequestObserver
from homeserver.client_api.http import EndpointTable
from homeserver.clock import Clock, Faults, Rng
from homeserver.composition import accounts as accounts_floor
from homeserver.composition import followers as followers_floor
from homeserver.composition import peers as peers_floor
from homeserver.composition import people as people_floor
from homeserver.composition import rooms as rooms_floor
from homeserver.composition.doors import House, open_api, open_sockets
from homeserver.composition.ground import lay, signing_key
from homeserver.config import Config
from homeserver.federation import parts
from homeserver.federation.doctor import Doctor
from homeserver.opening import Task, web_client
from homeserver.protocol.identifiers import ServerName
from homeserver.services.openid import OpenId
from homeserver.storage.errors import DatabaseDown, DatabaseFull
from homeserver.storage.openid import OpenIdTokens

log = structlog.get_logger()

RESTART_S: Final = 1.0


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
        """Everything that goes on beside requests. A fault in one task ends all; a database that is away is none."""
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
    """Run it to its end. One that does not wait by itself for a database that is away begins anew."""
    is_over = False
    while not is_over:
        try:
            await task()
            is_over = True
        except* (DatabaseDown, DatabaseFull) as errors:
            log.warning("task.put_off", task=str(task), error=type(errors.exceptions[0]).__name__)
            await asyncio.sleep(RESTART_S)


async def build(config: Config, *, clock: Clock, rng: Rng, faults: Faults, index: int = 0) -> App:
    """Make the server from the bottom up. `index`: which of the processes this is. Raises CannotStart."""
    async with AsyncExitStack() as resources:
        ground = await lay(config, clock=clock, rng=rng, faults=faults, resources=resources, index=index)
        accounts = await accounts_floor.build(ground)
        people, files = await people_floor.build(ground, accounts), people_floor.build_files(ground)
        openid = OpenId(OpenIdTokens(ground.database), clock, rng)
        peers = peers_floor.build(ground, accounts, people, files, openid)
        work = await rooms_floor.build(ground, accounts, peers)
        followers = followers_floor.build(ground, accounts, people, work)

        house = House(ground, accounts, people, files, openid, work, followers)
        registry = CollectorRegistry()
        table = open_api(house, registry)
        trusted_proxies = [ipaddress.ip_network(one, strict=False) for one in config.trusted_proxies]
        door = open_sockets(house, table, trusted_proxies)
        dispatcher = Dispatcher(
            [*table.routes(), *(peers.routes if peers else ())],
            observer=RequestObserver(registry),
            stopping=ground.stopping,
            trusted_proxies=trusted_proxies,
            websockets=cast(AsgiApp, door.application()),  # Quart names every message in its types
            site=web_client() if config.web.enabled else None,
            instance=f"{index}.{rng.letters(4)}",
        )
        return App(table, dispatcher, ground.tasks, resources.pop_all())


async def doctor(config: Config, clock: Clock, rng: Rng, resources: AsyncExitStack) -> Doctor:
    """Who looks at the server as others see it, also at private addresses. Raises CannotStart."""
    key = signing_key(config, ServerName(config.server_name), rng)
    return parts.doctor(config.federation, key, clock, rng, resources)
