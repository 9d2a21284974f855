"""The process's copy of the stream: bounded, and honest about what it no longer holds."""

import pytest

from homeserver.services import feed
from tests.services.test_commits import House, house

__all__ = ["house"]


async def test_the_ring_gives_back_every_row_of_an_interval_once(house: House) -> None:
    room = await house.room()
    start = house.feed.head
    for number in range(5):
        await house.says(room, str(number))
    rows = house.feed.rows(start, house.feed.head)
    assert rows is not None
    assert [row.position for row in rows] == list(range(start + 1, house.feed.head + 1))


async def test_a_full_ring_forgets_the_oldest_and_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "RING_BYTES", 20_000)
    room = await house.room()
    start = house.feed.head
    for _ in range(10):
        await house.says(room, "x" * 8_000)
    assert house.feed.rows(start, house.feed.head) is None
    newest = house.feed.rows(house.feed.head - 1, house.feed.head)
    assert newest is not None
    assert len(newest) == 1
