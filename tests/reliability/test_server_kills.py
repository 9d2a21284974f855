"""R-1: the server is killed under load, at any time and at named points: nothing acknowledged is lost or doubled."""

import random
from collections.abc import Awaitable, Callable

import pytest

from tests.support.nemesis import crowd, kill_at_any_time, kill_at_point, rounds
from tests.support.server import ServerProcess

POINTS = ("stream.before_statement", "stream.after_statement", "stream.after_answers")
NewServer = Callable[..., Awaitable[ServerProcess]]


@pytest.mark.timeout(180)
async def test_kills_lose_and_double_nothing(new_server: NewServer, database_url: str) -> None:
    await _survives(new_server, database_url, kills=6, seed=1)


@pytest.mark.full("reliability")
@pytest.mark.timeout(1800)
async def test_many_kills_lose_and_double_nothing(new_server: NewServer, database_url: str) -> None:
    await _survives(new_server, database_url, kills=20, seed=2)


async def _survives(new_server: NewServer, database_url: str, *, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    server = await new_server(
        database={"url": database_url}, rate_limits={"enabled": False}, federation={"enabled": False}
    )
    telling = 0
    async with crowd([server.url]) as at_work:
        for point in rounds(POINTS, kills):
            before = at_work.unanswered()
            if point is None:
                await kill_at_any_time(server, chance)
            else:
                await kill_at_point(server, point, chance.randint(3, 40))
            telling += at_work.unanswered() > before
    await at_work.settle()
    assert telling >= kills / 4, "too few kills left a send of unknown outcome: the load is too light to tell anything"
