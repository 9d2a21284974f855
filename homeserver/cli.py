"""The command line. Whatever keeps a command from its work is one line on standard error and its own exit code."""

import asyncio
import gc
import ipaddress
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
from homeserver import app, opening, serving
from homeserver.asgi import log as logging
from homeserver.clock import NoFaults, SystemClock, SystemRng, faults_of
from homeserver.config import Config
from homeserver.config.loader import ConfigError, load
from homeserver.errors import WeakPassword
from homeserver.federation import status
from homeserver.protocol.identifiers import is_valid_localpart_for_new_user
from homeserver.services.passwords import Passwords
from homeserver.storage.database import Database
from homeserver.storage.destinations import Destinations
from homeserver.storage.rows import AccountRow, RevocationRow, Row
from homeserver.storage.stream import Stream
from homeserver.storage.users import Users

T = TypeVar("T")

EXIT_FAULT = 1
NEW_OBJECTS_BEFORE_GC = 20_000
SWITCH_S = 0.0005
MAX_USER_ID_BYTES = 255

config_option = click.option(
    "--config",
    "path",
    type=click.Path(path_type=Path),
    help="The configuration file; absent: a server for this machine.",
)

stdin_option = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


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
    if config.processes == 1:
        sys.exit(run(0))
    _run(partial(_check_database, config))  # made and migrated once, and a fault told once, before there are many
    sys.exit(serving.supervise(config.processes, run))


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
        _spare_garbage_collector()
        _prefer_the_loop()
        log.info("ready", addresses=[binding.address for binding in bindings])
        if index == 0:
            click.echo(_welcome(config, bindings))

    trusted = [ipaddress.ip_network(network, strict=False) for network in config.trusted_proxies]
    await serving.serve(application, bindings, on_ready=ready, crowd=serving.Crowd(trusted))
    log.info("stopped", process=index)


def _spare_garbage_collector() -> None:
    """Have it look at what requests leave behind, less often, and never again at the modules and tables of the start.

    Rows and answers are freed by counting references; with the defaults a send spent 7 % of its time here.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS_BEFORE_GC, 20, 20)


def _prefer_the_loop() -> None:
    """Let threads that compute give the interpreter back sooner: the loop asks for it after every wait.

    With the default of 5 ms a large room that is being joined made each step of every other request that much later.
    """
    sys.setswitchinterval(SWITCH_S)


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
            await opening.open_database(config, resources, [])

    _run(run)
    click.echo("The database is up to date.")


@main.command()
@config_option
def doctor(path: Path | None) -> None:
    """Check the configuration, the listeners, the database, Redis, and whether other servers find and reach this one.

    The exit code is 1 if something is wrong.
    """
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
    if config.federates:
        wrong += _run(partial(_check_federation, config))
    sys.exit(EXIT_FAULT if wrong else 0)


async def _check_federation(config: Config) -> int:
    """Say how others find and reach this server; the number of problems."""
    wrong = 0
    async with AsyncExitStack() as resources:
        try:
            patient = await app.doctor(config, SystemClock(), SystemRng(), resources)
        except opening.CannotStart as error:
            click.echo(f"PROBLEM  signing key: {error}")
            return 1
        async for finding in patient.findings():
            mark = {True: "ok      ", False: "PROBLEM ", None: "unknown "}[finding.is_good]
            click.echo(f"{mark} {finding.name}: {finding.says}")
            wrong += finding.is_good is False
    return wrong


@main.group()
def federation() -> None:
    """Look after the traffic with other servers."""


@federation.command("status")
@config_option
def federation_status(path: Path | None) -> None:
    """Show every server that shares a room with this one: state, lag, waiting EDUs, the last error."""
    config = _load(path)

    async def run(database: Database) -> None:
        peers = await Destinations(database).overview(config.server_name)
        for line in status.lines(peers, SystemClock().now_ms()):
            click.echo(line)

    _with_database(config, run)


def _check_listeners(config: Config) -> None:
    try:
        bindings = serving.bind(config.listeners)
    except serving.CannotListen as error:
        raise BadListener(str(error)) from None
    for binding in bindings:
        binding.sock.close()


async def _check_database(config: Config) -> None:
    async with AsyncExitStack() as resources:
        await opening.open_database(config, resources, [])


async def _check_bus(config: Config) -> None:
    async with AsyncExitStack() as resources:
        await opening.open_bus(config, resources)


@main.group()
def user() -> None:
    """Make and change accounts, with the server running or not."""


def _new_password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer


@user.command()
@click.argument("name")
@click.option("--admin", is_flag=True, help="Give admin rights.")
@stdin_option
@config_option
def create(name: str, admin: bool, password_stdin: bool, path: Path | None) -> None:
    """Make the account @NAME:server."""
    config = _load(path)
    user_id = f"@{name}:{config.server_name}"
    if not is_valid_localpart_for_new_user(name) or len(user_id) > MAX_USER_ID_BYTES:
        raise Refused("A user name has small letters a to z, digits, and . _ = - / + only.")
    password = _new_password(from_stdin=password_stdin)

    async def run(database: Database) -> None:
        made = await Users(database).create(
            user_id, password_hash=await _hash(config, password), now_ms=SystemClock().now_ms(), is_admin=admin
        )
        if made is None:
            raise Refused(f"{user_id} was taken already.")

    _with_database(config, run)
    click.echo(f"{user_id} was made.")


@user.command("reset-password")
@click.argument("name")
@click.option("--log-out", is_flag=True, help="End all sessions and devices of the account.")
@stdin_option
@config_option
def reset_password(name: str, log_out: bool, password_stdin: bool, path: Path | None) -> None:
    """Give the account @NAME:server another password."""
    config = _load(path)
    user_id = f"@{name}:{config.server_name}"
    password = _new_password(from_stdin=password_stdin)

    async def run(database: Database) -> None:
        if not await Users(database).set_password(user_id, await _hash(config, password)):
            raise Refused(f"There is no account {user_id}.")
        if log_out:
            await _end_sessions(database, user_id)

    _with_database(config, run)
    click.echo(f"{user_id} has another password.")


@user.command("make-admin")
@click.argument("name")
@click.option("--revoke", is_flag=True, help="Take admin rights away.")
@config_option
def make_admin(name: str, revoke: bool, path: Path | None) -> None:
    """Give the account @NAME:server admin rights."""
    config = _load(path)
    user_id = f"@{name}:{config.server_name}"

    async def run(database: Database) -> None:
        if await Users(database).read(user_id) is None:
            raise Refused(f"There is no account {user_id}.")
        await _write(
            database,
            AccountRow(user_id=user_id, is_admin=not revoke),
            RevocationRow(user_id=user_id, kind="account"),
        )

    _with_database(config, run)
    click.echo(f"{user_id} is {'no admin any more' if revoke else 'an admin'}.")


async def _hash(config: Config, password: str) -> str:
    try:
        return await Passwords(config.login.password.hash_cost).hash(password)
    except WeakPassword as error:
        raise Refused(error.message) from None


async def _end_sessions(database: Database, user_id: str) -> None:
    await _write(database, RevocationRow(user_id=user_id, kind="user"))


async def _write(database: Database, *rows: Row) -> None:
    """Through the stream, so that every process hears of it."""
    stream = Stream(database, clock=SystemClock(), faults=NoFaults())
    async with asyncio.TaskGroup() as group:
        running = group.create_task(stream.run())
        await stream.write(*rows)
        running.cancel()


def _with_database(config: Config, work: Callable[[Database], Coroutine[object, object, None]]) -> None:
    async def run() -> None:
        async with AsyncExitStack() as resources:
            await work(await opening.open_database(config, resources, []))

    _run(run)


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
    except opening.CannotStart as error:
        raise BadStart(str(error)) from None
    except OSError as error:
        raise BadStart(f"{error.filename or 'the system'}: {error.strerror or error}") from None
