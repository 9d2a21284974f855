"""A conversation between two people, encrypted by a real library: what the server is for, from end to end."""

import base64
from collections.abc import Awaitable, Callable
from urllib.parse import quote

import orjson
from vodozemac import (
    AnyOlmMessage,
    Curve25519PublicKey,
    Ed25519PublicKey,
    Ed25519Signature,
    ExportedSessionKey,
    GroupSession,
    InboundGroupSession,
    MegolmMessage,
    Message,
    PkDecryption,
    PkEncryption,
    SessionKey,
)

from tests.support.client import Json, Server, User
from tests.support.crypto import SIGNED, Device, Identity, canonical, claimed, public_part, queried
from tests.support.server import ServerProcess

NewServer = Callable[..., Awaitable[ServerProcess]]
MEGOLM = "m.megolm.v1.aes-sha2"
OLM = "m.olm.v1.curve25519-aes-sha2"
BACKUP = "m.megolm_backup.v1.curve25519-aes-sha2"


def check(signed: Json, user_id: str, key_id: str, public: str) -> None:
    """Raises SignatureException unless the key has signed."""
    signature = Ed25519Signature.from_base64(signed["signatures"][user_id][key_id])
    Ed25519PublicKey.from_base64(public).verify_signature(canonical(signed), signature)


async def trusted_keys(user: User, other: User, device: Device, master: str) -> Json:
    """The other's device keys, when master, self-signing key and device vouch for each other in a chain."""
    answer = await queried(user, other)
    found_master = answer["master_keys"][other.user_id]
    assert found_master["keys"] == {f"ed25519:{master}": master}
    signing = answer["self_signing_keys"][other.user_id]
    check(signing, other.user_id, f"ed25519:{master}", master)
    [part] = signing["keys"].values()
    keys: Json = answer["device_keys"][other.user_id][device.device_id]
    check(keys, other.user_id, f"ed25519:{part}", part)
    check(keys, other.user_id, device.key_id, keys["keys"][device.key_id])
    return keys


async def shares(sender: Device, to: Device, keys: Json, room_key: Json) -> None:
    """Send a room key to a device through a new Olm session made with one of its one-time keys."""
    [(name, one_time_key)] = (await claimed(sender.user, to)).items()
    assert name.startswith(SIGNED)
    check(one_time_key, to.user.user_id, to.key_id, keys["keys"][to.key_id])
    identity = Curve25519PublicKey.from_base64(keys["keys"][f"curve25519:{to.device_id}"])
    session = sender.account.create_outbound_session(identity, Curve25519PublicKey.from_base64(one_time_key["key"]))
    kind, text = session.encrypt(orjson.dumps({"type": "m.room_key", "content": room_key})).to_parts()
    content = {
        "algorithm": OLM,
        "sender_key": sender.account.curve25519_key.to_base64(),
        "ciphertext": {identity.to_base64(): {"type": kind, "body": base64.b64encode(text).decode()}},
    }
    txn_id = quote(room_key["session_id"][:8], safe="")  # base64 may hold a slash
    path = f"/v3/sendToDevice/m.room.encrypted/{txn_id}"
    await sender.user.call("PUT", path, {"messages": {to.user.user_id: {to.device_id: content}}})


async def room_key(device: Device) -> Json:
    """The room key that waits in the device's inbox."""
    [event] = (await device.user.syncs())["to_device"]["events"]
    content = event["content"]
    sealed = content["ciphertext"][device.account.curve25519_key.to_base64()]
    message = AnyOlmMessage.from_parts(sealed["type"], base64.b64decode(sealed["body"])).to_pre_key()
    sender = Curve25519PublicKey.from_base64(content["sender_key"])
    _, text = device.account.create_inbound_session(sender, message)
    key: Json = orjson.loads(text)["content"]
    return key


async def says(device: Device, session: GroupSession, room: str, text: str) -> None:
    sealed = session.encrypt(orjson.dumps({"type": "m.room.message", "content": {"body": text}})).to_base64()
    content = {"algorithm": MEGOLM, "session_id": session.session_id, "ciphertext": sealed}
    await device.user.sends(room, "m.room.encrypted", content)


async def reads(user: User, room: str, session: InboundGroupSession) -> list[str]:
    """The texts of the room."""
    events = [event for event in await user.history(room) if event["type"] == "m.room.encrypted"]
    sealed = [MegolmMessage.from_base64(event["content"]["ciphertext"]) for event in events]
    return [orjson.loads(session.decrypt(one).plaintext)["content"]["body"] for one in sealed]


async def backs_up(user: User, room: str, session: InboundGroupSession, public: Curve25519PublicKey) -> None:
    auth = {"algorithm": BACKUP, "auth_data": {"public_key": public.to_base64()}}
    version = (await user.call("POST", "/v3/room_keys/version", auth))["version"]
    exported = session.export_at(0)
    assert exported is not None
    sealed = PkEncryption.from_key(public).encrypt(exported.to_base64().encode())
    parts = {"ciphertext": sealed.ciphertext, "mac": sealed.mac, "ephemeral": sealed.ephemeral_key}
    data = {name: base64.b64encode(part).decode() for name, part in parts.items()}
    key = {"first_message_index": 0, "forwarded_count": 0, "is_verified": True, "session_data": data}
    body = {"rooms": {room: {"sessions": {session.session_id: key}}}}
    await user.call("PUT", "/v3/room_keys/keys", body, version=version)


async def restores(user: User, room: str, secret: PkDecryption) -> InboundGroupSession:
    """The one session of the room that is in the newest backup."""
    version = (await user.call("GET", "/v3/room_keys/version"))["version"]
    rooms = (await user.call("GET", "/v3/room_keys/keys", version=version))["rooms"]
    [key] = rooms[room]["sessions"].values()
    parts = {name: text.rstrip("=") for name, text in key["session_data"].items()}
    text = secret.decrypt(Message.from_base64(parts["ciphertext"], parts["mac"], parts["ephemeral"]))
    return InboundGroupSession.import_session(ExportedSessionKey(text.decode()))


async def test_two_people_talk_in_secret_and_nothing_is_lost_with_a_restart_or_a_device(new_server: NewServer) -> None:
    process = await new_server(rate_limits={"enabled": False}, federation={"enabled": False})
    async with Server(process.url, process.name) as server:
        alice, bob = await server.users("alice", "bob")
        ours, theirs, identity = Device(alice), Device(bob), Identity(bob.user_id)
        await ours.uploads(5)
        await theirs.uploads(5)
        await bob.call("POST", "/v3/keys/device_signing/upload", identity.upload)
        signed = {bob.user_id: {bob.device_id: identity.signed(theirs.keys, identity.self_signing)}}
        assert (await bob.call("POST", "/v3/keys/signatures/upload", signed))["failures"] == {}
        room = await alice.creates_room(inviting=bob)
        await alice.sets(room, "m.room.encryption", {"algorithm": MEGOLM})
        await bob.joins(room)

        keys = await trusted_keys(alice, bob, theirs, public_part(identity.master))
        outbound = GroupSession()
        secret = {"room_id": room, "session_id": outbound.session_id, "session_key": outbound.session_key.to_base64()}
        await shares(ours, theirs, keys, secret)
        await says(ours, outbound, room, "before the restart")

        await process.restart()
        session = InboundGroupSession(SessionKey((await room_key(theirs))["session_key"]))
        await says(ours, outbound, room, "after the restart")
        assert await reads(bob, room, session) == ["before the restart", "after the restart"]

        recovery = PkDecryption()
        await backs_up(bob, room, session, recovery.public_key)
        again = await server.login("bob")
        await bob.call("POST", "/v3/logout")
        restored = await restores(again, room, recovery)
        assert await reads(again, room, restored) == ["before the restart", "after the restart"]
