"""Coming, being asked, going: and that who is out sees nothing more."""

import pytest

from tests.support.client import Refused, Server
from tests.support.waiting import eventually


@pytest.fixture
def server(crowd: Server) -> Server:
    return crowd


async def test_only_who_is_invited_gets_into_a_private_room(server: Server) -> None:
    alice, bob, carol = await server.users("alice", "bob", "carol")
    room = await alice.creates_room(inviting=bob)
    await bob.joins(room)
    with pytest.raises(Refused) as refused:
        await carol.joins(room)
    assert (refused.value.status, refused.value.errcode) == (403, "M_FORBIDDEN")


async def test_joining_twice_changes_nothing(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room()
    await bob.joins(room)
    before = len(await alice.history(room))
    await bob.joins(room)
    assert len(await alice.history(room)) == before


async def test_a_kicked_user_sees_nothing_sent_after_the_kick(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_room(inviting=bob)
    await bob.joins(room)
    await alice.says("before", room)
    await alice.kicks(bob, room)
    after = await alice.says("after", room)
    assert await bob.sees(room) == ["before"]
    assert (await bob.ask("GET", f"/v3/rooms/{room}/event/{after}"))[0] == 404
    assert (await bob.ask("PUT", f"/v3/rooms/{room}/send/m.room.message/t", {"body": "x"}))[0] == 403


async def test_a_kicked_user_sees_the_state_of_that_time(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_room(inviting=bob, name="then")
    await bob.joins(room)
    await alice.kicks(bob, room)
    await alice.sets(room, "m.room.name", {"name": "now"})
    assert (await bob.state(room, "m.room.name"))["name"] == "then"
    assert (await alice.state(room, "m.room.name"))["name"] == "now"


async def test_a_banned_user_comes_back_only_after_the_ban(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room()
    await bob.joins(room)
    await alice.bans(bob, room)
    with pytest.raises(Refused):
        await bob.joins(room)
    await alice.unbans(bob, room)
    assert await bob.joins(room) == room


async def test_who_declines_an_invite_is_out(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_room(inviting=bob)
    await bob.leaves(room)
    with pytest.raises(Refused):
        await bob.joins(room)


async def test_the_weaker_cannot_remove_the_stronger(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_room(inviting=bob)
    await bob.joins(room)
    with pytest.raises(Refused) as refused:
        await bob.kicks(alice, room)
    assert refused.value.errcode == "M_FORBIDDEN"


async def test_a_room_is_forgotten_after_leaving_it(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room()
    await bob.joins(room)
    with pytest.raises(Refused):
        await bob.call("POST", f"/v3/rooms/{room}/forget")
    await bob.leaves(room)
    await bob.call("POST", f"/v3/rooms/{room}/forget")
    await bob.call("POST", f"/v3/rooms/{room}/forget")


async def test_history_of_joined_members_only_begins_with_the_join(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    only_members = {"type": "m.room.history_visibility", "content": {"history_visibility": "joined"}}
    room = await alice.creates_room(inviting=bob, initial_state=[only_members])
    await alice.says("before", room)
    await bob.joins(room)
    await alice.says("after", room)
    assert await bob.sees(room) == ["after"]


async def test_a_restricted_room_lets_members_of_the_other_room_in(server: Server) -> None:
    alice, bob, carol = await server.users("alice", "bob", "carol")
    club = await alice.creates_public_room()
    rule = {"join_rule": "restricted", "allow": [{"type": "m.room_membership", "room_id": club}]}
    room = await alice.creates_room(initial_state=[{"type": "m.room.join_rules", "content": rule}])
    await bob.joins(club)
    assert await bob.joins(room) == room
    with pytest.raises(Refused):
        await carol.joins(room)


async def test_a_knock_is_answered_by_an_invite(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    knocking = {"type": "m.room.join_rules", "content": {"join_rule": "knock"}}
    room = await alice.creates_room(initial_state=[knocking])
    await bob.call("POST", f"/v3/knock/{room}", {"reason": "please"})
    await alice.invites(bob, room)
    assert await bob.joins(room) == room


async def test_a_changed_name_is_told_to_the_rooms(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_room(inviting=bob)
    await bob.joins(room)
    await bob.call("PUT", f"/v3/profile/{bob.user_id}/displayname", {"displayname": "Bobby"})

    async def is_bobby() -> bool:
        members = (await alice.call("GET", f"/v3/rooms/{room}/joined_members"))["joined"]
        return bool(members[bob.user_id].get("display_name") == "Bobby")

    await eventually(is_bobby)


async def test_an_invite_to_nobody_is_refused(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    status, answer = await alice.ask("POST", f"/v3/rooms/{room}/invite", {"user_id": "@nobody:hearth.test"})
    assert (status, answer["errcode"]) == (404, "M_NOT_FOUND")


async def test_a_forgotten_room_tells_nothing_of_its_past(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_room(inviting=bob)
    await bob.joins(room)
    said = await alice.says("hello", room)
    await bob.leaves(room)
    assert await bob.sees(room) == ["hello"]
    await bob.call("POST", f"/v3/rooms/{room}/forget", b"")
    assert (await bob.ask("GET", f"/v3/rooms/{room}/messages?dir=b"))[0] == 403
    assert (await bob.ask("GET", f"/v3/rooms/{room}/state"))[0] == 403
    assert (await bob.ask("GET", f"/v3/rooms/{room}/event/{said}"))[0] == 404


async def test_members_of_a_time_before_one_came_are_not_told(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    joined = {"type": "m.room.history_visibility", "content": {"history_visibility": "joined"}}
    room = await alice.creates_room(initial_state=[joined])
    await alice.says("alone", room)
    before = (await alice.syncs())["next_batch"]
    await alice.invites(bob, room)
    await bob.joins(room)
    now = (await bob.syncs())["next_batch"]
    assert (await bob.ask("GET", f"/v3/rooms/{room}/members?at={before}"))[0] == 403
    assert len((await bob.call("GET", f"/v3/rooms/{room}/members?at={now}"))["chunk"]) == 2


async def test_nobody_says_themselves_who_vouched_for_them(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    said = {"membership": "join", "displayname": "A", "join_authorised_via_users_server": "@x:elsewhere.test"}
    await alice.sets(room, "m.room.member", said, alice.user_id)
    assert await alice.state(room, "m.room.member", alice.user_id) == {"membership": "join", "displayname": "A"}


async def test_a_name_is_gone_when_the_member_event_is_redacted(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_room(inviting=bob)
    await bob.joins(room)
    named = await bob.sets(room, "m.room.member", {"membership": "join", "displayname": "rude"}, bob.user_id)
    await alice.redacts(room, named)
    members = await alice.call("GET", f"/v3/rooms/{room}/joined_members")
    assert members["joined"][bob.user_id] == {}
    assert "rude" not in str(await alice.syncs())
