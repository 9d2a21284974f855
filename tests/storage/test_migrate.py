"""Migrations: once each, under a lock, never changed."""

import asyncio

import asyncpg
import pytest

from homeserver.storage.database import Database
from homeserver.storage.errors import DatabaseDown, DatabaseUnusable
from homeserver.storage.jobs import Job, Jobs
from homeserver.storage.migrate import Migration, migrate, migrations
from homeserver.storage.upkeep import Upkeep
from tests.storage.world import World


async def test_an_empty_database_gets_everything_once(empty_database_url: str) -> None:
    assert await migrate(empty_database_url) == len(migrations())
    assert await migrate(empty_database_url) == 0


async def test_many_starters_migrate_once(empty_database_url: str) -> None:
    applied = await asyncio.gather(*(migrate(empty_database_url) for _ in range(3)))
    assert sorted(applied) == [0, 0, len(migrations())]


async def test_a_changed_migration_is_refused(database_url: str) -> None:
    first, *rest = migrations()
    with pytest.raises(DatabaseUnusable, match="differs"):
        await migrate(database_url, [first._replace(sql=first.sql + "--"), *rest])


async def test_a_database_of_a_newer_release_is_refused(database_url: str) -> None:
    with pytest.raises(DatabaseUnusable, match="newer"):
        await migrate(database_url, migrations()[:-1])


async def test_a_broken_migration_leaves_nothing_behind(database_url: str) -> None:
    broken = Migration(9999, "broken", "CREATE TABLE half_done (x int); SELECT nonsense")
    with pytest.raises(asyncpg.PostgresError):
        await migrate(database_url, [*migrations(), broken])
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("SELECT to_regclass('half_done')") is None
    await connection.close()


async def test_numbers_are_unique_and_in_order() -> None:
    numbers = [migration.number for migration in migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_a_database_that_is_away_says_so() -> None:
    with pytest.raises(DatabaseDown):
        await Database.open("postgresql://nobody@/none?host=/nowhere/at/all", timeout_s=1)


async def test_numbers_never_repeat_between_processes(database_url: str) -> None:
    first, second = await Database.open(database_url), await Database.open(database_url)
    taken = [await database.nids.take() for _ in range(1500) for database in (first, second)]
    assert len(set(taken)) == len(taken)
    with pytest.raises(RuntimeError):
        for _ in range(10_000):
            first.nids.next()
    await first.close()
    await second.close()


async def test_trips_are_counted_for_those_who_ask(database: Database) -> None:
    with database.count() as trips:
        await database.fetchval("SELECT 1")
        async with database.transaction() as connection:
            await connection.execute("SELECT 1")
    await database.fetchval("SELECT 1")
    assert (trips.reads, trips.writes) == (1, 1)


async def test_a_lost_connection_is_database_down_and_the_next_read_works(database: Database) -> None:
    with pytest.raises(DatabaseDown):
        await database.fetch("SELECT pg_terminate_backend(pg_backend_pid())")
    assert await database.fetchval("SELECT 1") == 1


async def test_old_notices_and_marks_are_pruned(world: World) -> None:
    from tests.storage import kinds

    room = await world.room()
    said = await room.says("x")
    await world.stream.write(*kinds.alone(room, said))
    upkeep = Upkeep(world.database)
    assert (await upkeep.prune_notices(await world.stream.head())).rows == 8
    assert (await upkeep.prune_device_changes(0)).rows == 0
    assert (await upkeep.prune_device_changes(await world.stream.head())).rows == 2
    assert (await upkeep.prune_marks(3600)).rows == 0
    assert (await upkeep.prune_marks(-10)).rows == 1
    assert await upkeep.prune_login_tokens(1) == 0


async def test_a_job_remembers_where_it_stands(database: Database) -> None:
    jobs = Jobs(database)
    await jobs.save(Job("rewrite", b'{"at":1}', 1, None, None))
    job = Job("rewrite", b'{"at":2}', 2, 9, 5)
    await jobs.save(job)
    assert await jobs.read("rewrite") == job
    assert await jobs.all() == [job]
