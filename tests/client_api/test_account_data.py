"""Account data, tags, filters, and what account data does: ignoring and blocking invites."""

import asyncio

import pytest

from tests.support.client import Json, Server, User


@pytest.fixture
def server(crowd: Server) -> Server:
    return crowd


def path(user: User, kind: str, room: str | None = None) -> str:
    place = f"/rooms/{room}" if room is not None else ""
    return f"/v3/user/{user.user_id}{place}/account_data/{kind}"


async def test_account_data_is_kept_and_comes_with_syncs(server: Server) -> None:
    alice = await server.register("alice")
    await alice.syncs()
    await alice.call("PUT", path(alice, "org.x"), {"a": 1})
    await alice.call("PUT", path(alice, "org.x"), {"a": 2})
    assert await alice.call("GET", path(alice, "org.x")) == {"a": 2}
    events = (await alice.syncs())["account_data"]["events"]
    assert {"type": "org.x", "content": {"a": 2}} in events


async def test_account_data_of_a_room_is_apart(server: Server) -> None:
    alice = await server.register("alice")
    room = await alice.creates_room()
    await alice.call("PUT", path(alice, "org.x", room), {"a": 1})
    assert await alice.call("GET", path(alice, "org.x", room)) == {"a": 1}
    assert (await alice.ask("GET", path(alice, "org.x")))[0] == 404


async def test_nobody_reads_or_writes_anothers(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    await alice.call("PUT", path(alice, "org.x"), {"a": 1})
    assert (await bob.ask("GET", path(alice, "org.x")))[0] == 403
    assert (await bob.ask("PUT", path(alice, "org.x"), {}))[0] == 403


@pytest.mark.parametrize("kind", ["m.push_rules", "m.fully_read", "app.hearth.push_ruleset"])
async def test_what_the_server_manages_is_not_to_be_set(server: Server, kind: str) -> None:
    alice = await server.register("alice")
    status, answer = await alice.ask("PUT", path(alice, kind), {"global": {}})
    assert (status, answer["errcode"]) == (405, "M_BAD_JSON")


async def test_what_the_server_keeps_for_itself_is_not_shown(server: Server) -> None:
    alice = await server.register("alice")
    await alice.call("PUT", "/v3/pushrules/global/override/.m.rule.master/enabled", {"enabled": True})
    assert (await alice.ask("GET", path(alice, "app.hearth.push_ruleset")))[0] == 404
    kinds = {event["type"] for event in (await alice.syncs())["account_data"]["events"]}
    assert "m.push_rules" in kinds
    assert not {kind for kind in kinds if kind.startswith("app.hearth.")}


@pytest.mark.parametrize("body", [b"[]", b"1", b"", b"{"])
async def test_account_data_is_a_json_object(server: Server, body: bytes) -> None:
    alice = await server.register("alice")
    assert (await alice.ask("PUT", path(alice, "org.x"), body))[0] == 400


# -- tags --------------------------------------------------------------------------------------------------------------


async def tags(user: User, room: str) -> Json:
    found: Json = (await user.call("GET", f"/v3/user/{user.user_id}/rooms/{room}/tags"))["tags"]
    return found


async def test_a_room_is_tagged_and_untagged(server: Server) -> None:
    alice = await server.register("alice")
    room = await alice.creates_room()
    base = f"/v3/user/{alice.user_id}/rooms/{room}/tags"
    await alice.call("PUT", f"{base}/m.favourite", {"order": 0.25})
    await alice.call("PUT", f"{base}/u.work", {})
    assert await tags(alice, room) == {"m.favourite": {"order": 0.25}, "u.work": {}}
    await alice.call("DELETE", f"{base}/u.work")
    await alice.call("DELETE", f"{base}/u.nothing")
    assert await alice.call("GET", path(alice, "m.tag", room)) == {"tags": {"m.favourite": {"order": 0.25}}}


async def test_tags_set_at_once_are_all_kept(server: Server) -> None:
    alice = await server.register("alice")
    room = await alice.creates_room()
    base = f"/v3/user/{alice.user_id}/rooms/{room}/tags"
    await asyncio.gather(*(alice.call("PUT", f"{base}/u.{n}", {}) for n in range(8)))
    assert set(await tags(alice, room)) == {f"u.{n}" for n in range(8)}


@pytest.mark.parametrize("order", ["first", True, [], {}])
async def test_an_order_is_a_number(server: Server, order: object) -> None:
    alice = await server.register("alice")
    room = await alice.creates_room()
    status, answer = await alice.ask("PUT", f"/v3/user/{alice.user_id}/rooms/{room}/tags/u.x", {"order": order})
    assert (status, answer["errcode"]) == (400, "M_BAD_JSON")


# -- filters -----------------------------------------------------------------------------------------------------------


async def test_a_filter_is_kept_as_it_was_written(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    definition = {"room": {"timeline": {"limit": 3}}, "org.unknown": {"a": None}}
    filter_id = (await alice.call("POST", f"/v3/user/{alice.user_id}/filter", definition))["filter_id"]
    assert await alice.call("GET", f"/v3/user/{alice.user_id}/filter/{filter_id}") == definition
    assert (await alice.call("POST", f"/v3/user/{alice.user_id}/filter", definition))["filter_id"] == filter_id
    assert (await bob.ask("GET", f"/v3/user/{bob.user_id}/filter/{filter_id}"))[0] == 404
    assert (await bob.ask("GET", f"/v3/user/{alice.user_id}/filter/{filter_id}"))[0] == 403


async def test_a_stored_filter_is_good_for_syncs(server: Server) -> None:
    alice = await server.register("alice")
    room = await alice.creates_room()
    for n in range(4):
        await alice.says(str(n), room)
    definition = {"room": {"timeline": {"limit": 2}}}
    filter_id = (await alice.call("POST", f"/v3/user/{alice.user_id}/filter", definition))["filter_id"]
    timeline = (await alice.syncs(filter=filter_id))["rooms"]["join"][room]["timeline"]
    assert [event["content"]["body"] for event in timeline["events"]] == ["2", "3"]


@pytest.mark.parametrize("definition", [{"room": []}, {"room": {"timeline": {"limit": "x"}}}, {"event_format": "yaml"}])
async def test_a_filter_that_says_nothing_sensible_is_refused(server: Server, definition: Json) -> None:
    alice = await server.register("alice")
    status, answer = await alice.ask("POST", f"/v3/user/{alice.user_id}/filter", definition)
    assert (status, answer["errcode"]) == (400, "M_BAD_JSON")


@pytest.mark.parametrize("filter_id", ["0", "x", "9" * 30, "-1"])
async def test_a_filter_that_is_not_there_is_not_found(server: Server, filter_id: str) -> None:
    alice = await server.register("alice")
    assert (await alice.ask("GET", f"/v3/user/{alice.user_id}/filter/{filter_id}"))[0] == 404


# -- what account data does --------------------------------------------------------------------------------------------


async def test_who_is_ignored_is_not_heard_and_cannot_invite(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_room(inviting=bob)
    await bob.joins(room)
    await bob.says("nuisance", room)
    await alice.call("PUT", path(alice, "m.ignored_user_list"), {"ignored_users": {bob.user_id: {}}})
    await bob.says("more of it", room)
    assert await alice.sees(room) == []
    status, answer = await bob.ask("POST", "/v3/createRoom", {"invite": [alice.user_id]})
    assert (status, answer["errcode"]) == (403, "M_INVITE_BLOCKED")


async def test_invites_can_be_blocked(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    await alice.call("PUT", path(alice, "m.invite_permission_config"), {"default_action": "block"})
    room = await bob.creates_room()
    status, answer = await bob.ask("POST", f"/v3/rooms/{room}/invite", {"user_id": alice.user_id})
    assert (status, answer["errcode"]) == (403, "M_INVITE_BLOCKED")
