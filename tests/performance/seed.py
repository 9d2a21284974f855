"""A database as years leave it: which accounts and rooms are in it, and how it is made, by several processes at once.

The accounts and rooms that the scenarios use are in it under the names of `Furniture`, each room long talked in; the
rest are strangers' rooms, a few long and many short. How rooms are written is in `seed_rooms`.
"""

import asyncio
import itertools
import os
import random
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing import get_context

import asyncpg
import msgspec
import uvloop

from homeserver.protocol.hashes import encode_base64
from homeserver.protocol.identifiers import ServerName
from homeserver.protocol.signing import SigningKey
from homeserver.services.search.index import PAST_JOB
from homeserver.storage.database import Database
from homeserver.storage.jobs import Job, Jobs
from homeserver.storage.migrate import migrate
from homeserver.storage.search import SearchTable
from homeserver.storage.sessions import Sessions
from homeserver.storage.users import Users
from tests.performance.seed_rooms import FIRST_EVENTS, RoomPlan, Writer

SERVER = "bench.test"
KEY = SigningKey(ServerName(SERVER), "ed25519:bench", sha256(b"the key of a server that nobody talks to").digest())
KEY_LINE = f"ed25519 bench {encode_base64(sha256(b'the key of a server that nobody talks to').digest())}\n"
STEEPNESS = 30
"""How unequal rooms are: room number n holds as many messages as 1 / (n + this)."""


class Furniture(msgspec.Struct, frozen=True):
    """The accounts and rooms of the scenarios. `shared`: how many are in each of the shared rooms.

    `history`: messages in the first account's own room, in databases of any age.
    """

    accounts: int
    own: int
    history: int
    shared: tuple[int, ...]
    talkative: int


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is."""

    events: int
    rooms: int
    strangers: int
    furniture: Furniture


BENCH = Furniture(accounts=501, own=64, history=1_000, shared=(32, 51, 201, 501), talkative=200)
OLD = Size(events=1_000_000, rooms=10_000, strangers=3_000, furniture=BENCH)
YOUNG = Size(events=30_000, rooms=300, strangers=100, furniture=BENCH)
SMALL = Size(2_000, 20, 12, Furniture(accounts=6, own=3, history=120, shared=(5,), talkative=3))


class Seeded(msgspec.Struct, frozen=True):
    """What is in the database: access tokens by localpart, room ids by what they are for."""

    tokens: dict[str, str]
    own: list[str]
    shared: dict[int, str]
    talkative: list[str]
    history: int


def token_of(localpart: str) -> str:
    """The access token of a seeded account."""
    return f"seeded_{localpart}"


def planned(size: Size) -> list[RoomPlan]:
    """All rooms, with as many events as `size` says."""
    chance = random.Random(size.events)
    wanted = size.furniture
    users = [f"user{number}" for number in range(wanted.accounts)]
    long = size.events // 200
    plans = [RoomPlan("own 0", (users[0],), wanted.history)]
    plans += [RoomPlan(f"own {number}", (users[number],), long // 3) for number in range(1, wanted.own)]
    plans += [RoomPlan(f"shared {count}", tuple(users[:count]), long) for count in wanted.shared]
    plans += [RoomPlan(f"talkative {number}", (users[0],), max(20, long // 50)) for number in range(wanted.talkative)]
    strangers = [f"stranger{number}" for number in range(size.strangers)]
    count = size.rooms - len(plans)
    members = [tuple(chance.sample(strangers, chance.choice((2, 2, 3, 4, 6, 10)))) for _ in range(count)]
    left = size.events - sum(plan.events for plan in plans) - sum(FIRST_EVENTS - 1 + len(one) for one in members)
    weights = list(itertools.accumulate(1 / (number + STEEPNESS) for number in range(count)))
    ends = [round(left * weight / weights[-1]) for weight in weights]
    sizes = [end - start for start, end in itertools.pairwise([0, *ends])]
    plans += [RoomPlan(f"room {n}", *one) for n, one in enumerate(zip(members, sizes, strict=True))]
    assert sum(plan.events for plan in plans) == size.events
    chance.shuffle(plans)
    return plans


async def seed(dsn: str, size: Size, *, workers: int) -> Seeded:
    """Fill the empty database. `workers` 0: in this process."""
    await migrate(dsn)
    wanted = size.furniture
    users = [f"user{number}" for number in range(wanted.accounts)]
    await _sign_up(dsn, users, [f"stranger{number}" for number in range(size.strangers)])
    plans = planned(size)
    now_ms = time.time_ns() // 1_000_000
    made: dict[str, str] = {}
    if workers:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            loop = asyncio.get_running_loop()
            parts = [loop.run_in_executor(pool, _work, dsn, plans[n::workers], n, now_ms) for n in range(workers)]
            for part in await asyncio.gather(*parts):
                made.update(part)
    else:
        made = await _write(dsn, plans, 0, now_ms)
    await _pass_over_search(dsn)
    connection = await asyncpg.connect(dsn)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
    return Seeded(
        tokens={localpart: token_of(localpart) for localpart in users},
        own=[made[f"own {number}"] for number in range(wanted.own)],
        shared={count: made[f"shared {count}"] for count in wanted.shared},
        talkative=[made[f"talkative {number}"] for number in range(wanted.talkative)],
        history=wanted.history,
    )


async def _sign_up(dsn: str, users: list[str], strangers: list[str]) -> None:
    """Make the accounts; those of the scenarios with a device and its token."""
    database = await Database.open(dsn)
    accounts, sessions = Users(database), Sessions(database)
    now_ms = time.time_ns() // 1_000_000
    for localpart in [*users, *strangers]:
        await accounts.create(f"@{localpart}:{SERVER}", password_hash=None, now_ms=now_ms)
    for localpart in users:
        await sessions.create(
            user_id=f"@{localpart}:{SERVER}",
            device_id="BENCH",
            access_hash=sha256(token_of(localpart).encode()).digest(),
            access_expires_ts=None,
            refresh_hash=None,
            display_name=None,
            now_ms=now_ms,
        )
    await database.close()


async def _pass_over_search(dsn: str) -> None:
    """Leave the search index empty: filling it takes hours of a server's idle time, and search has its own measure."""
    database = await Database.open(dsn)
    table = SearchTable(database)
    head, newest = await database.fetchval("SELECT max(position) FROM stream"), await table.newest_nid()
    await table.write(await table.cursor(), head, documents=[], eras=[], edited=[], redacted=[])
    await Jobs(database).save(Job(PAST_JOB, str(newest).encode(), 0, None, 0))
    await database.close()


def _work(dsn: str, plans: list[RoomPlan], number: int, now_ms: int) -> dict[str, str]:
    """One worker process."""
    os.nice(5)
    return uvloop.run(_write(dsn, plans, number, now_ms))


async def _write(dsn: str, plans: list[RoomPlan], number: int, now_ms: int) -> dict[str, str]:
    database = await Database.open(dsn, max_connections=4)
    try:
        return await Writer(database, KEY, number, now_ms).write(plans)
    finally:
        await database.close()
