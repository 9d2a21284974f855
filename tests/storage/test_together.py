"""Reads that are asked for at the same moment are one round trip."""

import asyncio

import pytest

from homeserver.errors import NotFound
from homeserver.storage.database import Database
from homeserver.storage.errors import DatabaseDown
from tests.storage.world import World


async def double(database: Database, n: int) -> int:
    return int(await database.fetchval("SELECT $1::int8 * 2", n))


async def test_reads_of_one_moment_are_one_trip(world: World) -> None:
    database = world.database
    with database.count() as trips:
        assert await database.together(double(database, 1), double(database, 2), double(database, 3)) == [2, 4, 6]
    assert (trips.reads, trips.writes) == (1, 0)


async def test_rows_come_by_name_by_number_and_in_order(world: World) -> None:
    database = world.database
    rows = database.fetch(
        "SELECT n, n * 10 AS ten, '{1,2}'::int8[] AS list FROM generate_series(1, 3) n ORDER BY n DESC"
    )
    nothing = database.fetchrow("SELECT 1 AS one WHERE $1::bool", False)
    found, none = await database.together(rows, nothing)
    assert [row["ten"] for row in found] == [30, 20, 10]
    assert dict(found[0]) == {"n": 3, "ten": 30, "list": [1, 2]}
    assert (found[0][0], found[0][1:], list(found[2].values())) == (3, (30, [1, 2]), [1, 10, [1, 2]])
    assert none is None


async def test_the_second_reads_of_several_travel_together_too(world: World) -> None:
    database = world.database

    async def twice(n: int) -> int:
        return await double(database, await double(database, n))

    with database.count() as trips:
        assert await database.together(twice(1), twice(2), double(database, 5), database.together(twice(3))) == [
            4,
            8,
            10,
            [12],
        ]
    assert trips.reads == 2


async def test_one_that_reads_nothing_does_not_hold_the_others_up(world: World) -> None:
    waits = asyncio.Event()

    async def patient() -> str:
        await waits.wait()
        return "done"

    async def waking() -> int:
        found = await double(world.database, 4)
        waits.set()
        return found

    async with asyncio.timeout(5):
        assert await world.database.together(patient(), waking()) == ["done", 8]


async def test_an_error_of_one_is_the_error_of_all(world: World) -> None:
    async def refused() -> None:
        raise NotFound("not here")

    with pytest.raises(NotFound):
        await world.database.together(refused(), double(world.database, 1))
    with pytest.raises(DatabaseDown):
        await world.database.together(
            world.database.fetch("SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(5)"), double(world.database, 1)
        )
    assert await world.database.together(double(world.database, 1)) == [2]
