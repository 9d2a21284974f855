"""Dehydrated devices: messages wait for a device that is yet to come."""

from tests.support.client import Json, Server, User
from tests.support.crypto import Device, queried

PATH = "/unstable/org.matrix.msc3814.v1/dehydrated_device"
DATA = {"algorithm": "org.matrix.msc3814.v2", "device_pickle": "secret"}


async def puts(user: User, device_id: str) -> Device:
    """Keep a dehydrated device."""
    device = Device(user, device_id=device_id)
    body: Json = {
        "device_id": device_id,
        "device_data": DATA,
        "device_keys": device.keys,
        "one_time_keys": device.one_time_keys(3),
        "initial_device_display_name": "Dehydrated",
    }
    assert await user.call("PUT", PATH, body) == {"device_id": device_id}
    return device


async def events(user: User, device_id: str, **query: object) -> Json:
    return await user.call("GET", f"{PATH}/{device_id}/events", **query)


async def test_messages_wait_for_it_until_they_are_read_past(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    device = await puts(alice, "SLEEPER")
    assert await alice.call("GET", PATH) == {"device_id": "SLEEPER", "device_data": DATA}
    assert (await queried(bob, alice))["device_keys"][alice.user_id]["SLEEPER"]["keys"] == device.keys["keys"]
    for n in range(3):
        await bob.call("PUT", f"/v3/sendToDevice/m.x/{n}", {"messages": {alice.user_id: {"*": {"n": n}}}})
    page = await events(alice, "SLEEPER")
    assert [event["content"]["n"] for event in page["events"]] == [0, 1, 2]
    assert await events(alice, "SLEEPER") == page
    after = await alice.call("POST", f"{PATH}/SLEEPER/events", {"next_batch": page["next_batch"]})
    assert after == {"events": [], "next_batch": page["next_batch"]}
    assert (await events(alice, "SLEEPER"))["events"] == []


async def test_a_new_one_takes_the_place_of_the_old(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    await puts(alice, "FIRST")
    await puts(alice, "SECOND")
    assert (await queried(bob, alice))["device_keys"][alice.user_id].keys() == {"SECOND"}
    assert (await alice.ask("GET", f"{PATH}/FIRST/events"))[0] == 403
    assert await alice.call("DELETE", PATH) == {"device_id": "SECOND"}
    assert (await alice.ask("GET", PATH))[0] == 404
    assert (await queried(bob, alice))["device_keys"][alice.user_id] == {}


async def test_it_cannot_take_the_id_of_a_device_that_is_logged_in(server: Server) -> None:
    [alice] = await server.users("alice")
    body = {"device_id": alice.device_id, "device_data": DATA, "device_keys": Device(alice).keys}
    assert (await alice.ask("PUT", PATH, body))[0] == 403
    assert (await alice.ask("GET", "/v3/account/whoami"))[0] == 200
