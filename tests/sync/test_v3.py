"""`/v3/sync` as clients see it."""

import asyncio
import json

import pytest

from homeserver.services.sync.collect import own
from tests.support.client import Json, Refused, Server


@pytest.fixture
def server(crowd: Server) -> Server:
    return crowd


LAZY = json.dumps({"room": {"state": {"lazy_load_members": True}}})


def joined(answer: Json, room: str) -> Json:
    """What an answer says of a joined room."""
    found: Json = answer.get("rooms", {}).get("join", {}).get(room, {})
    return found


def texts(answer: Json, room: str) -> list[str]:
    """The messages of a room's timeline."""
    events = joined(answer, room).get("timeline", {}).get("events", [])
    return [event["content"]["body"] for event in events if event["type"] == "m.room.message"]


def state_of(block: Json) -> dict[tuple[str, str], Json]:
    return {(event["type"], event["state_key"]): event["content"] for event in block["state"]["events"]}


async def test_a_first_sync_shows_the_room_with_its_state_and_its_messages(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room(name="Tea")
    await alice.says("hello", room)
    answer = await alice.syncs()
    assert texts(answer, room) == ["hello"]
    assert joined(answer, room)["summary"]["m.joined_member_count"] == 1
    assert any(event["type"] == "m.push_rules" for event in answer["account_data"]["events"])


async def test_state_and_timeline_of_a_first_sync_never_overlap(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room(name="One")
    for number in range(12):
        await alice.says(str(number), room)
    await alice.sets(room, "m.room.name", {"name": "Two"})
    block = joined(await alice.syncs(), room)
    assert block["timeline"]["limited"] is True
    assert len(block["timeline"]["events"]) == 10
    assert state_of(block)["m.room.name", ""] == {"name": "One"}
    assert block["timeline"]["events"][-1]["content"] == {"name": "Two"}


async def test_nothing_new_is_an_empty_answer(server: Server) -> None:
    [alice] = await server.users("alice")
    await alice.creates_room()
    await alice.syncs()
    answer = await alice.syncs()
    assert "rooms" not in answer
    assert answer["device_unused_fallback_key_types"] == []


async def test_a_long_poll_ends_when_a_message_comes(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room()
    await bob.joins(room)
    await bob.syncs()
    waiting = asyncio.create_task(bob.syncs(timeout_ms=20_000))
    await asyncio.sleep(0.1)
    await alice.says("news", room)
    async with asyncio.timeout(15):
        answer = await waiting
        while not texts(answer, room):
            answer = await bob.syncs(timeout_ms=20_000)
    assert texts(answer, room) == ["news"]
    assert joined(answer, room)["unread_notifications"]["notification_count"] == 1


async def test_only_the_sending_device_sees_its_transaction_id(server: Server) -> None:
    [alice] = await server.users("alice")
    phone = await server.login("alice")
    room = await alice.creates_room()
    for device in (alice, phone):
        await device.syncs()
    await alice.says("hi", room, txn_id="mine")
    shown = [joined(await device.syncs(), room)["timeline"]["events"][0]["unsigned"] for device in (alice, phone)]
    assert shown[0]["transaction_id"] == "mine"
    assert "transaction_id" not in shown[1]


async def test_an_invitation_comes_with_the_name_of_the_room(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    await bob.syncs()
    room = await alice.creates_room(name="Tea", inviting=bob)
    invite = (await bob.syncs())["rooms"]["invite"][room]["invite_state"]["events"]
    assert {"m.room.create", "m.room.name", "m.room.member"} <= {event["type"] for event in invite}
    first = (await (await server.login("bob")).syncs())["rooms"]["invite"]
    assert list(first) == [room]


async def test_a_room_just_joined_comes_whole(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room(name="Tea")
    await alice.says("before", room)
    await bob.syncs()
    await bob.joins(room)
    block = joined(await bob.syncs(), room)
    known = state_of(block) | {
        (event["type"], event["state_key"]): event["content"]
        for event in block["timeline"]["events"]
        if "state_key" in event
    }
    assert known["m.room.name", ""] == {"name": "Tea"}
    assert "before" in [event["content"].get("body") for event in block["timeline"]["events"]]


async def test_a_kicked_user_sees_the_kick_and_nothing_after_it(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room()
    await bob.joins(room)
    await bob.syncs()
    await alice.says("still here", room)
    await alice.kicks(bob, room)
    await alice.says("secret", room)
    answer = await bob.syncs()
    events = answer["rooms"]["leave"][room]["timeline"]["events"]
    assert [event["content"].get("body") or event["content"]["membership"] for event in events] == [
        "still here",
        "leave",
    ]
    assert "secret" not in json.dumps(answer)
    assert "rooms" not in await bob.syncs()


async def test_a_rejected_invitation_is_a_left_room(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_room(inviting=bob)
    await bob.syncs()
    await bob.leaves(room)
    assert room in (await bob.syncs())["rooms"]["leave"]


async def test_many_messages_are_a_limited_timeline_whose_gap_can_be_read(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    await alice.syncs()
    await alice.sets(room, "m.room.name", {"name": "In the gap"})
    for number in range(15):
        await alice.says(str(number), room)
    block = joined(await alice.syncs(), room)
    assert block["timeline"]["limited"] is True
    assert state_of(block)["m.room.name", ""] == {"name": "In the gap"}
    assert [event["content"]["body"] for event in block["timeline"]["events"]] == [str(n) for n in range(5, 15)]
    token = block["timeline"]["prev_batch"]
    page = await alice.call("GET", f"/v3/rooms/{room}/messages", None, dir="b", limit=5, **{"from": token})
    assert [event["content"]["body"] for event in page["chunk"]] == ["4", "3", "2", "1", "0"]


async def test_lazy_loading_sends_each_member_once(server: Server) -> None:
    alice, bob, carol = await server.users("alice", "bob", "carol")
    room = await alice.creates_public_room()
    for user in (bob, carol):
        await user.joins(room)
    for number in range(11):
        await alice.says(str(number), room)

    def members(answer: Json) -> set[str]:
        return {key for kind, key in state_of(joined(answer, room)) if kind == "m.room.member"}

    assert members(await alice.syncs(filter=LAZY)) == {alice.user_id, bob.user_id, carol.user_id}
    await bob.says("first", room)
    assert members(await alice.syncs(filter=LAZY)) == set()


async def test_lazy_loading_repeats_a_member_whose_answer_was_lost(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room(name="Named")
    await bob.joins(room)
    for number in range(11):
        await alice.says(str(number), room)
    await alice.syncs(filter=LAZY)
    await bob.says("hello", room)
    token = alice.next_batch
    for _ in range(2):
        alice.next_batch = token
        state = state_of(joined(await alice.syncs(filter=LAZY), room))
        assert ("m.room.member", bob.user_id) in state
    await bob.says("again", room)
    assert state_of(joined(await alice.syncs(filter=LAZY), room)) == {}


async def test_state_after_holds_the_state_at_the_end(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    await alice.syncs(use_state_after="true")
    await alice.sets(room, "m.room.name", {"name": "New"})
    block = joined(await alice.syncs(use_state_after="true"), room)
    assert "state" not in block
    assert block["state_after"]["events"][0]["content"] == {"name": "New"}


async def test_filters_choose_types_and_rooms(server: Server) -> None:
    [alice] = await server.users("alice")
    room, other = await alice.creates_room(), await alice.creates_room()
    await alice.says("hi", room)
    chosen = json.dumps({"room": {"rooms": [room], "timeline": {"types": ["m.room.message"], "limit": 3}}})
    answer = await alice.syncs(filter=chosen)
    assert list(answer["rooms"]["join"]) == [room]
    assert texts(answer, room) == ["hi"]
    assert other not in json.dumps(answer["rooms"])


async def test_a_redacted_message_is_never_served_whole_again(server: Server) -> None:
    [alice] = await server.users("alice")
    room = await alice.creates_room()
    await alice.syncs()
    message = await alice.says("secret word", room)
    await alice.redacts(room, message)
    events = joined(await alice.syncs(), room)["timeline"]["events"]
    assert [event["content"] for event in events if event["event_id"] == message] == [{}]
    assert events[0]["unsigned"]["redacted_because"]["type"] == "m.room.redaction"


async def test_what_redacted_an_event_is_not_told_to_who_had_left_before(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room()
    await bob.joins(room)
    await bob.syncs()
    message = await alice.says("soon gone", room)
    await bob.leaves(room)
    await alice.redacts(room, message, reason="between ourselves")
    answer = await bob.syncs()
    [told] = [e for e in answer["rooms"]["leave"][room]["timeline"]["events"] if e["event_id"] == message]
    assert told["content"] == {}
    assert "between ourselves" not in json.dumps(answer)
    assert "redacted_because" not in told["unsigned"]


async def test_messages_to_a_device_come_so_many_at_a_time_and_none_is_lost(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own, "MOST_MESSAGES", 4)
    alice, bob = await server.users("alice", "bob")
    await alice.syncs()

    async def bob_sends(first: int, last: int) -> None:
        for n in range(first, last):
            message = {"messages": {alice.user_id: {alice.device_id: {"n": n}}}}
            await bob.call("PUT", f"/v3/sendToDevice/org.test/{n}", message)

    def numbers(answer: Json) -> list[int]:
        return [event["content"]["n"] for event in answer.get("to_device", {}).get("events", [])]

    await bob_sends(0, 9)
    before = alice.next_batch
    assert numbers(await alice.syncs()) == [0, 1, 2, 3]
    alice.next_batch = before
    assert numbers(await alice.syncs()) == [0, 1, 2, 3], "the answer was lost"
    await bob_sends(9, 10)
    assert numbers(await alice.syncs()) == [4, 5, 6, 7]
    assert numbers(await alice.syncs()) == [8, 9]
    assert numbers(await alice.syncs()) == []
    await bob_sends(10, 15)
    alice.next_batch = None
    assert numbers(await alice.syncs()) == [10, 11, 12, 13]
    assert numbers(await alice.syncs()) == [14]


async def test_what_an_ignored_user_says_is_left_out(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room()
    await bob.joins(room)
    path = f"/v3/user/{alice.user_id}/account_data/m.ignored_user_list"
    await alice.call("PUT", path, {"ignored_users": {bob.user_id: {}}})
    await alice.syncs()
    await bob.says("noise", room)
    assert texts(await alice.syncs(), room) == []


async def test_a_room_that_was_left_is_shown_with_its_state_as_it_was_then(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room(name="Then")
    await bob.joins(room)
    for number in range(3):
        await alice.says(str(number), room)
    await bob.leaves(room)
    await alice.sets(room, "m.room.name", {"name": "Now"})
    bob.next_batch = None
    chosen = json.dumps({"room": {"include_leave": True, "timeline": {"limit": 2}}})
    answer = await bob.syncs(filter=chosen)
    block = answer["rooms"]["leave"][room]
    assert [event["type"] for event in block["timeline"]["events"]] == ["m.room.message", "m.room.member"]
    state = state_of(block)
    assert state["m.room.name", ""] == {"name": "Then"}
    assert state["m.room.member", bob.user_id]["membership"] == "join"
    assert "Now" not in json.dumps(answer)
    assert answer["org.matrix.msc2732.device_unused_fallback_key_types"] == []


async def test_a_bad_token_is_refused(server: Server) -> None:
    [alice] = await server.users("alice")
    with pytest.raises(Refused) as refused:
        await alice.syncs(since="nonsense")
    assert refused.value.errcode == "M_INVALID_PARAM"


async def test_account_data_comes_once(server: Server) -> None:
    [alice] = await server.users("alice")
    await alice.syncs()
    await alice.call("PUT", f"/v3/user/{alice.user_id}/account_data/org.test", {"a": 1})
    assert (await alice.syncs())["account_data"]["events"] == [{"type": "org.test", "content": {"a": 1}}]
    assert "account_data" not in await alice.syncs()


async def test_typing_and_receipts_reach_others(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_public_room()
    await bob.joins(room)
    message = await alice.says("hi", room)
    await alice.syncs()
    await bob.call("PUT", f"/v3/rooms/{room}/typing/{bob.user_id}", {"typing": True, "timeout": 30_000})
    await bob.call("POST", f"/v3/rooms/{room}/receipt/m.read/{message}", {})
    seen: dict[str, Json] = {}
    async with asyncio.timeout(15):
        while {"m.typing", "m.receipt"} - seen.keys():
            block = joined(await alice.syncs(timeout_ms=1000), room)
            seen |= {event["type"]: event["content"] for event in block.get("ephemeral", {}).get("events", [])}
    assert seen["m.typing"] == {"user_ids": [bob.user_id]}
    assert bob.user_id in seen["m.receipt"][message]["m.read"]
