"""What is said in the room, by Hearth and by Synapse: edits, redactions, reactions, receipts, typing, history."""

import asyncio
from urllib.parse import quote

from tests.interop.conftest import Sides
from tests.interop.reading import (
    eventually,
    have_same_events,
    have_same_state,
    is_told_of_reading,
    is_told_of_typing,
    joins_from_afar,
    sees,
)
from tests.support.client import Json, User


async def _in_a_room(sides: Sides) -> tuple[User, User, str]:
    """Alice at home, Bob away, both in a public room."""
    alice, bob = await sides.home.register(), await sides.away.register()
    room = await alice.creates_public_room(room_version=sides.version)
    await joins_from_afar(bob, room, sides.home.name)
    return alice, bob, room


async def test_edits_reactions_and_threads_are_aggregated_on_both_sides(sides: Sides) -> None:
    alice, bob, room = await _in_a_room(sides)
    said = await alice.says("helo", room)
    await sees(bob, room, "helo")
    new = {"msgtype": "m.text", "body": "hello"}
    edit = {**new, "m.new_content": new, "m.relates_to": {"rel_type": "m.replace", "event_id": said}}
    await alice.sends(room, "m.room.message", edit)
    await bob.sends(room, "m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": said, "key": "👍"}})
    reply = {"msgtype": "m.text", "body": "aside", "m.relates_to": {"rel_type": "m.thread", "event_id": said}}
    await bob.sends(room, "m.room.message", reply)
    for user in (alice, bob):

        async def has_all(user: User = user) -> bool:
            found = (await user.event(room, said)).get("unsigned", {}).get("m.relations", {})
            kinds = {rel_type: len(await _related(user, room, said, rel_type)) for rel_type in KINDS}
            return "m.replace" in found and found.get("m.thread", {}).get("count") == 1 and set(kinds.values()) == {1}

        await eventually(has_all, f"{user.user_id} sees edit, reaction and thread")
    await have_same_events(alice, bob, room)


KINDS = ("m.replace", "m.annotation", "m.thread")


async def _related(user: User, room: str, event_id: str, rel_type: str) -> list[Json]:
    path = f"/v1/rooms/{room}/relations/{quote(event_id, safe='')}/{rel_type}"
    return list((await user.call("GET", path))["chunk"])


async def test_redactions_of_ones_own_and_by_moderators_take_effect_on_both_sides(sides: Sides) -> None:
    alice, bob, room = await _in_a_room(sides)
    mine, rude = await bob.says("oops", room), await bob.says("rude", room)
    await sees(alice, room, "rude")
    await bob.redacts(room, mine)
    await alice.redacts(room, rude)
    for user in (alice, bob):

        async def is_gone(user: User = user) -> bool:
            return not {"oops", "rude"} & set(await user.sees(room))

        await eventually(is_gone, f"both messages are gone for {user.user_id}")
    await have_same_events(alice, bob, room)


async def test_receipts_go_both_ways(sides: Sides) -> None:
    alice, bob, room = await _in_a_room(sides)
    for sender, reader in ((alice, bob), (bob, alice)):
        said = await sender.says(f"by {sender.user_id}", room)
        await sees(reader, room, f"by {sender.user_id}")
        await reader.call("POST", f"/v3/rooms/{room}/receipt/m.read/{quote(said, safe='')}", {})
        await is_told_of_reading(sender, room, reader, said)


async def test_typing_goes_both_ways(sides: Sides) -> None:
    alice, bob, room = await _in_a_room(sides)
    await bob.says("ready", room)
    await sees(alice, room, "ready")
    for writer, reader in ((alice, bob), (bob, alice)):
        path = f"/v3/rooms/{room}/typing/{quote(writer.user_id, safe='')}"
        await writer.call("PUT", path, {"typing": True, "timeout": 20_000})
        await is_told_of_typing(reader, room, writer, typing=True)
        await writer.call("PUT", path, {"typing": False})
        await is_told_of_typing(reader, room, writer, typing=False)


async def test_presence_goes_both_ways(sides: Sides) -> None:
    alice, bob, room = await _in_a_room(sides)
    await bob.says("ready", room)
    await sees(alice, room, "ready")
    for one, other in ((alice, bob), (bob, alice)):
        status = f"status of {one.user_id}"
        path = f"/v3/presence/{quote(one.user_id, safe='')}/status"
        await other.syncs()
        await one.call("PUT", path, {"presence": "online", "status_msg": status})

        async def shown(other: User = other, status: str = status) -> bool:
            events = (await other.syncs(timeout_ms=500)).get("presence", {}).get("events", [])
            return any(event["content"].get("status_msg") == status for event in events)

        await eventually(shown, f"{other.user_id} sees the {status}")


async def test_history_from_before_the_join_is_read_through(sides: Sides, many: int) -> None:
    alice, bob = await sides.home.register(), await sides.away.register()
    room = await alice.creates_public_room(room_version=sides.version)
    for number in range(many):
        await alice.says(f"n{number}", room)
    await joins_from_afar(bob, room, sides.home.name)
    wanted = [f"n{number}" for number in range(many)]

    async def complete() -> bool:
        return await bob.sees(room) == wanted

    await eventually(complete, "all messages from before the join, in order")
    await have_same_events(alice, bob, room)


async def test_a_changed_name_is_shown_on_both_sides(sides: Sides) -> None:
    alice, bob, room = await _in_a_room(sides)
    for one, other in ((alice, bob), (bob, alice)):
        path = f"/v3/profile/{quote(one.user_id, safe='')}/displayname"
        await one.call("PUT", path, {"displayname": "Someone Else"})

        async def shown(one: User = one, other: User = other) -> bool:
            member = await other.state(room, "m.room.member", one.user_id)
            return member.get("displayname") == "Someone Else"

        await eventually(shown, f"{other.user_id} sees the new name of {one.user_id}")
        assert (await other.call("GET", f"/v3/profile/{quote(one.user_id, safe='')}"))["displayname"] == "Someone Else"
    await have_same_state(alice, bob, room)


async def test_a_room_is_found_by_its_alias(sides: Sides) -> None:
    alice, bob = await sides.home.register(), await sides.away.register()
    name = f"agora{alice.user_id[1:].partition(':')[0]}"
    room = await alice.creates_public_room(room_version=sides.version, room_alias_name=name)
    alias = f"#{name}:{sides.home.name}"
    found = await bob.call("GET", f"/v3/directory/room/{quote(alias, safe='')}")
    assert (found["room_id"], sides.home.name in found["servers"]) == (room, True)
    assert await bob.joins(alias) == room
    await have_same_state(alice, bob, room)


async def test_both_write_at_once_and_converge(sides: Sides, many: int) -> None:
    alice, bob, room = await _in_a_room(sides)

    async def writes(user: User) -> None:
        for number in range(many // 3):
            await user.says(f"{user.user_id} {number}", room)
            if number % 4 == 0:
                await user.ask("PUT", f"/v3/rooms/{room}/state/m.room.topic", {"topic": f"{user.user_id} {number}"})

    await asyncio.gather(writes(alice), writes(bob))
    await have_same_events(alice, bob, room)
    await have_same_state(alice, bob, room)
