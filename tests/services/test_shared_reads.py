"""Reads that several requests share: when the one that reads is given up, the others are served all the same."""

import asyncio
from typing import Any, cast

from homeserver.bus.local import LocalBus
from homeserver.clock import SystemClock
from homeserver.services.feed import Feed
from homeserver.services.rooms import Rooms


class SlowReads:
    """Finds nothing, and only when it is let go."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.n = 0

    async def load_head(self, _room_id: str) -> None:
        self.n += 1
        await self.go_on.wait()

    async def rooms_of(self, _user_id: str) -> list[Any]:
        self.n += 1
        await self.go_on.wait()
        return []


def _feed(reads: SlowReads) -> Feed:
    clock = SystemClock()
    return Feed(cast("Any", None), cast("Any", reads), LocalBus(clock.monotonic), clock, is_shared=False)


async def _cancel_the_first(first: "asyncio.Task[Any]", reads: SlowReads) -> None:
    await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.wait([first])
    reads.go_on.set()


async def test_a_head_is_read_by_the_next_when_the_first_reader_is_cancelled() -> None:
    reads = SlowReads()
    rooms = Rooms(cast("Any", reads), _feed(reads))
    first, second, third = (asyncio.ensure_future(rooms.find("!room")) for _ in range(3))
    await _cancel_the_first(first, reads)
    assert [await second, await third] == [None, None]
    assert reads.n == 2


async def test_a_listener_is_loaded_by_the_next_when_the_first_is_cancelled() -> None:
    reads = SlowReads()
    feed = _feed(reads)
    first, second, third = (asyncio.ensure_future(feed.listener("@alice:hearth.test")) for _ in range(3))
    await _cancel_the_first(first, reads)
    found = await asyncio.gather(second, third)
    assert found[0] is found[1]
    assert feed.rooms_of("@alice:hearth.test") == {}
