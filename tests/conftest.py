"""Fixtures for all tests; what they are made of is in tests/support."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.support import browser, parts, run_folder
from tests.support.keeper import stop_keeper
from tests.support.redis import RedisServer, redis_server
from tests.support.server import ServerProcess
from tools.certificates import LocalCertificate, local_certificate

if TYPE_CHECKING:
    from tests.support.client import Server
    from tests.support.postgres import Cluster

LONG = ("browser", "interop", "visibility", "reliability", "federation", "storage", "start", "media")
"""Folders whose tests take seconds each."""

settings.register_profile(
    "short", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.register_profile("full", settings.get_profile("short"), max_examples=2_000)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--full PART`."""
    parser.addoption(
        "--full", action="append", default=[], metavar="PART", help="run what is of PART, with its long tests"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the run's folder in the process that starts the run; its workers find it in the environment."""
    settings.load_profile("full" if config.getoption("--full") else "short")
    # What structlog draws of an exception by itself takes the loop for seconds, and claims run out meanwhile.
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])
    if run_folder.FOLDER not in os.environ:
        run_folder.make()


def pytest_unconfigure() -> None:
    """Stop what the run started."""
    if run_folder.FOLDER in os.environ and run_folder.owner() == os.getpid():
        stop_keeper()
        run_folder.remove()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what `--full` does not name."""
    left_out = [item for item in items if not parts.chosen(config, item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    """When the item's folder is run: a worker that comes to a long test last would leave the others without work."""
    folder = item.nodeid.removeprefix("tests/").partition("/")[0]
    return LONG.index(folder) if folder in LONG else len(LONG)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what tests measured (`record_property`), also those that passed."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call":
                for what, value in report.user_properties:
                    terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {what}: {value}")


@pytest.fixture(scope="session")
async def cluster() -> AsyncIterator["Cluster"]:
    """The PostgreSQL of this run."""
    from tests.support import postgres

    cluster = await postgres.cluster()
    yield cluster
    await cluster.drop_used()


@pytest.fixture(scope="session")
async def shared_server(cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator["Server"]:
    """One server for many tests: they sign up `people` and touch nothing that is not theirs."""
    from tests.support.running import running_app

    async with running_app(cluster, tmp_path_factory.mktemp("shared")) as (_, server):
        yield server


@pytest.fixture
async def crowd(shared_server: "Server") -> AsyncIterator["Server"]:
    """The shared server, as `server` of modules whose tests touch rooms and accounts of their own alone."""
    from tests.support.crowded import Crowd

    async with Crowd(shared_server) as server:
        yield server


@pytest.fixture
async def database_url(cluster: "Cluster") -> AsyncIterator[str]:
    """A migrated database for one test alone."""
    async with cluster.database() as url:
        yield url


@pytest.fixture
async def empty_database_url(cluster: "Cluster") -> AsyncIterator[str]:
    """A database without any table for one test alone."""
    async with cluster.database(template="template0") as url:
        yield url


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    """A Redis server that the tests of one worker share."""
    with redis_server() as server:
        yield server


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> LocalCertificate:
    """A throw-away authority and a certificate for `localhost`."""
    return local_certificate(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
async def new_server(
    tmp_path: Path, certificate: LocalCertificate
) -> AsyncIterator[Callable[..., Awaitable[ServerProcess]]]:
    """Starts homeserver processes: `await new_server(**config)`; all are gone after the test.

    Without `database={"url": ...}` each has an embedded PostgreSQL of its own.
    """
    servers: list[ServerProcess] = []

    async def new(**config: Any) -> ServerProcess:
        server = ServerProcess(tmp_path / f"server{len(servers)}", certificate, **config)
        servers.append(server)
        await server.start()
        return server

    yield new
    for server in servers:
        await server.kill()


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser's program."""
    return browser.find_chromium()
