"""Which of the rooms whose members lack are worked on: all in turn, whatever becomes of others."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from homeserver.clock import SystemClock
from homeserver.errors import Unavailable
from homeserver.services.partial.completing import AT_ONCE, Completing
from homeserver.storage.partial_joins import PartialJoin


class House:
    """Stands for all that the worker uses: rooms that nobody tells, and one that is told after them."""

    is_shared = False

    def __init__(self, told: int, untold: int) -> None:
        self.told = told
        self.is_tried = asyncio.Event()
        self.joins = [PartialJoin(nid, f"!{nid}", "$e", "gone.test", (), 0, None) for nid in range(untold + 1)]

    def register(self, _follow: object) -> None:
        """Nothing happens but what is there."""

    async def unfinished(self) -> list[PartialJoin]:
        return self.joins

    async def find(self, room_id: str) -> Any:
        return SimpleNamespace(room_id=room_id, is_partial=True, has_server=lambda _us: True)


async def test_rooms_that_nobody_tells_keep_no_other_from_becoming_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    house: Any = House(told=AT_ONCE + 2, untold=AT_ONCE + 2)

    async def complete(_completing: Completing, _room: object, join: PartialJoin) -> None:
        await asyncio.sleep(0)
        if join.room_nid != house.told:
            raise Unavailable("Nobody is left to be asked.")
        house.joins.remove(join)
        house.is_tried.set()

    monkeypatch.setattr(Completing, "_complete", complete)
    work = Completing(
        "us.test",
        house,
        house,
        outliers=house,
        gathering=house,
        rechecking=house,
        events=house,
        states=house,
        peers=house,
        stream=house,
        feed=house,
        leases=house,
        owner="this",
        clock=SystemClock(),
        faults=house,
    )
    running = asyncio.create_task(work.run())
    try:
        async with asyncio.timeout(15):
            await house.is_tried.wait()
    finally:
        running.cancel()
        await asyncio.wait([running])
