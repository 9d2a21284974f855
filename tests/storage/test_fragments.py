"""Every fragment writes what its row says; no composed text scans a table."""

from itertools import product

import pytest

from homeserver.storage import batch
from homeserver.storage.database import Database
from homeserver.storage.errors import BadRow
from homeserver.storage.fragments import Fragment, Gates, Sheet
from homeserver.storage.rows import (
    AccountDataRow,
    DeviceChangeRow,
    DirectoryRow,
    EventRow,
    GapFilledRow,
    MemberRow,
    MentionRow,
    OutboundEduRow,
    PartialRow,
    PurgedRow,
    ReceiptRow,
    RedactionRow,
    RevocationRow,
    RoomWrite,
    Row,
    Rows,
    StagedDoneRow,
    StateRow,
    ToDeviceRow,
    decode_rows,
    encode_rows,
)
from tests.storage import kinds
from tests.storage.world import TestRoom, World, message, opened


async def gated_rows(world: World, room: TestRoom, before: EventRow) -> list[Row]:
    """Rows of every kind that needs the room's gate."""
    member, topic = ("m.room.member", "@alice:test"), ("m.room.topic", "")
    keys = await world.keys.intern([member, topic])
    nids = [world.database.nids.next() for _ in range(4)]
    await kinds.put_out(world.database, before)
    return kinds.of_room(room, before, (keys[member], keys[topic]), nids)


async def every_kind(world: World) -> tuple[TestRoom, EventRow, list[Row]]:
    """A room in which one batch wrote every kind of change."""
    room = await world.room()
    before = await room.says("before")
    await world.stream.write(*kinds.alone(room, before))
    rows = await gated_rows(world, room, before)
    await room.commit(message("with it"), rows=rows)
    return room, before, rows


async def count(database: Database, table: str) -> int:
    return int(await database.fetchval(f"SELECT count(*) FROM {table}"))


async def test_every_fragment_is_written_by_some_row(world: World) -> None:
    room, before, rows = await every_kind(world)
    used: set[Fragment] = set()
    for part in (kinds.alone(room, before), rows):
        sheet = Sheet()
        sheet.rooms[room.room_nid] = RoomWrite(
            room_nid=room.room_nid, seen=0, chain_id=1, sequence=1, new_chain_id=1, new_sequence=1, depth=1
        )
        if part is not rows:
            sheet.rooms.clear()
        for row in part:
            batch.PLACE[type(row)](row, sheet)
        used |= {*sheet.plain, *sheet.keyed}
    # Those that drafts of events write, and what only the redaction of a member event writes.
    by_drafts = {"txn", "mark", "current", "delta", "member", "member_change", "member_unnamed"}
    assert {fragment.name for fragment in batch.FRAGMENTS} - {fragment.name for fragment in used} <= by_drafts


async def test_every_kind_has_a_place_and_travels_on_the_bus(world: World) -> None:
    room, before, rows = await every_kind(world)
    everything = [*rows, *kinds.alone(room, before)]
    assert {type(row) for row in everything} == set(batch.PLACE)
    assert decode_rows(encode_rows(everything)) == everything


async def test_a_batch_of_every_kind_leaves_its_rows(world: World) -> None:
    _, before, _ = await every_kind(world)
    database = world.database
    stored = await database.fetchrow("SELECT * FROM events WHERE event_nid = $1", before.event_nid)
    assert stored is not None
    assert (stored["body"], stored["redacted_by"]) == (b'{"content":{"redacted":true}}', "$r")
    gap = await database.fetchrow("SELECT * FROM gaps")
    assert gap is not None
    assert gap["missing"] == ['$a"b\\', "$c"]
    fresh = await database.fetchrow("SELECT * FROM events WHERE thread_id = $1", before.event_id)
    assert fresh is not None
    assert (gap["above"], gap["above"] - gap["below"]) == (fresh["room_position"], 11)
    assert await database.fetchval("SELECT room_position FROM mentions") == fresh["room_position"]
    hidden = await database.fetchrow("SELECT * FROM events WHERE flags & 4 <> 0 AND event_id <> $1", before.event_id)
    assert hidden is not None
    assert (hidden["room_position"], hidden["position"]) == (None, None)
    old = await database.fetchrow("SELECT * FROM events WHERE room_position = -5")
    assert old is not None
    assert old["position"] is None
    assert await database.fetchval("SELECT event_id FROM backward_extremities") == "$back"
    assert await database.fetchval("SELECT membership FROM members WHERE user_id = '@bob:test'") == "leave"
    assert await database.fetchval("SELECT stripped_state FROM members WHERE user_id = '@invited:test'") == b"[]"
    assert [await count(database, name) for name in ("inbound_staging", "inbound_txns", "outbound_edus")] == [0, 2, 1]
    assert await count(database, "revocations") == 3
    assert await database.fetchval("SELECT is_public FROM rooms") is True
    assert await database.fetchval("SELECT alias FROM aliases") == "#a:test"
    assert await database.fetchval("SELECT target_event_id FROM relations") == before.event_id


async def test_a_refused_room_writes_nothing_of_its_entry_that_is_gated(world: World) -> None:
    room = await world.room()
    before = await room.says("before")
    stale = await world.same_room(room.room_id, room.room_nid)
    await room.state("m.room.topic", "", {})
    tables = ("events", "members", "mentions", "gaps", "backward_extremities", "state_chains", "state_deltas")
    counts = [await count(world.database, table) for table in tables]
    rows = await gated_rows(world, room, before)
    assert (await stale.commit(message("late"), rows=rows)).refused
    assert [await count(world.database, table) for table in tables] == counts


async def test_a_redaction_reaches_an_event_of_its_own_batch(world: World) -> None:
    room = await world.room()
    nid = world.database.nids.next()
    redaction = RedactionRow(
        target_event_nid=nid, event_id="$x", room_nid=room.room_nid, body=b"redacted", redacted_by="$by"
    )
    await room.commit(message("secret", event_nid=nid), rows=[redaction])
    row = await world.database.fetchrow("SELECT body, redacted_by FROM events WHERE event_nid = $1", nid)
    assert row is not None
    assert tuple(row.values()) == (b"redacted", "$by")


async def test_a_row_of_a_room_without_its_gate_is_refused(world: World) -> None:
    room = await world.room()
    with pytest.raises(BadRow):
        await world.stream.write(GapFilledRow(room_nid=room.room_nid, below=1, above=2, missing=()))


async def test_a_membership_of_no_event_shows_in_the_users_rooms(world: World) -> None:
    room = await world.room()
    await world.stream.write(kinds.member(room, "@bob:test", "invite"))
    from homeserver.storage.members import Members

    invited = await Members(world.database).rooms_of("@bob:test")
    assert [(entry.room_id, entry.membership) for entry in invited] == [(room.room_id, "invite")]
    await room.joins("@bob:test")
    joined = await Members(world.database).rooms_of("@bob:test")
    assert (joined[0].membership, joined[0].stripped_state) == ("join", None)


async def test_a_receipt_never_goes_back(world: World) -> None:
    room = await world.room()
    first, second = await room.says("1"), await room.says("2")
    await world.stream.write(kinds.receipt(room, "@bob:test", second))
    await world.stream.write(kinds.receipt(room, "@bob:test", first))
    assert await world.database.fetchval("SELECT event_id FROM receipts") == second.event_id


async def test_the_stream_reads_back_what_was_committed(world: World) -> None:
    _, before, _ = await every_kind(world)
    changes = await world.stream.changes(0)
    assert changes.complete
    assert changes.head == world.commits[-1].last
    positions = [row.position for row in changes.rows]
    assert positions == sorted(positions)
    committed = {row.position: row for commit in world.commits for row in commit.rows}
    kept = (AccountDataRow, ToDeviceRow, DeviceChangeRow, RevocationRow, OutboundEduRow, ReceiptRow, MemberRow)
    for row in changes.rows:
        if isinstance(row, kept):
            assert row == committed[row.position]
    read = {type(row) for row in changes.rows}
    assert read == {EventRow, StateRow, DirectoryRow, PartialRow, PurgedRow, *kept}
    events = {row.event_id: row for row in changes.rows if isinstance(row, EventRow)}
    names = ("position", "room_position", "sequence", "delta_sequence", "head_chain_id", "head_version", "replaces")
    for row in committed.values():
        if isinstance(row, EventRow) and row.event_id in events and row.event_id != before.event_id:
            same = [getattr(row, name) for name in names]
            assert [getattr(events[row.event_id], name) for name in names] == same
            assert events[row.event_id].membership == row.membership
            assert events[row.event_id].is_current_state == row.is_current_state


async def test_a_long_absence_is_read_in_pieces(world: World) -> None:
    room = await world.room()
    for n in range(5):
        await room.says(str(n))
    first = await world.stream.changes(0, limit=4)
    assert (first.complete, len(first.rows)) == (False, 4)
    rest = await world.stream.changes(first.rows[-1].position, limit=4)
    assert rest.complete
    assert [row.position for row in (*first.rows, *rest.rows)] == list(range(1, 8))


def texts() -> list[batch.Kinds]:
    """A text for every fragment alone, and for all that may stand together."""
    numbers = range(len(batch.FRAGMENTS))
    gated = [n for n in numbers if batch.FRAGMENTS[n].gated]
    free = [n for n in numbers if not batch.FRAGMENTS[n].gated]
    single = [((n,), Gates(batch.FRAGMENTS[n].gated, *[False] * 5)) for n in numbers]
    return [
        *single,
        ((0, 3), Gates(rooms=True, txns=True, events=True, promotes=False, unredacted=False, early=False)),
        *((tuple(gated), Gates(True, True, *asked)) for asked in product((False, True), repeat=4)),
        (tuple(free), Gates(*[False] * 6)),
        (tuple(numbers), Gates(*[True] * 6)),
    ]


async def fill(database: Database) -> None:
    """Make tables large, without statistics of what is in them."""
    for statement in (
        "INSERT INTO room_heads SELECT n, 1, n, 0, '{}', 1, 1 FROM generate_series(1, 20000) n",
        "INSERT INTO client_txns SELECT n, 0, n, 0, n, n FROM generate_series(1, 20000) n",
        """INSERT INTO events (event_nid, event_id, room_nid, chain_id, sequence, head_version, ts, depth, flags, type,
                               sender, auth_nids, prev_nids, body, envelope)
           SELECT n, '$' || n, n, n, 0, 1, 1, 1, 0, 'm', '@a:b', '{}', '{}', '', '' FROM generate_series(1, 20000) n""",
        """INSERT INTO members
           SELECT n, '@a:b', 'b', 'join', n, '$' || n, '', '', '', 1, n FROM generate_series(1, 20000) n""",
        "INSERT INTO early_redactions SELECT '$' || n + 20000, '$' || n, n FROM generate_series(1, 20000) n",
    ):
        await database.execute(statement)


@pytest.mark.parametrize("tables", ["empty", "large", "analysed"])
async def test_no_composed_text_scans_a_table(database_url: str, tables: str) -> None:
    async with opened(database_url) as world:
        if tables != "empty":
            await fill(world.database)
        if tables == "analysed":
            await world.database.execute("ANALYZE")
        connection = await world.database.open_writer("hearth-writer-explain")
        scans: list[str] = []
        for number, of in enumerate(texts()):
            text = batch.text_of(of)
            prepared = await connection.prepare(text)
            nulls = ", ".join("NULL" for _ in prepared.get_parameters())
            await connection.execute(f"PREPARE p{number} AS {text}")
            plan = await connection.fetch(f"EXPLAIN (VERBOSE) EXECUTE p{number}({nulls})")
            scans += [line[0] for line in plan if "Seq Scan" in line[0]]
        await connection.close()
        assert scans == []


async def test_the_whole_statement_prepares_once_for_each_set_of_kinds(world: World) -> None:
    room = await world.room()
    for n in range(5):
        await room.says(str(n))
    assert len([of for of in world.stream._writer.prepared if of[1].rooms]) == 3  # create, join, messages


async def test_rows_given_twice_for_one_key_are_written_once(world: World) -> None:
    room = await world.room()
    rows: list[Row] = [
        kinds.member(room, "@bob:test", "invite"),
        kinds.member(room, "@bob:test", "leave"),
        StagedDoneRow(room_nid=room.room_nid, event_id="$x"),
        StagedDoneRow(room_nid=room.room_nid, event_id="$x"),
    ]
    await world.stream.write(*rows)
    assert await world.database.fetchval("SELECT membership FROM members WHERE user_id = '@bob:test'") == "leave"


def test_a_mention_takes_the_thread_of_its_event() -> None:
    event = EventRow(
        event_nid=1,
        event_id="$e",
        room_nid=2,
        room_id="!r",
        type="m",
        sender="@a:b",
        ts=1,
        depth=1,
        chain_id=1,
        sequence=0,
        body=b"",
        envelope=b"",
        relates=("m.thread", "$root", None),
    )
    mention = MentionRow(user_id="@b:b", notify=True, highlight=False).at(event)
    assert (mention.room_nid, mention.event_nid, mention.thread_id) == (2, 1, "$root")
    rows = Rows()
    rows.add(mention)
    assert rows.added == [mention]
