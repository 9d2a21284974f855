"""R-4: servers that cannot talk write against each other; when they can again, all have the same events and state."""

import asyncio
import random
from collections.abc import Collection
from contextlib import suppress

import pytest

from homeserver.errors import MatrixError
from homeserver.protocol.identifiers import RoomId, UserId
from homeserver.services.intents import Draft
from homeserver.storage.rows import OUTLIER, REJECTED
from tests.federation.convergence.islands import Islands
from tests.support.federation import Homeserver, eventually, homeservers
from tests.support.postgres import Cluster

HEALED_S = 60.0
USERS = 4
"""Users of each server; the first stays in the room whatever happens, so that its server does."""
Shown = tuple[list[str], dict[tuple[str, str], str]]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.full("federation"))])
async def test_servers_agree_after_they_were_parted(cluster: Cluster, seed: int) -> None:
    await _agree(cluster, seed)


@pytest.mark.full("federation")
@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", range(200, 220))
async def test_servers_agree_after_many_partitions(cluster: Cluster, seed: int) -> None:
    await _agree(cluster, seed)


async def _agree(cluster: Cluster, seed: int) -> None:
    chance = random.Random(seed)
    net = Islands()
    hosts = [f"{letter}.test" for letter in "abcde"[: chance.choice((3, 3, 4, 5))]]
    async with homeservers(cluster, net, *hosts) as servers:
        room = await _common_room(servers)
        before = {event_id for server in servers for event_id in (await _shown(server, room))[0]}
        for turn in range(3):
            net.divide(hosts, chance)
            await asyncio.gather(
                *(_writes(server, servers, room, random.Random(f"{seed} {turn}"), 6) for server in servers)
            )
            net.heal()
            for server in servers:
                await server.says(server.user("u0"), room, f"healed {turn}")
            await _all_equal(servers, room, before, f"seed {seed}, turn {turn}")


async def _common_room(servers: list[Homeserver]) -> RoomId:
    """A public room of all users; of each server two may do much and one some."""
    first, *others = servers
    room = await first.creates_room(first.user("u0"))
    levels = {server.user(f"u{n}"): level for server in servers for n, level in enumerate((100, 60, 50))}
    del levels[first.user("u0")]  # the creator stands above all
    content = {"users": levels, "invite": 0, "state_default": 50}
    await first.does(first.user("u0"), room, Draft("m.room.power_levels", content, state_key=""))
    for server in others:
        await server.joins(server.user("u0"), room, via=first.name)
    for server in servers:
        for number in range(1, USERS - 1):
            user_id = server.user(f"u{number}")
            await server.does(user_id, room, Draft.member(user_id, "join"))

    async def same() -> bool:
        states = [await server.state(room) for server in servers]
        return all(state == states[0] for state in states)

    await eventually(same, within_s=HEALED_S)
    return room


async def _writes(
    server: Homeserver, servers: list[Homeserver], room: RoomId, chance: random.Random, count: int
) -> None:
    """Users of one server do what they like; what is not allowed there is refused there."""
    everybody = [one.user(f"u{number}") for one in servers for number in range(1, USERS)]
    chance = random.Random(f"{chance.random()} {server.name}")
    for _ in range(count):
        sender = server.user(f"u{chance.randrange(USERS)}")
        target = chance.choice(everybody)
        with suppress(MatrixError):
            await server.does(sender, room, await _something(server, room, sender, target, chance))


async def _something(server: Homeserver, room: RoomId, sender: UserId, target: UserId, chance: random.Random) -> Draft:
    what = chance.choice(("say", "topic", "ban", "kick", "unban", "level", "rules", "join", "name"))
    text = f"{server.name} {chance.random()}"
    if what in {"ban", "kick", "unban"}:
        return Draft.member(target, "ban" if what == "ban" else "leave")
    if what == "level":
        content = dict((await server.rooms.room(room)).content("m.room.power_levels"))
        content["users"] = {**content["users"], target: chance.choice((0, 25, 50, 60))}
        return Draft("m.room.power_levels", content, state_key="")
    if what == "rules":
        return Draft("m.room.join_rules", {"join_rule": chance.choice(("public", "invite"))}, state_key="")
    if what == "join":
        return Draft.member(sender, "join", displayname=text)
    if what in {"topic", "name"}:
        return Draft(f"m.room.{what}", {what: text}, state_key="")
    return Draft("m.room.message", {"msgtype": "m.text", "body": text})


async def _all_equal(servers: list[Homeserver], room: RoomId, before: set[str], when: str) -> None:
    """Wait until all have the same events, but for the time `before` all had joined, and the same state."""
    shown: list[Shown] = []
    try:
        async with asyncio.timeout(HEALED_S):
            while True:
                shown = [await _shown(server, room, before) for server in servers]
                if all(one == shown[0] for one in shown):
                    return
                await asyncio.sleep(0.1)
    except TimeoutError:
        pass
    parts = []
    for server, (events, state) in zip(servers, shown, strict=True):
        lacks = [event_id for event_id in shown[0][0] if event_id not in events]
        more = [event_id for event_id in events if event_id not in shown[0][0]]
        differs = [key for key in {*state, *shown[0][1]} if state.get(key) != shown[0][1].get(key)]
        parts.append(f"{server.name} lacks {lacks}, has {more} more, differs in {differs}")
    raise AssertionError(f"{when}: not the same {HEALED_S:.0f} s after healing: " + "; ".join(parts))


async def _shown(server: Homeserver, room: RoomId, before: Collection[str] = ()) -> Shown:
    """The events that the server accepted, without those of `before`, and the room's state."""
    rows = await server.database.fetch(
        """
        SELECT e.event_id
          FROM events e
          JOIN rooms r ON r.room_nid = e.room_nid
         WHERE r.room_id = $1
           AND e.flags & $2 = 0
         ORDER BY e.event_id
        """,
        room,
        REJECTED | OUTLIER,
    )
    return [row["event_id"] for row in rows if row["event_id"] not in before], await server.state(room)
