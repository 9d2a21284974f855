"""A room written through the real stream, without the protocol: events with made-up ids and bodies."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from homeserver.clock import NoFaults, SystemClock
from homeserver.storage.database import Database
from homeserver.storage.rooms import HeadRecord, RoomTable
from homeserver.storage.rows import EventRow, RoomWrite, Row, Rows, TxnKey
from homeserver.storage.state import StateKeys
from homeserver.storage.stream import Commit, Outcome, Stream

_numbers = itertools.count(1)


@dataclass(eq=False)
class World:
    """One process's view: database, stream, and every commit it saw."""

    database: Database
    stream: Stream
    keys: StateKeys
    rooms: RoomTable
    commits: list[Commit] = field(default_factory=list)

    async def room(self, version: str = "11") -> "TestRoom":
        """A new room with a create event and Alice joined."""
        room_id = f"!room{next(_numbers)}:test"
        allocated = await self.rooms.allocate(room_id, version, created_ts=1)
        room = TestRoom(self, room_id, allocated.room_nid)
        await room.load()
        await room.state("m.room.create", "", {})
        await room.joins("@alice:test")
        return room

    async def same_room(self, room_id: str, room_nid: int) -> "TestRoom":
        """A room made by another process."""
        room = TestRoom(self, room_id, room_nid)
        await room.load()
        return room


@dataclass(eq=False)
class TestRoom:
    """A room and its head as this process believes it."""

    __test__ = False

    world: World
    room_id: str
    room_nid: int
    head: HeadRecord | None = None
    events: list[str] = field(default_factory=list)

    async def load(self) -> None:
        """Take the head from PostgreSQL."""
        self.head = await self.world.rooms.load_head(self.room_nid)
        await self.world.database.nids.ensure(1000)

    async def commit(self, *drafts: dict[str, Any], rows: Sequence[Row] = ()) -> Outcome:
        """Write the drafts as one entry on the head believed; take the head again afterwards."""
        for draft in drafts:
            if draft.get("state_key") is not None:
                key = (draft["type"], draft["state_key"])
                draft["state_key_nid"] = (await self.world.keys.intern([key]))[key]
        entry = Drafts(self, drafts, rows)
        outcome = await self.world.stream.submit(entry)
        await self.load()
        return outcome

    async def says(self, text: str, *, sender: str = "@alice:test", **more: Any) -> EventRow:
        """Send one message; its row, with positions."""
        await self.commit(message(text, sender=sender, **more))
        return self.last_event()

    async def state(self, kind: str, state_key: str, content: dict[str, Any], sender: str = "@alice:test") -> EventRow:
        """Change the state; the event's row."""
        await self.commit(
            {"type": kind, "state_key": state_key, "sender": sender, "body": _body(content, kind)},
        )
        return self.last_event()

    async def joins(self, user_id: str, membership: str = "join") -> EventRow:
        """Change a membership."""
        await self.commit(
            {
                "type": "m.room.member",
                "state_key": user_id,
                "sender": user_id,
                "membership": membership,
                "displayname": user_id[1:4],
                "body": _body({"membership": membership, "displayname": user_id[1:4]}, "m.room.member"),
            },
        )
        return self.last_event()

    def last_event(self) -> EventRow:
        """The newest event committed in this room."""
        for commit in reversed(self.world.commits):
            for row in reversed(commit.rows):
                if isinstance(row, EventRow) and row.room_nid == self.room_nid:
                    return row
        raise AssertionError("nothing was committed")


def _body(content: dict[str, Any], kind: str) -> bytes:
    return orjson.dumps({"type": kind, "content": content})


def message(text: str, *, sender: str = "@alice:test", **more: Any) -> dict[str, Any]:
    """A draft of a message."""
    content = {"body": text, **more.pop("content", {})}
    return {"type": "m.room.message", "sender": sender, "body": _body(content, "m.room.message"), **more}


def txn(txn_id: str) -> TxnKey:
    """A transaction id of one device."""
    return TxnKey(1, 2, 3, txn_id)


class Drafts:
    """An entry that builds its drafts on the head its room believes in."""

    def __init__(self, room: TestRoom, drafts: Sequence[dict[str, Any]], rows: Sequence[Row] = ()) -> None:
        self.room_nid: int | None = room.room_nid
        self._room = room
        self._drafts = drafts
        self._rows = rows

    def rows(self, rows: Rows) -> None:
        """Build events on the head, one after the other."""
        head = self._room.head
        assert head is not None
        sequence, depth = head.sequence, head.depth
        tips = [tip.event_nid for tip in head.extremities]
        known = set(tips)
        removed: list[int] = []
        exact = False
        nids = self._room.world.database.nids
        for draft in self._drafts:
            values = dict(draft)
            nid = values.pop("event_nid", None) or nids.next()
            depth += 1
            is_state = values.get("state_key") is not None
            row = EventRow(
                event_nid=nid,
                event_id=values.pop("event_id", f"$event{nid}:test"),
                room_nid=self._room.room_nid,
                room_id=self._room.room_id,
                ts=values.pop("ts", depth),
                depth=depth,
                chain_id=head.chain_id,
                sequence=sequence,
                envelope=b"{}",
                is_current_state=is_state,
                delta_sequence=sequence + 1 if is_state else None,
                replaces=tuple(tips),
                **values,
            )
            rows.add(row)
            if not row.flags & 7 and not row.historical:
                if is_state:
                    sequence += 1
                    exact = True
                removed += tips
                tips = [nid]
        for extra in self._rows:
            rows.add(extra)
        rows.rooms.append(
            RoomWrite(
                room_nid=self._room.room_nid,
                seen=head.version,
                chain_id=head.chain_id,
                sequence=head.sequence,
                new_chain_id=head.chain_id,
                new_sequence=sequence,
                depth=depth,
                exact=exact,
                added=[tip for tip in tips if tip not in known],
                removed=[nid for nid in removed if nid in known],
            )
        )


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[World]:
    """A process's world on a database, with its stream running."""
    database = await Database.open(url)
    stream = Stream(database, clock=SystemClock(), faults=NoFaults())
    world = World(database, stream, StateKeys(database), RoomTable(database))
    stream.on_commit = world.commits.append
    running = asyncio.ensure_future(stream.run())
    try:
        yield world
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await database.close()
