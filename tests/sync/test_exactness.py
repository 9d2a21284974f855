"""Each event once and in order, by every door, over random histories and random places to go on from.

A client is modelled as what it holds: per room the events of its timeline, where a limited timeline is a gap that
`/messages` fills. Spec: none; docs/reliability.md, R-20.
"""

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from homeserver.services import feed
from tests.support.client import Json, Server, User
from tests.support.socket_client import socket

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

SUB: Json = {"lists": {"all": {"timeline_limit": 6, "required_state": {"include": [{}], "lazy_members": True}}}}
STEPS = 40


class Held:
    """What a client has: events by room in order, filled by pages where the server left some out."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.events: dict[str, list[str]] = {}
        self.state: dict[str, dict[tuple[str, str], Json]] = {}
        self.seen_twice: list[str] = []

    async def takes(self, room: str, timeline: list[Json], *, gap: bool, prev_batch: str | None, anew: bool) -> None:
        """Add a timeline; what lies in a gap is fetched backwards until something known comes."""
        if anew:
            self.events[room] = []
        known = self.events.setdefault(room, [])
        ids = [event["event_id"] for event in timeline]
        if gap and known and prev_batch is not None:
            ids = [*await self._fill(room, prev_batch, known[-1]), *ids]
        self.seen_twice += [event_id for event_id in ids if event_id in known]
        known += ids

    async def _fill(self, room: str, token: str, upto: str) -> list[str]:
        found: list[str] = []
        start: str | None = token
        while start is not None:
            page = await self.user.call("GET", f"/v3/rooms/{room}/messages", None, dir="b", limit=20, **{"from": start})
            for event in page["chunk"]:
                if event["event_id"] == upto:
                    return found[::-1]
                found.append(event["event_id"])
            start = page.get("end")
        raise AssertionError("the gap does not end at what is known")


class Classic:
    """A client of `/v3/sync`. Sometimes an answer is lost on the way."""

    def __init__(self, user: User) -> None:
        self.user, self.held = user, Held(user)
        self.user.next_batch = None

    async def goes_on(self, *, lost: bool) -> None:
        before = self.user.next_batch
        answer = await self.user.syncs()
        if lost:
            self.user.next_batch = before
            return
        for section in ("join", "leave"):
            for room, block in answer.get("rooms", {}).get(section, {}).items():
                timeline = block["timeline"]
                joined_anew = section == "join" and any(
                    event["type"] == "m.room.member" and event["state_key"] == self.user.user_id
                    for event in timeline["events"]
                )
                await self.held.takes(
                    room,
                    timeline["events"],
                    gap=timeline["limited"] and not joined_anew,
                    prev_batch=timeline.get("prev_batch"),
                    anew=joined_anew and timeline["limited"],
                )


class ByPoll:
    """A client of `/v4/sync`."""

    def __init__(self, user: User) -> None:
        self.user, self.held = user, Held(user)
        self.pos: str | None = None

    async def goes_on(self, *, lost: bool) -> None:
        body: Json = {**SUB, "conn_id": "poll", **({"pos": self.pos} if self.pos else {})}
        answer = await self.user.call("POST", "/v4/sync", body)
        if not lost:
            await self.applies(answer)
            self.pos = answer["pos"]

    async def applies(self, body: Json) -> None:
        for room, result in body["rooms"].items():
            if "timeline" in result:
                anew = any(result.get(f"{prefix}expanded_timeline") for prefix in ("", "unstable_"))
                anew = anew or bool(result.get("initial"))
                await self.held.takes(
                    room,
                    result["timeline"],
                    gap=result["limited"] and not anew,
                    prev_batch=result.get("prev_batch"),
                    anew=anew,
                )


class ByDeployed(ByPoll):
    """A client of sliding sync as it is deployed."""

    async def goes_on(self, *, lost: bool) -> None:
        state = [["*", "*"], ["m.room.member", "$LAZY"]]
        body: Json = {"conn_id": "deployed", "lists": {"all": {"timeline_limit": 6, "required_state": state}}}
        where = {"pos": self.pos} if self.pos else {}
        answer = await self.user.call("POST", "/unstable/org.matrix.simplified_msc3575/sync", body, **where)
        if not lost:
            await self.applies(answer)
            self.pos = answer["pos"]


class BySocket(ByPoll):
    """A client of the socket, cut off after each look; a delta may be lost, or its acknowledgement."""

    async def goes_on(self, *, lost: bool) -> None:
        async with socket(self.user, conn_id="socket", resume=self.pos, sub=SUB) as stream:
            stream.acks = False
            body = await stream.delta()
            if lost:
                return
            await self.applies(body)
            self.pos = stream.pos
            if self.pos is not None and random.random() < 0.5:
                await stream.send(t="ack", pos=self.pos)


@pytest.fixture(params=["live", "resumed"])
async def server(
    request: pytest.FixtureRequest, cluster: "Cluster", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Server]:
    """A server; `resumed`: with so short a ring that nearly everybody is read from the database."""
    from tests.support.running import running_app

    if request.param == "resumed":
        monkeypatch.setattr(feed, "RING_ROWS", 3)
    async with running_app(cluster, tmp_path) as (_, server):
        yield server


@pytest.mark.parametrize("seed", range(3))
async def test_every_door_shows_each_event_once_and_in_order(server: Server, seed: int) -> None:
    chance = random.Random(seed)
    alice, bob = await server.users("alice", "bob")
    rooms = [await alice.creates_public_room(name=str(number)) for number in range(3)]
    for room in rooms[:2]:
        await bob.joins(room)
    clients: list[Classic | ByPoll] = [
        Classic(bob),
        ByPoll(await server.login("bob")),
        ByDeployed(await server.login("bob")),
        BySocket(await server.login("bob")),
    ]
    for step in range(STEPS):
        room = chance.choice(rooms)
        for _ in range(chance.choice([1, 1, 2, 14])):
            await does_something(chance, alice, bob, room, step)
        for client in clients:
            if chance.random() < 0.5:
                await client.goes_on(lost=chance.random() < 0.3)
    for room in rooms:
        await bob.joins(room)
        await alice.says("last", room)
    for client in clients:
        await client.goes_on(lost=False)
        assert client.held.seen_twice == []
    for room in rooms:
        whole = [event["event_id"] for event in await alice.history(room)]
        for client in clients:
            held = client.held.events[room]
            assert held == [event_id for event_id in whole if event_id in set(held)], "out of order"
            missing = [event_id for event_id in whole[whole.index(held[0]) :] if event_id not in set(held)]
            assert not missing, f"{type(client).__name__} misses {len(missing)} events"


async def does_something(chance: random.Random, alice: User, bob: User, room: str, step: int) -> None:
    """One event, of some kind, that may be refused."""
    match chance.randrange(8):
        case 0:
            await alice.sets(room, "m.room.topic", {"topic": str(step)})
        case 1:
            await bob.joins(room)
        case 2 if chance.random() < 0.3:
            await alice.ask("POST", f"/v3/rooms/{room}/kick", {"user_id": bob.user_id})
        case 3:
            await bob.ask("PUT", f"/v3/rooms/{room}/send/m.room.message/b{chance.random()}", {"body": "from bob"})
        case _:
            await alice.says(str(step), room)
