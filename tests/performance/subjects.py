"""Who is measured: a homeserver as a process of its own on a database of its own, and the accounts it was given."""

import asyncio
import os
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg
import yaml

from homeserver.storage.embedded import EmbeddedPostgres
from tests.performance.measure import Meters
from tests.performance.seed import KEY_LINE, SERVER, Seeded
from tests.support.ports import free_port
from tests.support.wire import Answer, Unanswered, Unreachable, Wire
from tools.environment import ROOT

START_S = 120
PASSWORD = "correct horse battery staple"
PARALLEL = 8
TEXT = "A message of ordinary length, as people write them when they talk to each other every day."


@dataclass(slots=True)
class Account:
    """A signed-in user of a subject."""

    user_id: str
    wire: Wire
    since: str = ""
    sent: int = 0

    async def makes_room(self, preset: str = "private_chat") -> str:
        """A new room; its id, quoted for a path."""
        answer = await self.wire.call("POST", "/_matrix/client/v3/createRoom", {"preset": preset})
        return quote(answer["room_id"], safe="")

    async def joins(self, room: str) -> None:
        await self.wire.call("POST", f"/_matrix/client/v3/join/{room}", {})

    async def says(self, room: str, text: str) -> Answer:
        """Send a text message; the answer, whatever it is."""
        self.sent += 1
        path = f"/_matrix/client/v3/rooms/{room}/send/m.room.message/{self.wire.token[-6:]}{self.sent}"
        return await self.wire.ask("PUT", path, {"msgtype": "m.text", "body": text})


class Subject(ABC):
    """A homeserver under measure. `start` it, `stop` it; accounts come from `accounts`."""

    name: str

    def __init__(self, folder: Path, postgres: EmbeddedPostgres) -> None:
        self.folder = folder
        self.postgres = postgres
        self.port = free_port()
        self.start_s = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._admin: asyncpg.Connection[asyncpg.Record] | None = None
        self._accounts: list[Account] = []
        self.rooms: dict[object, list[str]] = {}
        self._filled: dict[str, int] = {}

    @abstractmethod
    def command(self) -> Sequence[str | Path]:
        """How it is started, once everything is written."""

    @abstractmethod
    async def prepare(self) -> None:
        """Write its configuration."""

    @property
    def database(self) -> str:
        """The name of its database."""
        return f"bench_{self.name}"

    async def start(self, template: str = "template0") -> None:
        """Make the database if it is not there, start the process and wait for its first answer."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._admin = await asyncpg.connect(self.postgres.dsn("postgres", "postgres"))
        if not await self._admin.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", self.database):
            await self._admin.execute(
                f'CREATE DATABASE "{self.database}" OWNER hearth TEMPLATE "{template}"'
                + (" LOCALE 'C' ENCODING 'UTF8'" if template == "template0" else " STRATEGY file_copy")
            )
        await self.prepare()
        began = time.perf_counter()
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(self.command(), stdout=log, stderr=log, cwd=ROOT, env=_environment())
        wire = Wire("127.0.0.1", self.port)
        while True:
            try:
                if (await wire.ask("GET", "/_matrix/client/versions")).status == 200:
                    break
            except (Unreachable, Unanswered):
                pass
            if self._process.poll() is not None or time.perf_counter() - began > START_S:
                raise RuntimeError(f"{self.name} did not start:\n{self.log[-4000:]}")
            await asyncio.sleep(0.02)
        self.start_s = time.perf_counter() - began
        wire.close()

    async def stop(self) -> None:
        """End the process, drop the database."""
        if self._process is not None:
            self._process.terminate()
            await asyncio.to_thread(self._process.wait)
        if self._admin is not None:
            await self._admin.execute(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')
            await self._admin.close()

    @property
    def log(self) -> str:
        """Everything it said."""
        return (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")

    @property
    def meters(self) -> Meters:
        """Where its costs are read."""
        assert self._process is not None
        assert self._admin is not None
        assert self.postgres.pid is not None
        return Meters(self._process.pid, self.postgres.pid, self._admin, metrics=None)

    async def accounts(self, count: int) -> list[Account]:
        """The first `count` accounts; those that are missing are registered."""
        gate = asyncio.Semaphore(PARALLEL)

        async def register(number: int) -> Account:
            async with gate:
                wire = Wire("127.0.0.1", self.port)
                answer = await wire.call(
                    "POST",
                    "/_matrix/client/v3/register",
                    {"username": f"user{number}", "password": PASSWORD, "auth": {"type": "m.login.dummy"}},
                )
                wire.token = answer["access_token"]
                return Account(answer["user_id"], wire)

        missing = range(len(self._accounts), count)
        self._accounts += await asyncio.gather(*(register(number) for number in missing))
        return self._accounts[:count]

    async def own_rooms(self, count: int) -> list[str]:
        """A room for each of the first `count` accounts, its own."""
        rooms = self.rooms.setdefault("own", [])
        accounts = await self.accounts(count)
        for account in accounts[len(rooms) :]:
            rooms.append(await account.makes_room())
        return rooms[:count]

    async def fill(self, room: str, messages: int) -> None:
        """Have the first account say so much in a room of its own."""
        sender = (await self.accounts(1))[0]
        gate = asyncio.Semaphore(PARALLEL)

        async def say(number: int) -> None:
            async with gate:
                wire = Wire(sender.wire.host, sender.wire.port, sender.wire.token)
                path = f"/_matrix/client/v3/rooms/{room}/send/m.room.message/filling{number}"
                await wire.call("PUT", path, {"msgtype": "m.text", "body": TEXT})
                wire.close()

        await asyncio.gather(*(say(number) for number in range(self._filled.get(room, 0), messages)))
        self._filled[room] = messages

    async def talkative_rooms(self, count: int) -> list[str]:
        """Rooms of the first account with some messages in each."""
        account = (await self.accounts(1))[0]
        rooms = self.rooms.setdefault("talkative", [])
        while len(rooms) < count:
            room = await account.makes_room()
            for number in range(20):
                await account.says(room, f"{number} {TEXT}")
            rooms.append(room)
        return rooms[:count]

    async def shared_room(self, count: int) -> str:
        """A room that the first `count` accounts are in."""
        accounts = await self.accounts(count)
        if count not in self.rooms:
            room = await accounts[0].makes_room("public_chat")
            gate = asyncio.Semaphore(PARALLEL)

            async def join(account: Account) -> None:
                async with gate:
                    await account.joins(room)

            await asyncio.gather(*(join(account) for account in accounts[1:]))
            self.rooms[count] = [room]
        return self.rooms[count][0]


class Hearth(Subject):
    """This homeserver: one process, limits off, the cheapest password hash; on a seeded database if there is one."""

    def __init__(
        self, folder: Path, postgres: EmbeddedPostgres, *, name: str = "hearth", seeded: Seeded | None = None
    ) -> None:
        super().__init__(folder, postgres)
        self.name = name
        self._metrics_port = free_port()
        if seeded is not None:
            self._accounts = [
                Account(f"@{localpart}:{SERVER}", Wire("127.0.0.1", self.port, token))
                for localpart, token in seeded.tokens.items()
            ]
            self.rooms["own"] = [quote(room, safe="") for room in seeded.own]
            self._filled[self.rooms["own"][0]] = seeded.history
            self.rooms["talkative"] = [quote(room, safe="") for room in seeded.talkative]
            self.rooms.update({count: [quote(room, safe="")] for count, room in seeded.shared.items()})

    @property
    def meters(self) -> Meters:
        return replace(super().meters, metrics=Wire("127.0.0.1", self._metrics_port))

    async def prepare(self) -> None:
        key = self.folder / "signing.key"
        key.write_text(KEY_LINE, encoding="ascii")
        key.chmod(0o600)
        config = {
            "server_name": SERVER,
            "public_baseurl": f"http://127.0.0.1:{self.port}",
            "data_dir": str(self.folder),
            "listeners": [
                {"host": "127.0.0.1", "port": self.port, "resources": ["client"]},
                {"host": "127.0.0.1", "port": self._metrics_port, "resources": ["metrics"]},
            ],
            "metrics": {"enabled": True},
            "database": {"url": self.postgres.dsn(self.database)},
            "registration": {"enabled": True, "without_verification": True},
            "rate_limits": {"enabled": False},
            "federation": {"enabled": False},
            "log": {"level": "warning"},
            "login": {"password": {"hash_cost": "test"}},
        }
        (self.folder / "homeserver.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")

    def command(self) -> Sequence[str | Path]:
        return [sys.executable, "-m", "homeserver", "serve", "--config", self.folder / "homeserver.yaml"]


class Synapse(Subject):
    """The peer: one process, limits raised, the cheapest password hash, no presence, no other server."""

    name = "synapse"

    async def prepare(self) -> None:
        if not (self.folder / "homeserver.yaml").exists():
            (self.folder / "log.yaml").write_text(yaml.safe_dump(_SYNAPSE_LOG), encoding="utf-8")
            (self.folder / "homeserver.yaml").write_text(yaml.safe_dump(self._config()), encoding="utf-8")
            subprocess.run([*self.command(), "--generate-keys"], cwd=self.folder, check=True)

    def command(self) -> Sequence[str | Path]:
        python = os.environ["HEARTH_SYNAPSE_PYTHON"]
        return [python, "-m", "synapse.app.homeserver", "--config-path", self.folder / "homeserver.yaml"]

    def _config(self) -> dict[str, object]:
        much = {"per_second": 1_000_000, "burst_count": 1_000_000}
        limits = {
            **dict.fromkeys(("rc_message", "rc_registration", "rc_admin_redaction", "rc_room_creation"), much),
            "rc_login": {"address": much, "account": much, "failed_attempts": much},
            "rc_joins": {"local": much, "remote": much},
            "rc_joins_per_room": much,
            "rc_invites": {"per_room": much, "per_user": much, "per_issuer": much},
        }
        address = urlsplit(self.postgres.dsn(self.database))
        arguments = {
            "user": address.username,
            "dbname": self.database,
            "host": parse_qs(address.query)["host"][0],
            "cp_min": 5,
            "cp_max": 10,
        }
        return {
            "server_name": "bench.test",
            "pid_file": str(self.folder / "synapse.pid"),
            "listeners": [
                {
                    "port": self.port,
                    "type": "http",
                    "bind_addresses": ["127.0.0.1"],
                    "resources": [{"names": ["client"], "compress": False}],
                }
            ],
            "database": {"name": "psycopg2", "args": arguments},
            "log_config": str(self.folder / "log.yaml"),
            "media_store_path": str(self.folder / "media"),
            "signing_key_path": str(self.folder / "signing.key"),
            "registration_shared_secret": "bench",
            "macaroon_secret_key": "bench",
            "form_secret": "bench",
            "report_stats": False,
            "suppress_key_server_warning": True,
            "trusted_key_servers": [],
            "federation_domain_whitelist": [],
            "enable_registration": True,
            "enable_registration_without_verification": True,
            "bcrypt_rounds": 4,
            "presence": {"enabled": False},
            "caches": {"sync_response_cache_duration": "0s"},
            **limits,
        }


_SYNAPSE_LOG = {
    "version": 1,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"level": "WARNING", "handlers": ["console"]},
}


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
