"""Knocks across servers: asked, shown on both sides, let in, refused, taken back."""

import orjson
import pytest

from homeserver.errors import Forbidden, NotFound
from homeserver.protocol.identifiers import RoomId
from homeserver.services.intents import Draft
from tests.support.federation import Homeserver, eventually


async def _knocked(a: Homeserver, b: Homeserver, version: str = "12") -> RoomId:
    """A room of Alice's at A at which Bob of B knocks."""
    room = await a.creates_room(a.user("alice"), join_rule="knock", version=version)
    await a.does(a.user("alice"), room, Draft("m.room.name", {"name": "Behind a door"}, state_key=""))
    await b.federation.remote_join.knock(b.user("bob"), room, [a.name], {"reason": "please"})
    return room


@pytest.mark.parametrize("version", ["7", "10", "12"])
async def test_a_knock_is_shown_on_both_sides(pair: list[Homeserver], version: str) -> None:
    a, b = pair
    bob = b.user("bob")
    room = await _knocked(a, b, version)
    assert await a.membership(bob, room) == await b.membership(bob, room) == "knock"
    kept = (await b.members.memberships(room, [bob]))[bob].stripped_state
    shown = {entry["type"]: entry["content"] for entry in orjson.loads(kept or b"[]")}
    assert shown["m.room.name"] == {"name": "Behind a door"}
    assert shown["m.room.member"]["reason"] == "please"


async def test_one_who_knocked_is_invited_and_joins(pair: list[Homeserver]) -> None:
    a, b = pair
    bob = b.user("bob")
    room = await _knocked(a, b)
    await a.invites(a.user("alice"), bob, room)
    await b.joins(bob, room, via=a.name)
    assert await a.membership(bob, room) == await b.membership(bob, room) == "join"


async def test_a_knock_is_refused(pair: list[Homeserver]) -> None:
    a, b = pair
    bob = b.user("bob")
    room = await _knocked(a, b)
    await a.does(a.user("alice"), room, Draft.member(bob, "leave"))

    async def is_gone() -> bool:
        return await b.membership(bob, room) == "leave"

    await eventually(is_gone)


async def test_a_knock_is_taken_back(pair: list[Homeserver]) -> None:
    a, b = pair
    bob = b.user("bob")
    room = await _knocked(a, b)
    await b.federation.remote_join.leave(bob, room, {})
    assert await a.membership(bob, room) == "leave"


async def test_nobody_knocks_where_the_room_does_not_take_it(pair: list[Homeserver]) -> None:
    a, b = pair
    room = await a.creates_room(a.user("alice"), join_rule="invite")
    with pytest.raises(Forbidden):
        await b.federation.remote_join.knock(b.user("bob"), room, [a.name], {})
    with pytest.raises(NotFound):
        await b.federation.remote_join.knock(b.user("bob"), room, [], {})
    assert await b.membership(b.user("bob"), room) is None
