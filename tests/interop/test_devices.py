"""What devices exchange, by Hearth and by Synapse: lists, keys, messages to devices, an encrypted conversation, media.

The room's version changes nothing here: one will do.
"""

import asyncio
from typing import Any
from urllib.parse import quote

import pytest
from vodozemac import GroupSession, InboundGroupSession, SessionKey

from tests.encryption.test_conversation import MEGOLM, reads, room_key, says, shares
from tests.interop.conftest import Both, Sides
from tests.interop.reading import eventually, joins_from_afar, sees
from tests.support.client import Refused, User
from tests.support.crypto import Device, claimed, queried

pytestmark = pytest.mark.full("interop")
ASKED_AGAIN_S = 0.5


@pytest.fixture(params=["12"])
def version(request: pytest.FixtureRequest) -> str:
    """Of the room that the two share."""
    return str(request.param)


@pytest.fixture(params=["hearth", pytest.param("synapse", marks=pytest.mark.full("interop"))])
def home(request: pytest.FixtureRequest) -> str:
    """Who has the room; most tests go both ways in it."""
    return str(request.param)


async def _friends(sides: Sides, **more: Any) -> tuple[User, User, str]:
    alice, bob = await sides.home.register(), await sides.away.register()
    room = await alice.creates_public_room(room_version=sides.version, **more)
    await joins_from_afar(bob, room, sides.home.name)
    await bob.says("here", room)
    await sees(alice, room, "here")
    return alice, bob, room


async def test_a_new_device_and_its_end_are_heard_of(sides: Sides) -> None:
    alice, bob, _ = await _friends(sides)
    for one, other in ((alice, bob), (bob, alice)):
        await Device(one).uploads()
        await _is_shown(other, one, {one.device_id})
        await other.syncs()
        second = await one.server.login(one.user_id)
        await Device(second).uploads()
        await _has_changed(other, one)
        await _is_shown(other, one, {one.device_id, second.device_id})
        await second.call("POST", "/v3/logout", {})
        await _has_changed(other, one)
        await _is_shown(other, one, {one.device_id})


async def _has_changed(viewer: User, other: User) -> None:
    async def told() -> bool:
        return other.user_id in (await viewer.syncs(timeout_ms=500)).get("device_lists", {}).get("changed", [])

    await eventually(told, f"{viewer.user_id} hears that the devices of {other.user_id} changed")


async def _is_shown(viewer: User, other: User, devices: set[str]) -> None:
    async def shown() -> bool:
        return set((await queried(viewer, other))["device_keys"].get(other.user_id, {})) == devices

    await eventually(shown, f"{viewer.user_id} is shown the devices of {other.user_id}")


async def test_a_one_time_key_is_given_once(sides: Sides) -> None:
    alice, bob, _ = await _friends(sides)
    for one, other in ((alice, bob), (bob, alice)):
        device = Device(one)
        await device.uploads(2)
        given = [await claimed(other, device) for _ in range(3)]
        assert len({name for keys in given for name in keys}) == 2
        assert given[2] == {}


async def test_messages_to_devices_arrive_once_and_in_order(sides: Sides, both: Both) -> None:
    alice, bob, _ = await _friends(sides)
    for one, other in ((alice, bob), (bob, alice)):
        for number in range(5):
            body = {"messages": {other.user_id: {other.device_id: {"n": number, "share": 0.5}}}}
            status, _ = await one.ask("PUT", f"/v3/sendToDevice/app.hearth.test/{one.device_id}{number}", body)
            if status != 200:  # not every server lets its own users send what is no canonical JSON
                del body["messages"][other.user_id][other.device_id]["share"]
                await one.call("PUT", f"/v3/sendToDevice/app.hearth.test/{one.device_id}{number}", body)
        got: list[int] = []

        async def complete(other: User = other, got: list[int] = got) -> bool:
            events = (await other.syncs(timeout_ms=500)).get("to_device", {}).get("events", [])
            got += [event["content"]["n"] for event in events if event["type"] == "app.hearth.test"]
            return len(got) >= 5

        await eventually(complete, f"{other.user_id} gets five messages")
        # Synapse takes the messages of one transaction in no order.
        assert (got if other.server is both.hearth else sorted(got)) == list(range(5))


async def test_an_encrypted_conversation_is_read_on_the_other_side(sides: Sides) -> None:
    alice, bob, room = await _friends(sides)
    await alice.sets(room, "m.room.encryption", {"algorithm": MEGOLM})
    for one, other in ((alice, bob), (bob, alice)):
        sender, receiver = Device(one), Device(other)
        await receiver.uploads(1)
        await other.syncs()
        keys = (await queried(one, other))["device_keys"][other.user_id][other.device_id]
        session = GroupSession()
        inbound = InboundGroupSession(session.session_key)
        key = {"algorithm": MEGOLM, "room_id": room, "session_id": session.session_id}
        await shares(sender, receiver, keys, key | {"session_key": session.session_key.to_base64()})
        await says(sender, session, room, f"secret of {one.user_id}")
        found: list[dict[str, Any]] = []

        async def has_key(receiver: Device = receiver, found: list[dict[str, Any]] = found) -> bool:
            try:
                found.append(await room_key(receiver))
            except (KeyError, ValueError):  # nothing in the inbox yet
                return False
            return True

        await eventually(has_key, "the room key arrives")
        got = InboundGroupSession(SessionKey(found[0]["session_key"]))
        assert got.session_id == inbound.session_id

        async def read(other: User = other, got: InboundGroupSession = got, one: User = one) -> bool:
            mine = [e for e in await other.history(room) if e["content"].get("session_id") == got.session_id]
            return bool(mine) and f"secret of {one.user_id}" in await _texts(other, room, got)

        await eventually(read, "the message can be read")


async def _texts(user: User, room: str, session: InboundGroupSession) -> list[str]:
    class Only:
        """The user's history of one session."""

        async def history(self, room_id: str) -> list[dict[str, Any]]:
            events = await user.history(room_id)
            return [e for e in events if e["content"].get("session_id") == session.session_id]

    return await reads(Only(), room, session)  # type: ignore[arg-type]  # of the user only the history is asked


@pytest.mark.parametrize("size", [1, 300_000])
async def test_media_is_read_on_the_other_side(both: Both, size: int) -> None:
    here, there = await both.hearth.register(), await both.synapse.register()
    for one, other in ((here, there), (there, here)):
        uri = (await one.server.call("POST", "/_matrix/media/v3/upload", b"x" * size, token=one.token))["content_uri"]
        server, media_id = uri.removeprefix("mxc://").split("/")
        url = f"{other.server.base_url}/_matrix/client/v1/media/download/{quote(server, safe='')}/{media_id}"
        headers = {"Authorization": f"Bearer {other.token}"}
        async with other.server.session.get(url, headers=headers, ssl=other.server.ssl) as response:
            assert (response.status, await response.read()) == (200, b"x" * size)


async def test_public_rooms_and_spaces_are_shown_to_the_other_side(both: Both) -> None:
    here, there = await both.hearth.register(), await both.synapse.register()
    for one, other in ((here, there), (there, here)):
        space = await one.creates_public_room(creation_content={"type": "m.space"}, name="Space", visibility="public")
        child = await one.creates_public_room(name=f"Child of {one.user_id}")
        via = {"via": [one.server.name]}
        await one.call("PUT", f"/v3/rooms/{space}/state/m.space.child/{quote(child, safe='')}", via)
        await joins_from_afar(other, space, one.server.name)

        async def is_whole(other: User = other, tree: tuple[str, str] = (space, child)) -> bool:
            await asyncio.sleep(ASKED_AGAIN_S)
            answer = await other.call("GET", f"/v1/rooms/{quote(tree[0], safe='')}/hierarchy")
            return {room["room_id"] for room in answer["rooms"]} == set(tree)

        # A Synapse gathers the kinds and names of its rooms beside the joins, and limits how often it may be asked.
        await eventually(is_whole, f"{other.user_id} is shown the space with its child")
        if other is there:
            page = await other.call("GET", "/v3/publicRooms", server=one.server.name)
            assert space in {room["room_id"] for room in page["chunk"]}
        status, _ = await other.ask("GET", f"/v1/rooms/{quote(space, safe='')}/timestamp_to_event", ts=0, dir="f")
        assert status == 200


@pytest.mark.parametrize("old", ["1", "2"])
async def test_rooms_of_the_first_versions_are_shared(both: Both, old: str) -> None:
    here, there = await both.hearth.register(), await both.synapse.register()
    for one, other in ((here, there), (there, here)):
        room = await one.creates_room(room_version=old)
        await one.invites(other, room)
        await joins_from_afar(other, room, one.server.name)
        for sender, reader in ((one, other), (other, one)):
            said = await sender.says(f"by {sender.user_id}", room)
            await sees(reader, room, f"by {sender.user_id}")
            await sender.redacts(room, said)

            async def is_gone(reader: User = reader, sender: User = sender, room: str = room) -> bool:
                return f"by {sender.user_id}" not in await reader.sees(room)

            await eventually(is_gone, f"the redaction reaches {reader.user_id}")
        await other.leaves(room)
        with pytest.raises(Refused):
            await other.says("outside", room)
