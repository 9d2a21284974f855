"""The command line. Whatever keeps a command from its work is one line on standard error and its own exit code."""

import os
import sys
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import IO, TypeVar

import click
import structlog
import uvloop

import homeserver
from homeserver import app, serving
from homeserver.asgi import log as logging
from homeserver.clock import SystemClock, SystemRng, faults_of
from homeserver.config import Config
from homeserver.config.loader import ConfigError, load

T = TypeVar("T")

EXIT_FAULT = 1

config_option = click.option(
    "--config",
    "path",
    type=click.Path(path_type=Path),
    help="The configuration file; absent: a server for this machine.",
)


class Refused(click.ClickException):
    """Ends the command with one line."""

    exit_code = EXIT_FAULT

    def show(self, file: IO[str] | None = None) -> None:
        """Write the line to standard error."""
        click.echo(f"homeserver: {self.message}", file=file, err=True)


class BadConfig(Refused):
    """The configuration file is wrong."""

    exit_code = 2


class BadListener(Refused):
    """A port is taken, a certificate is wrong."""

    exit_code = 3


class BadStart(Refused):
    """The database, Redis or a file is not as it must be."""

    exit_code = 4


@click.group()
@click.version_option(homeserver.__version__, prog_name="Hearth")
def main() -> None:
    """Run and look after a Hearth homeserver."""


@main.command()
@config_option
def serve(path: Path | None) -> None:
    """Start the server; it ends on SIGINT or SIGTERM."""
    config = _load(path)
    try:
        bindings = serving.bind(config.listeners)
    except serving.CannotListen as error:
        raise BadListener(str(error)) from None
    run = partial(_serve, config, bindings)
    sys.exit(run(0) if config.processes == 1 else serving.supervise(config.processes, run))


def _serve(config: Config, bindings: list[serving.Binding], index: int) -> int:
    """One process of the server; its exit code."""
    try:
        _run(partial(_serve_one, config, bindings, index))
    except Refused as refused:
        refused.show()
        return refused.exit_code
    except Exception:  # noqa: BLE001 - the last resort: whatever ends the process is in the log
        structlog.get_logger("server").exception("ended_by_a_fault")
        return EXIT_FAULT
    return 0


async def _serve_one(config: Config, bindings: list[serving.Binding], index: int) -> None:
    log = structlog.get_logger("server")
    log.info("starting", version=homeserver.__version__, server_name=config.server_name, process=index, pid=os.getpid())
    application = await app.build(
        config, clock=SystemClock(), rng=SystemRng(), faults=faults_of(os.environ), index=index
    )

    def ready() -> None:
        log.info("ready", addresses=[binding.address for binding in bindings])
        if index == 0:
            click.echo(_welcome(config, bindings))

    await serving.serve(application, bindings, on_ready=ready)
    log.info("stopped", process=index)


def _welcome(config: Config, bindings: list[serving.Binding]) -> str:
    """What a person who has just started the server wants to know."""
    pages = [binding.address for binding in bindings if "web" in binding.listener.resources]
    lines = [f"Hearth serves {config.server_name}."]
    if pages and config.web.enabled:
        lines.append(f"Open {pages[0]}")
    if config.registers_locally_only:
        lines.append("Signing up is open to this machine only; federation is off (the server's name is localhost).")
    return "\n".join(lines)


@main.command()
@config_option
def migrate(path: Path | None) -> None:
    """Bring the database to this release, and end."""
    config = _load(path)

    async def run() -> None:
        async with AsyncExitStack() as resources:
            await app.open_database(config, resources, [])

    _run(run)
    click.echo("The database is up to date.")


@main.command()
@config_option
def doctor(path: Path | None) -> None:
    """Check the configuration, the listeners, the database, Redis; exit code 1 if something is wrong."""
    config = _load(path)
    click.echo("ok       configuration")
    checks: list[tuple[str, Callable[[], None]]] = [
        ("listeners", partial(_check_listeners, config)),
        ("database", partial(_run, partial(_check_database, config))),
        ("redis", partial(_run, partial(_check_bus, config))),
    ]
    wrong = 0
    for name, check in checks:
        try:
            check()
        except Refused as refused:
            wrong += 1
            click.echo(f"PROBLEM  {name}: {refused.message}")
        else:
            click.echo(f"ok       {name}")
    sys.exit(EXIT_FAULT if wrong else 0)


def _check_listeners(config: Config) -> None:
    try:
        bindings = serving.bind(config.listeners)
    except serving.CannotListen as error:
        raise BadListener(str(error)) from None
    for binding in bindings:
        binding.sock.close()


async def _check_database(config: Config) -> None:
    async with AsyncExitStack() as resources:
        await app.open_database(config, resources, [])


async def _check_bus(config: Config) -> None:
    async with AsyncExitStack() as resources:
        await app.open_bus(config, resources)


def _load(path: Path | None) -> Config:
    """The configuration, with the log set up by it."""
    try:
        config = load(path, os.environ)
    except ConfigError as error:
        raise BadConfig(str(error)) from None
    try:
        logging.configure(config.log.level, config.log.format, config.log.file)
    except OSError as error:
        raise BadConfig(f"log.file: {config.log.file}: {error.strerror}") from None
    return config


def _run(work: Callable[[], Coroutine[object, object, T]]) -> T:
    """Run to the end on a loop of its own. Raises Refused."""
    try:
        return uvloop.run(work())
    except app.CannotStart as error:
        raise BadStart(str(error)) from None
    except OSError as error:
        raise BadStart(f"{error.filename or 'the system'}: {error.strerror or error}") from None
