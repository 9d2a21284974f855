"""`/v4/sync` as clients see it."""

import asyncio

import pytest

from tests.support.client import Json, Refused, Server, User


@pytest.fixture
def server(crowd: Server) -> Server:
    return crowd


ALL: Json = {"include": [{}], "lazy_members": True}
LIST: Json = {"all": {"timeline_limit": 5, "required_state": ALL}}


class Sliding:
    """A sliding connection of a device."""

    def __init__(self, user: User, **sub: object) -> None:
        self.user = user
        self.sub: Json = {"lists": LIST, **sub}
        self.pos: str | None = None

    async def next(self, timeout_ms: int = 0, **more: object) -> Json:
        """The next answer."""
        body: Json = {**self.sub, "conn_id": "test", "timeout": timeout_ms, **more}
        if self.pos is not None:
            body["pos"] = self.pos
        answer = await self.user.call("POST", "/v4/sync", body)
        self.pos = answer["pos"]
        return answer


def texts(answer: Json, room: str) -> list[str]:
    events = answer["rooms"].get(room, {}).get("timeline", [])
    return [event["content"]["body"] for event in events if event["type"] == "m.room.message"]


async def test_a_first_answer_is_initial_and_the_next_one_brings_what_is_new(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room(name="Tea")
    await alice.says("one", room)
    sliding = Sliding(alice)
    first = await sliding.next()
    assert first["lists"] == {"all": {"count": 1}}
    assert first["rooms"][room]["initial"] is True
    assert first["rooms"][room]["name"] == "Tea"
    assert texts(first, room) == ["one"]
    await alice.says("two", room)
    second = await sliding.next()
    assert "initial" not in second["rooms"][room]
    assert texts(second, room) == ["two"]
    assert (await sliding.next())["rooms"] == {}


async def test_a_retry_with_the_same_position_gets_the_same_again(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    sliding = Sliding(alice)
    await sliding.next()
    await alice.says("once", room)
    kept = sliding.pos
    for _ in range(3):
        sliding.pos = kept
        assert texts(await sliding.next(), room) == ["once"]
    await alice.says("twice", room)
    assert texts(await sliding.next(), room) == ["twice"]


async def test_an_unknown_position_is_refused(server: Server) -> None:
    [alice] = await server.users("alice")
    sliding = Sliding(alice)
    sliding.pos = "c1.2.3"
    with pytest.raises(Refused) as refused:
        await sliding.next()
    assert refused.value.errcode == "M_UNKNOWN_POS"


async def test_a_long_poll_ends_when_a_message_comes(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room()
    await bob.joins(room)
    sliding = Sliding(bob)
    await sliding.next()
    waiting = asyncio.create_task(sliding.next(20_000))
    await asyncio.sleep(0.1)
    await alice.says("news", room)
    async with asyncio.timeout(15):
        assert texts(await waiting, room) == ["news"]


async def test_subscribing_to_a_room_one_is_not_in_brings_nothing(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_room()
    sliding = Sliding(bob, room_subscriptions={room: {"timeline_limit": 20, "required_state": ALL}})
    assert (await sliding.next())["rooms"] == {}


async def test_a_kick_is_told_and_nothing_after_it(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room()
    await bob.joins(room)
    sliding = Sliding(bob)
    await sliding.next()
    await alice.kicks(bob, room)
    await alice.says("secret", room)
    answer = await sliding.next()
    assert answer["rooms"][room]["membership"] == "leave"
    assert texts(answer, room) == []
    assert (await sliding.next())["rooms"] == {}


async def test_an_invitation_has_stripped_state_and_becomes_a_room(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    sliding = Sliding(bob)
    await sliding.next()
    room = await alice.creates_room(name="Tea", inviting=bob)
    answer = await sliding.next()
    assert answer["rooms"][room]["membership"] == "invite"
    assert {event["type"] for event in answer["rooms"][room]["stripped_state"]} >= {"m.room.create", "m.room.name"}
    await bob.joins(room)
    assert (await sliding.next())["rooms"][room]["initial"] is True


async def test_a_larger_timeline_is_sent_again_at_once(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    for number in range(10):
        await alice.says(str(number), room)
    sliding = Sliding(alice, lists={"all": {"timeline_limit": 1, "required_state": ALL}})
    assert texts(await sliding.next(), room) == ["9"]
    sliding.sub["room_subscriptions"] = {room: {"timeline_limit": 8, "required_state": ALL}}
    answer = await sliding.next()
    assert texts(answer, room) == [str(number) for number in range(2, 10)]
    assert answer["rooms"][room]["expanded_timeline"] is True
    assert answer["rooms"][room]["num_live"] == 0


async def test_a_range_holds_the_rooms_with_the_latest_events(server: Server) -> None:
    [alice] = await server.users("alice")
    rooms = [await alice.creates_room() for _ in range(4)]
    sliding = Sliding(alice, lists={"all": {"timeline_limit": 1, "required_state": {}, "range": [0, 1]}})
    first = await sliding.next()
    assert set(first["rooms"]) == set(rooms[2:])
    assert first["lists"]["all"]["count"] == 4
    await alice.says("up", rooms[0])
    assert list((await sliding.next())["rooms"]) == [rooms[0]]


async def test_a_room_that_changed_out_of_sight_comes_whole_again(server: Server) -> None:
    [alice] = await server.users("alice")
    first, second = await alice.creates_room(), await alice.creates_room()
    sliding = Sliding(alice, lists={"all": {"timeline_limit": 3, "required_state": {}, "range": [0, 0]}})
    await sliding.next()
    await alice.says("a", first)
    await sliding.next()
    await alice.says("b", second)
    await alice.says("c", first)
    await sliding.next()
    await alice.says("d", second)
    seen = await sliding.next()
    assert texts(seen, second)[-2:] == ["b", "d"]
    assert seen["rooms"][second]["initial"] is True


async def test_extensions_bring_account_data_receipts_typing_and_counts(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room()
    await bob.joins(room)
    names = ("account_data", "receipts", "typing", "to_device", "e2ee", "app.hearth.counts", "app.hearth.preview")
    sliding = Sliding(bob, extensions={name: {"enabled": True} for name in names})
    first = await sliding.next()
    assert any(event["type"] == "m.push_rules" for event in first["extensions"]["account_data"]["global"])
    message = await alice.says("hi", room)
    await alice.call("POST", f"/v3/rooms/{room}/receipt/m.read/{message}", {})
    answer = await sliding.next()
    assert answer["extensions"]["app.hearth.counts"]["rooms"][room]["n"] == 1
    assert alice.user_id in answer["extensions"]["receipts"]["rooms"][room]["content"][message]["m.read"]
    await alice.call("PUT", f"/v3/rooms/{room}/typing/{alice.user_id}", {"typing": True, "timeout": 30_000})
    async with asyncio.timeout(15):
        while "typing" not in (answer := await sliding.next(1000))["extensions"]:
            pass
    assert answer["extensions"]["typing"]["rooms"][room]["content"]["user_ids"] == [alice.user_id]


async def test_typing_comes_by_the_name_of_its_open_proposal_too(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    sliding = Sliding(alice, extensions={"org.matrix.msc4508.typing": {"enabled": True}})
    await sliding.next()
    await alice.call("PUT", f"/v3/rooms/{room}/typing/{alice.user_id}", {"typing": True, "timeout": 30_000})
    extensions = (await sliding.next(15_000))["extensions"]
    assert extensions["org.matrix.msc4508.typing"]["rooms"][room]["content"]["user_ids"] == [alice.user_id]
    assert "typing" not in extensions


async def test_the_preview_is_the_last_message_even_below_other_events(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    message = await alice.says("look", room)
    await alice.sets(room, "m.room.topic", {"topic": "x"})
    sliding = Sliding(
        alice,
        lists={"all": {"timeline_limit": 1, "required_state": {}}},
        extensions={"app.hearth.preview": {"enabled": True}},
    )
    answer = await sliding.next()
    assert answer["extensions"]["app.hearth.preview"]["rooms"][room]["event_id"] == message


async def test_members_come_once_with_the_first_event_they_send(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room()
    await bob.joins(room)
    for number in range(6):
        await alice.says(str(number), room)
    sliding = Sliding(alice, lists={"all": {"timeline_limit": 3, "required_state": {"lazy_members": True}}})
    first = await sliding.next()
    assert [event["state_key"] for event in first["rooms"][room]["required_state"]] == [alice.user_id]
    await bob.says("hi", room)
    second = await sliding.next()
    assert [event["state_key"] for event in second["rooms"][room]["required_state"]] == [bob.user_id]
    await bob.says("again", room)
    assert "required_state" not in (await sliding.next())["rooms"][room]


async def test_the_position_pages_back_from_the_timeline(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    for number in range(8):
        await alice.says(str(number), room)
    answer = await Sliding(alice).next()
    token = answer["rooms"][room]["prev_batch"]
    page = await alice.call("GET", f"/v3/rooms/{room}/messages", None, dir="b", limit=2, **{"from": token})
    assert [event["content"]["body"] for event in page["chunk"]] == ["2", "1"]


async def test_the_presence_of_somebody_who_joins_later_comes_with_the_join(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room()
    wanted = {"extensions": {"app.hearth.presence": {"enabled": True, "rooms": [room]}}}
    sliding = Sliding(alice, **wanted)
    await sliding.next()
    await bob.call("PUT", f"/v3/presence/{bob.user_id}/status", {"presence": "online"})
    await bob.joins(room)
    while (
        not (answer := await sliding.next(1_000))["extensions"]
        .get("app.hearth.presence", {})
        .get("users", {})
        .get(bob.user_id)
    ):
        assert answer["pos"]
    assert answer["extensions"]["app.hearth.presence"]["users"][bob.user_id]["presence"] == "online"
