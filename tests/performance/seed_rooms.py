"""Writing whole rooms into a database as their server would have: by its own room queues, heads and batches.

One call is one worker, which others may work beside: no two have a room in common. Nothing is made up: events are
authorised, hashed and signed by `services.commits`, and every row is written by the stream's statement, so that a table
that a later release adds is filled as well. Not for: what rooms there are (`seed`).
"""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from homeserver.bus.local import LocalBus
from homeserver.clock import NoFaults, SystemClock
from homeserver.protocol.events import build_pdu, seal
from homeserver.protocol.identifiers import EventId, RoomId, UserId
from homeserver.protocol.room_versions import ROOM_VERSIONS
from homeserver.protocol.signing import SigningKey
from homeserver.services.commits import Commits
from homeserver.services.feed import Feed
from homeserver.services.intents import Draft, Finished, Intent
from homeserver.services.push_rules import PushRules
from homeserver.services.rooms import Rooms
from homeserver.storage.account_data import AccountData
from homeserver.storage.database import Database
from homeserver.storage.events.read import Events
from homeserver.storage.members import Members
from homeserver.storage.rooms import RoomTable
from homeserver.storage.rows import ReceiptRow
from homeserver.storage.state import StateKeys
from homeserver.storage.stream import Commit, Stream

A = TypeVar("A")
B = TypeVar("B")
RULES = ROOM_VERSIONS["12"]
YEAR_MS = 365 * 86_400_000
FIRST_EVENTS = 6
"""Events of a new room before anybody else joins."""
AT_ONCE = 1_500
"""Rooms that talk at the same time: their events lie mixed on the disk, as life mixes them."""
PARALLEL = 120
LONGEST_RUN = 20
SYLLABLES = ("ma", "ru", "ti", "lo", "ken", "da", "so", "vi", "pel", "gra", "no", "hu", "sta", "mi", "be", "or")
WORDS = tuple(map("".join, itertools.product(SYLLABLES, repeat=2)))


@dataclass(frozen=True, slots=True)
class RoomPlan:
    """A room to be: its name in the plan, its members (localparts, the creator first), how many messages it holds."""

    name: str
    members: tuple[str, ...]
    messages: int

    @property
    def events(self) -> int:
        """How many events that makes."""
        return FIRST_EVENTS + len(self.members) - 1 + self.messages


class OwnRooms(Feed):
    """A feed of one worker: what others write between its commits is of other rooms, and not missed."""

    def committed(self, commit: Commit) -> None:
        self.head = commit.first - 1
        super().committed(commit)


@dataclass(slots=True)
class Talk:
    """A room while it is filled."""

    plan: RoomPlan
    room_id: RoomId
    left: int
    known: list[EventId] = field(default_factory=list)
    """Messages that others may relate to."""


class Writer:
    """The part of a server that writes rooms."""

    def __init__(self, database: Database, key: SigningKey, seed: int, now_ms: int) -> None:
        self._key = key
        self._chance = random.Random(seed)
        self._stream = Stream(database, clock=SystemClock(), faults=NoFaults())
        bus = LocalBus(SystemClock().monotonic)
        feed = OwnRooms(self._stream, Members(database), bus, SystemClock(), is_shared=False)
        self._stream.on_commit = feed.committed
        self._table = RoomTable(database)
        self._rooms = Rooms(self._table, feed)
        self._commits = Commits(
            rooms=self._rooms,
            stream=self._stream,
            feed=feed,
            state_keys=StateKeys(database),
            nids=database.nids,
            key=key,
            notifications=PushRules(key.server, AccountData(database), self._stream, feed),
            events=Events(database),
            clock=SystemClock(),
        )
        self._ts = now_ms - YEAR_MS

    async def write(self, plans: Sequence[RoomPlan]) -> dict[str, str]:
        """Make and fill the rooms; their ids by the names of the plan."""
        made: dict[str, str] = {}
        step_ms = YEAR_MS // (sum(plan.events for plan in plans) + 1)
        running = [asyncio.ensure_future(task()) for task in (self._stream.run, self._commits.run)]
        try:
            for start in range(0, len(plans), AT_ONCE):
                talks = await self._each(self._make, plans[start : start + AT_ONCE])
                made.update({talk.plan.name: talk.room_id for talk in talks})
                while waiting := [talk for talk in talks if talk.left]:
                    self._chance.shuffle(waiting)
                    self._ts += step_ms * sum(await self._each(self._say_some, waiting))
                await self._each(self._read, talks)
        finally:
            for task in running:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        return made

    async def _each(self, act: Callable[[A], Awaitable[B]], items: Sequence[A]) -> list[B]:
        gate = asyncio.Semaphore(PARALLEL)

        async def one(item: A) -> B:
            async with gate:
                return await act(item)

        return list(await asyncio.gather(*map(one, items)))

    async def _make(self, plan: RoomPlan) -> Talk:
        """Create the room as the preset `public_chat` does, and have everybody join."""
        creator, *others = map(self._user, plan.members)
        # Without its name, two rooms that two workers make of one user at one time would be one room.
        content = {"room_version": RULES.id, "bench": plan.name}
        proto = build_pdu(
            RULES,
            room_id=None,
            sender=creator,
            type="m.room.create",
            state_key="",
            content=content,
            prev_events=[],
            auth_events=[],
            depth=1,
            ts=self._ts + 1,
        )
        create = seal(proto, RULES, self._key)
        await self._table.allocate(create.room_id, RULES.id, created_ts=create.ts)
        drafts = [
            Draft.member(creator, "join"),
            Draft("m.room.power_levels", {"users": {}, "events_default": 0, "state_default": 50}, state_key=""),
            Draft("m.room.join_rules", {"join_rule": "public"}, state_key=""),
            Draft("m.room.history_visibility", {"history_visibility": "shared"}, state_key=""),
            Draft("m.room.guest_access", {"guest_access": "forbidden"}, state_key=""),
        ]
        assert len(drafts) + 1 == FIRST_EVENTS
        room = await self._rooms.room(create.room_id)
        await self._commits.commit_all(room, [Finished(create), *(Intent(creator, self._at(one)) for one in drafts)])
        if others:
            joins = [Intent(user_id, self._at(Draft.member(user_id, "join"))) for user_id in others]
            await self._commits.commit_all(room, joins)
        return Talk(plan, create.room_id, plan.messages)

    async def _say_some(self, talk: Talk) -> int:
        """Send the next run of messages; how many."""
        count = min(talk.left, self._chance.randint(1, LONGEST_RUN))
        members = talk.plan.members
        intents = [Intent(self._user(self._chance.choice(members)), self._at(self._said(talk))) for _ in range(count)]
        committed = await self._commits.commit_all(await self._rooms.room(talk.room_id), intents)
        talk.left -= count
        talk.known = [*talk.known[-LONGEST_RUN:], *(one.event_id for one in committed)]
        return count

    def _said(self, talk: Talk) -> Draft:
        """A message; one in twelve is about another: a reaction, an edit, a reply in a thread."""
        text = " ".join(self._chance.choices(WORDS, k=self._chance.randint(3, 30)))
        content: dict[str, Any] = {"msgtype": "m.text", "body": text}
        if not talk.known or self._chance.random() > 1 / 12:
            return Draft("m.room.message", content)
        target = self._chance.choice(talk.known)
        kind = self._chance.choice(("m.annotation", "m.replace", "m.thread"))
        if kind == "m.annotation":
            relates = {"rel_type": kind, "event_id": target, "key": self._chance.choice("👍👀🎉")}
            return Draft("m.reaction", {"m.relates_to": relates})
        if kind == "m.replace":
            content["m.new_content"] = dict(content)
        return Draft("m.room.message", {**content, "m.relates_to": {"rel_type": kind, "event_id": target}})

    async def _read(self, talk: Talk) -> None:
        """Every second member has read to the end."""
        room = await self._rooms.room(talk.room_id)
        (event_nid, tip), *_ = room.extremities.items()
        receipts = [
            ReceiptRow(
                room_nid=room.room_nid,
                room_id=room.room_id,
                user_id=self._user(localpart),
                type="m.read",
                thread="",
                event_id=tip.event_id,
                event_nid=event_nid,
                room_position=room.last_position,
                ts=self._ts,
            )
            for localpart in talk.plan.members[::2]
        ]
        await self._stream.write(*receipts)

    def _at(self, draft: Draft) -> Draft:
        """The draft, said a little later than the one before."""
        self._ts += 1
        return replace(draft, ts=self._ts)

    def _user(self, localpart: str) -> UserId:
        return UserId(f"@{localpart}:{self._key.server}")
