"""Device lists: who hears of which change, by sync and when asking afterwards."""

from typing import Any

import pytest

from tests.support.client import Server, User
from tests.support.crypto import Device, Identity


@pytest.fixture
def server(crowd: Server) -> Server:
    return crowd


async def lists(user: User) -> dict[str, Any]:
    """The device lists that a sync brings, empty ones included."""
    found = (await user.syncs()).get("device_lists", {})
    return {"changed": found.get("changed", []), "left": found.get("left", [])}


async def changes(user: User, since: str) -> dict[str, Any]:
    """What the user is told when they ask for the changes up to now."""
    assert user.next_batch is not None
    return await user.call("GET", "/v3/keys/changes", **{"from": since, "to": user.next_batch})


async def encrypted_room(creator: User, *others: User) -> str:
    room = await creator.creates_public_room()
    await creator.sets(room, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    for other in others:
        await other.joins(room)
    return room


async def test_those_who_share_a_room_hear_of_new_keys_others_do_not(server: Server) -> None:
    alice, bob, carol = await server.users("alice", "bob", "carol")
    await encrypted_room(alice, bob)
    for user in (alice, bob, carol):
        await user.syncs()
    await Device(alice).uploads()
    assert (await lists(bob))["changed"] == [alice.user_id]
    assert (await lists(alice))["changed"] == [alice.user_id]
    assert (await lists(carol))["changed"] == []


async def test_new_cross_signing_keys_are_a_change(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    await encrypted_room(alice, bob)
    await bob.syncs()
    await alice.call("POST", "/v3/keys/device_signing/upload", Identity(alice.user_id).upload)
    assert (await lists(bob))["changed"] == [alice.user_id]


async def test_another_name_of_a_device_is_a_change(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    await encrypted_room(alice, bob)
    await Device(alice).uploads()
    await bob.syncs()
    await alice.call("PUT", f"/v3/devices/{alice.device_id}", {"display_name": "Phone"})
    assert (await lists(bob))["changed"] == [alice.user_id]


async def test_one_time_keys_and_the_same_keys_again_are_no_change(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    await encrypted_room(alice, bob)
    device = Device(alice)
    await device.uploads()
    await bob.syncs()
    await device.uploads(5, fallback=True)
    assert (await lists(bob))["changed"] == []


async def test_a_device_that_ends_is_a_change(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    await encrypted_room(alice, bob)
    other = await server.login("alice")
    await Device(other).uploads()
    await bob.syncs()
    await other.call("POST", "/v3/logout")
    assert (await lists(bob))["changed"] == [alice.user_id]


async def test_the_end_of_a_device_without_keys_is_none(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    await encrypted_room(alice, bob)
    other = await server.login("alice")
    await bob.syncs()
    await other.call("POST", "/v3/logout")
    assert (await lists(bob))["changed"] == []


async def test_all_devices_that_end_at_once_are_a_change(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    await encrypted_room(alice, bob)
    await Device(alice).uploads()
    await Device(await server.login("alice")).uploads()
    await bob.syncs()
    await alice.call("POST", "/v3/logout/all")
    assert (await lists(bob))["changed"] == [alice.user_id]


async def test_who_joins_an_encrypted_room_is_new_to_those_in_it(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await encrypted_room(alice)
    await alice.syncs()
    await bob.syncs()
    await bob.joins(room)
    assert (await lists(alice))["changed"] == [bob.user_id]
    assert (await lists(bob))["changed"] == [alice.user_id]


async def test_who_leaves_the_last_shared_room_is_left(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    room = await encrypted_room(alice, bob)
    await alice.syncs()
    await bob.syncs()
    await bob.leaves(room)
    assert (await lists(alice))["left"] == [bob.user_id]
    assert (await lists(bob))["left"] == [alice.user_id]


async def test_asking_afterwards_tells_the_same_as_sync(server: Server) -> None:
    alice, bob, carol = await server.users("alice", "bob", "carol")
    room = await encrypted_room(alice, bob, carol)
    await bob.syncs()
    since = bob.next_batch
    assert since is not None
    await Device(alice).uploads()
    await carol.leaves(room)
    told = await lists(bob)
    assert told == {"changed": [alice.user_id], "left": [carol.user_id]}
    assert await changes(bob, since) == told
    assert bob.next_batch is not None
    assert await changes(bob, bob.next_batch) == {"changed": [], "left": []}


async def test_asking_needs_tokens_of_sync(server: Server) -> None:
    [alice] = await server.users("alice")
    await alice.syncs()
    for wrong in ("x", "t5", ""):
        assert (await alice.ask("GET", "/v3/keys/changes", **{"from": wrong, "to": alice.next_batch}))[0] == 400
