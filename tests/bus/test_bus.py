"""What a bus promises, on both: the one inside a process and the one on Redis."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from itertools import count
from typing import TypeVar

import pytest

from homeserver.bus.bus import Bus, BusDown, Notice
from homeserver.bus.local import LocalBus
from homeserver.bus.redis import RedisBus
from tests.support.redis import RedisServer, redis_server

SOON_S = 5
keys = count()


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as running:
        yield running


@pytest.fixture(params=["local", "redis"])
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    if request.param == "local":
        opened: Bus = LocalBus()
    else:
        opened = await RedisBus.open(request.getfixturevalue("server").url)
    yield opened
    await opened.close()


def fresh() -> str:
    """A key that no other test uses."""
    return f"key{next(keys)}"


T = TypeVar("T")


async def soon(work: Awaitable[T]) -> T:
    return await asyncio.wait_for(work, SOON_S)


async def test_a_subscriber_gets_notices_in_order(bus: Bus) -> None:
    async with bus.subscribe() as notices:
        for first in range(5):
            await bus.publish(first, first + 1, b"rows\x00%d" % first)
        got = [await soon(anext(notices)) for _ in range(5)]
    assert got == [Notice(first, first + 1, b"rows\x00%d" % first) for first in range(5)]


async def test_every_subscriber_gets_every_notice(bus: Bus) -> None:
    async with bus.subscribe() as one, bus.subscribe() as other:
        await bus.publish(2**40, 2**40 + 1, b"")
        assert await soon(anext(one)) == await soon(anext(other)) == Notice(2**40, 2**40 + 1, b"")


async def test_a_state_lives_until_it_runs_out(bus: Bus) -> None:
    key = fresh()
    await bus.set_state(key, b"on", 0.3)
    assert await bus.states(key) == {key: b"on"}
    await asyncio.sleep(0.5)
    assert await bus.states(key) == {}


async def test_a_state_set_again_lives_on(bus: Bus) -> None:
    key = fresh()
    await bus.set_state(key, b"1", 0.3)
    await bus.set_state(key, b"2", 30)
    await asyncio.sleep(0.5)
    assert await bus.states(key) == {key: b"2"}


async def test_states_are_found_by_their_prefix_only(bus: Bus) -> None:
    key = fresh()
    await bus.set_state(f"{key}:*[a]", b"1")
    await bus.set_state(f"{key}:other", b"2")
    assert await bus.states(f"{key}:*[") == {f"{key}:*[a]": b"1"}


async def test_a_watcher_sees_setting_ending_and_running_out(bus: Bus) -> None:
    key = fresh()
    async with bus.watch_state(f"{key}:") as changes:
        await bus.set_state(f"{key}:a", b"1")
        await bus.set_state(f"elsewhere:{key}:a", b"1")
        await bus.set_state(f"{key}:a", None)
        await bus.set_state(f"{key}:b", b"2", 0.2)
        got = [await soon(anext(changes)) for _ in range(4)]
    assert [(change.key, change.value) for change in got] == [
        (f"{key}:a", b"1"),
        (f"{key}:a", None),
        (f"{key}:b", b"2"),
        (f"{key}:b", None),
    ]


async def test_a_watcher_sees_a_state_from_before_run_out(bus: Bus) -> None:
    key = fresh()
    await bus.set_state(key, b"1", 0.3)
    async with bus.watch_state(key) as changes:
        change = await soon(anext(changes))
    assert (change.key, change.value) == (key, None)


async def test_ending_a_state_that_is_none_tells_nobody(bus: Bus) -> None:
    key = fresh()
    async with bus.watch_state(key) as changes:
        await bus.set_state(key, None)
        await bus.set_state(key, b"1")
        change = await soon(anext(changes))
    assert change.value == b"1"


async def test_a_bucket_gives_its_burst_and_then_its_rate(bus: Bus) -> None:
    key = fresh()
    assert [await bus.take("b", key, 1, 5, 3) for _ in range(3)] == [0, 0, 0]
    wait = await bus.take("b", key, 1, 5, 3)
    assert 0 < wait <= 0.2
    await asyncio.sleep(wait + 0.05)
    assert await bus.take("b", key, 1, 5, 3) == 0


async def test_a_refused_take_takes_nothing(bus: Bus) -> None:
    key = fresh()
    assert await bus.take("b", key, 2, 0.001, 3) == 0
    assert await bus.take("b", key, 2, 0.001, 3) > 0
    assert await bus.take("b", key, 1, 0.001, 3) == 0


async def test_buckets_and_keys_do_not_mix(bus: Bus) -> None:
    key = fresh()
    assert await bus.take("a", key, 1, 0.001, 1) == 0
    assert await bus.take("b", key, 1, 0.001, 1) == 0
    assert await bus.take("a", key + "x", 1, 0.001, 1) == 0
    assert await bus.take("a", key, 1, 0.001, 1) > 0


async def test_a_bucket_never_holds_more_than_its_burst(bus: Bus) -> None:
    key = fresh()
    await bus.take("b", key, 2, 40, 2)
    await asyncio.sleep(0.2)
    assert await bus.take("b", key, 2, 40, 2) == 0
    assert await bus.take("b", key, 1, 40, 2) > 0


async def test_a_closed_bus_ends_its_readers(bus: Bus) -> None:
    async with bus.subscribe() as notices:
        await bus.close()
        with pytest.raises(StopAsyncIteration):
            await soon(anext(notices))


async def test_a_reader_that_does_not_keep_up_is_ended_not_fed_forever() -> None:
    bus = LocalBus()
    async with bus.subscribe() as notices:
        for first in range(10_005):
            await bus.publish(first, first, b"")
        assert len([notice async for notice in notices]) == 10_000


async def test_old_buckets_make_room_for_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("homeserver.bus.local.MAX_BUCKETS", 2)
    bus = LocalBus()
    for key in ("a", "b", "a", "c"):
        await bus.take("x", key, 1, 0.001, 5)
    assert await bus.take("x", "a", 4, 0.001, 5) > 0, "the one used last stays"
    assert await bus.take("x", "b", 5, 0.001, 5) == 0, "the one longest untouched was let go"


async def test_two_processes_on_one_redis_share_everything(server: RedisServer) -> None:
    one, other = await RedisBus.open(server.url), await RedisBus.open(server.url)
    key = fresh()
    async with one.subscribe() as notices:
        await other.publish(1, 2, b"x")
        assert await soon(anext(notices)) == Notice(1, 2, b"x")
    await one.set_state(key, b"1")
    assert (await other.states(key), one.epoch) == ({key: b"1"}, other.epoch)
    assert await one.take("b", key, 1, 0.001, 1) == 0
    assert await other.take("b", key, 1, 0.001, 1) > 0
    await one.close()
    await other.close()


async def test_without_redis_every_verb_fails_quickly_and_readers_end() -> None:
    with redis_server() as server:
        bus = await RedisBus.open(server.url)
        before = bus.epoch
        async with bus.subscribe() as notices:
            server.kill()
            with pytest.raises(StopAsyncIteration):
                await soon(anext(notices))
        began = time.monotonic()
        with pytest.raises(BusDown):
            await bus.publish(1, 2, b"")
        with pytest.raises(BusDown):
            await bus.take("b", "k", 1, 1, 1)
        assert time.monotonic() - began < 5
        server.start()
        await bus.set_state("k", b"1")
        assert bus.epoch != before, "another life of Redis has another name"
        await bus.close()


async def test_a_redis_that_is_not_there_is_told() -> None:
    with pytest.raises(BusDown):
        await RedisBus.open("redis://127.0.0.1:1/0")
    with pytest.raises(BusDown):
        await RedisBus.open("nonsense")
