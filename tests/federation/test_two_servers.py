"""Two servers, one conversation: joins, invites, messages both ways, outages, forks."""

import pytest

from homeserver.errors import Forbidden
from homeserver.net.testing import FakeNet
from homeserver.services.intents import Draft
from tests.support.federation import Homeserver, eventually


@pytest.mark.parametrize("version", ["6", "10", "11", "12"])
async def test_a_user_of_another_server_joins_and_sees_the_same_state(pair: list[Homeserver], version: str) -> None:
    a, b = pair
    alice, bob = a.user("alice"), b.user("bob")
    room = await a.creates_room(alice, version=version)
    await b.joins(bob, room, via=a.name)
    assert await a.membership(bob, room) == await b.membership(bob, room) == "join"
    assert await a.state(room) == await b.state(room)


async def test_messages_go_both_ways_in_order(pair: list[Homeserver]) -> None:
    a, b = pair
    alice, bob = a.user("alice"), b.user("bob")
    room = await a.creates_room(alice)
    await b.joins(bob, room, via=a.name)
    for number in range(5):
        await a.says(alice, room, f"a{number}")
    await eventually(lambda: _has(b, room, "a4"))
    await b.says(bob, room, "b0")
    await eventually(lambda: _has(a, room, "b0"))
    assert await a.texts(room) == await b.texts(room) == ["a0", "a1", "a2", "a3", "a4", "b0"]


async def test_an_invite_crosses_and_is_accepted(pair: list[Homeserver]) -> None:
    a, b = pair
    alice, bob = a.user("alice"), b.user("bob")
    room = await a.creates_room(alice, join_rule="invite")
    with pytest.raises(Forbidden):
        await b.joins(bob, room, via=a.name)
    await a.invites(alice, bob, room)
    assert await a.membership(bob, room) == await b.membership(bob, room) == "invite"
    await b.joins(bob, room, via=a.name)
    assert await a.membership(bob, room) == await b.membership(bob, room) == "join"


async def test_an_invite_is_rejected(pair: list[Homeserver]) -> None:
    a, b = pair
    alice, bob = a.user("alice"), b.user("bob")
    room = await a.creates_room(alice, join_rule="invite")
    await a.invites(alice, bob, room)
    await b.federation.remote_join.leave(bob, room, {})
    assert await a.membership(bob, room) == "leave"


async def test_an_invite_that_is_taken_back_is_gone_on_both_sides(pair: list[Homeserver]) -> None:
    a, b = pair
    alice, bob = a.user("alice"), b.user("bob")
    room = await a.creates_room(alice, join_rule="invite")
    await a.invites(alice, bob, room)
    await a.does(alice, room, Draft.member(bob, "leave"))

    async def is_gone() -> bool:
        return await b.membership(bob, room) == "leave"

    await eventually(is_gone)


async def test_a_server_that_was_away_gets_everything_once_and_in_order(pair: list[Homeserver], net: FakeNet) -> None:
    a, b = pair
    alice, bob = a.user("alice"), b.user("bob")
    room = await a.creates_room(alice)
    await b.joins(bob, room, via=a.name)
    net.down.add("b.test")
    for number in range(20):
        await a.says(alice, room, str(number))
    net.down.clear()
    await eventually(lambda: _has(b, room, "19"))
    assert await b.texts(room) == [str(number) for number in range(20)]


async def test_a_kicked_user_is_out_on_both_sides_and_gets_no_more(pair: list[Homeserver]) -> None:
    a, b = pair
    alice, bob = a.user("alice"), b.user("bob")
    room = await a.creates_room(alice)
    await b.joins(bob, room, via=a.name)
    await a.does(alice, room, Draft.member(bob, "leave"))

    async def is_out() -> bool:
        return await b.membership(bob, room) == "leave"

    await eventually(is_out)
    await a.says(alice, room, "after")
    assert "after" not in await b.texts(room)


async def test_a_user_comes_back_to_a_room_that_went_on_without_them(pair: list[Homeserver]) -> None:
    a, b = pair
    alice, bob = a.user("alice"), b.user("bob")
    room = await a.creates_room(alice)
    await b.joins(bob, room, via=a.name)
    await b.does(bob, room, Draft.member(bob, "leave"))

    async def has_left() -> bool:
        return await a.membership(bob, room) == "leave"

    await eventually(has_left)
    await a.says(alice, room, "unseen")
    await a.does(alice, room, Draft("m.room.topic", {"topic": "new"}, state_key=""))
    await b.joins(bob, room, via=a.name)
    assert await a.state(room) == await b.state(room)
    await a.says(alice, room, "seen")
    await eventually(lambda: _has(b, room, "seen"))


async def test_a_redaction_takes_effect_on_both_sides(pair: list[Homeserver]) -> None:
    a, b = pair
    room = await a.creates_room(a.user("alice"))
    await b.joins(b.user("bob"), room, via=a.name)
    said = await b.says(b.user("bob"), room, "oops")
    await eventually(lambda: _has(a, room, "oops"))
    await b.does(b.user("bob"), room, Draft("m.room.redaction", {}, redacts=said))

    async def is_redacted() -> bool:
        (found,) = await a.events.by_id([said])
        return found.redacted_by is not None and b"oops" not in found.body

    await eventually(is_redacted)


async def test_a_stranger_to_power_redacts_nothing_of_others(pair: list[Homeserver]) -> None:
    a, b = pair
    room = await a.creates_room(a.user("alice"))
    await b.joins(b.user("bob"), room, via=a.name)
    said = await a.says(a.user("alice"), room, "mine")
    await eventually(lambda: _has(b, room, "mine"))
    await b.does(b.user("bob"), room, Draft("m.room.redaction", {}, redacts=said))
    await b.says(b.user("bob"), room, "after")
    await eventually(lambda: _has(a, room, "after"))
    assert "mine" in await a.texts(room)


async def _has(server: Homeserver, room: str, text: str) -> bool:
    return text in await server.texts(room)
