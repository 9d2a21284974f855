"""R-19: unread counts are those of a model that knows nothing of how the server counts.

Random histories of messages, mentions, threads, reactions, redactions, receipts (public and private, of threads and of
the whole room), own messages and mutes; after every few steps a device that follows and one that is new are asked.
"""

import random
from collections import Counter
from dataclasses import dataclass, field

import pytest

from tests.support.client import Json, Server, User

STEPS = 12
FILTER = '{"room":{"timeline":{"limit":50,"unread_thread_notifications":true}}}'


@dataclass(slots=True)
class Said:
    """An event of the room as the model sees it. `root`: of the thread it is in."""

    event_id: str
    root: str | None
    is_own: bool = False
    notifies: bool = True
    highlights: bool = False
    is_redacted: bool = False


@dataclass(slots=True)
class Model:
    """What Bob has to read: events in order, and up to where he has read what."""

    said: list[Said] = field(default_factory=list)
    everything: int = -1
    by_thread: dict[str | None, int] = field(default_factory=dict)

    def counts(self) -> tuple[tuple[int, int], dict[str, tuple[int, int]]]:
        """(notifications, highlights) of the main timeline, and of each thread with any."""
        notifications: Counter[str | None] = Counter()
        highlights: Counter[str | None] = Counter()
        for at, one in enumerate(self.said):
            is_read = at <= max(self.everything, self.by_thread.get(one.root, -1))
            if one.notifies and not (one.is_own or one.is_redacted or is_read):
                notifications[one.root] += 1
                highlights[one.root] += one.highlights
        threads = {root: (n, highlights[root]) for root, n in notifications.items() if root is not None}
        return (notifications[None], highlights[None]), threads


class Story:
    """What happens to Bob in one room."""

    def __init__(self, alice: User, bob: User, room: str, chance: random.Random) -> None:
        self.alice, self.bob, self.room, self.chance = alice, bob, room, chance
        self.model = Model()
        self.is_muted = False
        self.told: list[str] = []

    async def step(self) -> None:
        doings = [self.alice_says, self.alice_says, self.alice_mentions_bob, self.alice_answers, self.alice_reacts]
        doings += [self.alice_redacts, self.bob_says, self.bob_reads_all, self.bob_reads_a_thread, self.bob_mutes]
        doing = self.chance.choice(doings)
        self.told.append(doing.__name__)
        await doing()

    async def _add(self, sender: User, content: Json, **more: object) -> None:
        root = None
        mains = [one.event_id for one in self.model.said if one.root is None and one.notifies]
        if more.pop("in_thread", False) and mains:
            root = self.chance.choice(mains[-4:])
            content = {**content, "m.relates_to": {"rel_type": "m.thread", "event_id": root}}
        event_id = await sender.sends(self.room, "m.room.message", {"msgtype": "m.text", **content})
        is_own = sender is self.bob
        said = Said(event_id, root, is_own=is_own, notifies=is_own or not self.is_muted, highlights=bool(more))
        self.model.said.append(said)
        if is_own:
            self.model.by_thread[root] = len(self.model.said) - 1

    async def alice_says(self) -> None:
        await self._add(self.alice, {"body": "hello"})

    async def alice_mentions_bob(self) -> None:
        mention = {"body": "you there", "m.mentions": {"user_ids": [self.bob.user_id]}}
        await self._add(self.alice, mention, in_thread=self.chance.random() < 0.4, highlights=True)

    async def alice_answers(self) -> None:
        await self._add(self.alice, {"body": "in a thread"}, in_thread=True)

    async def bob_says(self) -> None:
        await self._add(self.bob, {"body": "from bob"}, in_thread=self.chance.random() < 0.4)

    async def alice_reacts(self) -> None:
        if self.model.said:
            target = self.chance.choice(self.model.said).event_id
            relation = {"rel_type": "m.annotation", "event_id": target, "key": str(len(self.model.said))}
            event_id = await self.alice.sends(self.room, "m.reaction", {"m.relates_to": relation})
            self.model.said.append(Said(event_id, None, notifies=False))

    async def alice_redacts(self) -> None:
        mine = [one for one in self.model.said if not one.is_own and one.notifies and not one.is_redacted]
        roots = {one.root for one in self.model.said}
        mine = [one for one in mine if one.event_id not in roots]
        if mine:
            one = self.chance.choice(mine)
            await self.alice.redacts(self.room, one.event_id)
            one.is_redacted = True

    async def _read(self, at: int, thread: str | None) -> None:
        kind = self.chance.choice(["m.read", "m.read.private"])
        body = {} if thread is None else {"thread_id": thread}
        event_id = self.model.said[at].event_id
        await self.bob.call("POST", f"/v3/rooms/{self.room}/receipt/{kind}/{event_id}", body)

    async def bob_reads_all(self) -> None:
        if self.model.said:
            at = self.chance.randrange(len(self.model.said))
            await self._read(at, None)
            self.model.everything = max(self.model.everything, at)

    async def bob_reads_a_thread(self) -> None:
        root = self.chance.choice([None, *{one.root for one in self.model.said}])
        places = [n for n, one in enumerate(self.model.said) if one.root == root and one.notifies]
        if places:
            at = self.chance.choice(places)
            await self._read(at, root or "main")
            self.model.by_thread[root] = max(self.model.by_thread.get(root, -1), at)

    async def bob_mutes(self) -> None:
        path = f"/v3/pushrules/global/override/{self.room}"
        if self.is_muted:
            await self.bob.call("DELETE", path)
        else:
            condition = {"kind": "event_match", "key": "room_id", "pattern": self.room}
            await self.bob.call("PUT", path, {"conditions": [condition], "actions": []})
        self.is_muted = not self.is_muted


def counts_in(block: Json) -> tuple[tuple[int, int], dict[str, tuple[int, int]]]:
    def pair(count: Json) -> tuple[int, int]:
        return count["notification_count"], count["highlight_count"]

    threads = {root: pair(count) for root, count in block.get("unread_thread_notifications", {}).items()}
    return pair(block["unread_notifications"]), threads


async def tell(server: Server, alice: User, bob: User, devices: tuple[User, User], seed: int) -> None:
    """One history. `devices` of Bob: one follows it, one begins anew at each look."""
    chance = random.Random(seed)
    room = await alice.creates_public_room()
    await bob.joins(room)
    story = Story(alice, bob, room, chance)
    follower, stranger = devices
    only = FILTER.replace('{"room":{', f'{{"room":{{"rooms":["{room}"],')
    follower.next_batch = None
    seen = counts_in((await follower.syncs(filter=only))["rooms"]["join"][room])
    for step in range(1, STEPS + 1):
        await story.step()
        if step % 3:
            continue
        block = (await follower.syncs(filter=only)).get("rooms", {}).get("join", {}).get(room)
        seen = counts_in(block) if block is not None else seen
        expected = story.model.counts()
        assert seen == expected, f"seed {seed}, follower: {story.told}"
        stranger.next_batch = None
        fresh = (await stranger.syncs(filter=only))["rooms"]["join"][room]
        assert counts_in(fresh) == expected, f"seed {seed}, stranger: {story.told}"
    await bob.leaves(room)


async def tell_all(server: Server, seeds: range) -> None:
    alice, bob = await server.users("alice", "bob")
    devices = (await server.login("bob"), await server.login("bob"))
    for seed in seeds:
        await tell(server, alice, bob, devices, seed)


@pytest.mark.timeout(240)
async def test_unread_counts_are_those_of_a_model(server: Server) -> None:
    await tell_all(server, range(40))


@pytest.mark.full("reliability")
@pytest.mark.timeout(2400)
async def test_unread_counts_are_those_of_a_model_in_many_histories(server: Server) -> None:
    await tell_all(server, range(1000, 1500))
