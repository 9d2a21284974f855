"""Sliding sync as it is deployed, the way Element X uses it: two connections, growing windows, subscriptions."""

import asyncio
import random

import pytest

from tests.support.client import Json, Refused, Server, User


@pytest.fixture
def server(crowd: Server) -> Server:
    return crowd


PATH = "/unstable/org.matrix.simplified_msc3575/sync"
STATE = [
    ["m.room.name", ""],
    ["m.room.encryption", ""],
    ["m.room.member", "$LAZY"],
    ["m.room.member", "$ME"],
    ["m.room.topic", ""],
    ["m.room.create", ""],
    ["m.space.child", "*"],
]
EXTENSIONS: Json = {
    "account_data": {"enabled": True},
    "receipts": {"enabled": True, "rooms": ["*"]},
    "typing": {"enabled": True},
}


class RoomList:
    """A client's connection, and what it holds by what it was told."""

    def __init__(self, user: User, conn_id: str = "room-list", **body: object) -> None:
        self.user, self.conn_id = user, conn_id
        self.body: Json = {
            "lists": {"all_rooms": {"ranges": [[0, 0]], "timeline_limit": 1, "required_state": STATE}},
            "extensions": EXTENSIONS,
            **body,
        }
        self.pos: str | None = None
        self.rooms: dict[str, list[str]] = {}
        self.names: dict[str, str | None] = {}
        self.window: list[str] = []
        self.count = 0

    @property
    def list(self) -> Json:
        found: Json = self.body["lists"]["all_rooms"]
        return found

    async def next(self, timeout_ms: int = 0, **query: object) -> Json:
        where = {} if self.pos is None else {"pos": self.pos}
        body = {"conn_id": self.conn_id, **self.body}
        answer = await self.user.call("POST", PATH, body, timeout=timeout_ms, **where, **query)
        self.pos = answer["pos"]
        for room, told in answer["rooms"].items():
            ids = [event["event_id"] for event in told.get("timeline", [])]
            if told.get("initial") or told.get("unstable_expanded_timeline") or told.get("limited"):
                self.rooms[room] = ids
            else:
                self.rooms[room] = [*self.rooms.get(room, []), *ids]
            if "name" in told or told.get("initial"):
                self.names[room] = told.get("name")
        for one in answer["lists"].values():
            self.count = one["count"]
            self.window = [room for op in one.get("ops", []) for room in op["room_ids"]]
        return answer


def types(told: Json) -> set[tuple[str, str]]:
    return {(event["type"], event["state_key"]) for event in told["required_state"]}


async def test_a_first_answer_has_the_names_of_the_deployed_form(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_room(name="Tea", inviting=bob)
    await alice.says("hello", room)
    listed = RoomList(alice)
    answer = await listed.next(timeout_ms=0)
    told = answer["rooms"][room]
    assert answer["lists"] == {"all_rooms": {"count": 1, "ops": [{"op": "SYNC", "range": [0, 0], "room_ids": [room]}]}}
    assert told["initial"] is True
    assert (told["name"], told["joined_count"], told["invited_count"]) == ("Tea", 1, 1)
    assert (told["notification_count"], told["highlight_count"]) == (0, 0)
    assert types(told) == {("m.room.name", ""), ("m.room.create", ""), ("m.room.member", alice.user_id)}
    assert not {"membership", "lists", "expanded_timeline"} & told.keys()
    assert any(event["type"] == "m.push_rules" for event in answer["extensions"]["account_data"]["global"])
    invited = (await RoomList(bob).next())["rooms"][room]
    assert {"m.room.create", "m.room.member"} <= {event["type"] for event in invited["invite_state"]}
    assert "stripped_state" not in invited


async def test_the_window_grows_and_subscriptions_bring_more(server: Server) -> None:
    [alice] = await server.users("alice")
    rooms = [await alice.creates_room(name=str(n)) for n in range(5)]
    for n in range(4):
        await alice.says(f"message {n}", rooms[0])
    listed = RoomList(alice)
    assert list((await listed.next())["rooms"]) == [rooms[0]]
    assert listed.count == 5
    listed.list["ranges"] = [[0, 2]]
    assert set((await listed.next())["rooms"]) == {rooms[4], rooms[3]}
    assert listed.window == [rooms[0], rooms[4], rooms[3]]
    listed.body["room_subscriptions"] = {
        rooms[0]: {"timeline_limit": 3, "required_state": [*STATE, ["m.room.power_levels", ""]]}
    }
    told = (await listed.next())["rooms"][rooms[0]]
    assert told["unstable_expanded_timeline"] is True
    assert [event["content"]["body"] for event in told["timeline"]] == ["message 1", "message 2", "message 3"]
    assert ("m.room.power_levels", "") in types(told)
    assert "initial" not in told


async def test_an_unknown_position_is_refused_and_a_retry_answered_again(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    listed = RoomList(alice)
    await listed.next()
    await alice.says("once", room)
    kept = listed.pos
    for _ in range(2):
        listed.pos = kept
        told = (await listed.next())["rooms"][room]
        assert [event["content"]["body"] for event in told["timeline"]] == ["once"]
    listed.pos = "c5.5.5"
    with pytest.raises(Refused) as refused:
        await listed.next()
    assert (refused.value.status, refused.value.errcode) == (400, "M_UNKNOWN_POS")
    listed.pos = None
    assert room in (await listed.next())["rooms"]


async def test_the_second_connection_brings_messages_to_the_device_and_its_keys(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    body: Json = {"lists": {}, "extensions": {"to_device": {"enabled": True}, "e2ee": {"enabled": True}}}
    secret = RoomList(alice, "encryption", **body)
    first = (await secret.next())["extensions"]
    assert first["to_device"]["events"] == []
    assert first["e2ee"]["device_one_time_keys_count"] == {"signed_curve25519": 0}
    message = {"messages": {alice.user_id: {alice.device_id: {"n": 1}}}}
    waiting = asyncio.create_task(secret.next(20_000))
    await asyncio.sleep(0.05)
    await bob.call("PUT", "/v3/sendToDevice/org.test/1", message)
    async with asyncio.timeout(15):
        told = (await waiting)["extensions"]
    assert [event["content"] for event in told["to_device"]["events"]] == [{"n": 1}]
    assert told["e2ee"]["device_one_time_keys_count"] == {"signed_curve25519": 0}
    body["extensions"]["to_device"]["since"] = told["to_device"]["next_batch"]
    assert (await secret.next())["extensions"]["to_device"]["events"] == []
    secret.pos = None
    assert (await secret.next())["extensions"]["to_device"]["events"] == [], "acknowledged ones are gone"


async def test_two_asterisks_are_all_state_and_the_rest_narrows(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room(name="Tea")
    await bob.joins(room)
    await alice.says("hi", room)
    listed = RoomList(alice)
    listed.list["required_state"] = [["*", "*"], ["m.room.member", "$LAZY"], ["m.room.name", "other"]]
    found = types((await listed.next())["rooms"][room])
    assert ("m.room.power_levels", "") in found
    assert ("m.room.name", "") not in found
    assert {key for kind, key in found if kind == "m.room.member"} == {alice.user_id}


async def test_typing_and_receipts_and_redacted_counts_arrive(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room()
    await bob.joins(room)
    listed = RoomList(alice)
    await listed.next()
    said = await bob.says("unread", room)
    assert (await listed.next())["rooms"][room]["notification_count"] == 1
    await bob.call("PUT", f"/v3/rooms/{room}/typing/{bob.user_id}", {"typing": True, "timeout": 30_000})
    await bob.call("POST", f"/v3/rooms/{room}/receipt/m.read/{said}", {})
    seen: Json = {}
    async with asyncio.timeout(15):
        while {"typing", "receipts"} - seen.keys():
            told = (await listed.next(1_000))["extensions"]
            seen |= {name: held["rooms"][room] for name, held in told.items() if room in held.get("rooms", {})}
    assert seen["typing"]["content"] == {"user_ids": [bob.user_id]}
    assert seen["receipts"]["content"][said]["m.read"][bob.user_id]


@pytest.mark.parametrize("seed", range(2))
async def test_a_room_list_holds_what_the_server_does_whatever_happens(server: Server, seed: int) -> None:
    """Windows grow and shrink, answers are lost, positions are forgotten: at the end the newest events are there."""
    chance = random.Random(seed)
    alice, bob = await server.users("alice", "bob")
    rooms = [await alice.creates_public_room(name=str(n)) for n in range(5)]
    for room in rooms[:3]:
        await bob.joins(room)
    listed = RoomList(bob)
    for step in range(30):
        room = chance.choice(rooms)
        match chance.randrange(7):
            case 0:
                await bob.joins(room)
            case 1:
                await alice.sets(room, "m.room.name", {"name": f"name {step}"})
            case 2:
                listed.list["ranges"] = [[0, chance.randrange(1, 6)]]
            case 3:
                wanted = {"timeline_limit": chance.randrange(1, 9), "required_state": STATE}
                listed.body["room_subscriptions"] = {room: wanted}
            case _:
                await alice.says(f"message {step}", room)
        match chance.randrange(6):
            case 0:
                kept = listed.pos
                await listed.next()
                listed.pos = kept
            case 1 if chance.random() < 0.3:
                listed.pos = None
            case 2 | 3:
                await listed.next()
    listed.list["ranges"] = [[0, 9]]
    for room in rooms:
        await bob.joins(room)
    await listed.next()
    while (await listed.next())["rooms"]:
        pass
    assert set(listed.window) == set(rooms)
    for room in rooms:
        history = [event["event_id"] for event in await alice.history(room)]
        held = listed.rooms[room]
        assert held
        assert list(dict.fromkeys(held))[-1] == history[-1]
        assert listed.names[room] == (await alice.state(room, "m.room.name"))["name"]
