"""What everything stands on: the database, the bus, the stream, the copy of it, the room queues."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from homeserver.bus.bus import Bus
from homeserver.clock import Clock, Faults, Rng
from homeserver.config import Config
from homeserver.net.http import HttpClient
from homeserver.opening import CannotStart, Task, open_bus, open_database, open_outbound
from homeserver.protocol.identifiers import ServerName
from homeserver.protocol.signing import SigningKey
from homeserver.services.account_data import AccountData
from homeserver.services.commits import Commits
from homeserver.services.feed import Feed
from homeserver.services.own_key import BadKeyFile, load_or_create
from homeserver.services.push_rules import PushRules
from homeserver.services.ratelimit import Limits
from homeserver.services.rooms import Rooms
from homeserver.services.visibility import Visibility
from homeserver.storage.account_data import AccountData as AccountDataTable
from homeserver.storage.database import Database
from homeserver.storage.events.read import Events
from homeserver.storage.members import Members
from homeserver.storage.profiles import Profiles as ProfileTable
from homeserver.storage.rooms import RoomTable
from homeserver.storage.state import StateKeys
from homeserver.storage.stream import Stream
from homeserver.storage.users import Users


@dataclass(frozen=True, slots=True)
class Ground:
    """The lowest floor. `tasks` run beside requests; `owner` names this process among those of the server."""

    config: Config
    clock: Clock
    rng: Rng
    faults: Faults
    resources: AsyncExitStack
    tasks: list[Task]
    index: int
    us: ServerName
    key: SigningKey
    outbound: HttpClient
    database: Database
    bus: Bus
    stream: Stream
    feed: Feed
    limits: Limits
    members: Members
    events: Events
    room_table: RoomTable
    state_keys: StateKeys
    users: Users
    profile_table: ProfileTable
    account_data_table: AccountDataTable
    account_data: AccountData
    push_rules: PushRules
    rooms: Rooms
    commits: Commits
    visibility: Visibility
    stopping: asyncio.Event

    def owner(self) -> str:
        """A name that no other process has, for leases."""
        return f"{self.us}-{self.index}-{self.rng.letters(8)}"


async def lay(
    config: Config, *, clock: Clock, rng: Rng, faults: Faults, resources: AsyncExitStack, index: int
) -> Ground:
    """Raises CannotStart."""
    tasks: list[Task] = []
    us = ServerName(config.server_name)
    database = await open_database(config, resources, tasks)
    bus = await open_bus(config, resources)
    key = signing_key(config, us, rng)
    stream = Stream(database, clock=clock, faults=faults)
    members, room_table, events = Members(database), RoomTable(database), Events(database)
    state_keys, account_data_table, users = StateKeys(database), AccountDataTable(database), Users(database)
    feed = Feed(stream, members, bus, clock, is_shared=config.redis.url is not None or config.processes > 1)
    stream.on_commit = feed.committed
    await feed.start()
    rooms = Rooms(room_table, feed)
    push_rules = PushRules(us, account_data_table, stream, feed)
    account_data = AccountData(account_data_table, stream)
    feed.register(account_data.apply)
    commits = Commits(
        rooms=rooms,
        stream=stream,
        feed=feed,
        state_keys=state_keys,
        nids=database.nids,
        key=key,
        notifications=push_rules,
        events=events,
        clock=clock,
    )
    tasks += [stream.run, feed.run, commits.run]
    return Ground(
        config=config,
        clock=clock,
        rng=rng,
        faults=faults,
        resources=resources,
        tasks=tasks,
        index=index,
        us=us,
        key=key,
        outbound=open_outbound(config, clock, rng, resources),
        database=database,
        bus=bus,
        stream=stream,
        feed=feed,
        limits=Limits(config.rate_limits, bus),
        members=members,
        events=events,
        room_table=room_table,
        state_keys=state_keys,
        users=users,
        profile_table=ProfileTable(database),
        account_data_table=account_data_table,
        account_data=account_data,
        push_rules=push_rules,
        rooms=rooms,
        commits=commits,
        visibility=Visibility(rooms, events, members, state_keys, account_data.ignored_by),
        stopping=asyncio.Event(),
    )


def signing_key(config: Config, us: ServerName, rng: Rng) -> SigningKey:
    """The server's key, made at first start. Raises CannotStart."""
    path = Path(config.signing_key_path or Path(config.data_dir) / "signing.key")
    try:
        return load_or_create(path, us, rng)
    except BadKeyFile as error:
        raise CannotStart(str(error)) from error
