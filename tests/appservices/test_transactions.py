"""What bridges are told: events in order, receipts, typing, what encryption needs; and that nothing is lost."""

import asyncio

import orjson

from homeserver.services.appservice_sender.contents import invite_event
from homeserver.storage.rows import MemberRow
from tests.appservices.conftest import House
from tests.support.client import Json
from tests.support.crypto import Device
from tests.support.waiting import eventually


async def test_a_bridge_hears_of_its_rooms_in_order_and_of_no_others(house: House) -> None:
    server, bridge = house.server, house.bridge
    alice, ghost = await server.register(), await bridge.ghost(server, "hears")
    foreign = await alice.creates_room()
    await alice.says("not for bridges", foreign)
    room = await alice.creates_room(preset="public_chat")
    await alice.says("before the ghost came", room)
    await ghost.creates_room(name="all before is sorted")
    await bridge.until(lambda: bridge.saw(type="m.room.name", content={"name": "all before is sorted"}))
    await ghost.joins(room)
    said = [await alice.says(f"line {n}", room) for n in range(20)]
    topic = await alice.sets(room, "m.room.topic", {"topic": "new"})
    await alice.sets(room, "m.room.topic", {"topic": "newer"})
    newer = (await bridge.until(lambda: bridge.saw(room_id=room, type="m.room.topic", content={"topic": "newer"})))[0]
    assert [event["event_id"] for event in bridge.saw(room_id=room, type="m.room.message")] == said
    assert newer["unsigned"]["prev_content"] == {"topic": "new"}
    assert newer["unsigned"]["replaces_state"] == topic
    assert bridge.saw(room_id=foreign) == []
    await ghost.leaves(room)
    await bridge.until(lambda: [e for e in bridge.saw(room_id=room) if e["content"].get("membership") == "leave"])
    await alice.says("after the ghost left", room)
    await ghost.creates_room(name="marker")
    await bridge.until(lambda: bridge.saw(type="m.room.name", content={"name": "marker"}))
    assert "after the ghost left" not in str(bridge.bodies)
    ids = [int(txn_id) for txn_id, _ in bridge.transactions]
    assert ids == sorted(ids)


async def test_an_invite_of_a_ghost_reaches_its_bridge(house: House) -> None:
    server, bridge = house.server, house.bridge
    alice, ghost = await server.register(), await bridge.ghost(server, "invited")
    room = await alice.creates_room(inviting=ghost)
    [invite] = await bridge.until(lambda: bridge.saw(room_id=room, type="m.room.member", state_key=ghost.user_id))
    assert (invite["content"]["membership"], invite["sender"]) == ("invite", alice.user_id)


async def test_receipts_and_typing_reach_a_bridge_by_both_names(house: House) -> None:
    server, bridge = house.server, house.bridge
    alice, ghost = await server.register(), await bridge.ghost(server, "reader")
    room = await alice.creates_room(preset="public_chat")
    await ghost.joins(room)
    event_id = await ghost.says("read me", room)
    await alice.call("POST", f"/v3/rooms/{room}/receipt/m.read.private/{event_id}", {})
    await alice.call("POST", f"/v3/rooms/{room}/receipt/m.read/{event_id}", {"thread_id": "main"})
    await alice.call("PUT", f"/v3/rooms/{room}/typing/{alice.user_id}", {"typing": True, "timeout": 20_000})

    def heard(kind: str, name: str) -> list[Json]:
        return [e for body in bridge.bodies for e in body[name] if e["type"] == kind and e.get("room_id") == room]

    for name in ("ephemeral", "de.sorunome.msc2409.ephemeral"):
        [receipt] = await bridge.until(lambda name=name: heard("m.receipt", name))
        assert receipt["content"][event_id].keys() == {"m.read"}, "private ones are for bridges of the reader alone"
        assert receipt["content"][event_id]["m.read"][alice.user_id]["thread_id"] == "main"
        typing = await bridge.until(lambda name=name: heard("m.typing", name))
        assert typing[0]["content"] == {"user_ids": [alice.user_id]}
    await ghost.call("POST", f"/v3/rooms/{room}/receipt/m.read.private/{event_id}", {})
    await bridge.until(lambda: any("m.read.private" in str(e) for e in heard("m.receipt", "ephemeral")))


async def test_presence_of_those_in_its_rooms_reaches_a_bridge(house: House) -> None:
    server, bridge = house.server, house.bridge
    alice, stranger, ghost = await server.register(), await server.register(), await bridge.ghost(server, "watcher")
    room = await ghost.creates_public_room()
    await alice.joins(room)
    await stranger.syncs()
    await alice.syncs()

    def seen() -> dict[str, Json]:
        found = [event for body in bridge.bodies for event in body["ephemeral"] if event["type"] == "m.presence"]
        return {event["sender"]: event["content"] for event in found}

    await bridge.until(lambda: alice.user_id in seen())
    assert seen()[alice.user_id]["presence"] == "online"
    assert stranger.user_id not in seen()


async def test_an_encrypted_bridge_gets_messages_to_its_devices_and_counts_of_its_keys(house: House) -> None:
    server, bridge = house.server, house.bridge
    alice = await server.register()
    ghost = await bridge.ghost(server, "secret")
    await ghost.call("PUT", "/v3/devices/E2BE", {})
    ghost.device_id = "E2BE"
    room = await alice.creates_room(preset="public_chat")
    await ghost.joins(room)
    device = Device(ghost)
    assert await device.uploads(3, fallback=True) == {"signed_curve25519": 3}
    own = Device(alice)
    await own.uploads(1)
    await bridge.until(
        lambda: any(alice.user_id in body["org.matrix.msc3202.device_lists"]["changed"] for body in bridge.bodies)
    )
    keys = await alice.call("POST", "/v3/keys/query", {"device_keys": {ghost.user_id: []}})
    assert keys["device_keys"][ghost.user_id].keys() == {"E2BE"}
    wanted = {"one_time_keys": {ghost.user_id: {"E2BE": "signed_curve25519"}}}
    await alice.call("POST", "/v3/keys/claim", wanted)
    message = {"messages": {ghost.user_id: {"E2BE": {"ciphertext": "for the bridge"}}}}
    await alice.call("PUT", "/v3/sendToDevice/m.room.encrypted/1", message)

    def to_device() -> list[Json]:
        return [one for body in bridge.bodies for one in body["de.sorunome.msc2409.to_device"]]

    [arrived] = await bridge.until(lambda: [m for m in to_device() if m["to_user_id"] == ghost.user_id])
    assert (arrived["to_device_id"], arrived["type"], arrived["sender"]) == ("E2BE", "m.room.encrypted", alice.user_id)
    assert arrived["content"] == {"ciphertext": "for the bridge"}

    def counts() -> list[int]:
        of_devices = [body["org.matrix.msc3202.device_one_time_keys_count"] for body in bridge.bodies]
        return [found[ghost.user_id]["E2BE"]["signed_curve25519"] for found in of_devices if ghost.user_id in found]

    await bridge.until(lambda: counts() and counts()[-1] == 2)
    unused = [body["org.matrix.msc3202.device_unused_fallback_key_types"] for body in bridge.bodies]
    assert {"E2BE": ["signed_curve25519"]} in [found.get(ghost.user_id) for found in unused]

    async def waits_no_longer() -> bool:
        synced = await ghost.call("GET", "/v3/sync", None, timeout=0)
        return not synced.get("to_device", {}).get("events")

    await eventually(waits_no_longer)


async def test_an_encrypted_bridge_hears_who_comes_to_its_rooms_and_who_shares_none_any_more(house: House) -> None:
    server, bridge = house.server, house.bridge
    alice, ghost = await server.register(), await bridge.ghost(server, "tracks")
    rooms = [await ghost.creates_public_room() for _ in range(2)]
    for room in rooms:
        await alice.joins(room)

    def lists(kind: str) -> list[str]:
        found = [body["org.matrix.msc3202.device_lists"][kind] for body in bridge.bodies]
        return [user_id for user_ids in found for user_id in user_ids]

    await bridge.until(lambda: alice.user_id in lists("changed"))
    await alice.leaves(rooms[0])
    await bridge.until(lambda: [e for e in bridge.saw(room_id=rooms[0]) if e["content"].get("membership") == "leave"])
    assert alice.user_id not in lists("left"), "one room is still shared"
    await alice.leaves(rooms[1])
    await bridge.until(lambda: alice.user_id in lists("left"))


def test_an_invite_from_elsewhere_is_told_with_what_the_room_shows() -> None:
    own: Json = {"type": "m.room.member", "state_key": "@_bridge_a:x", "sender": "@b:y", "content": {}}
    kept: Json = {**own, "event_id": "$invite", "origin_server_ts": 900}
    name: Json = {"type": "m.room.name", "state_key": "", "sender": "@b:y", "content": {"name": "N"}}
    row = MemberRow(
        room_nid=1,
        room_id="!r:y",
        user_id="@_bridge_a:x",
        server="x",
        membership="invite",
        event_id="$invite",
        stripped_state=orjson.dumps([name, kept]),
    )
    [event] = invite_event(row, 1_000)
    assert event == {**kept, "room_id": "!r:y", "unsigned": {"age": 100, "invite_room_state": [name]}}


async def test_a_transaction_is_repeated_unchanged_until_it_has_arrived(house: House) -> None:
    server, bridge = house.server, house.bridge
    ghost = await bridge.ghost(server, "repeats")
    room = await ghost.creates_room()
    await bridge.until(lambda: bridge.saw(room_id=room, type="m.room.guest_access"))
    bridge.refuses, bridge.loses = 1, 1
    first = await ghost.says("first", room)
    await asyncio.sleep(0.2)
    second = await ghost.says("second", room)
    await bridge.until(lambda: bridge.saw(event_id=second))
    holding = [txn for txn in bridge.transactions if first in str(txn)]
    assert len(holding) == 2
    assert holding[0] == holding[1], "the same id and the same content"
    assert [event["event_id"] for event in bridge.saw(room_id=room, type="m.room.message")] == [first, second]


async def test_a_bridge_that_knows_old_routes_alone_is_served_by_them(house: House) -> None:
    server, bridge = house.server, house.bridge
    ghost = await bridge.ghost(server, "old")
    room = await ghost.creates_room()
    bridge.knows_old_routes_alone = True
    try:
        event_id = await ghost.says("by the old route", room)
        await bridge.until(lambda: bridge.saw(event_id=event_id))
    finally:
        bridge.knows_old_routes_alone = False
