"""The room itself, by Hearth and by Synapse: knocks, server ACLs, upgrades."""

from urllib.parse import quote

import pytest

from tests.interop.conftest import Sides
from tests.interop.reading import eventually, has_membership, have_same_state, is_invited, joins_from_afar, sees
from tests.support.client import Refused


async def test_one_who_knocks_is_let_in(sides: Sides) -> None:
    alice, bob = await sides.home.register(), await sides.away.register()
    knock = f"/v3/knock/%s?server_name={sides.home.name}"
    if sides.version == "6":
        room = await alice.creates_room(room_version=sides.version)
        with pytest.raises(Refused):
            await bob.call("POST", knock % quote(room, safe=""), {})
        return
    rule = {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "knock"}}
    room = await alice.creates_room(room_version=sides.version, initial_state=[rule], name="Behind a door")
    await bob.call("POST", knock % quote(room, safe=""), {"reason": "please"})
    await has_membership(alice, room, bob.user_id, "knock")

    async def shown() -> bool:
        knocked = (await bob.syncs()).get("rooms", {}).get("knock", {}).get(room, {})
        state = knocked.get("knock_state", {}).get("events", [])
        return any(event["content"].get("name") == "Behind a door" for event in state)

    await eventually(shown, "the one who knocks sees the room's name")
    await alice.invites(bob, room)
    await is_invited(bob, room)
    await bob.joins(room)
    await have_same_state(alice, bob, room)


async def test_a_server_that_the_acl_denies_is_not_heard(sides: Sides, home: str) -> None:
    alice, bob = await sides.home.register(), await sides.away.register()
    room = await alice.creates_public_room(room_version=sides.version)
    await joins_from_afar(bob, room, sides.home.name)
    other = await alice.creates_public_room(room_version=sides.version)
    await joins_from_afar(bob, other, sides.home.name)
    # The denied one never hears of the ACL if it is denied by it; it goes on and nobody listens.
    await alice.sets(room, "m.room.server_acl", {"allow": ["*"], "deny": ["localhost"], "allow_ip_literals": True})

    async def unheard(attempt: int) -> bool:
        await bob.says(f"unheard {attempt}", room)
        await bob.says(f"heard {attempt}", other)
        await sees(alice, other, f"heard {attempt}")
        return f"unheard {attempt}" not in await alice.sees(room)

    # Synapse may judge by an ACL that it remembers for a moment; Hearth never does.
    attempts = 1 if home == "hearth" else 5
    while attempts and not await unheard(attempts):
        attempts -= 1
    assert attempts, "all of it was heard"


async def test_a_room_that_is_upgraded_is_followed(sides: Sides) -> None:
    alice, bob = await sides.home.register(), await sides.away.register()
    room = await alice.creates_public_room(room_version=sides.version, name="Agora")
    await joins_from_afar(bob, room, sides.home.name)
    answer = await alice.call("POST", f"/v3/rooms/{room}/upgrade", {"new_version": "11"})
    replacement = answer["replacement_room"]

    async def told() -> bool:
        state = await bob.ask("GET", f"/v3/rooms/{room}/state/m.room.tombstone")
        return bool(state[1].get("replacement_room") == replacement)

    await eventually(told, "the tombstone arrives")
    await joins_from_afar(bob, replacement, sides.home.name)
    assert (await bob.state(replacement, "m.room.name"))["name"] == "Agora"
    await have_same_state(alice, bob, replacement)
