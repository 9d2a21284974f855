"""What keeps the server from starting is one clear line that says what to do, and an exit code that is not 0.

`run` starts Python anew, `runs` forks one that has imported the homeserver (tests/support/zygote.py).
"""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.ports import free_port, free_ports
from tests.support.postgres import Cluster
from tests.support.zygote import fork

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "homeserver"]
LIMIT_S = 60


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command of the server ended: its exit code, and what it said."""

    returncode: int
    said: str


def run(*arguments: str | Path, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run a command of the server to its end."""
    command = [*prefix, *COMMAND, *(str(argument) for argument in arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False)


async def runs(command: str, config: Path) -> Ended:
    """Run a command with a configuration to its end, in a process that need not import everything first."""
    log = config.parent / "said.log"
    async with asyncio.timeout(LIMIT_S):
        process = await fork(command, "--config", str(config), log=log, environment=dict(os.environ))
        code = await process.wait()
    return Ended(code, log.read_text(encoding="utf-8"))


def complaint(said: str) -> str:
    """The one line of what was said that is no line of the log; no traceback anywhere."""
    assert "Traceback" not in said
    lines = [line for line in said.splitlines() if line.startswith("homeserver: ")]
    assert len(lines) == 1, said
    return lines[0]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "homeserver.yaml"
    path.write_text(f"data_dir: {tmp_path / 'data'}\nlisteners: [{{port: {free_port()}}}]\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("server_name: [a", "line 1: not valid YAML"),
        ("servername: a", "unknown key 'servername'; did you mean 'server_name'?"),
    ],
)
def test_a_damaged_config(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "homeserver.yaml"
    path.write_text(text, encoding="utf-8")
    done = run("serve", "--config", path)
    line = complaint(done.stderr)
    assert (done.returncode, done.stdout, says in line, str(path) in line) == (2, "", True, True)


async def test_a_config_that_is_not_there(tmp_path: Path) -> None:
    done = await runs("serve", tmp_path / "none.yaml")
    assert (done.returncode, "there is no such file" in complaint(done.said)) == (2, True)


async def test_a_log_file_that_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "homeserver.yaml"
    path.write_text("log: {file: /nowhere/x.log}", encoding="utf-8")
    done = await runs("serve", path)
    assert (done.returncode, "/nowhere/x.log: No such file or directory" in complaint(done.said)) == (2, True)


async def test_a_taken_port(config: Path) -> None:
    port = int(config.read_text(encoding="utf-8").rpartition("port: ")[2].split("}")[0])
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        done = await runs("serve", config)
    assert (done.returncode, f"port {port} of 127.0.0.1 is taken" in complaint(done.said)) == (3, True)
    assert not (config.parent / "data").exists(), "nothing was started before the port was taken"


async def test_a_database_that_is_down(tmp_path: Path) -> None:
    listen, nobody = free_ports(2)
    path = tmp_path / "homeserver.yaml"
    url = f"postgresql://hearth:pw@127.0.0.1:{nobody}/hearth"
    path.write_text(f"database: {{url: '{url}'}}\nlisteners: [{{port: {listen}}}]\n", encoding="utf-8")
    done = await runs("serve", path)
    line = complaint(done.said)
    assert (done.returncode, "start it, or correct database.url" in line, "pw" in line) == (4, True, False)


async def test_a_database_that_does_not_exist(tmp_path: Path, cluster: Cluster) -> None:
    url = cluster.url("no_such_database")
    path = tmp_path / "homeserver.yaml"
    path.write_text(f"database: {{url: '{url}'}}\nlisteners: [{{port: {free_port()}}}]\n", encoding="utf-8")
    done = await runs("serve", path)
    assert (done.returncode, "no_such_database" in complaint(done.said)) == (4, True)


def _with_redis_down(config: Path, database_url: str) -> None:
    more = f"database: {{url: '{database_url}'}}\nredis: {{url: 'redis://127.0.0.1:1'}}\n"
    config.write_text(config.read_text(encoding="utf-8") + more, encoding="utf-8")


async def test_a_redis_that_is_down(config: Path, database_url: str) -> None:
    _with_redis_down(config, database_url)
    done = await runs("serve", config)
    assert (done.returncode, "correct redis.url" in complaint(done.said)) == (4, True)


async def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    path = tmp_path / "homeserver.yaml"
    path.write_text(f"data_dir: {tmp_path / 'file'}\nlisteners: [{{port: {free_port()}}}]\n", encoding="utf-8")
    done = await runs("serve", path)
    assert (done.returncode, "Cannot write the data folder" in complaint(done.said)) == (4, True)


def test_a_full_disk(config: Path) -> None:
    prefix = ("unshare", "--mount", *(() if os.geteuid() == 0 else ("--user", "--map-root-user")))
    assert shutil.which("unshare"), "the tests need unshare (package util-linux)"
    data = config.parent / "data"
    data.mkdir()
    script = f'mount -t tmpfs -o size=2m none {data} && exec "$@"'
    done = run("serve", "--config", config, prefix=(*prefix, "sh", "-c", script, "sh"))
    line = complaint(done.stderr)
    assert (done.returncode, "No space left" in line or "full" in line) == (4, True), line


async def test_the_doctor_finds_what_is_wrong(config: Path, database_url: str) -> None:
    _with_redis_down(config, database_url)
    done = await runs("doctor", config)
    assert done.returncode == 1
    found = [line for line in done.said.splitlines() if line.startswith(("ok ", "PROBLEM "))]
    assert found[:3] == ["ok       configuration", "ok       listeners", "ok       database"]
    assert found[3].startswith("PROBLEM  redis: Redis does not answer")


async def test_migrate_makes_a_database_that_serve_takes(config: Path) -> None:
    done = await runs("migrate", config)
    assert (done.returncode, done.said.splitlines()[-1]) == (0, "The database is up to date."), done.said
