"""Identity keys, one-time keys, fallback keys: what is taken, what others get, how often."""

import asyncio
from typing import Any

import pytest

from tests.support.client import Refused, Server, User
from tests.support.crypto import SIGNED, Device, claimed, queried


@pytest.fixture
def server(crowd: Server) -> Server:
    return crowd


async def refused(user: User, **body: Any) -> tuple[int, str]:
    """The error of an upload."""
    with pytest.raises(Refused) as error:
        await user.call("POST", "/v3/keys/upload", body)
    return error.value.status, error.value.errcode


async def test_what_a_device_publishes_is_what_others_get(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    device = Device(bob)
    await device.uploads()
    await bob.call("PUT", f"/v3/devices/{bob.device_id}", {"display_name": "Phone"})
    shown = (await queried(alice, bob))["device_keys"][bob.user_id][bob.device_id]
    assert shown.pop("unsigned") == {"device_display_name": "Phone"}
    assert shown == device.keys


async def test_only_the_devices_asked_for_are_shown(server: Server) -> None:
    [alice] = await server.users("alice")
    other = await server.login("alice")
    await Device(alice).uploads()
    await Device(other).uploads()
    body = {"device_keys": {alice.user_id: [other.device_id]}}
    answer = await alice.call("POST", "/v3/keys/query", body)
    assert answer["device_keys"][alice.user_id].keys() == {other.device_id}


async def test_keys_of_another_device_or_user_are_refused(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    assert await refused(alice, device_keys=Device(bob).keys) == (400, "M_INVALID_PARAM")
    assert await refused(alice, device_keys=Device(alice, device_id="OTHER").keys) == (400, "M_INVALID_PARAM")


async def test_keys_that_the_device_has_not_signed_are_refused(server: Server) -> None:
    [alice] = await server.users("alice")
    keys = Device(alice).keys
    forged = {**keys, "signatures": Device(alice).keys["signatures"]}
    assert await refused(alice, device_keys=forged) == (400, "M_INVALID_SIGNATURE")
    assert await refused(alice, device_keys={**keys, "signatures": {}}) == (400, "M_INVALID_SIGNATURE")


async def test_the_identity_of_a_device_never_changes(server: Server) -> None:
    [alice] = await server.users("alice")
    device = Device(alice)
    await device.uploads()
    await device.uploads()
    assert await refused(alice, device_keys=Device(alice).keys) == (400, "M_INVALID_PARAM")
    shown = (await queried(alice, alice))["device_keys"][alice.user_id][alice.device_id]
    assert shown["keys"] == device.keys["keys"]


async def test_one_time_keys_are_handed_out_oldest_first_and_once(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    device = Device(bob)
    uploaded: list[str] = []
    for _ in range(3):
        keys = device.one_time_keys(1)
        uploaded += keys
        await bob.call("POST", "/v3/keys/upload", {"device_keys": device.keys, "one_time_keys": keys})
    got = [next(iter(await claimed(alice, device)), None) for _ in range(4)]
    assert got == [*uploaded, None]


async def test_the_same_key_again_is_fine_another_under_its_id_is_not(server: Server) -> None:
    [alice] = await server.users("alice")
    device = Device(alice)
    keys = device.one_time_keys(1)
    for _ in range(2):
        answer = await alice.call("POST", "/v3/keys/upload", {"one_time_keys": keys})
        assert answer["one_time_key_counts"] == {SIGNED: 1}
    [name] = keys
    [other] = device.one_time_keys(1).values()
    assert await refused(alice, one_time_keys={name: other}) == (400, "M_INVALID_PARAM")


async def test_a_one_time_key_that_its_device_has_not_signed_is_refused(server: Server) -> None:
    [alice] = await server.users("alice")
    await Device(alice).uploads()
    assert await refused(alice, one_time_keys=Device(alice).one_time_keys(1)) == (400, "M_INVALID_SIGNATURE")


@pytest.mark.parametrize("name", ["signed_curve25519", ":x", "signed_curve25519:", "a:\0"])
async def test_malformed_names_of_keys_are_refused(server: Server, name: str) -> None:
    [alice] = await server.users("alice")
    assert await refused(alice, one_time_keys={name: "key"}) == (400, "M_INVALID_PARAM")


async def test_the_fallback_key_stands_in_and_is_told_as_used(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    device = Device(bob)
    await device.uploads(1, fallback=True)
    first = await bob.syncs()
    assert first["device_one_time_keys_count"] == {SIGNED: 1}
    assert first["device_unused_fallback_key_types"] == [SIGNED]
    keys = [await claimed(alice, device) for _ in range(3)]
    assert keys[0] != keys[1] == keys[2]
    assert next(iter(keys[2].values()))["fallback"] is True
    after = await bob.syncs()
    assert after["device_one_time_keys_count"] == {SIGNED: 0}
    assert after["device_unused_fallback_key_types"] == []
    await bob.call("POST", "/v3/keys/upload", {"fallback_keys": device.fallback_key()})
    assert (await bob.syncs())["device_unused_fallback_key_types"] == [SIGNED]


async def test_a_waiting_sync_hears_that_a_key_was_claimed(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    device = Device(bob)
    await device.uploads(2)
    await bob.syncs()

    async def hears_of_one() -> None:
        while (await bob.syncs(timeout_ms=60_000))["device_one_time_keys_count"] != {SIGNED: 1}:
            pass  # it told of something else, such as who came online

    waiting = asyncio.ensure_future(hears_of_one())
    await asyncio.sleep(0.1)
    await claimed(alice, device)
    async with asyncio.timeout(20):
        await waiting


async def test_a_thousand_claims_at_once_on_a_hundred_keys_give_each_key_once(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    device = Device(bob)
    for _ in range(2):
        await device.uploads(50)
    answers = await asyncio.gather(*(claimed(alice, device) for _ in range(1_000)))
    given = [name for answer in answers for name in answer]
    assert len(given) == len(set(given)) == 100


async def test_a_device_that_logs_out_takes_its_keys_along(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    device = Device(bob)
    await device.uploads(5, fallback=True)
    await bob.call("POST", "/v3/logout")
    assert (await queried(alice, bob))["device_keys"][bob.user_id] == {}
    assert await claimed(alice, device) == {}
    again = await server.login("bob", device_id=bob.device_id)
    assert (await again.syncs())["device_one_time_keys_count"] == {SIGNED: 0}
    assert await claimed(alice, device) == {}
    await Device(again).uploads()


async def test_users_who_do_not_exist_have_no_devices(server: Server) -> None:
    [alice] = await server.users("alice")
    body = {"device_keys": {"@nobody:hearth.test": []}}
    assert (await alice.call("POST", "/v3/keys/query", body))["device_keys"] == {"@nobody:hearth.test": {}}
    for wrong in ({"nobody": []}, {"@a:b": "DEVICE"}, {"@a\0:b": []}):
        assert (await alice.ask("POST", "/v3/keys/query", {"device_keys": wrong}))[0] == 400


async def test_servers_that_cannot_be_asked_are_named(server: Server) -> None:
    [alice] = await server.users("alice")
    answer = await alice.call("POST", "/v3/keys/query", {"device_keys": {"@bob:far.test": []}})
    assert (answer["failures"], answer["device_keys"]) == ({"far.test": {}}, {})
    wanted = {"@bob:far.test": {"D": SIGNED}}
    assert (await alice.call("POST", "/v3/keys/claim", {"one_time_keys": wanted}))["failures"] == {"far.test": {}}


async def test_sliding_sync_tells_the_counts_first_and_when_they_change(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    device = Device(bob)
    await device.uploads(2, fallback=True)
    body = {"extensions": {"e2ee": {"enabled": True}}}
    first = await bob.call("POST", "/v4/sync", body)
    told = {"device_one_time_keys_count": {SIGNED: 2}, "device_unused_fallback_key_types": [SIGNED]}
    assert first["extensions"]["e2ee"] == told
    await claimed(alice, device)
    second = await bob.call("POST", "/v4/sync", body, pos=first["pos"])
    assert second["extensions"]["e2ee"]["device_one_time_keys_count"] == {SIGNED: 1}
