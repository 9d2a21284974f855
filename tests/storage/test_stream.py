"""The stream: order, the gate, repeats, bad rows, lost connections."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from homeserver.clock import NoFaults, SystemClock
from homeserver.storage.database import Database
from homeserver.storage.errors import BadRow, DatabaseDown
from homeserver.storage.rows import AccountDataRow, EventRow, ReceiptRow, Rows, ToDeviceRow
from homeserver.storage.stream import Stream
from tests.storage.world import Drafts, TestRoom, World, message, opened, txn


def account_data(kind: str, user_id: str = "@alice:test") -> AccountDataRow:
    return AccountDataRow(user_id=user_id, room_id="", type=kind, content=b"{}")


class Single:
    """An entry with one piece of account data."""

    room_nid = None

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def rows(self, rows: Rows) -> None:
        rows.add(account_data(self._kind))


async def test_positions_of_a_process_abut_and_room_positions_count_up(world: World) -> None:
    room = await world.room()
    outcome = await room.commit(message("a"), message("b"))
    rows = [row for row in world.commits[-1].rows if isinstance(row, EventRow)]
    assert [row.position for row in rows] == [outcome.base + 1, outcome.base + 2]
    assert [row.room_position for row in rows] == [3, 4]
    assert [commit.first for commit in world.commits[1:]] == [commit.last + 1 for commit in world.commits[:-1]]
    assert await world.stream.head() == outcome.last


async def test_a_head_reads_back_what_was_committed(world: World) -> None:
    room = await world.room()
    topic = await room.state("m.room.topic", "", {"topic": "t"})
    said = await room.says("hello")
    head = await world.rooms.load_head(room.room_id)
    assert head is not None
    assert (head.version, head.sequence, head.last_position, head.depth) == (4, 3, 4, 4)
    assert [tip.event_id for tip in head.extremities] == [said.event_id]
    assert (head.extremities[0].chain_id, head.extremities[0].sequence_after) == (head.chain_id, 3)
    assert {(entry.type, entry.event_id) for entry in head.state} >= {("m.room.topic", topic.event_id)}
    assert [(member.user_id, member.membership) for member in head.members] == [("@alice:test", "join")]
    assert head.position == await world.stream.head()


async def test_messages_pass_on_a_stale_version_but_state_does_not(world: World) -> None:
    room = await world.room()
    stale = await world.same_room(room.room_id, room.room_nid)
    await room.says("first")
    assert not (await stale.commit(message("second"))).refused
    stale.head = stale.head._replace(version=stale.head.version - 1) if stale.head else None
    key = ("m.room.topic", "")
    draft = {"type": key[0], "state_key": "", "sender": "@alice:test", "body": b"{}"}
    assert (await stale.commit(draft)).refused
    assert not (await stale.commit(draft)).refused


async def test_nothing_passes_when_the_state_moved(world: World) -> None:
    room = await world.room()
    stale = await world.same_room(room.room_id, room.room_nid)
    await room.state("m.room.topic", "", {"topic": "t"})
    outcome = await stale.commit(message("on an old state"), rows=[account_data("of.the.entry")])
    assert outcome.refused
    assert not outcome.rooms
    assert world.commits[-1].rows == []


async def test_a_forked_message_leaves_two_tips_and_the_next_joins_them(world: World) -> None:
    room = await world.room()
    other = await world.same_room(room.room_id, room.room_nid)
    await room.says("left")
    await other.says("right")
    await room.load()
    assert room.head is not None
    assert len(room.head.extremities) == 2
    await room.says("joined")
    assert room.head is not None
    assert len(room.head.extremities) == 1


async def test_a_repeated_transaction_is_refused_with_its_first_event(world: World) -> None:
    room = await world.room()
    first = await room.says("once", txn=txn("t1"))
    outcome = await room.commit(message("once", txn=txn("t1")))
    assert outcome.refused
    assert outcome.repeats == {txn("t1"): first.event_id}


async def test_a_repeat_refuses_its_room_alone(world: World) -> None:
    room, other = await world.room(), await world.room()
    await room.says("once", txn=txn("t1"))
    await world.database.nids.ensure(100)
    async with world.stream._writing:  # both wait for the same batch
        repeated = world.stream.submit(Drafts(room, [message("once", txn=txn("t1"))]))
        fresh = world.stream.submit(Drafts(other, [message("new", txn=txn("t2"))]))
        await asyncio.sleep(0.01)
    assert (await repeated).refused
    assert not (await fresh).refused


async def test_a_known_event_is_refused_and_named(world: World) -> None:
    room = await world.room()
    said = await room.says("once")
    outcome = await room.commit(message("again", event_id=said.event_id))
    assert outcome.refused
    assert outcome.known == {said.event_id}


@pytest.mark.parametrize("kind", ["nul\x00", "surrogate\ud800", "x" * 256, "é" * 128])
async def test_text_that_cannot_be_stored_fails_its_entry_alone(world: World, kind: str) -> None:
    bad, good = world.stream.write(account_data(kind)), world.stream.write(account_data("good"))
    results = await asyncio.gather(bad, good, return_exceptions=True)
    assert isinstance(results[0], BadRow)
    assert not isinstance(results[1], BaseException)


async def test_a_row_that_the_database_refuses_fails_its_entry_alone(world: World) -> None:
    async def write(content: object) -> object:
        row = account_data(f"kind{content!r}"[:20])
        row.content = content  # type: ignore[assignment]
        return await world.stream.write(row)

    results = await asyncio.gather(*(write(content) for content in (b"1", b"2", 3, b"4")), return_exceptions=True)
    assert [isinstance(result, Exception) for result in results] == [False, False, True, False]
    assert await world.database.fetchval("SELECT count(*) FROM account_data") == 3


async def test_an_entry_that_cannot_build_its_rows_hears_its_own_error(world: World) -> None:
    class Broken:
        room_nid = None

        def rows(self, rows: Rows) -> None:
            raise LookupError("no such thing")

    with pytest.raises(LookupError):
        await world.stream.submit(Broken())


async def test_an_entry_with_nothing_to_say_is_answered_at_once(world: World) -> None:
    outcome = await world.stream.write()
    assert (outcome.refused, outcome.last) == (False, 0)


async def test_a_duplicate_that_the_snapshot_missed_is_found_on_the_second_run(world: World, database_url: str) -> None:
    room = await world.room()
    async with opened(database_url) as other_world:
        other = await other_world.same_room(room.room_id, room.room_nid)
        await world.database.nids.ensure(1000)
        await other_world.database.nids.ensure(1000)
        for n in range(40):
            key = txn(f"same{n}")
            outcomes = await asyncio.gather(
                world.stream.submit(Drafts(room, [message("x", txn=key)])),
                other_world.stream.submit(Drafts(other, [message("x", txn=key)])),
            )
            assert sorted(outcome.refused for outcome in outcomes) == [False, True]
            await room.load()
            await other.load()
    assert await world.database.fetchval("SELECT count(*) FROM client_txns") == 40


async def lock_room(url: str, room: TestRoom) -> tuple[asyncpg.Connection, asyncpg.transaction.Transaction]:
    connection = await asyncpg.connect(url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("SELECT FROM room_heads WHERE room_nid = $1 FOR UPDATE", room.room_nid)
    return connection, transaction


async def test_a_locked_room_is_refused_and_holds_nobody_up(world: World, database_url: str) -> None:
    locked, free = await world.room(), await world.room()
    connection, transaction = await lock_room(database_url, locked)
    async with asyncio.timeout(1):
        assert (await world.stream.submit(Drafts(locked, [message("stuck")]))).refused
        assert not (await world.stream.submit(Drafts(free, [message("free")]))).refused
    await transaction.rollback()
    await connection.close()


async def test_waiting_its_turn_gets_a_room_in_after_the_lock(world: World, database_url: str) -> None:
    room = await world.room()
    other = await world.same_room(room.room_id, room.room_nid)
    await room.state("m.room.topic", "", {"topic": "moved on"})
    connection, transaction = await lock_room(database_url, room)
    entry = Drafts(other, [message("patient")])
    waiting = asyncio.ensure_future(world.stream.wait_turn(entry, other.load))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    await transaction.rollback()
    await connection.close()
    outcome = await waiting
    assert not outcome.refused
    assert world.commits[-1].first == outcome.base + 1


async def killed_writers(database: Database) -> int:
    return int(
        await database.fetchval(
            """
            SELECT count(pg_terminate_backend(pid))
              FROM pg_stat_activity
             WHERE application_name LIKE 'hearth-writer-%'
               AND datname = current_database()
            """
        )
    )


async def lost_answer(world: World, send: Callable[[], Awaitable[object]]) -> object:
    """Run `send` while the statement's answer is lost after its commit."""
    real = world.stream._statement

    async def statement(connection: object, sheet: object) -> object:
        await real(connection, sheet)  # type: ignore[arg-type]
        world.stream._statement = real  # type: ignore[method-assign]
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

    world.stream._statement = statement  # type: ignore[assignment, method-assign]
    return await send()


async def test_a_commit_whose_answer_was_lost_is_found_again_and_not_repeated(world: World) -> None:
    room = await world.room()
    before = await world.stream.head()
    await world.database.nids.ensure(100)
    outcome = await lost_answer(world, lambda: world.stream.submit(Drafts(room, [message("a"), message("b")])))
    rows = [row for row in world.commits[-1].rows if isinstance(row, EventRow)]
    assert [row.position for row in rows] == [before + 1, before + 2]
    assert [row.room_position for row in rows] == [3, 4]
    assert await world.database.fetchval("SELECT count(*) FROM events WHERE type = 'm.room.message'") == 2
    assert outcome.rooms[room.room_nid].room_base == 2  # type: ignore[attr-defined]


async def test_rows_without_events_are_found_again_by_their_mark(world: World) -> None:
    row = ToDeviceRow(user_id="@a:test", device_id="D", device_nid=1, content=b"{}")
    await lost_answer(world, lambda: world.stream.write(row))
    assert await world.database.fetchval("SELECT count(*) FROM to_device") == 1
    assert await world.database.fetchval("SELECT position FROM to_device") == row.position


async def test_a_statement_that_never_reached_the_server_is_written_again(world: World) -> None:
    room = await world.room()
    real = world.stream._statement

    async def statement(connection: object, sheet: object) -> object:
        world.stream._statement = real  # type: ignore[method-assign]
        raise ConnectionResetError

    world.stream._statement = statement  # type: ignore[assignment, method-assign]
    await world.database.nids.ensure(100)
    assert not (await world.stream.submit(Drafts(room, [message("a")]))).refused
    assert await world.database.fetchval("SELECT count(*) FROM events WHERE type = 'm.room.message'") == 1


async def test_killed_connections_lose_and_double_nothing(world: World) -> None:
    room = await world.room()
    sent = []
    killed = 0
    for n in range(60):
        await world.database.nids.ensure(100)
        future = world.stream.submit(Drafts(room, [message(str(n), txn=txn(f"t{n}"))]))
        if n % 3 == 0:
            await asyncio.sleep(0.0002 * (n % 7))
            killed += await killed_writers(world.database)
        outcome = await future
        sent.append(world.commits[-1].rows[0].event_id)  # type: ignore[union-attr]
        assert not outcome.refused
        await room.load()
    stored = await world.database.fetch(
        "SELECT event_id FROM events WHERE type = 'm.room.message' ORDER BY room_position"
    )
    assert [row["event_id"] for row in stored] == sent
    assert killed > 0


async def test_writes_fail_with_database_down_when_nobody_answers(database_url: str) -> None:
    database = await Database.open(database_url)
    stream = Stream(database, clock=SystemClock(), faults=NoFaults())
    database._dsn = "postgresql://nobody@/none?host=/nowhere/at/all"
    import homeserver.storage.stream as module

    waited, module.WAIT_S = module.WAIT_S, 0.2
    running = asyncio.ensure_future(stream.run())
    try:
        with pytest.raises(DatabaseDown):
            await stream.write(account_data("x"))
    finally:
        module.WAIT_S = waited
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await database.close()


async def test_a_queue_that_is_full_refuses_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("homeserver.storage.stream.MAX_WAITING", 1)
    first, second = world.stream.submit(Single("a")), world.stream.submit(Single("b"))
    with pytest.raises(DatabaseDown):
        await second
    assert not (await first).refused


WRITER = """
import asyncio, sys
from tests.storage.world import Drafts, message, opened
async def main(url, room_id, room_nid, count):
    async with opened(url) as world:
        room = await world.same_room(room_id, int(room_nid))
        for n in range(int(count)):
            while True:
                await world.database.nids.ensure(100)
                outcome = await world.stream.submit(Drafts(room, [message("x")]))
                await room.load()
                if not outcome.refused:
                    break
asyncio.run(main(*sys.argv[1:]))
"""


async def test_three_processes_commit_in_the_order_of_positions(world: World, database_url: str) -> None:
    room = await world.room()
    writers = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", WRITER, database_url, room.room_id, str(room.room_nid), "60"
        )
        for _ in range(3)
    ]
    seen: list[int] = []
    head = await world.stream.head()
    while any(writer.returncode is None for writer in writers) or head < await world.stream.head():
        found = await world.stream.changes(head)
        seen += [row.position for row in found.rows if isinstance(row, EventRow)]
        head = found.head
        await asyncio.sleep(0)
    await asyncio.gather(*(writer.wait() for writer in writers))
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    stored = await world.database.fetch(
        "SELECT position, room_position FROM events WHERE type = 'm.room.message' ORDER BY position"
    )
    assert len(stored) == 180
    assert seen == [row["position"] for row in stored]
    assert [row["room_position"] for row in stored] == list(range(3, 183))


async def test_a_room_is_in_a_batch_once_and_its_next_entry_comes_after(world: World) -> None:
    room = await world.room()
    await world.database.nids.ensure(100)
    first = world.stream.submit(Drafts(room, [message("first")]))
    second = world.stream.submit(Drafts(room, [message("second")]))
    a, b = await asyncio.gather(first, second)
    assert a.base < b.base


async def test_a_shared_batch_counts_as_one_write_for_each_sender(world: World) -> None:
    room = await world.room()
    await world.database.nids.ensure(100)
    with world.database.count() as trips:
        await world.stream.submit(Drafts(room, [message("a")]))
    assert (trips.reads, trips.writes) == (0, 1)


async def test_many_receipts_of_one_user_in_one_batch_leave_the_last(world: World) -> None:
    room = await world.room()
    rows = [
        ReceiptRow(
            room_nid=room.room_nid,
            room_id=room.room_id,
            user_id="@alice:test",
            type="m.read",
            thread="",
            event_id=f"$e{n}",
            event_nid=n,
            room_position=n,
            ts=n,
        )
        for n in range(1, 6)
    ]
    await world.stream.write(*rows)
    assert await world.database.fetchval("SELECT room_position FROM receipts") == 5
