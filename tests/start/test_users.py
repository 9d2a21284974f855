"""The commands that make and change accounts."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from homeserver.cli import main
from homeserver.services.passwords import Passwords
from homeserver.storage.database import Database
from homeserver.storage.users import Users

if TYPE_CHECKING:
    from tests.support.postgres import Cluster


class Commands:
    """The command line on one database."""

    def __init__(self, config: Path, database: Database) -> None:
        self.config = config
        self.users = Users(database)

    async def run(self, *arguments: str, password: str = "correct horse") -> Result:
        command = ["user", *arguments, "--config", str(self.config)]
        return await asyncio.to_thread(CliRunner().invoke, main, command, input=password + "\n")


@pytest.fixture
async def commands(cluster: "Cluster", tmp_path: Path) -> AsyncIterator[Commands]:
    async with cluster.database() as url:
        config = tmp_path / "homeserver.yaml"
        text = f"server_name: a.test\ndatabase: {{url: '{url}'}}\nlogin: {{password: {{hash_cost: test}}}}\n"
        config.write_text(text, encoding="utf-8")
        database = await Database.open(url)
        yield Commands(config, database)
        await database.close()


async def test_an_account_can_log_in_by_the_password_given(commands: Commands) -> None:
    done = await commands.run("create", "alice", "--admin", "--password-stdin")
    alice = await commands.users.read("@alice:a.test")
    assert (done.exit_code, done.output) == (0, "@alice:a.test was made.\n")
    assert alice is not None
    assert alice.is_admin
    assert await Passwords("test").matches("correct horse", alice.password_hash)


async def test_a_name_is_made_once(commands: Commands) -> None:
    await commands.run("create", "alice", "--password-stdin")
    again = await commands.run("create", "alice", "--password-stdin")
    assert (again.exit_code, again.output) == (1, "homeserver: @alice:a.test was taken already.\n")


@pytest.mark.parametrize("name", ["Alice", "a b", "é", "a" * 250, ""])
async def test_a_bad_name_is_refused(commands: Commands, name: str) -> None:
    assert (await commands.run("create", name, "--password-stdin")).exit_code == 1


async def test_a_weak_password_is_refused(commands: Commands) -> None:
    done = await commands.run("create", "alice", "--password-stdin", password="a")
    assert (done.exit_code, await commands.users.read("@alice:a.test")) == (1, None)


async def test_a_password_can_be_reset_and_sessions_ended(commands: Commands) -> None:
    await commands.run("create", "alice", "--password-stdin")
    done = await commands.run("reset-password", "alice", "--log-out", "--password-stdin", password="battery staple")
    alice = await commands.users.read("@alice:a.test")
    assert (done.exit_code, done.output) == (0, "@alice:a.test has another password.\n")
    assert alice is not None
    assert await Passwords("test").matches("battery staple", alice.password_hash)


async def test_admin_rights_come_and_go(commands: Commands) -> None:
    await commands.run("create", "alice", "--password-stdin")
    for arguments, is_admin in ((["make-admin", "alice"], True), (["make-admin", "alice", "--revoke"], False)):
        assert (await commands.run(*arguments)).exit_code == 0
        alice = await commands.users.read("@alice:a.test")
        assert alice is not None
        assert alice.is_admin is is_admin


async def test_a_stranger_cannot_be_changed(commands: Commands) -> None:
    for arguments in (["make-admin", "nobody"], ["reset-password", "nobody", "--password-stdin"]):
        done = await commands.run(*arguments)
        assert (done.exit_code, done.output) == (1, "homeserver: There is no account @nobody:a.test.\n")
