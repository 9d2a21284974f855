"""Accounts of other services: made with their owner or not at all; flows that belong to one browser and end."""

import asyncio

from homeserver.storage.single_sign_on import ExternalIds, Flow, Flows
from tests.storage.world import World

NOW = 1_000_000


def flow(flow_id: str, created_ts: int = NOW) -> Flow:
    return Flow(flow_id=flow_id, secret_hash=b"mine", provider="p", step="away", created_ts=created_ts)


async def made(world: World, subject: str, user_id: str) -> bool:
    return await ExternalIds(world.database).create_account("p", subject, user_id, is_approved=True, now_ms=NOW)


async def test_an_account_is_made_with_its_owner_or_not_at_all(world: World) -> None:
    ids = ExternalIds(world.database)
    assert await made(world, "one", "@a:test")
    assert not await made(world, "two", "@a:test")
    assert await ids.owner("p", "two") is None
    assert not await made(world, "one", "@b:test")
    assert await world.database.fetchval("SELECT count(*) FROM users WHERE user_id = '@b:test'") == 0
    assert (await ids.owner("p", "one"), await ids.providers_of("@a:test")) == ("@a:test", ["p"])


async def test_a_person_who_comes_twice_at_once_gets_one_account(world: World) -> None:
    results = await asyncio.gather(*(made(world, "same", f"@c{n}:test") for n in range(5)))
    assert sorted(results) == [False] * 4 + [True]
    assert await world.database.fetchval("SELECT count(*) FROM users WHERE user_id LIKE '@c%'") == 1


async def test_a_flow_is_its_browsers_and_leaves_each_step_once(world: World) -> None:
    flows = Flows(world.database)
    await flows.begin(flow("f"))
    assert await flows.read("f", b"another", 0) is None
    assert await flows.read("f", b"mine", NOW + 1) is None
    assert (await flows.read("f", b"mine", NOW)) == flow("f")
    results = await asyncio.gather(*(flows.step("f", "away", "checking") for _ in range(4)))
    assert sorted(results) == [False, False, False, True]
    assert [await flows.end("f", step) for step in ("away", "checking", "checking")] == [False, True, False]


async def test_flows_that_are_too_old_are_forgotten(world: World) -> None:
    flows = Flows(world.database)
    await flows.begin(flow("old", NOW - 10))
    await flows.begin(flow("new"))
    assert await flows.prune(NOW) == 1
    assert await flows.read("new", b"mine", 0) is not None
