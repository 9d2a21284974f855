"""Who is in the room, by Hearth and by Synapse: joins, invites, kicks, bans, knocks, restricted rooms."""

import pytest

from tests.interop.conftest import Sides
from tests.interop.reading import (
    eventually,
    has_membership,
    have_same_events,
    have_same_state,
    is_invited,
    joins_from_afar,
    sees,
)
from tests.support.client import Refused, User


async def _pair(sides: Sides) -> tuple[User, User]:
    return await sides.home.register(), await sides.away.register()


async def test_both_talk_in_a_public_room(sides: Sides) -> None:
    alice, bob = await _pair(sides)
    room = await alice.creates_public_room(room_version=sides.version, name="Agora")
    await joins_from_afar(bob, room, sides.home.name)
    await alice.says("hello", room)
    await sees(bob, room, "hello")
    await bob.says("hi", room)
    await sees(alice, room, "hi")
    await have_same_state(alice, bob, room)
    await have_same_events(alice, bob, room)


async def test_an_invite_is_accepted(sides: Sides) -> None:
    alice, bob = await _pair(sides)
    room = await alice.creates_room(room_version=sides.version)
    await alice.invites(bob, room)
    await is_invited(bob, room)
    await bob.joins(room)
    await has_membership(alice, room, bob.user_id, "join")
    await have_same_state(alice, bob, room)


async def test_an_invite_is_declined(sides: Sides) -> None:
    alice, bob = await _pair(sides)
    room = await alice.creates_room(room_version=sides.version)
    await alice.invites(bob, room)
    await is_invited(bob, room)
    await bob.leaves(room)
    await has_membership(alice, room, bob.user_id, "leave")
    with pytest.raises(Refused):
        await bob.joins(room)


async def test_one_who_is_kicked_may_come_back_and_one_who_is_banned_may_not(sides: Sides) -> None:
    alice, bob = await _pair(sides)
    carol = await sides.away.register()
    room = await alice.creates_public_room(room_version=sides.version)
    await joins_from_afar(bob, room, sides.home.name)
    await joins_from_afar(carol, room, sides.home.name)
    await has_membership(alice, room, carol.user_id, "join")
    await alice.kicks(bob, room, "once")
    await has_membership(carol, room, bob.user_id, "leave")
    await joins_from_afar(bob, room, sides.home.name)
    await has_membership(alice, room, bob.user_id, "join")
    await alice.bans(bob, room)
    await has_membership(carol, room, bob.user_id, "ban")
    with pytest.raises(Refused):
        await joins_from_afar(bob, room, sides.home.name)
    await alice.unbans(bob, room)
    await has_membership(carol, room, bob.user_id, "leave")
    await joins_from_afar(bob, room, sides.home.name)
    await have_same_state(alice, bob, room)
    await have_same_state(alice, carol, room)


async def test_a_moderator_of_the_other_server_kicks(sides: Sides) -> None:
    alice, bob = await _pair(sides)
    carol = await sides.home.register()
    room = await alice.creates_public_room(room_version=sides.version)
    await joins_from_afar(bob, room, sides.home.name)
    await carol.joins(room)
    levels = await alice.state(room, "m.room.power_levels")
    await alice.sets(room, "m.room.power_levels", {**levels, "users": {**levels["users"], bob.user_id: 50}})
    await has_membership(bob, room, carol.user_id, "join")

    async def may() -> bool:
        return bob.user_id in (await bob.state(room, "m.room.power_levels"))["users"]

    await eventually(may, "the power levels arrive")
    await bob.kicks(carol, room)
    await has_membership(alice, room, carol.user_id, "leave")
    await have_same_state(alice, bob, room)


async def test_one_who_left_comes_back_to_the_newest_state(sides: Sides) -> None:
    alice, bob = await _pair(sides)
    room = await alice.creates_public_room(room_version=sides.version)
    await joins_from_afar(bob, room, sides.home.name)
    await bob.leaves(room)
    await has_membership(alice, room, bob.user_id, "leave")
    await alice.sets(room, "m.room.topic", {"topic": "meanwhile"})
    await joins_from_afar(bob, room, sides.home.name)
    assert (await bob.state(room, "m.room.topic"))["topic"] == "meanwhile"
    await have_same_state(alice, bob, room)
    await alice.says("again", room)
    await sees(bob, room, "again")


async def test_members_of_one_room_are_let_into_a_restricted_one(sides: Sides) -> None:
    alice, bob = await _pair(sides)
    club = await alice.creates_public_room(room_version=sides.version)
    rule = {"join_rule": "restricted", "allow": [{"type": "m.room_membership", "room_id": club}]}
    state = [{"type": "m.room.join_rules", "state_key": "", "content": rule}]
    if sides.version == "6":
        room = await alice.creates_room(room_version=sides.version)
        with pytest.raises(Refused):
            await joins_from_afar(bob, room, sides.home.name)
        return
    room = await alice.creates_room(room_version=sides.version, initial_state=state)
    with pytest.raises(Refused):
        await joins_from_afar(bob, room, sides.home.name)
    await joins_from_afar(bob, club, sides.home.name)
    await joins_from_afar(bob, room, sides.home.name)
    await have_same_state(alice, bob, room)
    await bob.says("inside", room)
    await sees(alice, room, "inside")
