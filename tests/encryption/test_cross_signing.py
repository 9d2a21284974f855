"""Cross-signing: who may set keys, which signatures are kept, and who sees them."""

import pytest

from tests.support.client import PASSWORD, Json, Server, User
from tests.support.crypto import Device, Identity, public_part, queried


@pytest.fixture
def server(crowd: Server) -> Server:
    return crowd


AUTH = {"type": "m.login.password", "password": PASSWORD}


async def uploads(user: User, identity: Identity, **more: object) -> tuple[int, Json]:
    return await user.ask("POST", "/v3/keys/device_signing/upload", {**identity.upload, **more})


async def signs(user: User, signed: Json) -> Json:
    """Failures of an upload of signatures."""
    failures: Json = (await user.call("POST", "/v3/keys/signatures/upload", signed))["failures"]
    return failures


async def test_the_first_keys_need_no_password_others_do(server: Server) -> None:
    [alice] = await server.users("alice")
    first, second = Identity(alice.user_id), Identity(alice.user_id)
    assert (await uploads(alice, first))[0] == 200
    assert (await uploads(alice, first))[0] == 200
    status, body = await uploads(alice, second)
    assert (status, body["flows"]) == (401, [{"stages": ["m.login.password"]}])
    assert (await queried(alice, alice))["master_keys"][alice.user_id] == first.key("master")
    wrong = {**AUTH, "session": body["session"], "password": "wrong"}
    assert (await uploads(alice, second, auth=wrong))[0] == 401
    assert (await uploads(alice, second, auth={**AUTH, "session": body["session"]}))[0] == 200
    assert (await queried(alice, alice))["master_keys"][alice.user_id] == second.key("master")


async def test_a_proof_for_some_keys_is_none_for_others(server: Server) -> None:
    [alice] = await server.users("alice")
    await uploads(alice, Identity(alice.user_id))
    _, body = await uploads(alice, Identity(alice.user_id))
    status, _ = await uploads(alice, Identity(alice.user_id), auth={**AUTH, "session": body["session"]})
    assert status == 403


async def test_keys_that_the_master_has_not_signed_are_refused(server: Server) -> None:
    [alice] = await server.users("alice")
    identity, other = Identity(alice.user_id), Identity(alice.user_id)
    body = {**identity.upload, "self_signing_key": other.key("self_signing")}
    status, answer = await alice.ask("POST", "/v3/keys/device_signing/upload", body)
    assert (status, answer["errcode"]) == (400, "M_INVALID_SIGNATURE")


async def test_malformed_keys_are_refused(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    identity = Identity(alice.user_id)
    path = "/v3/keys/device_signing/upload"
    alone = {"self_signing_key": identity.key("self_signing")}
    assert (await alice.ask("POST", path, alone))[1]["errcode"] == "M_MISSING_PARAM"
    for wrong in (
        {"master_key": Identity(bob.user_id).key("master")},
        {"master_key": identity.key("self_signing")},
        {"master_key": {**identity.key("master"), "keys": {"ed25519:x": "x"}}},
    ):
        assert (await alice.ask("POST", path, wrong))[1]["errcode"] == "M_INVALID_PARAM"
    named = await server.login("alice", device_id=public_part(identity.master))
    assert (await uploads(named, identity))[0] == 403


async def test_only_the_user_sees_the_user_signing_key(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    identity = Identity(alice.user_id)
    await uploads(alice, identity)
    assert (await queried(alice, alice))["user_signing_keys"] == {alice.user_id: identity.key("user_signing")}
    seen = await queried(bob, alice)
    assert seen["user_signing_keys"] == {}
    assert seen["self_signing_keys"] == {alice.user_id: identity.key("self_signing")}


async def test_a_signature_on_an_own_device_is_seen_by_all(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    device, identity = Device(alice), Identity(alice.user_id)
    await device.uploads()
    await uploads(alice, identity)
    signed = identity.signed(device.keys, identity.self_signing)
    assert await signs(alice, {alice.user_id: {alice.device_id: signed}}) == {}
    shown = (await queried(bob, alice))["device_keys"][alice.user_id][alice.device_id]
    assert shown["signatures"] == signed["signatures"]


async def test_a_signature_on_ones_master_key_by_a_device_is_seen_by_all(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    device, identity = Device(alice), Identity(alice.user_id)
    await device.uploads()
    await uploads(alice, identity)
    signed = device.signed(identity.key("master"))
    assert await signs(alice, {alice.user_id: {public_part(identity.master): signed}}) == {}
    assert (await queried(bob, alice))["master_keys"][alice.user_id] == signed


async def test_a_signature_on_anothers_key_is_seen_by_its_maker_alone(server: Server) -> None:
    alice, bob, carol = await server.users("alice", "bob", "carol")
    mine, theirs = Identity(alice.user_id), Identity(bob.user_id)
    await uploads(alice, mine)
    await uploads(bob, theirs)
    await alice.syncs()
    signed = mine.signed(theirs.key("master"), mine.user_signing)
    assert await signs(alice, {bob.user_id: {public_part(theirs.master): signed}}) == {}
    assert (await queried(alice, bob))["master_keys"][bob.user_id] == signed
    for other in (bob, carol):
        assert (await queried(other, bob))["master_keys"][bob.user_id] == theirs.key("master")
    assert (await alice.syncs())["device_lists"]["changed"] == [bob.user_id]


async def test_signatures_that_do_not_hold_are_not_kept(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    device, identity, other = Device(alice), Identity(alice.user_id), Identity(alice.user_id)
    theirs = Identity(bob.user_id)
    await device.uploads()
    await uploads(alice, identity)
    await uploads(bob, theirs)
    forged = identity.signed(device.keys, identity.self_signing)
    key_id = f"ed25519:{public_part(identity.self_signing)}"
    forged["signatures"][alice.user_id][key_id] = device.keys["signatures"][alice.user_id][device.key_id]
    changed = identity.signed({**device.keys, "algorithms": []}, identity.self_signing)
    for wrong in (forged, changed, device.keys, other.signed(device.keys, other.self_signing)):
        failures = await signs(alice, {alice.user_id: {alice.device_id: wrong}})
        assert failures[alice.user_id][alice.device_id]["errcode"] == "M_INVALID_SIGNATURE"
    with_self_signing = identity.signed(theirs.key("master"), identity.self_signing)
    failures = await signs(alice, {bob.user_id: {public_part(theirs.master): with_self_signing}})
    assert failures[bob.user_id][public_part(theirs.master)]["errcode"] == "M_INVALID_SIGNATURE"
    unknown = identity.signed(device.keys, identity.self_signing)
    assert (await signs(alice, {alice.user_id: {"X": unknown}}))[alice.user_id]["X"]["errcode"] == "M_NOT_FOUND"
    shown = (await queried(bob, alice))["device_keys"][alice.user_id][alice.device_id]
    assert shown["signatures"] == device.keys["signatures"]
