"""What keeps the server from starting is one clear line that says what to do, and an exit code that is not 0."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.ports import free_port, free_ports
from tests.support.postgres import Cluster

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "homeserver"]


def run(*arguments: str | Path, prefix: tuple[str, ...] = (), limit_s: float = 60) -> subprocess.CompletedProcess[str]:
    """Run a command of the server to its end."""
    command = [*prefix, *COMMAND, *(str(argument) for argument in arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=limit_s, check=False)


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """Its one line on standard error, log lines aside; no traceback anywhere."""
    assert "Traceback" not in done.stderr + done.stdout
    lines = [line for line in done.stderr.splitlines() if line.startswith("homeserver: ")]
    assert len(lines) == 1, done.stderr
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
    assert (done.returncode, says in complaint(done), str(path) in complaint(done)) == (2, True, True)


def test_a_config_that_is_not_there(tmp_path: Path) -> None:
    done = run("serve", "--config", tmp_path / "none.yaml")
    assert (done.returncode, "there is no such file" in complaint(done)) == (2, True)


def test_a_log_file_that_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "homeserver.yaml"
    path.write_text("log: {file: /nowhere/x.log}", encoding="utf-8")
    done = run("serve", "--config", path)
    assert (done.returncode, "/nowhere/x.log: No such file or directory" in complaint(done)) == (2, True)


def test_a_taken_port(config: Path) -> None:
    port = int(config.read_text(encoding="utf-8").rpartition("port: ")[2].split("}")[0])
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        done = run("serve", "--config", config)
    assert (done.returncode, f"port {port} of 127.0.0.1 is taken" in complaint(done)) == (3, True)
    assert not (config.parent / "data").exists(), "nothing was started before the port was taken"


def test_a_database_that_is_down(tmp_path: Path) -> None:
    listen, nobody = free_ports(2)
    path = tmp_path / "homeserver.yaml"
    url = f"postgresql://hearth:pw@127.0.0.1:{nobody}/hearth"
    path.write_text(f"database: {{url: '{url}'}}\nlisteners: [{{port: {listen}}}]\n", encoding="utf-8")
    done = run("serve", "--config", path)
    line = complaint(done)
    assert (done.returncode, "start it, or correct database.url" in line, "pw" in line) == (4, True, False)


async def test_a_database_that_does_not_exist(tmp_path: Path, cluster: Cluster) -> None:
    url = cluster.url("no_such_database")
    path = tmp_path / "homeserver.yaml"
    path.write_text(f"database: {{url: '{url}'}}\nlisteners: [{{port: {free_port()}}}]\n", encoding="utf-8")
    done = run("serve", "--config", path)
    assert (done.returncode, "no_such_database" in complaint(done)) == (4, True)


def test_a_redis_that_is_down(config: Path) -> None:
    config.write_text(config.read_text(encoding="utf-8") + "redis: {url: 'redis://127.0.0.1:1'}\n", encoding="utf-8")
    done = run("serve", "--config", config)
    assert (done.returncode, "correct redis.url" in complaint(done)) == (4, True)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    path = tmp_path / "homeserver.yaml"
    path.write_text(f"data_dir: {tmp_path / 'file'}\nlisteners: [{{port: {free_port()}}}]\n", encoding="utf-8")
    done = run("serve", "--config", path)
    assert (done.returncode, "Cannot write the data folder" in complaint(done)) == (4, True)


def test_a_full_disk(config: Path) -> None:
    prefix = ("unshare", "--mount", *(() if os.geteuid() == 0 else ("--user", "--map-root-user")))
    assert shutil.which("unshare"), "the tests need unshare (package util-linux)"
    data = config.parent / "data"
    data.mkdir()
    script = f'mount -t tmpfs -o size=2m none {data} && exec "$@"'
    done = run("serve", "--config", config, prefix=(*prefix, "sh", "-c", script, "sh"))
    line = complaint(done)
    assert (done.returncode, "No space left" in line or "full" in line) == (4, True), line


def test_the_doctor_finds_what_is_wrong(config: Path) -> None:
    config.write_text(config.read_text(encoding="utf-8") + "redis: {url: 'redis://127.0.0.1:1'}\n", encoding="utf-8")
    done = run("doctor", "--config", config)
    assert done.returncode == 1
    assert done.stdout.splitlines()[:3] == ["ok       configuration", "ok       listeners", "ok       database"]
    assert done.stdout.splitlines()[3].startswith("PROBLEM  redis: Redis does not answer")


def test_migrate_makes_a_database_that_serve_takes(config: Path) -> None:
    done = run("migrate", "--config", config)
    assert (done.returncode, done.stdout) == (0, "The database is up to date.\n")
