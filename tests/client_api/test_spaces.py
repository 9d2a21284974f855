"""Trees of rooms and summaries of single ones: who is shown what, in which order, and that circles end."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.client import Refused, Server, User


@pytest.fixture
def server(shared_server: Server) -> Server:
    return shared_server


async def space(owner: User, name: str, *children: str, **more: Any) -> str:
    """A public space with these children, in this order."""
    room = await owner.creates_public_room(name=name, creation_content={"type": "m.space"}, **more)
    for n, child in enumerate(children):
        await owner.sets(room, "m.space.child", {"via": [owner.server.name], "order": f"{n:02}"}, child)
    return room


async def tree(user: User, room: str, **query: object) -> dict[str, Any]:
    return await user.call("GET", f"/v1/rooms/{quote(room)}/hierarchy", **query)


def ids(answer: dict[str, Any]) -> list[str]:
    return [room["room_id"] for room in answer["rooms"]]


async def test_a_tree_is_told_depth_first_in_the_order_of_its_children(server: Server) -> None:
    alice, bob = await server.people(2)
    a, b, deep = [await alice.creates_public_room(name=name) for name in ("a", "b", "deep")]
    inner = await space(alice, "inner", deep)
    root = await space(alice, "root", b, inner, a)
    answer = await tree(bob, root)
    assert ids(answer) == [root, b, inner, deep, a]
    assert [child["state_key"] for child in answer["rooms"][0]["children_state"]] == [b, inner, a]
    assert answer["rooms"][0]["room_type"] == "m.space"
    assert answer["rooms"][1]["children_state"] == []
    assert ids(await tree(bob, root, max_depth=1)) == [root, b, inner, a]
    assert ids(await tree(bob, root, max_depth=0)) == [root]


async def test_children_without_order_come_last_by_time_and_broken_ones_not_at_all(server: Server) -> None:
    alice = await server.register()
    first, second, third, gone, broken = [await alice.creates_public_room(name=str(n)) for n in range(5)]
    root = await space(alice, "root")
    via = {"via": [server.name]}
    await alice.sets(root, "m.space.child", via, second)
    await alice.sets(root, "m.space.child", {**via, "order": "not\x07valid"}, third)
    await alice.sets(root, "m.space.child", {**via, "order": "~"}, first)
    await alice.sets(root, "m.space.child", {}, gone)
    await alice.sets(root, "m.space.child", {"via": "x"}, broken)
    await alice.sets(root, "m.space.child", via, "#noroom:x")
    assert ids(await tree(alice, root)) == [root, first, second, third]


async def test_rooms_that_lead_to_each_other_are_told_once(server: Server) -> None:
    alice = await server.register()
    one, two = await space(alice, "one"), await space(alice, "two")
    for parent, child in ((one, two), (two, one), (one, one)):
        await alice.sets(parent, "m.space.child", {"via": [server.name]}, child)
    assert ids(await tree(alice, one)) == [one, two]


async def test_only_rooms_that_the_user_could_join_are_told(server: Server) -> None:
    alice, bob, carol = await server.people(3)
    public, private = await alice.creates_public_room(), await alice.creates_room()
    invited = await alice.creates_room(inviting=bob)
    knockable = await alice.creates_room(
        initial_state=[{"type": "m.room.join_rules", "content": {"join_rule": "knock"}}]
    )
    club = await alice.creates_room(inviting=bob)
    await bob.joins(club)
    allow = [{"type": "m.room_membership", "room_id": club}]
    rule = {"join_rule": "restricted", "allow": allow}
    members_only = await alice.creates_room(initial_state=[{"type": "m.room.join_rules", "content": rule}])
    shown = {"history_visibility": "world_readable"}
    open_to_read = await alice.creates_room(initial_state=[{"type": "m.room.history_visibility", "content": shown}])
    everything = [public, private, invited, knockable, members_only, open_to_read]
    root = await space(alice, "root", *everything)
    assert ids(await tree(alice, root)) == [root, *everything]
    assert ids(await tree(bob, root)) == [root, public, invited, knockable, members_only, open_to_read]
    assert ids(await tree(carol, root)) == [root, public, knockable, open_to_read]
    told = {room["room_id"]: room for room in (await tree(bob, root))["rooms"]}
    assert told[members_only]["allowed_room_ids"] == [club]
    await alice.bans(carol, public)
    assert public not in ids(await tree(carol, root))


async def test_suggested_rooms_can_be_asked_for_alone(server: Server) -> None:
    alice = await server.register()
    one, two = await alice.creates_public_room(), await alice.creates_public_room()
    root = await space(alice, "root", one)
    await alice.sets(root, "m.space.child", {"via": [server.name], "suggested": True}, two)
    answer = await tree(alice, root, suggested_only="true")
    assert ids(answer) == [root, two]
    assert [child["state_key"] for child in answer["rooms"][0]["children_state"]] == [two]


async def test_a_tree_comes_in_pages_of_the_same_question(server: Server) -> None:
    alice = await server.register()
    rooms = [await alice.creates_public_room() for _ in range(4)]
    root = await space(alice, "root", *rooms)
    first = await tree(alice, root, limit=2)
    second = await tree(alice, root, limit=2, **{"from": first["next_batch"]})
    third = await tree(alice, root, limit=2, **{"from": second["next_batch"]})
    assert ids(first) + ids(second) + ids(third) == [root, *rooms]
    assert "next_batch" not in third
    for query in ({"max_depth": 1}, {"suggested_only": "true"}):
        with pytest.raises(Refused, match="M_INVALID_PARAM"):
            await tree(alice, root, **{"from": first["next_batch"], **query})
    for token in ("x", "é", "MQ", rooms[0]):
        with pytest.raises(Refused, match="M_INVALID_PARAM"):
            await tree(alice, root, **{"from": token})


async def test_a_closed_or_unknown_root_is_forbidden(server: Server) -> None:
    alice, bob = await server.people(2)
    closed = await alice.creates_room(creation_content={"type": "m.space"})
    for room in (closed, "!nothing:hearth.test"):
        with pytest.raises(Refused, match="M_FORBIDDEN"):
            await tree(bob, room)


@pytest.mark.parametrize("path", ["/v1/room_summary/{}", "/unstable/im.nheko.summary/rooms/{}/summary"])
async def test_a_summary_is_for_whoever_could_join(server: Server, path: str) -> None:
    alice, bob = await server.people(2)
    alias = alice.user_id[1:].split(":")[0]
    encryption = {"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    public = await alice.creates_public_room(name="Cheese", room_alias_name=alias, initial_state=[encryption])
    private = await alice.creates_room(inviting=bob)
    by_alias = await bob.call("GET", path.format(quote(f"#{alias}:hearth.test")))
    assert by_alias["room_id"] == public
    assert (by_alias["name"], by_alias["membership"], by_alias["num_joined_members"]) == ("Cheese", "leave", 1)
    assert (by_alias["encryption"], by_alias["room_version"]) == ("m.megolm.v1.aes-sha2", "12")
    assert (await bob.call("GET", path.format(quote(private))))["membership"] == "invite"
    for_anybody = await server.call("GET", path.format(quote(public)))
    assert for_anybody["name"] == "Cheese"
    assert "membership" not in for_anybody
    for room in (private, "!nothing:hearth.test", "#nothing:hearth.test"):
        assert (await server.ask("GET", path.format(quote(room))))[0] == 404
    assert (await bob.ask("GET", path.format("neither")))[1]["errcode"] == "M_INVALID_PARAM"


async def test_a_summary_holds_only_texts_where_texts_belong(server: Server) -> None:
    alice = await server.register()
    room = await alice.creates_public_room()
    await alice.sets(room, "m.room.name", {"name": ["no", "text"]})
    await alice.sets(room, "m.room.avatar", {"url": 5})
    answer = await alice.call("GET", f"/v1/room_summary/{quote(room)}")
    assert {"name", "avatar_url"} & answer.keys() == set()
