"""Staging, destinations, leases, keys of peers."""

import asyncio

from homeserver.storage.database import Database
from homeserver.storage.destinations import Destinations
from homeserver.storage.events.read import Events
from homeserver.storage.leases import Leases
from homeserver.storage.rows import InboundTxnRow, OutboundEduRow, StagedDoneRow, StagedRow
from homeserver.storage.staging import StagingTable
from tests.storage.world import TestRoom, World, message


def staged(room: TestRoom, event_id: str) -> StagedRow:
    return StagedRow(
        room_nid=room.room_nid, room_id=room.room_id, event_id=event_id, origin="far", pdu=b"{}", received_ts=1
    )


async def test_a_transaction_is_staged_with_its_answer_in_one_commit(world: World) -> None:
    room = await world.room()
    txn = InboundTxnRow(origin="far", txn_id="1", response=b"ok", received_ts=5)
    await world.stream.write(staged(room, "$a"), staged(room, "$b"), txn)
    await world.stream.write(staged(room, "$a"), InboundTxnRow(origin="far", txn_id="1", response=b"no", received_ts=6))
    staging = StagingTable(world.database)
    assert await staging.answer("far", "1") == b"ok"
    assert await staging.answer("near", "1") is None
    await staging.claim("me", 1000, 2000, 1)
    assert [waiting.event_id for waiting in await staging.of_room(room.room_nid, "me", 10)] == ["$a", "$b"]
    assert await staging.of_room(room.room_nid, "you", 10) == []
    assert await staging.count(room.room_nid) == 2
    assert await staging.prune(6) == 1


async def test_a_claim_does_not_wait_for_who_has_one_of_the_rows(world: World) -> None:
    room = await world.room()
    await world.stream.write(staged(room, "$a"), staged(room, "$b"))
    staging = StagingTable(world.database)
    async with world.database.transaction() as connection:
        await connection.execute("DELETE FROM inbound_staging WHERE event_id = '$a'")
        async with asyncio.timeout(15):
            assert [found.room_nid for found in await staging.claim("me", 1000, 2000, 1)] == [room.room_nid]
    assert [waiting.event_id for waiting in await staging.of_room(room.room_nid, "me", 10)] == ["$b"]


async def test_an_answer_that_goes_with_a_room_is_not_kept_when_the_room_is_refused(world: World) -> None:
    room = await world.room()
    other_process = await world.same_room(room.room_id, room.room_nid)
    await other_process.state("m.room.topic", "", {"topic": "moves the head"})
    staging = StagingTable(world.database)
    answer = InboundTxnRow(origin="far", txn_id="1", response=b"ok", received_ts=5, room_nid=room.room_nid)
    assert (await room.commit(message("on an old head"), rows=[answer])).refused
    assert await staging.answer("far", "1") is None
    assert not (await room.commit(message("on the newest head"), rows=[answer])).refused
    assert await staging.answer("far", "1") == b"ok"


async def test_what_is_stored_is_read_together_with_the_answer(world: World) -> None:
    room = await world.room()
    said = await room.says("hello")
    await world.stream.write(InboundTxnRow(origin="far", txn_id="1", response=b"ok", received_ts=5))
    events = Events(world.database)
    answer, found = await events.by_id_unless_answered([said.event_id, "$nowhere"], "far", "1")
    assert (answer, found) == (b"ok", await events.by_id([said.event_id]))
    assert await events.by_id_unless_answered(["$nowhere"], "far", "2") == (None, [])


async def test_rooms_are_claimed_by_one_process_at_a_time(world: World) -> None:
    first, second = await world.room(), await world.room()
    await world.stream.write(staged(first, "$a"), staged(second, "$b"), staged(first, "$c"))
    staging = StagingTable(world.database)
    claims = await asyncio.gather(*(staging.claim(f"p{n}", 1000, 2000, 1) for n in range(4)))
    claimed = [room.room_nid for claim in claims for room in claim]
    assert len(claimed) == len(set(claimed))
    everything = {room.room_nid for room in await staging.claim("q", 1000, 2000, 10)} | set(claimed)
    assert everything == {first.room_nid, second.room_nid}
    assert await staging.claim("late", 1500, 2500, 10) == []
    assert len(await staging.claim("late", 2001, 3000, 10)) == 2


async def test_of_those_who_claim_a_room_in_the_same_moment_one_gets_all_of_it(world: World) -> None:
    staging = StagingTable(world.database)
    for number in range(20):
        room = await world.room()
        await world.stream.write(*(staged(room, f"${number}-{place}") for place in range(50)))
        claims = await asyncio.gather(*(staging.claim(f"p{n}", 1000, 2000, 1) for n in range(8)))
        assert len([found for claim in claims for found in claim if found.room_nid == room.room_nid]) == 1


async def test_a_claim_ends_when_it_is_released(world: World) -> None:
    room = await world.room()
    await world.stream.write(staged(room, "$a"))
    staging = StagingTable(world.database)
    assert len(await staging.claim("me", 1000, 2000, 1)) == 1
    assert await staging.claim("you", 1500, 3000, 1) == []
    await staging.release(room.room_nid, "me")
    assert len(await staging.claim("you", 1500, 3000, 1)) == 1


async def test_a_claim_that_is_renewed_holds_and_one_that_is_not_ends(world: World) -> None:
    room = await world.room()
    await world.stream.write(staged(room, "$a"), staged(room, "$b"))
    staging = StagingTable(world.database)
    assert len(await staging.claim("me", 1000, 2000, 1)) == 1
    async with world.database.transaction() as connection:
        await connection.execute("DELETE FROM inbound_staging WHERE event_id = '$a'")
        async with asyncio.timeout(15):
            await staging.renew(room.room_nid, "me", 3000)
    assert await staging.claim("you", 2500, 4000, 1) == []
    assert len(await staging.claim("you", 3001, 4000, 1)) == 1


async def test_what_is_put_off_comes_back_later(world: World) -> None:
    room = await world.room()
    await world.stream.write(staged(room, "$a"))
    staging = StagingTable(world.database)
    await staging.put_off(room.room_nid, ["$a"], 5000)
    assert await staging.claim("me", 4000, 4500, 1) == []
    assert len(await staging.claim("me", 5001, 6000, 1)) == 1
    assert (await staging.of_room(room.room_nid, "me", 1))[0].attempts == 1


async def test_what_was_put_off_is_brought_forward_for_its_origin_and_never_put_off_more(world: World) -> None:
    room = await world.room()
    await world.stream.write(staged(room, "$a"), staged(room, "$b"))
    staging = StagingTable(world.database)
    await staging.put_off(room.room_nid, ["$a"], 9000)
    await staging.put_off(room.room_nid, ["$b"], 3000)
    await staging.bring_forward(["near"], 5000)
    await staging.bring_forward(["far"], 5000)
    await staging.bring_forward(["far"], 8000)
    assert await staging.claim("me", 3000, 3500, 1) == []
    await staging.claim("me", 3001, 4000, 1)
    assert [waiting.event_id for waiting in await staging.of_room(room.room_nid, "me", 10)] == ["$b"]
    await staging.done(room.room_nid, ["$b"])
    assert await staging.claim("me", 5000, 5500, 1) == []
    assert len(await staging.claim("me", 5001, 6000, 1)) == 1


async def test_a_staged_event_leaves_with_its_commit_or_not_at_all(world: World) -> None:
    room = await world.room()
    stale = await world.same_room(room.room_id, room.room_nid)
    await world.stream.write(staged(room, "$a"), staged(room, "$b"))
    await room.state("m.room.topic", "", {})
    done = StagedDoneRow(room_nid=room.room_nid, event_id="$a")
    staging = StagingTable(world.database)
    assert (await stale.commit(message("a"), rows=[done])).refused
    assert await staging.count(room.room_nid) == 2
    await stale.commit(message("a"), rows=[done])
    await staging.claim("me", 1000, 2000, 1)
    assert [waiting.event_id for waiting in await staging.of_room(room.room_nid, "me", 10)] == ["$b"]
    await staging.done(room.room_nid, ["$b"])
    assert await staging.count(room.room_nid) == 0


async def test_working_off_holds_no_commit_up(world: World, database_url: str) -> None:
    room = await world.room()
    await world.stream.write(staged(room, "$a"))
    assert len(await StagingTable(world.database).claim("me", 1000, 2000, 1)) == 1
    async with asyncio.timeout(1):
        await room.commit(message("a"), rows=[StagedDoneRow(room_nid=room.room_nid, event_id="$a")])


async def test_edus_wait_for_their_peer_until_delivered(world: World) -> None:
    edus = [OutboundEduRow(server="far", edu_type="t", key="", content=bytes([n])) for n in (65, 66)]
    await world.stream.write(*edus, OutboundEduRow(server="near", edu_type="t", key="", content=b"x"))
    destinations = Destinations(world.database)
    waiting = await destinations.waiting_edus("far", 0, await world.stream.head())
    assert waiting == edus
    assert set(await destinations.servers_with_edus()) == {"far", "near"}
    assert await destinations.delete_edus("far", edus[0].position) == 1
    assert await destinations.waiting_edus("far", 0, edus[1].position) == edus[1:]


async def test_cursors_of_peers_only_go_forward(database: Database) -> None:
    destinations = Destinations(database)
    await destinations.begin(["far"], 5)
    await destinations.begin(["far"], 9)
    await destinations.advance([("far", 7), ("near", 3)])
    await destinations.advance([("far", 6)])
    assert {peer.server: peer.cursor for peer in await destinations.all()} == {"far": 7, "near": 3}


async def test_back_off_is_remembered(database: Database) -> None:
    destinations = Destinations(database)
    await destinations.save_contact("far", retry_ts=9, failing_since_ts=3, failures=2)
    peer = await destinations.read("far")
    assert peer is not None
    assert (peer.retry_ts, peer.failing_since_ts, peer.failures) == (9, 3, 2)
    assert await destinations.read("near") is None


async def test_a_lease_has_one_owner_until_it_ends(database: Database) -> None:
    leases = Leases(database)
    assert await leases.take("a", ["x", "y"], 10) == {"x", "y"}
    assert await leases.take("b", ["x", "y", "z"], 10) == {"z"}
    assert await leases.take("a", ["x"], -1) == {"x"}
    assert await leases.take("b", ["x"], 10) == {"x"}
    assert await leases.take("a", ["x"], 10) == set()
    assert await leases.owners() == 2
    await leases.release("b", ["x", "y"])
    assert await leases.take("a", ["x"], 10) == {"x"}


async def test_a_process_takes_no_more_slots_than_its_share(database: Database) -> None:
    leases = Leases(database)
    slots = [f"s{n}" for n in range(8)]
    mine = await leases.take("a", slots, 10, at_most=4)
    yours = await leases.take("b", slots, 10, at_most=8)
    assert len(mine) == 4
    assert mine.isdisjoint(yours)
    assert mine | yours == set(slots)
    assert await leases.take("a", slots, 10, at_most=4) == mine


async def test_leases_are_taken_by_one_of_many_at_once(database: Database) -> None:
    taken = await asyncio.gather(*(Leases(database).take(f"p{n}", ["x"], 10) for n in range(8)))
    assert sum(len(names) for names in taken) == 1


async def test_a_cursor_only_goes_forward(database: Database) -> None:
    leases = Leases(database)
    assert await leases.cursor("another") is None
    await leases.save_cursor("another", 5)
    await leases.save_cursor("another", 3)
    assert await leases.cursor("another") == 5
