"""Lists of threads, relations of relations, jumping to a date."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.client import Json, Refused, Server, User


@pytest.fixture
def server(shared_server: Server) -> Server:
    return shared_server


async def relates(user: User, room: str, target: str, rel_type: str, event_type: str = "m.room.message") -> str:
    relation: Json = {"rel_type": rel_type, "event_id": target}
    if rel_type == "m.annotation":
        return await user.sends(room, "m.reaction", {"m.relates_to": {**relation, "key": "+1"}})
    return await user.sends(room, event_type, {"msgtype": "m.text", "body": "x", "m.relates_to": relation})


async def threads(user: User, room: str, **query: object) -> Json:
    return await user.call("GET", f"/v1/rooms/{quote(room)}/threads", **query)


def ids(page: Json) -> list[str]:
    return [event["event_id"] for event in page["chunk"]]


async def test_threads_are_listed_by_their_newest_reply_and_in_pages(server: Server) -> None:
    alice, bob = await server.people(2)
    room = await alice.creates_room(inviting=bob)
    await bob.joins(room)
    roots = [await alice.says(f"root {n}", room) for n in range(4)]
    for root in (roots[2], roots[0], roots[1], roots[2]):
        await relates(bob if root == roots[1] else alice, room, root, "m.thread")
    await relates(alice, room, roots[3], "m.annotation")
    page = await threads(alice, room)
    assert ids(page) == [roots[2], roots[1], roots[0]]
    assert page["chunk"][0]["unsigned"]["m.relations"]["m.thread"]["count"] == 2
    assert "next_batch" not in page
    first = await threads(alice, room, limit=2)
    rest = await threads(alice, room, limit=2, **{"from": first["next_batch"]})
    assert ids(first) + ids(rest) == ids(page)
    assert ids(await threads(bob, room, include="participated")) == [roots[1]]
    assert ids(await threads(alice, room, include="participated")) == ids(page), "the roots are Alice's"


async def test_threads_of_a_room_are_for_who_may_read_it(server: Server) -> None:
    alice, bob, carol = await server.people(3)
    room = await alice.creates_room(inviting=bob)
    await bob.joins(room)
    root, late_root = await alice.says("root", room), await alice.says("late", room)
    await relates(alice, room, root, "m.thread")
    await bob.leaves(room)
    await relates(alice, room, late_root, "m.thread")
    assert ids(await threads(bob, room)) == [root]
    with pytest.raises(Refused, match="M_FORBIDDEN"):
        await threads(carol, room)
    for query in ({"include": "some"}, {"from": "x"}, {"from": "s1.1-1"}, {"limit": "0"}):
        with pytest.raises(Refused, match="M_INVALID_PARAM"):
            await threads(alice, room, **query)


async def test_the_root_of_an_ignored_user_is_shown_redacted(server: Server) -> None:
    alice, bob = await server.people(2)
    room = await alice.creates_room(inviting=bob)
    await bob.joins(room)
    root = await bob.says("a word of Bob's", room)
    await relates(alice, room, root, "m.thread")
    ignored: Json = {"ignored_users": {bob.user_id: {}}}
    await alice.call("PUT", f"/v3/user/{alice.user_id}/account_data/m.ignored_user_list", ignored)
    page = await threads(alice, room)
    assert ids(page) == [root]
    assert page["chunk"][0]["content"] == {}


async def test_relations_of_relations_are_followed_when_asked_for(server: Server) -> None:
    alice = await server.register()
    room = await alice.creates_room()
    root = await alice.says("root", room)
    reply = await relates(alice, room, root, "m.thread")
    reaction = await relates(alice, room, reply, "m.annotation")
    third = await relates(alice, room, reaction, "m.reference")
    fourth = await relates(alice, room, third, "m.reference")
    path = f"/v1/rooms/{quote(room)}/relations/{quote(root)}"

    async def related(more: str = "", **query: object) -> Json:
        return await alice.call("GET", path + more, **query)

    assert ids(await related()) == [reply]
    deep = await related(recurse="true")
    assert ids(deep) == [third, reaction, reply]
    assert deep["recursion_depth"] == 3
    assert fourth not in ids(deep)
    assert ids(await related(recurse="true", dir="f")) == [reply, reaction, third]
    assert ids(await related("/m.annotation", recurse="true")) == [reaction]
    assert ids(await related("/m.reference/m.room.message", recurse="true")) == [third]
    first = await related(recurse="true", limit=2)
    assert ids(await related(recurse="true", limit=2, **{"from": first["next_batch"]})) == [reply]
    assert ids(await related(recurse="true", to=first["next_batch"])) == [third, reaction]
    await alice.redacts(room, reply)
    assert ids(await related(recurse="true")) == []


async def test_a_date_leads_to_the_nearest_event_that_may_be_seen(server: Server) -> None:
    alice, bob, carol = await server.people(3)
    shown = {"type": "m.room.history_visibility", "content": {"history_visibility": "joined"}}
    room = await alice.creates_room(inviting=bob, initial_state=[shown])
    said = [await alice.says(str(n), room) for n in range(60)]
    joined = await bob.joins(room)
    assert joined == room
    after = await alice.says("after", room)
    at = [(await alice.event(room, one))["origin_server_ts"] for one in (said[0], said[-1], after)]
    path = f"/v1/rooms/{quote(room)}/timestamp_to_event"

    async def nearest(user: User, ts: int, direction: str) -> tuple[int, Any]:
        status, answer = await user.ask("GET", path, ts=ts, dir=direction)
        return status, answer.get("event_id", answer.get("errcode"))

    status, found = await nearest(alice, at[2], "b")
    assert (status, found) == (200, after)
    assert await nearest(alice, at[0], "f") in [(200, one) for one in said]
    assert await nearest(alice, at[2] + 1, "f") == (404, "M_NOT_FOUND")
    assert (await nearest(alice, 0, "b"))[0] == 404
    status, first_of_bob = await nearest(bob, 0, "f")
    assert status == 200
    assert first_of_bob not in said
    assert (await nearest(carol, 0, "f"))[1] == "M_FORBIDDEN"
    for query in ({"ts": 1}, {"dir": "f"}, {"ts": "x", "dir": "f"}, {"ts": 1, "dir": "x"}):
        assert (await alice.ask("GET", path, **query))[0] == 400
