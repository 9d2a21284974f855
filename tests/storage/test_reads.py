"""Reads of rooms, events, states, members and relations, with their round trips."""

import orjson
import pytest

from homeserver.storage.events.gaps import GapTable
from homeserver.storage.events.read import NEWEST, Events
from homeserver.storage.events.relations import Relations
from homeserver.storage.members import Members, Membership
from homeserver.storage.room_list import RoomList
from homeserver.storage.rows import (
    ChainRow,
    RedactionRow,
    Row,
    StateRow,
)
from homeserver.storage.state import StateAt, StateTable
from tests.storage import kinds
from tests.storage.trips import in_one_trip
from tests.storage.world import TestRoom, World, message, txn


async def test_a_cold_head_is_one_trip(world: World) -> None:
    room = await world.room()
    assert await in_one_trip(world.database, world.rooms.load_head(room.room_id))
    assert await in_one_trip(world.database, world.rooms.load_head(room.room_nid))
    other = await world.room()
    heads = await in_one_trip(world.database, world.rooms.load_heads([room.room_nid, other.room_nid]))
    assert {head.room_id for head in heads} == {room.room_id, other.room_id}
    assert await world.rooms.load_head("!unknown:test") is None


async def test_allocating_twice_finds_the_first_room(world: World) -> None:
    first = await world.rooms.allocate("!a:test", "12", created_ts=5)
    again = await world.rooms.allocate("!a:test", "12", created_ts=6)
    assert (first.created, again.created) == (True, False)
    assert (first.room_nid, first.chain_id) == (again.room_nid, again.chain_id)
    assert await world.database.fetchval("SELECT count(*) FROM room_heads") == 1
    assert await world.rooms.room_nids(["!a:test", "!b:test"]) == {"!a:test": first.room_nid}
    assert await world.rooms.room_ids([first.room_nid]) == {first.room_nid: "!a:test"}


async def test_pages_go_back_and_forth_over_the_same_events(world: World) -> None:
    room = await world.room()
    said = [(await room.says(str(n))).event_id for n in range(6)]
    events = Events(world.database)
    back = await in_one_trip(
        world.database,
        events.page(room.room_nid, start=NEWEST, limit=4, backwards=True, state_key_nids=[]),
    )
    assert [event.event_id for event in back.events] == said[:1:-1]
    start = back.events[-1].room_position or 0
    forth = await events.page(room.room_nid, start=start, limit=2, backwards=False, state_key_nids=[])
    assert [event.event_id for event in forth.events] == said[3:5]
    assert forth.events[0].room_id == room.room_id


async def test_a_page_carries_membership_and_visibility_as_they_were(world: World) -> None:
    room = await world.room()
    key, visibility = ("m.room.member", "@bob:test"), ("m.room.history_visibility", "")
    nids = await world.keys.intern([key, visibility])
    early = await room.says("before bob")
    joined = await room.joins("@bob:test")
    late = await room.says("with bob")
    shared = await room.state(*visibility, {"history_visibility": "shared"})
    left = await room.joins("@bob:test", "leave")
    last = await room.says("without bob")
    page = await in_one_trip(
        world.database,
        Events(world.database).page(
            room.room_nid, start=NEWEST, limit=50, backwards=True, state_key_nids=list(nids.values())
        ),
    )
    seen = {}
    for event in page.events:
        member = page.history.at(event.chain_id, event.sequence, nids[key])
        rule = page.history.at(event.chain_id, event.sequence, nids[visibility])
        seen[event.event_id] = (member.event_id if member else None, rule.event_id if rule else None)
    assert seen[early.event_id] == (None, None)
    assert seen[joined.event_id] == (None, None)
    assert seen[late.event_id] == (joined.event_id, None)
    assert seen[left.event_id] == (joined.event_id, shared.event_id)
    assert seen[last.event_id] == (left.event_id, shared.event_id)


async def test_around_latest_and_listed_find_what_they_name(world: World) -> None:
    room, other = await world.room(), await world.room()
    said = [await room.says(str(n)) for n in range(5)]
    elsewhere = await other.says("x")
    events = Events(world.database)
    around = await in_one_trip(world.database, events.around(said[2].event_id, 1, 2, []))
    assert [event.event_id for event in around.events] == [row.event_id for row in said[1:]]
    latest = await in_one_trip(world.database, events.latest([room.room_nid, other.room_nid], 1))
    assert {event.event_id for event in latest.events} == {said[4].event_id, elsewhere.event_id}
    earlier = await events.latest([room.room_nid], 1, upto=said[3].room_position)
    assert [event.event_id for event in earlier.events] == [said[3].event_id]
    listed = await in_one_trip(world.database, events.listed([said[3].event_id, "$none", said[0].event_id], []))
    assert [event.event_id for event in listed.events] == [said[3].event_id, said[0].event_id]
    assert (await events.around("$none", 1, 1, [])).events == []


async def test_single_questions_about_events(world: World) -> None:
    room = await world.room()
    said = [await room.says(str(n), ts=1000 * n) for n in range(1, 5)]
    events, database = Events(world.database), world.database
    found = await in_one_trip(database, events.by_id([said[0].event_id, "$none"]))
    assert [(event.event_id, event.body) for event in found] == [(said[0].event_id, said[0].body)]
    assert [event.event_nid for event in await events.by_nid([said[1].event_nid])] == [said[1].event_nid]
    assert await in_one_trip(database, events.missing([said[0].event_id, "$none"])) == {"$none"}
    assert await in_one_trip(database, events.position_of(room.room_nid, said[0].event_id)) == (
        said[0].room_position,
        said[0].position,
    )
    assert await events.position_of(room.room_nid + 1, said[0].event_id) is None
    at = await in_one_trip(database, events.room_position_at([room.room_nid], said[1].position))
    assert at == {room.room_nid: said[1].room_position}
    before = await in_one_trip(database, events.event_for_ts(room.room_nid, 2500, backwards=True))
    after = await in_one_trip(database, events.event_for_ts(room.room_nid, 2500, backwards=False))
    assert (before, after) == ((said[1].event_id, 2000), (said[2].event_id, 3000))
    assert await events.event_for_ts(room.room_nid, 9000, backwards=False) is None
    between = await events.between(room.room_nid, said[0].room_position, said[3].room_position, 10)
    assert [event.event_id for event in between] == [said[2].event_id, said[1].event_id]
    ancestors = await in_one_trip(
        database, events.ancestors(room.room_nid, [said[2].event_id], 10, without=[said[0].event_id])
    )
    assert [event.event_id for event in ancestors] == [said[2].event_id, said[1].event_id]
    assert len(await events.ancestors(room.room_nid, [said[0].event_id], 10)) == 3


async def test_a_device_sees_the_transaction_ids_of_its_own_events(world: World) -> None:
    room = await world.room()
    mine, other = await room.says("a", txn=txn("t1")), await room.says("b")
    ids = [mine.event_id, other.event_id]
    events = Events(world.database)
    assert await in_one_trip(world.database, events.event_of_txn(1, 2, ids)) == {mine.event_id: "t1"}
    assert await events.event_of_txn(1, 9, ids) == {}
    assert await events.prune_txns(3600) == 0
    assert await events.prune_txns(-10) == 1


async def test_auth_chains_are_closed_in_one_trip(world: World) -> None:
    room = await world.room()
    create = (await Events(world.database).between(room.room_nid, 0, 2, 1))[0]
    a = await room.says("a", auth_nids=(create.event_nid,))
    b = await room.says("b", auth_nids=(a.event_nid,))
    await room.says("c")
    events = Events(world.database)
    chain = await in_one_trip(world.database, events.with_auth_chain([b.event_id]))
    assert {event.event_id for event in chain} == {a.event_id, b.event_id, create.event_id}
    assert await in_one_trip(world.database, events.auth_chain_ids([b.event_id])) == {a.event_id, create.event_id}


async def test_the_state_is_what_it_was_at_every_point(world: World) -> None:
    room = await world.room()
    states = StateTable(world.database)
    first = await room.state("m.room.topic", "", {"topic": "1"})
    second = await room.state("m.room.topic", "", {"topic": "2"})
    topic = ("m.room.topic", "")
    for row, expected in ((first, None), (second, first)):
        at = await in_one_trip(world.database, states.state_at((row.chain_id, row.sequence), [topic]))
        assert at == ({topic: StateAt(expected.event_nid, expected.event_id)} if expected else {})
    whole = await in_one_trip(world.database, states.state_at((second.chain_id, second.sequence + 1)))
    assert whole[topic].event_id == second.event_id
    assert set(whole) == {topic, ("m.room.create", ""), ("m.room.member", "@alice:test")}


async def fork(world: World, room: TestRoom, point: tuple[int, int]) -> int:
    """A side chain from a point, with a topic and no avatar of its own."""
    chain = world.database.nids.next()
    topic, avatar = ("m.room.topic", ""), ("m.room.avatar", "")
    keys = await world.keys.intern([topic, avatar])
    event = await room.says("stands for the topic of the fork")
    rows: list[Row] = [
        ChainRow(chain_id=chain, room_nid=room.room_nid, parent_chain=point[0], parent_sequence=point[1], level=1)
    ]
    for n, (key, nid) in enumerate(((topic, event.event_nid), (avatar, None)), 1):
        rows.append(
            StateRow(
                room_nid=room.room_nid,
                room_id=room.room_id,
                chain_id=chain,
                sequence=point[1] + n,
                type=key[0],
                state_key=key[1],
                state_key_nid=keys[key],
                event_nid=nid,
                event_id=event.event_id if nid else None,
                is_current=False,
            )
        )
    assert not (await room.commit(message("beside"), rows=rows)).refused
    return chain


async def test_a_fork_has_its_own_state_over_its_parents(world: World) -> None:
    room = await world.room()
    await room.state("m.room.avatar", "", {"url": "mxc://a/b"})
    first = await room.state("m.room.topic", "", {"topic": "1"})
    assert room.head is not None
    point = (room.head.chain_id, room.head.sequence)
    chain = await fork(world, room, point)
    second = await room.state("m.room.topic", "", {"topic": "2"})
    states = StateTable(world.database)
    main = (point[0], point[1] + 1)
    topic, avatar = ("m.room.topic", ""), ("m.room.avatar", "")
    at_fork = await states.state_at((chain, point[1] + 2))
    assert (avatar in at_fork, ("m.room.create", "") in at_fork) == (False, True)
    assert at_fork[topic].event_id not in {first.event_id, second.event_id}
    assert (await states.state_at(point))[topic].event_id == first.event_id
    assert avatar not in await states.state_at((chain, point[1] + 2), [avatar])
    found = await in_one_trip(world.database, states.diff([main, (chain, point[1] + 2)]))
    by_key = {difference.key: difference.events for difference in found}
    assert set(by_key) == {topic, avatar}
    assert by_key[topic] == (StateAt(second.event_nid, second.event_id), at_fork[topic])
    assert by_key[avatar][1] is None
    assert await states.diff([main, main]) == []
    assert await states.levels([chain, point[0]]) == {chain: 1, point[0]: 0}
    changed = await states.changes_between(chain, point[1], point[1] + 2)
    assert changed == {topic: at_fork[topic], avatar: None}


async def test_state_keys_are_numbered_once(world: World) -> None:
    keys = [("m.room.topic", ""), ("m.room.member", "@a:b")]
    first = await world.keys.intern(keys)
    with world.database.count() as trips:
        assert await world.keys.intern(keys) == first
    assert (trips.reads, trips.writes) == (0, 0)
    from homeserver.storage.state import StateKeys

    other = StateKeys(world.database)
    assert await other.find([*keys, ("unknown", "")]) == first
    assert await other.intern(keys) == first


async def test_members_are_found_by_room_user_and_server(world: World) -> None:
    room, other = await world.room(), await world.room()
    await room.joins("@bob:far")
    await other.joins("@bob:far")
    await room.joins("@carol:near")
    await other.joins("@bob:far", "leave")
    members, database = Members(world.database), world.database
    mine = {entry.room_nid: entry.membership for entry in await in_one_trip(database, members.rooms_of("@bob:far"))}
    assert mine == {room.room_nid: "join", other.room_nid: "leave"}
    assert await in_one_trip(database, members.servers_in_room(room.room_nid)) == {"test", "far", "near"}
    assert await members.servers_in_room(other.room_nid) == {"test"}
    assert await in_one_trip(database, members.joined_room_nids(["@bob:far"])) == {"@bob:far": [room.room_nid]}
    assert await in_one_trip(database, members.shared_rooms("@alice:test", "@bob:far")) == [room.room_nid]
    assert set(await members.users_sharing_rooms("@bob:far")) == {"@alice:test", "@bob:far", "@carol:near"}
    assert await members.users_sharing_rooms("@bob:far", server="near") == ["@carol:near"]
    assert await members.rooms_of_server("far") == [room.room_nid]
    assert (await members.joined_with_profiles(room.room_nid))["@bob:far"] == ("bob", None)
    found = await members.membership(room.room_nid, "@carol:near")
    assert found is not None
    assert found == Membership.of_row(room.last_event())._replace(room_nid=room.room_nid) or found.membership == "join"
    assert set(await members.memberships(room.room_id, ["@bob:far", "@none:far"])) == {"@bob:far"}


async def test_relations_leave_out_what_was_redacted(world: World) -> None:
    room = await world.room()
    target = await room.says("target")
    edit = await room.says("edit", relates=("m.replace", target.event_id, None))
    await room.says("not mine", relates=("m.replace", target.event_id, None), sender="@bob:test")
    reply = await room.says("reply", relates=("m.thread", target.event_id, None), sender="@bob:test")
    like = await room.says("like", relates=("m.annotation", target.event_id, "+1"))
    relations, database = Relations(world.database), world.database
    page = await in_one_trip(
        database,
        relations.page(
            room.room_nid,
            target.event_id,
            rel_type="m.annotation",
            event_type=None,
            start=NEWEST,
            limit=10,
            backwards=True,
        ),
    )
    assert [(found.event_id, found.key) for found in page] == [(like.event_id, "+1")]
    question = (room.room_nid, target.event_id, "m.room.message", "@alice:test", "+1")
    assert await in_one_trip(database, relations.is_annotated(*question))
    bundled = await in_one_trip(
        database, relations.bundled(room.room_nid, [target.event_id, edit.event_id], "@bob:test")
    )
    assert set(bundled) == {target.event_id}
    assert bundled[target.event_id] == (edit.event_nid, reply.event_nid, 1, True)
    assert await relations.threads(room.room_nid, start=NEWEST, limit=5) == [(target.event_id, reply.room_position)]
    assert await relations.threads(room.room_nid, start=NEWEST, limit=5, participated_by="@carol:test") == []
    redactions: list[Row] = [
        RedactionRow(
            target_event_nid=row.event_nid, event_id=row.event_id, room_nid=room.room_nid, body=b"{}", redacted_by="$r"
        )
        for row in (like, reply, edit)
    ]
    await room.commit(message("redaction"), rows=redactions)
    assert not await relations.is_annotated(*question)
    assert await relations.bundled(room.room_nid, [target.event_id], "@bob:test") == {}


async def test_gaps_and_backward_extremities_are_found(world: World) -> None:
    room = await world.room()
    before = await room.says("x")
    keys = await world.keys.intern([("m.room.member", "@alice:test"), ("m.room.topic", "")])
    nids = [world.database.nids.next() for _ in range(4)]
    await kinds.put_out(world.database, before)
    rows = kinds.of_room(room, before, tuple(keys.values()), nids)  # type: ignore[arg-type]
    await room.commit(message("y"), rows=rows)
    gaps = GapTable(world.database)
    found = await in_one_trip(world.database, gaps.between(room.room_nid, 0, 100))
    assert [gap.missing for gap in found] == [('$a"b\\', "$c")]
    assert await gaps.between(room.room_nid, 1000, 2000) == []
    assert await in_one_trip(world.database, gaps.backward_extremities(room.room_nid)) == ["$back"]


async def test_the_room_list_is_read_a_page_at_a_time_most_members_first(world: World) -> None:
    room_list = RoomList(world.database)
    assert await room_list.page(0, 10) == (0, [])
    small, large, hidden = [await world.room() for _ in range(3)]
    await large.joins("@bob:test")
    await large.state("m.room.name", "", {"name": "Agora"})
    await large.state("m.room.topic", "other", {"topic": "of another key"})
    for room in (small, large):
        await world.rooms.set_public(room.room_nid, is_public=True)
    total, (first,) = await in_one_trip(world.database, room_list.page(0, 1))
    assert (total, first.room_id, first.joined_members) == (2, large.room_id, 2)
    assert sorted(orjson.loads(body)["type"] for body in first.bodies) == ["m.room.create", "m.room.name"]
    assert [one.room_id for one in (await room_list.page(1, 10))[1]] == [small.room_id]
    assert await room_list.page(2, 10) == (2, [])
    assert await in_one_trip(world.database, room_list.public_room_ids()) == [large.room_id, small.room_id]
    found = await in_one_trip(world.database, room_list.rooms([hidden.room_id, large.room_id, "!none:test"]))
    assert {one.room_id: one.joined_members for one in found} == {hidden.room_id: 1, large.room_id: 2}


@pytest.mark.parametrize("alias", ["#a:test"])
async def test_an_alias_is_taken_once(world: World, alias: str) -> None:
    room = await world.room()
    assert await world.rooms.create_alias(alias, room.room_id, "@alice:test", 1)
    assert not await world.rooms.create_alias(alias, "!other:test", "@bob:test", 1)
    assert await in_one_trip(world.database, world.rooms.room_of_alias(alias)) == (room.room_id, "@alice:test")
    assert await world.rooms.aliases_of(room.room_id) == [alias]
    assert await world.rooms.delete_alias(alias)
    assert not await world.rooms.delete_alias(alias)
