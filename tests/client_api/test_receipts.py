"""Receipts, read markers and unread counts as syncs show them."""

from typing import Any

import pytest

from tests.support.client import Json, Server, User


@pytest.fixture
def server(crowd: Server) -> Server:
    return crowd


async def room_of_two(server: Server) -> tuple[User, User, str]:
    """Alice and Bob in a room that both have synced."""
    alice, bob = await server.users("alice", "bob")
    room = await alice.creates_room(inviting=bob)
    await bob.joins(room)
    for user in (alice, bob):
        await user.syncs()
    return alice, bob, room


async def reads(user: User, room: str, event_id: str, kind: str = "m.read", **body: Any) -> tuple[int, Json]:
    return await user.ask("POST", f"/v3/rooms/{room}/receipt/{kind}/{event_id}", body)


async def news(user: User, room: str) -> Json:
    """What the next sync says of the room."""
    joined: Json = (await user.syncs()).get("rooms", {}).get("join", {}).get(room, {})
    return joined


def of_kind(part: Json, place: str, kind: str) -> Json | None:
    """The content of the event of this type among `ephemeral` or `account_data`."""
    found = [event["content"] for event in part.get(place, {}).get("events", []) if event["type"] == kind]
    return found[-1] if found else None


async def unread(user: User, room: str) -> tuple[int, int]:
    """Notifications and highlights, by a first sync of the same device."""
    fresh = User(user.server, user.user_id, user.token, user.device_id)
    counts = (await news(fresh, room))["unread_notifications"]
    return counts["notification_count"], counts["highlight_count"]


async def test_a_receipt_is_seen_by_everyone_in_the_room(server: Server) -> None:
    alice, bob, room = await room_of_two(server)
    said = await alice.says("hello", room)
    assert (await reads(bob, room, said))[0] == 200
    for user in (alice, bob):
        receipts = of_kind(await news(user, room), "ephemeral", "m.receipt")
        assert receipts is not None
        assert list(receipts[said]["m.read"]) == [bob.user_id]


async def test_a_private_receipt_is_seen_by_its_user_alone(server: Server) -> None:
    alice, bob, room = await room_of_two(server)
    said = await alice.says("hello", room)
    await reads(bob, room, said, "m.read.private")
    receipts = of_kind(await news(bob, room), "ephemeral", "m.receipt")
    assert receipts is not None
    assert list(receipts[said]) == ["m.read.private"]
    assert of_kind(await news(alice, room), "ephemeral", "m.receipt") is None


async def test_a_receipt_never_goes_back(server: Server) -> None:
    alice, bob, room = await room_of_two(server)
    first, second = await alice.says("1", room), await alice.says("2", room)
    await reads(bob, room, second)
    await news(alice, room)
    assert (await reads(bob, room, first))[0] == 200
    assert of_kind(await news(alice, room), "ephemeral", "m.receipt") is None
    assert await unread(bob, room) == (0, 0)


async def test_markers_are_set_together(server: Server) -> None:
    alice, bob, room = await room_of_two(server)
    first, second = await alice.says("1", room), await alice.says("2", room)
    body = {"m.fully_read": first, "m.read": second}
    await bob.call("POST", f"/v3/rooms/{room}/read_markers", body)
    part = await news(bob, room)
    assert of_kind(part, "account_data", "m.fully_read") == {"event_id": first}
    receipts = of_kind(part, "ephemeral", "m.receipt")
    assert receipts is not None
    assert list(receipts) == [second]


async def test_the_marker_of_what_was_read_never_goes_back(server: Server) -> None:
    alice, bob, room = await room_of_two(server)
    first, second = await alice.says("1", room), await alice.says("2", room)
    for event_id in (second, first):
        await reads(bob, room, event_id, "m.fully_read")
    path = f"/v3/user/{bob.user_id}/rooms/{room}/account_data/m.fully_read"
    assert await bob.call("GET", path) == {"event_id": second}
    status, answer = await bob.ask("PUT", path, {"event_id": first})
    assert (status, answer["errcode"]) == (405, "M_BAD_JSON")


async def test_what_others_say_is_unread_until_it_is_read(server: Server) -> None:
    alice, bob, room = await room_of_two(server)
    await alice.says("1", room)
    second = await alice.says("2", room)
    assert await unread(bob, room) == (2, 0)
    assert (await news(bob, room))["unread_notifications"]["notification_count"] == 2
    await reads(bob, room, second)
    assert (await news(bob, room))["unread_notifications"]["notification_count"] == 0
    assert await unread(alice, room) == (0, 0)


async def test_a_receipt_in_the_middle_leaves_the_rest_unread(server: Server) -> None:
    alice, bob, room = await room_of_two(server)
    said = [await alice.says(str(n), room) for n in range(3)]
    await reads(bob, room, said[0])
    assert await unread(bob, room) == (2, 0)


async def test_a_mention_highlights(server: Server) -> None:
    alice, bob, room = await room_of_two(server)
    content = {"msgtype": "m.text", "body": "bob!", "m.mentions": {"user_ids": [bob.user_id]}}
    await alice.sends(room, "m.room.message", content)
    assert await unread(bob, room) == (1, 1)
    assert (await news(bob, room))["unread_notifications"] == {"notification_count": 1, "highlight_count": 1}


async def test_who_answers_has_read(server: Server) -> None:
    alice, bob, room = await room_of_two(server)
    await alice.says("question", room)
    assert await unread(bob, room) == (1, 0)
    await bob.says("answer", room)
    assert await unread(bob, room) == (0, 0)


async def test_a_redacted_message_is_not_unread(server: Server) -> None:
    alice, bob, room = await room_of_two(server)
    said = await alice.says("oops", room)
    assert await unread(bob, room) == (1, 0)
    await alice.redacts(room, said)
    assert await unread(bob, room) == (0, 0)


async def test_a_rule_that_mutes_a_room_leaves_it_at_nothing(server: Server) -> None:
    alice, bob, room = await room_of_two(server)
    rule = {"actions": [], "conditions": [{"kind": "event_match", "key": "room_id", "pattern": room}]}
    await bob.call("PUT", f"/v3/pushrules/global/override/{room}", rule)
    await alice.says("quiet", room)
    assert await unread(bob, room) == (0, 0)
    assert await unread(alice, room) == (0, 0)


async def test_a_thread_is_read_by_itself(server: Server) -> None:
    alice, bob, room = await room_of_two(server)
    root = await alice.says("root", room)
    relation = {"rel_type": "m.thread", "event_id": root}
    reply = await alice.sends(room, "m.room.message", {"msgtype": "m.text", "body": "reply", "m.relates_to": relation})
    assert await unread(bob, room) == (2, 0)
    assert (await reads(bob, room, reply, thread_id=root))[0] == 200
    assert await unread(bob, room) == (1, 0)
    assert (await reads(bob, room, root, thread_id="main"))[0] == 200
    assert await unread(bob, room) == (0, 0)


async def test_a_receipt_names_the_thread_that_its_event_is_in(server: Server) -> None:
    alice, bob, room = await room_of_two(server)
    root, other = await alice.says("root", room), await alice.says("other", room)
    relation = {"rel_type": "m.thread", "event_id": root}
    reply = await alice.sends(room, "m.room.message", {"body": "reply", "m.relates_to": relation})
    annotation = {"rel_type": "m.annotation", "event_id": reply, "key": "+"}
    reaction = await alice.sends(room, "m.reaction", {"m.relates_to": annotation})
    assert (await reads(bob, room, reaction, thread_id=root))[0] == 200
    for event_id, thread in ((other, root), (reply, "main"), (root, root), (reply, other), (reply, "")):
        status, answer = await reads(bob, room, event_id, thread_id=thread)
        assert (status, answer["errcode"]) == (400, "M_INVALID_PARAM")
    assert (await reads(bob, room, reply, "m.fully_read", thread_id=root))[0] == 400


@pytest.mark.parametrize(
    ("kind", "event_id", "status", "errcode"),
    [
        ("m.seen", None, 400, "M_INVALID_PARAM"),
        ("m.read", "$nothing", 404, "M_NOT_FOUND"),
        ("m.read", "nothing", 400, "M_INVALID_PARAM"),
    ],
)
async def test_what_cannot_be_read_is_refused(
    server: Server, kind: str, event_id: str | None, status: int, errcode: str
) -> None:
    alice, _, room = await room_of_two(server)
    event_id = event_id or await alice.says("x", room)
    answered, answer = await reads(alice, room, event_id, kind)
    assert (answered, answer["errcode"]) == (status, errcode)


async def test_an_event_of_another_room_is_not_to_be_read_here(server: Server) -> None:
    alice, _, room = await room_of_two(server)
    elsewhere = await alice.says("x", await alice.creates_room())
    assert (await reads(alice, room, elsewhere))[0] == 404


async def test_who_is_not_in_the_room_reads_nothing(server: Server) -> None:
    alice, _, room = await room_of_two(server)
    said = await alice.says("x", room)
    carol = await server.register("carol")
    status, answer = await reads(carol, room, said)
    assert (status, answer["errcode"]) == (403, "M_FORBIDDEN")
