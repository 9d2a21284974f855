"""Counts kept in memory are those that PostgreSQL would count, whatever happens in a room."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest

from homeserver.storage.database import Database
from homeserver.storage.mentions import Mentions
from tests.client_api.test_receipts import reads, room_of_two, unread
from tests.support.client import Json, Server, User

STEPS = 40


class Story:
    """What Alice and Bob may do in their room."""

    def __init__(self, alice: User, bob: User, room: str, chance: random.Random) -> None:
        self.alice, self.bob, self.room = alice, bob, room
        self.chance = chance
        self.events: list[tuple[str, str | None]] = []
        """(event id, thread) of what Alice said."""
        self.told: list[str] = []

    async def step(self) -> None:
        doings: list[Callable[[], Awaitable[object]]] = [
            self.alice_says,
            self.alice_says,
            self.alice_mentions_bob,
            self.alice_answers_in_a_thread,
            self.alice_reacts,
            self.alice_redacts,
            self.bob_reads,
            self.bob_reads,
            self.bob_reads_a_thread,
            self.bob_says,
            self.bob_renames_himself,
            self.bob_leaves_and_comes_back,
            self.bob_changes_his_rules,
        ]
        doing = self.chance.choice(doings)
        self.told.append(doing.__name__)
        await doing()

    async def _alice(self, content: Json, thread: str | None = None) -> None:
        event_id = await self.alice.sends(self.room, "m.room.message", {"msgtype": "m.text", **content})
        self.events.append((event_id, thread))

    async def alice_says(self) -> None:
        await self._alice({"body": "hello"})

    async def alice_mentions_bob(self) -> None:
        await self._alice({"body": "bob!", "m.mentions": {"user_ids": [self.bob.user_id]}})

    async def alice_answers_in_a_thread(self) -> None:
        roots = [event_id for event_id, thread in self.events if thread is None]
        if roots:
            root = self.chance.choice(roots[-3:])
            await self._alice({"body": "re", "m.relates_to": {"rel_type": "m.thread", "event_id": root}}, root)

    async def alice_reacts(self) -> None:
        if self.events:
            relation = {"rel_type": "m.annotation", "event_id": self.events[-1][0], "key": str(len(self.told))}
            await self.alice.sends(self.room, "m.reaction", {"m.relates_to": relation})

    async def alice_redacts(self) -> None:
        if self.events:
            event_id, _ = self.events.pop(self.chance.randrange(len(self.events)))
            await self.alice.redacts(self.room, event_id)

    async def bob_reads(self) -> None:
        if self.events:
            kind = self.chance.choice(["m.read", "m.read.private"])
            await reads(self.bob, self.room, self.chance.choice(self.events[-5:])[0], kind)

    async def bob_reads_a_thread(self) -> None:
        if self.events:
            event_id, thread = self.chance.choice(self.events[-5:])
            await reads(self.bob, self.room, event_id, thread_id=thread or "main")

    async def bob_says(self) -> None:
        await self.bob.says("me too", self.room)

    async def bob_renames_himself(self) -> None:
        content = {"membership": "join", "displayname": f"Bob {len(self.told)}"}
        await self.bob.sets(self.room, "m.room.member", content, self.bob.user_id)

    async def bob_leaves_and_comes_back(self) -> None:
        await self.bob.leaves(self.room)
        await self.alice.says("without him", self.room)
        await self.alice.invites(self.bob, self.room)
        await self.bob.joins(self.room)

    async def bob_changes_his_rules(self) -> None:
        rule = "/v3/pushrules/global/underride/.m.rule.room_one_to_one"
        await self.bob.call("PUT", f"{rule}/actions", {"actions": self.chance.choice([[], ["notify"]])})


@pytest.mark.parametrize("seed", range(3))
async def test_counts_in_memory_are_those_of_the_database(house: tuple[Server, Database], seed: int) -> None:
    server, database = house
    alice, bob, room = await room_of_two(server)
    story, mentions = Story(alice, bob, room, random.Random(seed)), Mentions(database)
    nid: int = await database.fetchval("SELECT room_nid FROM rooms WHERE room_id = $1", room)
    for _ in range(STEPS):
        await story.step()
        counted = (await mentions.unread(bob.user_id, [nid])).counts
        expected = (sum(one.notifications for one in counted), sum(one.highlights for one in counted))
        assert await unread(bob, room) == expected, story.told


async def test_counts_are_right_when_much_happens_at_once(house: tuple[Server, Database]) -> None:
    server, database = house
    alice, bob, room = await room_of_two(server)
    nid: int = await database.fetchval("SELECT room_nid FROM rooms WHERE room_id = $1", room)

    async def asks() -> None:
        for _ in range(10):
            await unread(bob, room)

    sending = [alice.says(str(n), room) for n in range(40)]
    answering = [bob.says(str(n), room) for n in range(3)]
    await asyncio.gather(*sending, *answering, asks(), asks())
    counted = (await Mentions(database).unread(bob.user_id, [nid])).counts
    assert await unread(bob, room) == (sum(one.notifications for one in counted), 0)
