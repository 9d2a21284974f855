"""R-20: `/sync`, `/v4/sync` and its deployed form, the socket, `/messages` both ways and `/context` tell the same room.

Each event once and in the same order, over random histories with random places to go on from; the clients are those of
tests/sync/test_exactness.py.
"""

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from homeserver.services import feed
from tests.support.client import Json, Server, User
from tests.sync.test_exactness import ByDeployed, ByPoll, BySocket, Classic, does_something

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

STEPS = 10


@pytest.fixture(params=["live", "resumed"])
async def server(
    request: pytest.FixtureRequest, cluster: "Cluster", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Server]:
    """A server; `resumed`: with so short a ring that nearly everybody is read from the database."""
    from tests.support.running import running_app

    if request.param == "resumed":
        monkeypatch.setattr(feed, "RING_ROWS", 3)
    async with running_app(cluster, tmp_path) as (_, running):
        yield running


@pytest.mark.timeout(180)
async def test_every_api_tells_the_same_room(server: Server) -> None:
    for seed in range(20):
        await _tell_one(server, seed)


@pytest.mark.full("reliability")
@pytest.mark.timeout(2400)
async def test_every_api_tells_the_same_room_in_many_histories(server: Server) -> None:
    for seed in range(1000, 1250):
        await _tell_one(server, seed)


async def _tell_one(server: Server, seed: int) -> None:
    chance = random.Random(seed)
    alice, bob = await server.users(f"alice{seed}", f"bob{seed}")
    rooms = [await alice.creates_public_room(name=str(number)) for number in range(2)]
    await bob.joins(rooms[0])
    clients: list[Classic | ByPoll] = [
        Classic(bob),
        ByPoll(await server.login(f"bob{seed}")),
        ByDeployed(await server.login(f"bob{seed}")),
        BySocket(await server.login(f"bob{seed}")),
    ]
    for step in range(STEPS):
        for _ in range(chance.choice([1, 1, 2, 9])):
            await does_something(chance, alice, bob, chance.choice(rooms), step)
        for client in clients:
            if chance.random() < 0.5:
                await client.goes_on(lost=chance.random() < 0.3)
    for room in rooms:
        await bob.joins(room)
        await alice.says("last", room)
    for client in clients:
        await client.goes_on(lost=False)
    for room in rooms:
        whole = [event["event_id"] for event in await alice.history(room)]
        assert len(set(whole)) == len(whole), f"seed {seed}: /messages shows an event twice"
        assert await _forwards(alice, room, chance.randint(1, 40)) == whole, f"seed {seed}: /messages forwards"
        for event_id in chance.sample(whole, 3):
            around = await _around(alice, room, event_id)
            start = whole.index(around[0])
            assert around == whole[start : start + len(around)], f"seed {seed}: /context of {event_id}"
        for client in clients:
            where = f"seed {seed}: {type(client).__name__} in {room}"
            held = client.held.events[room]
            assert client.held.seen_twice == [], where
            assert held == whole[len(whole) - len(held) :], where


async def _forwards(user: User, room: str, limit: int) -> list[str]:
    """The room's events from its beginning."""
    found: list[str] = []
    more: Json = {}
    while True:
        page = await user.call("GET", f"/v3/rooms/{room}/messages", None, dir="f", limit=limit, **more)
        found += [event["event_id"] for event in page["chunk"]]
        if page.get("end") is None:
            return found
        more = {"from": page["end"]}


async def _around(user: User, room: str, event_id: str) -> list[str]:
    answer = await user.call("GET", f"/v3/rooms/{room}/context/{quote(event_id, safe='')}", None, limit=8)
    events = [*answer["events_before"][::-1], answer["event"], *answer["events_after"]]
    return [event["event_id"] for event in events]
