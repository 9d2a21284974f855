"""The event stream and snapshots that clients of old ask for, and events in the format of servers."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
import pytest

from tests.support.client import Json, Refused, Server, User
from tests.support.running import running_app

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

SOON_S = 5.0


@pytest.fixture(scope="module")
async def server(cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with running_app(cluster, tmp_path_factory.mktemp("old")) as (_, server):
        yield server


async def two_in_a_room(server: Server) -> tuple[User, User, str]:
    alice, bob = await server.people(2)
    room = await alice.creates_room(inviting=bob)
    await bob.joins(room)
    return alice, bob, room


def bodies(events: list[Json]) -> list[str]:
    return [event["content"]["body"] for event in events if event["type"] == "m.room.message"]


async def events(user: User, since: str | None = None, timeout_s: float = 0, **more: str) -> Json:
    query = {"timeout": int(timeout_s * 1000), **({"from": since} if since else {}), **more}
    return await user.call("GET", "/v3/events", None, **query)


async def test_the_snapshot_goes_over_into_the_stream_without_loss(server: Server) -> None:
    alice, bob, room = await two_in_a_room(server)
    await alice.says("one", room)
    snapshot = await bob.call("GET", "/v3/initialSync", None, limit=5)
    [shown] = snapshot["rooms"]
    assert (shown["room_id"], shown["membership"]) == (room, "join")
    assert bodies(shown["messages"]["chunk"]) == ["one"]
    await alice.says("two", room)
    await alice.says("three", room)
    page = await events(bob, snapshot["end"])
    assert bodies(page["chunk"]) == ["two", "three"]
    assert page["start"] == snapshot["end"]
    assert (await events(bob, page["end"]))["chunk"] == []


async def test_the_state_is_that_at_the_end_of_the_messages(server: Server) -> None:
    alice, bob, room = await two_in_a_room(server)
    await alice.sets(room, "m.room.topic", {"topic": "newest"})
    for shown in (
        (await bob.call("GET", "/v3/initialSync", None, limit=20))["rooms"][0],
        await bob.call("GET", f"/v3/rooms/{room}/initialSync", None, limit=20),
    ):
        topics = [event["content"]["topic"] for event in shown["state"] if event["type"] == "m.room.topic"]
        members = {event["state_key"] for event in shown["state"] if event["type"] == "m.room.member"}
        assert topics == ["newest"]
        assert members == {alice.user_id, bob.user_id}


async def test_the_stream_waits_for_what_comes(server: Server) -> None:
    alice, bob, room = await two_in_a_room(server)
    now = (await events(bob))["end"]
    waiting = asyncio.ensure_future(events(bob, now, 30))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await alice.says("at last", room)
    assert bodies((await asyncio.wait_for(waiting, SOON_S))["chunk"]) == ["at last"]


async def test_what_waits_for_a_device_neither_wakes_the_stream_nor_is_lost_by_it(server: Server) -> None:
    alice, bob, _ = await two_in_a_room(server)
    message = {"messages": {bob.user_id: {bob.device_id: {"secret": 1}}}}
    await alice.call("PUT", "/v3/sendToDevice/m.test/old1", message)
    snapshot = await bob.call("GET", "/v3/initialSync")
    page = await events(bob, snapshot["end"], 0.2)
    assert page["chunk"] == []
    synced = await bob.call("GET", "/v3/sync", None, since=page["end"])
    assert [one["content"] for one in synced["to_device"]["events"]] == [{"secret": 1}]


async def test_one_may_listen_to_a_room_that_the_world_may_read(server: Server) -> None:
    alice, stranger = await server.people(2)
    readable = {"type": "m.room.history_visibility", "content": {"history_visibility": "world_readable"}}
    room, closed = await alice.creates_room(initial_state=[readable]), await alice.creates_room()
    begun = await stranger.call("GET", f"/v3/rooms/{room}/initialSync")
    assert "membership" not in begun
    now = (await events(stranger, room_id=room))["end"]
    waiting = asyncio.ensure_future(events(stranger, now, 30, room_id=room))
    await asyncio.sleep(0.05)
    await alice.says("not here", closed)
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await alice.says("hello world", room)
    page = await asyncio.wait_for(waiting, SOON_S)
    assert bodies(page["chunk"]) == ["hello world"]
    assert (await events(stranger, page["end"], room_id=room))["chunk"] == []
    for path in (f"/v3/rooms/{closed}/initialSync", f"/v3/events?room_id={closed}"):
        with pytest.raises(Refused, match="M_FORBIDDEN"):
            await stranger.call("GET", path)


async def test_who_left_is_shown_the_room_as_it_was_then(server: Server) -> None:
    alice, bob, room = await two_in_a_room(server)
    await alice.says("before", room)
    await bob.leaves(room)
    await alice.says("after", room)
    await alice.sets(room, "m.room.topic", {"topic": "after"})
    shown = await bob.call("GET", f"/v3/rooms/{room}/initialSync")
    assert (shown["membership"], bodies(shown["messages"]["chunk"])) == ("leave", ["before"])
    assert all(event["type"] != "m.room.topic" for event in shown["state"])
    assert (await bob.call("GET", "/v3/initialSync"))["rooms"] == []
    [left] = (await bob.call("GET", "/v3/initialSync", None, archived="true"))["rooms"]
    assert (left["membership"], bodies(left["messages"]["chunk"])) == ("leave", ["before"])


async def test_invitations_are_in_the_snapshot_with_the_invite(server: Server) -> None:
    alice, bob = await server.people(2)
    room = await alice.creates_room(inviting=bob)
    [invited] = (await bob.call("GET", "/v3/initialSync"))["rooms"]
    assert (invited["room_id"], invited["membership"]) == (room, "invite")
    assert (invited["invite"]["sender"], invited["invite"]["room_id"]) == (alice.user_id, room)


async def test_who_left_and_is_invited_again_hears_of_the_invitation_alone(server: Server) -> None:
    alice, bob, room = await two_in_a_room(server)
    now = (await events(bob))["end"]
    await bob.leaves(room)
    await alice.invites(bob, room)
    await alice.says("among us", room)
    page = await events(bob, now)
    assert {event["state_key"] for event in page["chunk"]} == {bob.user_id}
    assert page["chunk"][-1]["content"]["membership"] == "invite"


async def test_an_event_is_found_without_its_room_by_those_who_may_read_it(server: Server) -> None:
    alice, bob, room = await two_in_a_room(server)
    event_id = await alice.says("found", room)
    path = f"/v3/events/{quote(event_id, safe='')}"
    assert (await bob.call("GET", path))["content"]["body"] == "found"
    [stranger] = await server.people(1)
    for who, asked in ((stranger, path), (bob, "/v3/events/%24unknown")):
        with pytest.raises(Refused, match="M_NOT_FOUND"):
            await who.call("GET", asked)


async def test_tokens_that_are_none_are_refused(server: Server) -> None:
    [alice] = await server.people(1)
    for token in ("x", "t5", ""):
        with pytest.raises(Refused, match="M_INVALID_PARAM"):
            await alice.call("GET", f"/v3/events?from={token}")


async def _as_servers(user: User, room: str, **more: Any) -> dict[str, Json]:
    """Events of a room as servers exchange them, by id."""
    chosen = {"event_format": "federation", "room": {"timeline": {"limit": 50}}, **more}
    answer = await user.call("GET", "/v3/sync", None, filter=orjson.dumps(chosen).decode())
    shown = answer["rooms"]["join"][room]
    return {event["event_id"]: event for event in (*shown["timeline"]["events"], *shown["state"]["events"])}


async def test_events_are_told_as_servers_exchange_them(server: Server) -> None:
    alice, bob, room = await two_in_a_room(server)
    said = await alice.says("signed", room)
    event = (await _as_servers(bob, room))[said]
    assert {"auth_events", "prev_events", "hashes", "signatures", "depth"} <= event.keys()
    assert event["content"]["body"] == "signed"
    assert event["unsigned"]["membership"] == "join"


async def test_an_increment_is_told_as_servers_exchange_it_too(server: Server) -> None:
    alice, bob, room = await two_in_a_room(server)
    since = (await bob.call("GET", "/v3/sync"))["next_batch"]
    await alice.says("live", room)
    answer = await bob.call("GET", "/v3/sync", None, since=since, filter='{"event_format":"federation"}')
    [event] = answer["rooms"]["join"][room]["timeline"]["events"]
    assert "signatures" in event
    chosen = '{"event_format":"federation","event_fields":["content.body","depth"]}'
    answer = await bob.call("GET", "/v3/sync", None, since=since, filter=chosen)
    [event] = answer["rooms"]["join"][room]["timeline"]["events"]
    assert (event.keys(), event["content"]) == ({"content", "depth"}, {"body": "live"})


async def test_what_was_redacted_is_so_for_servers_too(server: Server) -> None:
    alice, bob, room = await two_in_a_room(server)
    said = await alice.says("gone", room)
    reason = await alice.redacts(room, said, "a reason that goes too")
    await alice.redacts(room, reason, "again")
    found = await _as_servers(bob, room)
    assert found[said]["content"] == {}
    assert "signatures" in found[said]
    assert b"a reason that goes too" not in orjson.dumps({**found[reason], "unsigned": {}})
