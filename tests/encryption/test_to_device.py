"""Messages to devices: each once, to those it is for, until they are acknowledged."""

import asyncio
from typing import Any

import pytest

from tests.support.client import Json, Server, User


@pytest.fixture
def server(crowd: Server) -> Server:
    return crowd


TYPE = "m.room.encrypted"


async def sends(user: User, messages: Json, txn_id: str) -> tuple[int, Json]:
    return await user.ask("PUT", f"/v3/sendToDevice/{TYPE}/{txn_id}", {"messages": messages})


async def inbox(user: User) -> list[Any]:
    """The contents that a sync brings."""
    return [event["content"] for event in (await user.syncs()).get("to_device", {}).get("events", [])]


async def test_a_message_reaches_the_device_it_is_for(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    other = await server.login("bob")
    await sends(alice, {bob.user_id: {bob.device_id: {"n": 1}}}, "1")
    assert (await bob.syncs())["to_device"]["events"] == [{"type": TYPE, "sender": alice.user_id, "content": {"n": 1}}]
    assert await inbox(other) == []


async def test_a_star_reaches_every_device_of_the_user(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    other = await server.login("bob")
    await sends(alice, {bob.user_id: {"*": {"n": 1}, bob.device_id: {"n": 2}}}, "1")
    assert await inbox(other) == [{"n": 1}]
    assert await inbox(bob) == [{"n": 2}]


async def test_messages_come_in_order_and_again_until_they_are_acknowledged(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    first = (await bob.syncs())["next_batch"]
    for n in range(5):
        await sends(alice, {bob.user_id: {bob.device_id: {"n": n}}}, str(n))
    wanted = [{"n": n} for n in range(5)]
    assert await inbox(bob) == wanted
    bob.next_batch = first
    assert await inbox(bob) == wanted
    assert await inbox(bob) == []


async def test_a_repeated_transaction_is_sent_once(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    other = await server.login("alice")
    message = {bob.user_id: {bob.device_id: {"n": 1}}}
    for sender in (alice, alice, other):
        assert (await sends(sender, message, "same"))[0] == 200
    assert await inbox(bob) == [{"n": 1}, {"n": 1}]


async def test_a_transaction_that_comes_twice_at_once_is_sent_once(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    message = {bob.user_id: {bob.device_id: {"n": 1}}}
    await asyncio.gather(*(sends(alice, message, "same") for _ in range(5)))
    assert await inbox(bob) == [{"n": 1}]


async def test_what_waits_goes_with_the_device(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    await sends(alice, {bob.user_id: {bob.device_id: {"n": 1}}}, "1")
    await bob.call("POST", "/v3/logout")
    again = await server.login("bob", device_id=bob.device_id)
    assert await inbox(again) == []


async def test_devices_and_users_who_do_not_exist_get_nothing(server: Server) -> None:
    [alice] = await server.users("alice")
    assert (await sends(alice, {"@nobody:hearth.test": {"*": {}}, alice.user_id: {"NONE": {}}}, "1"))[0] == 200
    assert await inbox(alice) == []


@pytest.mark.parametrize(
    "messages",
    [
        {"nobody": {"D": {}}},
        {"@a:hearth.test": []},
        {"@a:hearth.test": {"D": 1}},
        {"@a:hearth.test": {"D": {"x": 1.5}}},
        {"@a:hearth.test": {"D\0": {}}},
    ],
)
async def test_malformed_messages_are_refused(server: Server, messages: Json) -> None:
    [alice] = await server.users("alice")
    assert (await sends(alice, messages, "1"))[0] == 400


async def test_a_message_that_no_peer_would_take_is_refused(server: Server) -> None:
    [alice] = await server.users("alice")
    assert (await sends(alice, {alice.user_id: {alice.device_id: {"x": "x" * 70_000}}}, "1"))[0] == 413
