"""The room queues over a real stream: order, idempotence, atomicity, refusals by the authorisation rules."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from homeserver.bus.local import LocalBus
from homeserver.clock import NoFaults, SystemClock
from homeserver.errors import Forbidden, Unavailable
from homeserver.protocol.events import Event
from homeserver.protocol.identifiers import ServerName, UserId
from homeserver.protocol.room_versions import ROOM_VERSIONS
from homeserver.protocol.signing import SigningKey
from homeserver.services.commits import MAX_PER_BATCH, Commits
from homeserver.services.feed import Feed
from homeserver.services.heads import Room
from homeserver.services.intents import Committed, Draft, Finished, Intent, Repeated, Stale
from homeserver.services.outliers import Outliers
from homeserver.services.rooms import Rooms
from homeserver.storage.database import Database
from homeserver.storage.errors import BadRow
from homeserver.storage.events.read import Events
from homeserver.storage.members import Members
from homeserver.storage.rooms import RoomTable
from homeserver.storage.rows import REJECTED, SOFT_FAILED, EarlyRedactionRow, EventRow, MentionRow, Row, TxnKey
from homeserver.storage.state import StateKeys
from homeserver.storage.stream import Stream
from tests.support.events import create_event

ALICE = UserId("@alice:test")
BOB = UserId("@bob:test")
KEY = SigningKey(ServerName("test"), "ed25519:1", b"k" * 32)
RULES = ROOM_VERSIONS["12"]
_times = itertools.count(1)


class Silence:
    """Nobody has push rules."""

    async def prepare(self, room: Room) -> None:
        """Nothing to load."""

    def judge(self, room: Room, event: Event) -> tuple[bool, Sequence[MentionRow]]:
        return (event.type == "m.room.message", ())


class House:
    """The services of one process up to the room queues."""

    def __init__(self, database: Database) -> None:
        clock = SystemClock()
        self.database = database
        self.stream = Stream(database, clock=clock, faults=NoFaults())
        self.feed = Feed(self.stream, Members(database), LocalBus(clock), clock, is_shared=False)
        self.stream.on_commit = self.feed.committed
        self.table = RoomTable(database)
        self.rooms = Rooms(self.table, self.feed)
        self.state_keys = StateKeys(database)
        self.commits = Commits(
            rooms=self.rooms,
            stream=self.stream,
            feed=self.feed,
            state_keys=self.state_keys,
            nids=database.nids,
            key=KEY,
            notifications=Silence(),
            events=Events(database),
            clock=clock,
        )
        self.rows: list[Row] = []
        self.feed.register(self.rows.append)

    async def room(self) -> Room:
        """A new public room of Alice's."""
        create = create_event(ALICE, RULES, KEY, ts=next(_times))
        await self.table.allocate(create.room_id, "12", created_ts=create.ts)
        room = await self.rooms.room(create.room_id)
        await self.commits.commit_all(
            room,
            [
                Finished(create),
                Intent(ALICE, Draft.member(ALICE, "join")),
                Intent(ALICE, Draft("m.room.power_levels", {"users_default": 0}, state_key="")),
                Intent(ALICE, Draft("m.room.join_rules", {"join_rule": "public"}, state_key="")),
            ],
        )
        return room

    async def says(self, room: Room, text: str, *, sender: UserId = ALICE, txn: TxnKey | None = None) -> Committed:
        draft = Draft("m.room.message", {"msgtype": "m.text", "body": text})
        return await self.commits.commit(room, Intent(sender, draft, txn))


@asynccontextmanager
async def running(url: str) -> AsyncIterator[House]:
    database = await Database.open(url)
    house = House(database)
    await house.feed.start()
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(part.run()) for part in (house.stream, house.feed, house.commits)]
        yield house
        for task in running:
            task.cancel()
    await database.close()


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with running(database_url) as house:
        yield house


async def test_a_room_is_created_in_one_batch_and_read_back_the_same(house: House) -> None:
    room = await house.room()
    cached = (room.version, room.chain_id, room.sequence, dict(room.extremities), room.depth, room.state_event_ids())
    house.rooms.forget(room.room_id)
    again = await house.rooms.room(room.room_id)
    assert cached == (
        again.version, again.chain_id, again.sequence, dict(again.extremities), again.depth, again.state_event_ids()
    )  # fmt: skip
    assert again.version == 1


async def test_messages_are_committed_in_the_order_they_were_asked_for(house: House) -> None:
    room = await house.room()
    committed = await asyncio.gather(*(house.says(room, str(number)) for number in range(50)))
    positions = [one.position for one in committed]
    assert positions == sorted(positions)
    assert len(room.extremities) == 1
    said = [row for row in house.rows if isinstance(row, EventRow) and row.type == "m.room.message"]
    assert [row.event_id for row in said] == [one.event_id for one in committed]


async def test_many_rooms_that_fill_their_batches_at_once_do_not_run_out_of_numbers(house: House) -> None:
    rooms = [await house.room() for _ in range(30)]
    committed = await asyncio.gather(*(house.says(room, str(n)) for room in rooms for n in range(MAX_PER_BATCH - 5)))
    assert len({one.event_id for one in committed}) == len(committed)


async def test_the_same_transaction_gives_the_same_event(house: House) -> None:
    room = await house.room()
    txn = TxnKey(1, 1, 1, "t1")
    first, second = await asyncio.gather(house.says(room, "once", txn=txn), house.says(room, "once", txn=txn))
    house.commits.forget_txns()
    third = await house.says(room, "once", txn=txn)
    assert first.event_id == second.event_id == third.event_id
    assert (first.repeated, third.repeated) == (False, True)


async def test_a_stranger_is_refused_and_leaves_nothing(house: House) -> None:
    room = await house.room()
    before = len(house.rows)
    with pytest.raises(Forbidden):
        await house.says(room, "let me in", sender=BOB)
    assert len(house.rows) == before


async def test_of_a_list_with_one_forbidden_event_none_is_committed(house: House) -> None:
    room = await house.room()
    before = len(house.rows)
    with pytest.raises(Forbidden):
        await house.commits.commit_all(
            room,
            [
                Intent(ALICE, Draft("m.room.name", {"name": "ours"}, state_key="")),
                Intent(BOB, Draft("m.room.name", {"name": "mine"}, state_key="")),
            ],
        )
    assert len(house.rows) == before
    assert ("m.room.name", "") not in room.state


async def test_a_stale_head_is_read_again_and_nothing_is_lost(database_url: str) -> None:
    async with running(database_url) as house, running(database_url) as other:
        room = await house.room()
        theirs = await other.rooms.room(room.room_id)
        await other.commits.commit(theirs, Intent(ALICE, Draft("m.room.name", {"name": "new"}, state_key="")))
        await house.says(room, "built on an old head")
        fresh = await house.rooms.room(room.room_id)
        assert fresh.content("m.room.name") == {"name": "new"}
        assert fresh.version == 3


async def test_the_same_event_by_two_ways_at_once_is_stored_once_and_spoils_nothing(house: House) -> None:
    room = await house.room()
    event = await house.commits.sealed(room, Intent(ALICE, Draft("m.room.message", {"body": "twice"})))
    hidden = Finished(event, flags=REJECTED, at_head=False, point=(room.chain_id, room.sequence))
    first, again, other = await asyncio.gather(
        house.commits.commit(room, hidden),
        house.commits.commit(room, hidden),
        house.says(room, "beside it"),
        return_exceptions=True,
    )
    assert isinstance(first, Committed)
    assert isinstance(again, Stale)  # looked up anew, it is known
    assert isinstance(other, Committed)


async def test_an_event_that_came_as_an_outlier_meanwhile_is_to_be_prepared_anew(house: House) -> None:
    room = await house.room()
    event = await house.commits.sealed(room, Intent(ALICE, Draft("m.room.message", {"body": "cited"})))
    outliers = Outliers(house.rooms, house.stream, Events(house.database), house.state_keys, house.database.nids)
    await outliers.store(room, [event], set())
    with pytest.raises(Stale):
        await house.commits.commit(room, Finished(event))


async def test_an_outlier_gets_its_place_once(house: House) -> None:
    room = await house.room()
    event = await house.commits.sealed(room, Intent(ALICE, Draft("m.room.message", {"body": "cited"})))
    outliers = Outliers(house.rooms, house.stream, Events(house.database), house.state_keys, house.database.nids)
    number = (await outliers.store(room, [event], set()))[event.event_id].event_nid
    hidden = Finished(event, flags=REJECTED, at_head=False, point=(room.chain_id, room.sequence), promotes=number)
    assert await house.commits.commit(room, hidden)
    await house.says(room, "follows")
    tips = set((await house.rooms.reload(room.room_id)).extremities)
    with pytest.raises(Stale):
        await house.commits.commit(room, replace(hidden, flags=0, point=(room.chain_id, room.sequence)))
    assert set((await house.rooms.reload(room.room_id)).extremities) == tips


async def test_an_event_that_may_be_followed_since_it_was_asked_is_to_be_prepared_anew(house: House) -> None:
    room = await house.room()
    draft = Draft("m.room.message", {"body": "late"})
    late = await house.commits.sealed(room, Intent(ALICE, draft))
    lacked = house.commits.lacked(room.room_nid)
    await house.says(room, "follows what is here")
    hidden = Finished(late, flags=SOFT_FAILED, at_head=False, point=(room.chain_id, room.sequence), lacked=lacked)
    follower = await house.commits.sealed(room, Intent(ALICE, draft))
    gap, beside = await asyncio.gather(
        house.commits.commit(room, Finished(follower, missing=(late.event_id,))),
        house.commits.commit(room, hidden),  # beside it, in one batch
        return_exceptions=True,
    )
    assert isinstance(gap, Committed)
    assert isinstance(beside, Stale)
    with pytest.raises(Stale):
        await house.commits.commit(room, hidden)  # and in a later one
    assert await house.commits.commit(room, replace(hidden, lacked=house.commits.lacked(room.room_nid)))


async def test_what_cannot_be_stored_fails_alone(house: House) -> None:
    room = await house.room()
    event = await house.commits.sealed(room, Intent(ALICE, Draft("m.room.message", {"body": "with a bad row"})))
    bad = EarlyRedactionRow(room_nid=room.room_nid, event_id="$\0", redaction_id=event.event_id)
    before, failed, after = await asyncio.gather(
        house.says(room, "before"),
        house.commits.commit(room, Finished(event, flags=REJECTED, at_head=False, point=(1, 1), rows=(bad,))),
        house.says(room, "after"),
        return_exceptions=True,
    )
    assert isinstance(failed, BadRow)
    assert isinstance(before, Committed)
    assert isinstance(after, Committed)


async def test_a_transaction_id_that_was_used_before_names_the_event_of_then(house: House) -> None:
    room = await house.room()
    txn = TxnKey(1, 1, 1, "t")
    first = await house.says(room, "once", txn=txn)
    event = await house.commits.sealed(room, Intent(ALICE, Draft("m.room.message", {"body": "once, signed elsewhere"})))
    with pytest.raises(Repeated) as repeated:
        await house.commits.commit(room, Finished(event, txn=txn))
    assert repeated.value.event_id == first.event_id


async def test_what_comes_when_the_server_stops_is_told_so_and_leaves_nothing(database_url: str) -> None:
    async with running(database_url) as house:
        room = await house.room()
    with pytest.raises(Unavailable):
        await house.says(room, "too late")
