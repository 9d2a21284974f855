"""Browsers and servers for the stories: real Chromium, real servers, nothing in between."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.browser.person import LIVE_LIMIT_MS, Person
from tests.browser.watch import Outside, Watch
from tests.support.browser import launch_arguments
from tests.support.server import ServerProcess
from tools import build_web, environment
from tools.certificates import LocalCertificate

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

WIDE = (1280, 800)
PHONE = (390, 844)

expect.set_options(timeout=LIVE_LIMIT_MS)

NewHouse = Callable[..., Awaitable[ServerProcess]]
NewPerson = Callable[..., Awaitable[Person]]


async def two_in_a_group(
    house: ServerProcess, new_person: NewPerson, one: str, other: str, group: str
) -> tuple[Person, Person]:
    """Two with accounts, who look at a group of this name that the first has made."""
    first, second = await new_person(one, house), await new_person(other, house)
    await first.moves_in()
    await second.moves_in()
    await first.makes_group(group, inviting=second)
    await second.accepts(group)
    return first, second


@pytest.fixture(scope="session")
def web_client() -> Path:
    """The built web client, as the servers of the tests serve it."""
    built = [build_web.sources_digest(release=release) for release in (False, True)]
    current = build_web.DIST.exists() and any(environment.fresh(build_web.MODULES, "build", value) for value in built)
    assert current, "webclient/dist is missing or older than its sources: ./run builds it"
    return build_web.DIST


@pytest.fixture(scope="session")
async def outside() -> AsyncIterator[Outside]:
    """Notes every attempt of a browser to reach anything but this machine."""
    async with Outside.listening() as listening:
        yield listening


@pytest.fixture(scope="session")
async def browser(
    chromium: Path, certificate: LocalCertificate, outside: Outside, web_client: Path
) -> AsyncIterator[Browser]:
    """One Chromium for the tests of a worker; it trusts the throw-away key and has no way out of this machine."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=chromium,
            args=[
                *launch_arguments(spki=certificate.spki),
                *outside.arguments(),
                "--font-render-hinting=none",
                "--force-color-profile=srgb",
            ],
        )
        yield started
        await started.close()


@pytest.fixture(scope="session")
async def new_database(cluster: "Cluster") -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """Makes migrated databases in the PostgreSQL of the run; they go at its end."""
    async with contextlib.AsyncExitStack() as databases:

        async def new() -> str:
            return await databases.enter_async_context(cluster.database())

        yield new


@pytest.fixture(scope="module")
async def house(
    tmp_path_factory: pytest.TempPathFactory,
    certificate: LocalCertificate,
    new_database: Callable[[], Awaitable[str]],
) -> AsyncIterator[ServerProcess]:
    """A server that the stories of one file share; each brings people of its own."""
    server = furnished(tmp_path_factory.mktemp("house"), certificate, await new_database())
    await server.start()
    yield server
    await server.kill()


@pytest.fixture
async def new_house(
    tmp_path: Path, certificate: LocalCertificate, new_database: Callable[[], Awaitable[str]]
) -> AsyncIterator[NewHouse]:
    """Starts servers for one story alone: those that are killed, and those that federate."""
    servers: list[ServerProcess] = []

    async def new(prefix: tuple[str, ...] = (), **config: Any) -> ServerProcess:
        database = await new_database()
        server = furnished(tmp_path / f"house{len(servers)}", certificate, database, **config)
        server.prefix = prefix
        servers.append(server)
        await server.start()
        return server

    yield new
    await asyncio.gather(*(server.kill() for server in servers))


def furnished(folder: Path, certificate: LocalCertificate, database: str, **config: Any) -> ServerProcess:
    """A server for stories that is not started yet."""
    given = {"database": {"url": database}, "rate_limits": {"enabled": False}, **config}
    return ServerProcess(folder, certificate, **given)


@pytest.fixture
async def new_person(
    browser: Browser, outside: Outside, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[NewPerson]:
    """Gives people browsers: `await new_person("alice", server)`. After the story each page must have been sound:

    no error in a page, nothing refused by the content security policy, no request to another host. People who ask for
    less motion save a third of a story: Chromium draws in software here, 22 ms a frame. `moving` shows all of it.
    """
    watches: list[Watch] = []
    reached = len(outside.reached)
    failed = request.session.testsfailed

    async def new(
        name: str,
        server: ServerProcess,
        *,
        size: tuple[int, int] = WIDE,
        dark: bool = False,
        phone: bool = False,
        secure: bool = False,
        url: str | None = None,
        moving: bool = False,
        also: tuple[str, ...] = (),
    ) -> Person:
        width, height = PHONE if phone else size
        context = await browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            locale="en-GB",
            timezone_id="Europe/Berlin",
            has_touch=phone,
            is_mobile=phone,
            reduced_motion="no-preference" if moving else "reduce",
        )
        context.set_default_timeout(LIVE_LIMIT_MS)
        page = await context.new_page()
        address = url or (server.local.secure_url if secure else server.url)
        person = Person(name, page, address, server.name, touches=phone)
        watches.append(Watch(person, also=also))
        return person

    yield new
    went_wrong = request.session.testsfailed > failed or any(watch.faults for watch in watches)
    for watch in watches:
        if went_wrong:
            await watch.save_picture(tmp_path)
        await watch.person.context.close()
    faults = [fault for watch in watches for fault in watch.faults]
    assert not faults, "\n".join(faults)
    assert outside.reached[reached:] == []
