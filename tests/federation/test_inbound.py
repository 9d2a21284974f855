"""Transactions of peers: answered once, limited, bound to the room and the server they come from."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from homeserver.errors import Forbidden, MatrixError
from homeserver.net.testing import FakeNet
from homeserver.protocol.events import join, seal
from homeserver.protocol.identifiers import ServerName
from homeserver.protocol.room_versions import ROOM_VERSIONS
from homeserver.services.intents import Draft
from homeserver.storage.errors import DatabaseDown
from tests.support import mallory
from tests.support.evil_peer import EvilPeer
from tests.support.federation import Homeserver, eventually, homeservers
from tests.support.mallory import MALLORY
from tests.support.postgres import Cluster


async def test_the_same_transaction_gets_the_same_answer_and_one_event(pair: list[Homeserver], peer: EvilPeer) -> None:
    a, _ = pair
    room = await a.creates_room(a.user("alice"))
    await mallory.joins(a, peer, room)
    body = {"pdus": [await mallory.message(a, peer, room, body="once")], "edus": []}
    first = await asyncio.gather(*(mallory.send(a, peer, "t", body) for _ in range(10)))
    again = await mallory.send(a, peer, "t", {"pdus": [], "edus": []})
    assert {orjson.dumps(answer) for _, answer in [*first, again]} == {orjson.dumps(first[0][1])}
    assert (await mallory.send(a, peer, "t2", body))[1] == first[0][1]
    assert await a.texts(room) == ["once"]


@pytest.mark.parametrize(
    "body", [{"pdus": [{}] * 51}, {"edus": [{}] * 101}, {"pdus": {}}, {"pdus": [], "edus": 5}, [], {"pdus": None}]
)
async def test_a_transaction_beyond_the_limits_is_refused(pair: list[Homeserver], peer: EvilPeer, body: Any) -> None:
    status, answer = await mallory.send(pair[0], peer, "t", body)
    assert (status, answer["errcode"]) == (400, "M_BAD_JSON")


@pytest.mark.parametrize(
    "pdu",
    [None, 5, "x", [], {}, {"room_id": 5}, {"room_id": "!nowhere"}, {"room_id": "\x00"}, {"type": "m.room.create"}],
)
async def test_a_bad_pdu_does_not_spoil_the_others(pair: list[Homeserver], peer: EvilPeer, pdu: Any) -> None:
    a, _ = pair
    room = await a.creates_room(a.user("alice"))
    await mallory.joins(a, peer, room)
    status, _ = await mallory.send(a, peer, "t", {"pdus": [pdu, await mallory.message(a, peer, room, body="good")]})
    assert (status, await a.texts(room)) == (200, ["good"])


async def test_ids_that_cannot_be_stored_spoil_nothing(pair: list[Homeserver], peer: EvilPeer) -> None:
    a, _ = pair
    room = await a.creates_room(a.user("alice"))
    await mallory.joins(a, peer, room)
    good = await mallory.message(a, peer, room, body="good")
    bad = [good | {name: value} for name in ("prev_events", "auth_events") for value in (["$\x00"], ["\x00"], [5])]
    bad += [good | {name: "\x00"} for name in ("sender", "type", "state_key", "room_id")]
    status, _ = await mallory.send(a, peer, "t", {"pdus": [*bad, good]})
    assert (status, await a.texts(room)) == (200, ["good"])


@pytest.mark.parametrize("name", ["prev_events", "auth_events", "redacts", "sender", "type", "state_key"])
async def test_a_signed_event_with_a_nul_spoils_nothing(pair: list[Homeserver], peer: EvilPeer, name: str) -> None:
    a, _ = pair
    room = await a.creates_room(a.user("alice"), version="12")
    await mallory.joins(a, peer, room)
    good = await mallory.message(a, peer, room, body="good")
    proto = {key: value for key, value in good.items() if key not in ("hashes", "signatures")}
    proto[name] = ["$\x00"] if name.endswith("_events") else f"\x00:{peer.name}"
    proto["type"] = "m.room.redaction" if name == "redacts" else proto["type"]
    odd = seal(proto | ({"content": {"redacts": "\x00"}} if name == "redacts" else {}), ROOM_VERSIONS["12"], peer.key)
    status, _ = await mallory.send(a, peer, "t", {"pdus": [dict(odd.pdu), good]})
    assert (status, await a.texts(room)) == (200, ["good"])


async def test_a_member_with_a_nul_in_the_name_is_a_member(pair: list[Homeserver], peer: EvilPeer) -> None:
    a, _ = pair
    room = await a.creates_room(a.user("alice"))
    template = await a.federation.resident.make_join(peer.name, room, MALLORY, ["12"])
    template.event["content"] = {"membership": "join", "displayname": "M\x00"}
    event = seal(template.event, ROOM_VERSIONS["12"], peer.key)
    await a.federation.resident.send_join(peer.name, room, event.event_id, dict(event.pdu))
    assert (await a.rooms.room(room)).members[MALLORY][3:] == (None, None)


async def test_an_event_of_another_servers_user_needs_that_servers_signature(
    pair: list[Homeserver], peer: EvilPeer
) -> None:
    a, _ = pair
    room = await a.creates_room(a.user("alice"))
    await mallory.joins(a, peer, room)
    forged = await mallory.message(a, peer, room, sender=a.user("alice"), body="forged")
    status, _ = await mallory.send(a, peer, "t", {"pdus": [forged]})
    assert (status, await a.texts(room)) == (200, [])


async def test_an_event_with_a_wrong_hash_is_shown_redacted(pair: list[Homeserver], peer: EvilPeer) -> None:
    a, _ = pair
    room = await a.creates_room(a.user("alice"))
    await mallory.joins(a, peer, room)
    pdu = await mallory.message(a, peer, room, body="as signed")
    pdu["content"] = {"msgtype": "m.text", "body": "changed on the way"}
    await mallory.send(a, peer, "t", {"pdus": [pdu]})
    newest = (await a.timeline(room))[-1]
    assert orjson.loads(newest.body)["content"] == {}


async def test_one_who_is_not_in_the_room_says_nothing(pair: list[Homeserver], peer: EvilPeer) -> None:
    a, _ = pair
    room = await a.creates_room(a.user("alice"))
    pdu = await mallory.message(a, peer, room)
    status, answer = await mallory.send(a, peer, "t", {"pdus": [pdu]})
    assert (status, list(answer["pdus"].values())) == (200, [{}])
    assert await a.texts(room) == []


async def test_edus_reach_those_who_know_them_and_bad_ones_spoil_nothing(
    pair: list[Homeserver], peer: EvilPeer
) -> None:
    a, _ = pair
    heard: list[tuple[ServerName, Mapping[str, Any]]] = []

    async def hear(origin: ServerName, content: Mapping[str, Any]) -> None:
        if "fail" in content:
            raise Forbidden
        heard.append((origin, content))

    a.federation.inbound.on_edu("m.test", hear)
    edus = [{"edu_type": "m.test", "content": content} for content in ({"fail": 1}, {"n": 1}, {"f": 1.5}, [], None)]
    status, _ = await mallory.send(
        a, peer, "t", {"pdus": [], "edus": [5, {}, *edus, {"edu_type": "m.other", "content": {}}]}
    )
    assert (status, heard) == (200, [(peer.name, {"n": 1})])


async def test_a_restricted_room_lets_in_a_member_of_the_other_room(cluster: Cluster, pair: list[Homeserver]) -> None:
    a, b = pair
    club = await a.creates_room(a.user("alice"))
    room = await a.creates_room(a.user("alice"), join_rule="invite")
    rule = {"join_rule": "restricted", "allow": [{"type": "m.room_membership", "room_id": club}]}
    await a.does(a.user("alice"), room, Draft("m.room.join_rules", rule, state_key=""))
    with pytest.raises(MatrixError):
        await b.joins(b.user("bob"), room, via=a.name)
    await b.joins(b.user("bob"), club, via=a.name)
    await b.joins(b.user("bob"), room, via=a.name)
    member = (await b.rooms.room(room)).members[b.user("bob")]
    (stored,) = await b.events.by_id([member.event_id])
    pdu = join(stored.body, stored.envelope, (await b.rooms.room(room)).rules).pdu
    assert pdu["content"]["join_authorised_via_users_server"] == a.user("alice")
    assert pdu["signatures"].keys() == {a.name, b.name}
    assert await a.state(room) == await b.state(room)


async def test_a_third_server_hears_of_joins_and_messages(cluster: Cluster, net: FakeNet) -> None:
    async with homeservers(cluster, net, "x.test", "y.test", "z.test") as (x, y, z):
        room = await x.creates_room(x.user("alice"))
        await y.joins(y.user("bob"), room, via=x.name)
        await z.joins(z.user("carol"), room, via=y.name)
        said = [await server.says(server.user(name), room, name) for server, name in ((x, "alice"), (y, "bob"))]
        said.append(await z.says(z.user("carol"), room, "carol"))

        async def all_have_all() -> bool:
            seen = [await server.texts(room) for server in (x, y, z)]
            return all(sorted(texts) == ["alice", "bob", "carol"] for texts in seen)

        await eventually(all_have_all, within_s=30)  # an event whose ancestors lack is put off for ten
        states = [await server.state(room) for server in (x, y, z)]
        assert states[0] == states[1] == states[2]
        assert len(set(said)) == 3


async def test_edus_that_no_database_could_take_are_sent_again(pair: list[Homeserver], peer: EvilPeer) -> None:
    a, _ = pair
    heard: list[Mapping[str, Any]] = []

    async def hear(_origin: ServerName, content: Mapping[str, Any]) -> None:
        heard.append(content)
        if len(heard) == 1:
            raise DatabaseDown

    a.federation.inbound.on_edu("m.test", hear)
    body = {"pdus": [], "edus": [{"edu_type": "m.test", "content": {"n": 1}}]}
    assert (await mallory.send(a, peer, "t", body))[0] == 503
    assert (await mallory.send(a, peer, "t", body))[0] == 200
    assert heard == [{"n": 1}, {"n": 1}]
