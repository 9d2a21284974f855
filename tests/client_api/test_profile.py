"""Profiles: any field, and names that follow their user into rooms."""

from typing import Any

import pytest

from homeserver.errors import Forbidden, Unavailable
from homeserver.services.commits import Commits
from homeserver.services.heads import Room
from homeserver.services.rooms import Rooms
from tests.support.client import Json, Server, User
from tests.support.waiting import eventually


async def set_field(user: User, field: str, value: object, of: User | None = None) -> tuple[int, Json]:
    return await user.ask("PUT", f"/v3/profile/{(of or user).user_id}/{field}", {field: value})


async def member(user: User, room: str, of: User) -> Json:
    return await user.state(room, "m.room.member", of.user_id)


async def is_named(of: User, room: str, name: str | None, *, seen_by: User) -> None:
    """Wait until the room shows the user by that name."""

    async def is_so() -> bool:
        return (await member(seen_by, room, of)).get("displayname") == name

    await eventually(is_so)


async def test_a_new_user_has_an_empty_profile(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    assert await bob.call("GET", f"/v3/profile/{alice.user_id}") == {}
    assert (await bob.ask("GET", f"/v3/profile/{alice.user_id}/displayname"))[0] == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [("displayname", "Alice"), ("avatar_url", "mxc://a.test/1"), ("m.tz", "Europe/Berlin"), ("org.x", {"a": [1]})],
)
async def test_a_field_is_set_read_and_taken_away(server: Server, field: str, value: object) -> None:
    alice, bob = await server.users("alice", "bob")
    assert (await set_field(alice, field, value))[0] == 200
    assert await bob.call("GET", f"/v3/profile/{alice.user_id}") == {field: value}
    assert await bob.call("GET", f"/v3/profile/{alice.user_id}/{field}") == {field: value}
    await alice.call("DELETE", f"/v3/profile/{alice.user_id}/{field}")
    assert await bob.call("GET", f"/v3/profile/{alice.user_id}") == {}


async def test_nobody_changes_anothers_profile(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    assert (await set_field(bob, "displayname", "Eve", of=alice))[0] == 403
    assert (await bob.ask("DELETE", f"/v3/profile/{alice.user_id}/displayname"))[0] == 403


@pytest.mark.parametrize(
    ("field", "body", "errcode"),
    [
        ("displayname", {"displayname": 1}, "M_INVALID_PARAM"),
        ("displayname", {"displayname": "x" * 300}, "M_INVALID_PARAM"),
        ("displayname", {}, "M_MISSING_PARAM"),
        ("org.x", {"org.x": "x" * 70_000}, "M_PROFILE_TOO_LARGE"),
    ],
)
async def test_a_field_that_cannot_be_is_refused(server: Server, field: str, body: Json, errcode: str) -> None:
    alice = await server.register("alice")
    status, answer = await alice.ask("PUT", f"/v3/profile/{alice.user_id}/{field}", body)
    assert (status, answer["errcode"]) == (400, errcode)
    assert await alice.call("GET", f"/v3/profile/{alice.user_id}") == {}


async def test_a_new_name_goes_into_every_room_joined_and_no_other(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    rooms = [await bob.creates_room(inviting=alice) for _ in range(3)]
    for room in rooms[:2]:
        await alice.joins(room)
    await set_field(alice, "displayname", "Alice")
    for room in rooms[:2]:
        await is_named(alice, room, "Alice", seen_by=bob)
    assert "displayname" not in await member(bob, rooms[2], alice)


async def test_who_joins_brings_their_name(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    await set_field(alice, "displayname", "Alice")
    room = await bob.creates_public_room()
    await alice.joins(room)
    assert (await member(bob, room, alice))["displayname"] == "Alice"


async def test_a_name_taken_away_is_gone_from_rooms(server: Server) -> None:
    alice = await server.register("alice")
    await set_field(alice, "displayname", "Alice")
    room = await alice.creates_room()
    await alice.call("DELETE", f"/v3/profile/{alice.user_id}/displayname")
    await is_named(alice, room, None, seen_by=alice)


@pytest.mark.parametrize(
    ("user_id", "status"), [("@nobody:hearth.test", 404), ("alice", 400), ("@a:elsewhere.test", 404)]
)
async def test_whom_nobody_knows_has_no_profile(server: Server, user_id: str, status: int) -> None:
    alice = await server.register("alice")
    assert (await alice.ask("GET", f"/v3/profile/{user_id}"))[0] == status


# -- finding users -----------------------------------------------------------------------------------------------------


async def found(user: User, term: str, **more: Any) -> list[str]:
    answer = await user.call("POST", "/v3/user_directory/search", {"search_term": term, **more})
    return [one["user_id"] for one in answer["results"]]


async def test_a_search_finds_those_in_ones_rooms_and_in_public_ones(server: Server) -> None:
    alice, bob, carol, dora = await server.users("alice", "bob", "carol", "dora")
    await bob.joins(await alice.creates_room(inviting=bob))
    await carol.creates_public_room(visibility="public")
    await dora.creates_room()
    assert [await found(alice, name) for name in ("BOB", "carol", "dora", "alice")] == [
        [bob.user_id],
        [carol.user_id],
        [],
        [],
    ]


async def test_a_search_goes_by_display_name_too(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    await set_field(bob, "displayname", "Robert%_\\")
    await bob.joins(await alice.creates_room(inviting=bob))
    assert await found(alice, "robert") == [bob.user_id]
    assert await found(alice, "t%_\\") == [bob.user_id]
    assert await found(alice, "r%t") == []


async def test_a_search_has_a_limit(server: Server) -> None:
    alice, *others = await server.users("alice", *(f"bob{n}" for n in range(4)))
    room = await alice.creates_public_room()
    for other in others:
        await other.joins(room)
    answer = await alice.call("POST", "/v3/user_directory/search", {"search_term": "bob", "limit": 3})
    assert (len(answer["results"]), answer["limited"]) == (3, True)
    assert len(await found(alice, "bob", limit=4)) == 4


async def test_rooms_of_both_are_told(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    shared = [await alice.creates_room(inviting=bob) for _ in range(2)]
    for room in shared:
        await bob.joins(room)
    await alice.creates_room(inviting=bob)
    answer = await alice.call("GET", "/v1/mutual_rooms", user_id=bob.user_id)
    assert answer == {"joined": sorted(shared), "count": 2}
    assert (await alice.call("GET", "/v1/mutual_rooms", user_id="@nobody:hearth.test"))["joined"] == []


@pytest.mark.parametrize(
    "query", [{}, {"user_id": "@alice:hearth.test"}, {"user_id": "bob"}, {"user_id": "@b:c", "from": "x"}]
)
async def test_rooms_of_nobody_are_refused(server: Server, query: dict[str, str]) -> None:
    alice = await server.register("alice")
    status, _ = await server.ask("GET", "/v1/mutual_rooms", token=alice.token, query=query)
    assert status == 400


async def test_a_name_that_a_room_or_the_database_would_not_take_goes_into_the_others_and_is_tried_again(
    shared_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = await shared_server.register(), await shared_server.register()
    rooms = [await bob.creates_room(inviting=alice) for _ in range(4)]
    for room in rooms:
        await alice.joins(room)
    commit, n = Commits.commit, 0
    refusals = {2: Forbidden("not here"), 3: Unavailable("not now")}

    async def fails_at_first(self: Commits, *args: Any, **kwargs: Any) -> Any:
        nonlocal n
        n += 1
        if n in refusals:
            raise refusals[n]
        return await commit(self, *args, **kwargs)

    monkeypatch.setattr(Commits, "commit", fails_at_first)
    monkeypatch.setattr("homeserver.services.profiles.AGAIN_S", 0.5)
    await set_field(alice, "displayname", "Alice")
    for room in rooms:
        await is_named(alice, room, "Alice", seen_by=bob)


async def test_a_room_that_went_meanwhile_keeps_no_other_from_hearing(
    shared_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = await shared_server.register(), await shared_server.register()
    rooms = [await bob.creates_room(inviting=alice) for _ in range(3)]
    for room in rooms:
        await alice.joins(room)
    find = Rooms.find

    async def lacks_one(self: Rooms, room_id: str) -> Room | None:
        return await find(self, room_id) if room_id != rooms[1] else None

    with monkeypatch.context() as patched:
        patched.setattr(Rooms, "find", lacks_one)
        for name in ("Alice", "Alicia"):
            await set_field(alice, "displayname", name)
            for room in (rooms[0], rooms[2]):
                await is_named(alice, room, name, seen_by=bob)
