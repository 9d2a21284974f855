"""Rooms as their users handle them: created, spoken in, read."""

import asyncio

import pytest

from tests.support.client import Refused, Server


@pytest.fixture
def server(crowd: Server) -> Server:
    return crowd


async def test_a_private_room_holds_what_its_preset_says(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room(name="Tea", topic="Leaves")
    assert (await alice.state(room, "m.room.join_rules"))["join_rule"] == "invite"
    assert (await alice.state(room, "m.room.history_visibility"))["history_visibility"] == "shared"
    assert (await alice.state(room, "m.room.name"))["name"] == "Tea"
    assert (await alice.state(room, "m.room.topic"))["topic"] == "Leaves"


async def test_a_public_room_may_be_joined_by_anyone(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room(room_alias_name="tea-for-anyone")
    assert await bob.joins("#tea-for-anyone:hearth.test") == room
    assert set((await bob.call("GET", f"/v3/rooms/{room}/joined_members"))["joined"]) == {alice.user_id, bob.user_id}


@pytest.mark.parametrize("version", ["3", "6", "9", "10", "11", "12"])
async def test_a_room_of_every_version_can_be_used(server: Server, version: str) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_room(inviting=bob, room_version=version)
    await bob.joins(room)
    said = await bob.says("hello", room)
    await alice.redacts(room, said)
    assert (await alice.state(room, "m.room.create"))["room_version"] == version
    assert (await alice.event(room, said))["content"] == {}


async def test_of_version_twelve_the_creator_is_above_the_levels(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_room(inviting=bob, preset="trusted_private_chat")
    levels = await alice.state(room, "m.room.power_levels")
    assert levels["users"] == {}
    assert levels["events"]["m.room.tombstone"] == 150
    assert (await alice.state(room, "m.room.create"))["additional_creators"] == [bob.user_id]
    assert (
        room == "!" + (await alice.call("GET", f"/v3/rooms/{room}/state/m.room.create", format="event"))["event_id"][1:]
    )


async def test_a_room_that_the_rules_refuse_leaves_nothing_behind(server: Server) -> None:
    [alice] = await server.users("alice")
    bad = {"initial_state": [{"type": "m.room.power_levels", "content": {"users": {"not an id": 1}}}]}
    with pytest.raises(Refused) as refused:
        await alice.creates_room(room_alias_name="taken", **bad)
    assert refused.value.status in {400, 403}
    assert (await alice.call("GET", "/v3/joined_rooms"))["joined_rooms"] == []
    assert (await alice.ask("GET", "/v3/directory/room/%23taken%3Ahearth.test"))[0] == 404


async def test_equal_rooms_made_at_once_are_different_rooms(server: Server) -> None:
    [alice] = await server.users("alice")
    rooms = await asyncio.gather(*(alice.creates_room(name="Tea") for _ in range(20)))
    assert len(set(rooms)) == 20


async def test_an_unknown_version_is_refused(server: Server) -> None:
    [alice] = await server.users("alice")
    with pytest.raises(Refused) as refused:
        await alice.creates_room(room_version="99")
    assert refused.value.errcode == "M_UNSUPPORTED_ROOM_VERSION"


async def test_the_same_transaction_sends_once(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    sent = await asyncio.gather(*(alice.says("once", room, txn_id="t") for _ in range(8)))
    assert len(set(sent)) == 1
    assert await alice.sees(room) == ["once"]


async def test_two_devices_may_use_the_same_transaction(server: Server) -> None:
    [alice] = await server.users("alice")
    phone = await server.login("alice")
    room = await alice.creates_room()
    assert await alice.says("one", room, txn_id="t") != await phone.says("two", room, txn_id="t")


async def test_an_event_is_shown_with_the_transaction_to_its_sender_only(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_room(inviting=bob)
    await bob.joins(room)
    said = await alice.says("hello", room, txn_id="mine")
    assert (await alice.event(room, said))["unsigned"]["transaction_id"] == "mine"
    assert "transaction_id" not in (await bob.event(room, said))["unsigned"]


async def test_floats_and_huge_numbers_are_refused_in_events(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    for value in (1.5, 2**60):
        status, answer = await alice.ask("PUT", f"/v3/rooms/{room}/send/m.x/t{value}", {"n": value})
        assert (status, answer["errcode"]) == (400, "M_BAD_JSON")


async def test_an_event_over_the_size_limit_is_refused(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    status, answer = await alice.ask("PUT", f"/v3/rooms/{room}/send/m.x/t", {"body": "x" * 65_537})
    assert (status, answer["errcode"]) == (413, "M_TOO_LARGE")


async def test_history_reads_the_same_both_ways(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    for number in range(25):
        await alice.says(str(number), room)
    backwards = [event["event_id"] for event in await alice.history(room)]
    forwards, token = [], None
    while True:
        query = {"dir": "f", "limit": 7} | ({"from": token} if token else {})
        page = await alice.call("GET", f"/v3/rooms/{room}/messages", None, **query)
        forwards += [event["event_id"] for event in page["chunk"]]
        token = page.get("end")
        if token is None:
            break
    assert forwards == backwards
    assert len(set(forwards)) == len(forwards)


async def test_context_shows_both_sides(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    said = [await alice.says(str(number), room) for number in range(9)]
    found = await alice.call("GET", f"/v3/rooms/{room}/context/{said[4]}", limit=4)
    assert found["event"]["event_id"] == said[4]
    assert [event["event_id"] for event in found["events_before"]] == [said[3], said[2]]
    assert [event["event_id"] for event in found["events_after"]] == [said[5], said[6]]
    earlier = await alice.call(
        "GET", f"/v3/rooms/{room}/messages", None, **{"dir": "b", "from": found["start"], "limit": 1}
    )
    assert earlier["chunk"][0]["event_id"] == said[1]


async def test_edits_are_bundled_and_reactions_given_once(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    said = await alice.says("helo", room)
    new = {"msgtype": "m.text", "body": "hello"}
    edit = await alice.sends(
        room,
        "m.room.message",
        {**new, "m.new_content": new, "m.relates_to": {"rel_type": "m.replace", "event_id": said}},
    )
    heart = {"m.relates_to": {"rel_type": "m.annotation", "event_id": said, "key": "♥"}}
    await alice.sends(room, "m.reaction", heart)
    with pytest.raises(Refused) as refused:
        await alice.sends(room, "m.reaction", heart)
    assert refused.value.errcode == "M_DUPLICATE_ANNOTATION"
    assert (await alice.event(room, said))["unsigned"]["m.relations"]["m.replace"]["event_id"] == edit
    related = await alice.call("GET", f"/v1/rooms/{room}/relations/{said}")
    assert len(related["chunk"]) == 2


async def test_only_what_is_ones_own_or_in_ones_power_is_redacted(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_room(inviting=bob)
    await bob.joins(room)
    hers, his = await alice.says("hers", room), await bob.says("his", room)
    with pytest.raises(Refused):
        await bob.redacts(room, hers)
    await bob.redacts(room, his)
    assert await alice.sees(room) == ["hers"]


async def test_a_canonical_alias_must_lead_to_the_room(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    with pytest.raises(Refused) as refused:
        await alice.sets(room, "m.room.canonical_alias", {"alias": "#nowhere:hearth.test"})
    assert refused.value.errcode == "M_BAD_ALIAS"


async def test_the_public_list_shows_published_rooms(own_server: Server) -> None:
    [alice] = await own_server.users("alice")
    room = await alice.creates_room(visibility="public", preset="public_chat", name="Open")
    await alice.creates_room(name="Closed")
    listed = await alice.call("GET", "/v3/publicRooms")
    assert [entry["room_id"] for entry in listed["chunk"]] == [room]
    found = await alice.call("POST", "/v3/publicRooms", {"filter": {"generic_search_term": "open"}})
    assert found["chunk"][0]["name"] == "Open"


async def test_an_odd_place_in_the_public_list_breaks_nothing(own_server: Server) -> None:
    [alice] = await own_server.users("alice")
    room = await alice.creates_room(visibility="public", preset="public_chat")
    for body in ({"since": "9" * 5_000}, {"since": "-1"}, {"limit": -3}, {"limit": 0}):
        listed = await alice.call("POST", "/v3/publicRooms", body)
        assert [entry["room_id"] for entry in listed["chunk"]] == [room]
        assert "next_batch" not in listed
