"""Joins into rooms with many members: who asks for it is told of few of them."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from homeserver.net.testing import FakeNet
from homeserver.protocol.events import parse_pdu, seal
from homeserver.protocol.identifiers import RoomId, UserId
from homeserver.protocol.room_versions import ROOM_VERSIONS
from homeserver.services import resident
from homeserver.services.intents import Draft
from homeserver.services.resident import Welcome
from tests.support.evil_peer import EvilPeer
from tests.support.federation import Homeserver, homeservers
from tests.support.postgres import Cluster

MALLORY = UserId("@mallory:evil.test:8448")
MEMBERS = 8


@pytest.fixture
async def server(cluster: Cluster, net: FakeNet) -> AsyncIterator[Homeserver]:
    async with homeservers(cluster, net, "a.test") as (a,):
        yield a


@pytest.fixture
async def room(server: Homeserver) -> RoomId:
    made = await server.creates_room(server.user("alice"))
    for number in range(MEMBERS - 1):
        await server.does(server.user(f"m{number}"), made, Draft.member(server.user(f"m{number}"), "join"))
    return made


async def _joins(server: Homeserver, net: FakeNet, room: RoomId, *, omit_members: bool) -> Welcome:
    peer = EvilPeer("evil.test", net)
    template = await server.federation.resident.make_join(peer.name, room, MALLORY, ["12"])
    event = seal(template.event, ROOM_VERSIONS["12"], peer.key)
    return await server.federation.resident.send_join(
        peer.name, room, event.event_id, dict(event.pdu), omit_members=omit_members
    )


def _members(welcome: Welcome) -> set[str]:
    return {str(pdu["state_key"]) for pdu in map(orjson.loads, welcome.state) if pdu["type"] == "m.room.member"}


def _ids(pdus: Any) -> set[str]:
    return {parse_pdu(orjson.loads(pdu), ROOM_VERSIONS["12"]).event_id for pdu in pdus}


async def test_of_a_room_without_a_name_those_are_told_who_name_it(
    server: Homeserver, net: FakeNet, room: RoomId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resident, "MANY_MEMBERS", MEMBERS - 1)
    welcome = await _joins(server, net, room, omit_members=True)
    assert (welcome.members_omitted, len(_members(welcome))) == (True, 5)
    told = _ids([*welcome.state, *welcome.auth_chain])
    needed = {auth for pdu in (*map(orjson.loads, welcome.state), welcome.event) for auth in pdu["auth_events"]}
    assert needed <= told
    assert _ids(welcome.state).isdisjoint(_ids(welcome.auth_chain))
    assert welcome.servers == [server.name]


async def test_of_a_room_with_a_name_no_member_is_told(
    server: Homeserver, net: FakeNet, room: RoomId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resident, "MANY_MEMBERS", MEMBERS - 1)
    await server.does(server.user("alice"), room, Draft("m.room.name", {"name": "Agora"}, state_key=""))
    welcome = await _joins(server, net, room, omit_members=True)
    assert (welcome.members_omitted, _members(welcome)) == (True, set())
    assert {orjson.loads(pdu)["type"] for pdu in welcome.state} >= {
        "m.room.name",
        "m.room.power_levels",
        "m.room.join_rules",
    }


@pytest.mark.parametrize(("asked", "many"), [(False, MEMBERS - 1), (True, MEMBERS)])
async def test_all_members_are_told_to_who_wants_them_and_in_small_rooms(
    server: Homeserver, net: FakeNet, room: RoomId, monkeypatch: pytest.MonkeyPatch, asked: bool, many: int
) -> None:
    monkeypatch.setattr(resident, "MANY_MEMBERS", many)
    welcome = await _joins(server, net, room, omit_members=asked)
    assert (welcome.members_omitted, len(_members(welcome))) == (False, MEMBERS)
