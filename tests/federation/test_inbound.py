"""Transactions of peers: answered once, limited, bound to the room and the server they come from."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson
import pytest

from homeserver.errors import Forbidden, MatrixError
from homeserver.net.testing import FakeNet
from homeserver.protocol.events import build_pdu, join, seal
from homeserver.protocol.identifiers import RoomId, ServerName, UserId
from homeserver.protocol.room_versions import ROOM_VERSIONS
from homeserver.services.intents import Draft
from homeserver.services.resolution import MAX_TIPS, Resolution
from homeserver.storage.errors import DatabaseDown
from homeserver.storage.rows import REJECTED
from homeserver.storage.state import StateTable
from tests.support.evil_peer import EvilPeer
from tests.support.federation import Homeserver, eventually, homeservers
from tests.support.postgres import Cluster

SEND = "/_matrix/federation/v1/send/"
MALLORY = UserId("@mallory:evil.test:8448")


@pytest.fixture
def net() -> FakeNet:
    return FakeNet()


@pytest.fixture
async def pair(cluster: Cluster, net: FakeNet) -> AsyncIterator[list[Homeserver]]:
    async with homeservers(cluster, net, "a.test", "b.test") as servers:
        yield servers


@pytest.fixture
def peer(net: FakeNet) -> EvilPeer:
    return EvilPeer("evil.test", net)


async def _send(server: Homeserver, peer: EvilPeer, txn_id: str, body: Mapping[str, Any]) -> tuple[int, Any]:
    answer = await server.answer(peer.signed_request(server.name, "PUT", SEND + txn_id, body))
    return answer.status, orjson.loads(answer.body)


async def _pdu(
    a: Homeserver, peer: EvilPeer, room: str, *, sender: UserId = MALLORY, body: str = "x"
) -> dict[str, Any]:
    """A message by the peer's user on A's newest head."""
    head = await a.rooms.room(room)
    wanted = [("m.room.power_levels", ""), ("m.room.member", sender), ("m.room.create", "")]
    auth = [found.event_id for key in wanted if (found := head.event(key)) is not None]
    proto = build_pdu(
        head.rules,
        room_id=head.room_id,
        sender=sender,
        type="m.room.message",
        state_key=None,
        content={"msgtype": "m.text", "body": body},
        prev_events=[tip.event_id for tip in head.extremities.values()],
        auth_events=[event_id for event_id in auth if not (head.rules.create_is_room and event_id[1:] == room[1:])],
        depth=head.depth + 1,
        ts=a.clock.now_ms(),
    )
    return dict(seal(proto, head.rules, peer.key).pdu)


async def _mallory_joins(a: Homeserver, peer: EvilPeer, room: RoomId) -> None:
    """The peer joins by the handshake, as an honest server would."""
    template = await a.federation.resident.make_join(peer.name, room, MALLORY, ["12"])
    head = await a.rooms.room(room)
    event = seal(template.event, head.rules, peer.key)
    await a.federation.resident.send_join(peer.name, room, event.event_id, dict(event.pdu))


async def test_the_same_transaction_gets_the_same_answer_and_one_event(pair: list[Homeserver], peer: EvilPeer) -> None:
    a, _ = pair
    room = await a.creates_room(a.user("alice"))
    await _mallory_joins(a, peer, room)
    body = {"pdus": [await _pdu(a, peer, room, body="once")], "edus": []}
    first = await asyncio.gather(*(_send(a, peer, "t", body) for _ in range(10)))
    again = await _send(a, peer, "t", {"pdus": [], "edus": []})
    assert {orjson.dumps(answer) for _, answer in [*first, again]} == {orjson.dumps(first[0][1])}
    assert (await _send(a, peer, "t2", body))[1] == first[0][1]
    assert await a.texts(room) == ["once"]


@pytest.mark.parametrize(
    "body", [{"pdus": [{}] * 51}, {"edus": [{}] * 101}, {"pdus": {}}, {"pdus": [], "edus": 5}, [], {"pdus": None}]
)
async def test_a_transaction_beyond_the_limits_is_refused(pair: list[Homeserver], peer: EvilPeer, body: Any) -> None:
    status, answer = await _send(pair[0], peer, "t", body)
    assert (status, answer["errcode"]) == (400, "M_BAD_JSON")


@pytest.mark.parametrize(
    "pdu",
    [None, 5, "x", [], {}, {"room_id": 5}, {"room_id": "!nowhere"}, {"room_id": "\x00"}, {"type": "m.room.create"}],
)
async def test_a_bad_pdu_does_not_spoil_the_others(pair: list[Homeserver], peer: EvilPeer, pdu: Any) -> None:
    a, _ = pair
    room = await a.creates_room(a.user("alice"))
    await _mallory_joins(a, peer, room)
    status, _ = await _send(a, peer, "t", {"pdus": [pdu, await _pdu(a, peer, room, body="good")]})
    assert (status, await a.texts(room)) == (200, ["good"])


async def test_ids_that_cannot_be_stored_spoil_nothing(pair: list[Homeserver], peer: EvilPeer) -> None:
    a, _ = pair
    room = await a.creates_room(a.user("alice"))
    await _mallory_joins(a, peer, room)
    good = await _pdu(a, peer, room, body="good")
    bad = [good | {name: value} for name in ("prev_events", "auth_events") for value in (["$\x00"], ["\x00"], [5])]
    bad += [good | {name: "\x00"} for name in ("sender", "type", "state_key", "room_id")]
    status, _ = await _send(a, peer, "t", {"pdus": [*bad, good]})
    assert (status, await a.texts(room)) == (200, ["good"])


@pytest.mark.parametrize("name", ["prev_events", "auth_events", "redacts", "sender", "type", "state_key"])
async def test_a_signed_event_with_a_nul_spoils_nothing(pair: list[Homeserver], peer: EvilPeer, name: str) -> None:
    a, _ = pair
    room = await a.creates_room(a.user("alice"), version="12")
    await _mallory_joins(a, peer, room)
    good = await _pdu(a, peer, room, body="good")
    proto = {key: value for key, value in good.items() if key not in ("hashes", "signatures")}
    proto[name] = ["$\x00"] if name.endswith("_events") else f"\x00:{peer.name}"
    proto["type"] = "m.room.redaction" if name == "redacts" else proto["type"]
    odd = seal(proto | ({"content": {"redacts": "\x00"}} if name == "redacts" else {}), ROOM_VERSIONS["12"], peer.key)
    status, _ = await _send(a, peer, "t", {"pdus": [dict(odd.pdu), good]})
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
    await _mallory_joins(a, peer, room)
    forged = await _pdu(a, peer, room, sender=a.user("alice"), body="forged")
    status, _ = await _send(a, peer, "t", {"pdus": [forged]})
    assert (status, await a.texts(room)) == (200, [])


async def test_an_event_with_a_wrong_hash_is_shown_redacted(pair: list[Homeserver], peer: EvilPeer) -> None:
    a, _ = pair
    room = await a.creates_room(a.user("alice"))
    await _mallory_joins(a, peer, room)
    pdu = await _pdu(a, peer, room, body="as signed")
    pdu["content"] = {"msgtype": "m.text", "body": "changed on the way"}
    await _send(a, peer, "t", {"pdus": [pdu]})
    newest = (await a.timeline(room))[-1]
    assert orjson.loads(newest.body)["content"] == {}


async def test_one_who_is_not_in_the_room_says_nothing(pair: list[Homeserver], peer: EvilPeer) -> None:
    a, _ = pair
    room = await a.creates_room(a.user("alice"))
    pdu = await _pdu(a, peer, room)
    status, answer = await _send(a, peer, "t", {"pdus": [pdu]})
    assert (status, list(answer["pdus"].values())) == (200, [{}])
    assert await a.texts(room) == []


async def test_a_server_that_the_acl_denies_is_kept_out(pair: list[Homeserver], peer: EvilPeer) -> None:
    a, _ = pair
    room = await a.creates_room(a.user("alice"))
    await _mallory_joins(a, peer, room)
    await a.does(a.user("alice"), room, Draft("m.room.server_acl", {"allow": ["*"], "deny": ["evil.*"]}, state_key=""))
    pdu = await _pdu(a, peer, room)
    _, answer = await _send(a, peer, "t", {"pdus": [pdu]})
    assert all("error" in result for result in answer["pdus"].values())
    assert await a.texts(room) == []
    for path in ("state_ids", "state", "backfill"):
        uri = f"/_matrix/federation/v1/{path}/{room.replace('!', '%21')}?event_id=%24x&v=%24x"
        assert (await a.answer(peer.signed_request(a.name, "GET", uri))).status == 403


READS = [
    "state_ids/{room}?event_id={event}",
    "state/{room}?event_id={event}",
    "event_auth/{room}/{event}",
    "backfill/{room}?v={event}&limit=5",
]


@pytest.mark.parametrize("path", [*READS, "event/{event}"])
async def test_a_server_that_is_not_in_the_room_reads_nothing(
    pair: list[Homeserver], peer: EvilPeer, path: str
) -> None:
    a, _ = pair
    room = await a.creates_room(a.user("alice"))
    event = await a.says(a.user("alice"), room, "secret canary")
    uri = "/_matrix/federation/v1/" + path.format(room=room.replace("!", "%21"), event=event.replace("$", "%24"))
    answer = await a.answer(peer.signed_request(a.name, "GET", uri))
    assert answer.status in (403, 404)
    assert b"canary" not in answer.body


@pytest.mark.parametrize("path", READS)
async def test_an_event_of_another_room_is_not_served(pair: list[Homeserver], peer: EvilPeer, path: str) -> None:
    a, _ = pair
    open_room, closed = await a.creates_room(a.user("alice")), await a.creates_room(a.user("alice"))
    await _mallory_joins(a, peer, open_room)
    event = await a.says(a.user("alice"), closed, "secret canary")
    uri = "/_matrix/federation/v1/" + path.format(room=open_room.replace("!", "%21"), event=event.replace("$", "%24"))
    answer = await a.answer(peer.signed_request(a.name, "GET", uri))
    assert b"canary" not in answer.body
    assert closed.encode() not in answer.body


async def test_state_and_its_ids_agree(pair: list[Homeserver], peer: EvilPeer) -> None:
    a, _ = pair
    room = await a.creates_room(a.user("alice"))
    await _mallory_joins(a, peer, room)
    event = await a.says(a.user("alice"), room, "x")
    where = f"{room.replace('!', '%21')}?event_id={event.replace('$', '%24')}"
    ids = orjson.loads(
        (await a.answer(peer.signed_request(a.name, "GET", f"/_matrix/federation/v1/state_ids/{where}"))).body
    )
    full = orjson.loads(
        (await a.answer(peer.signed_request(a.name, "GET", f"/_matrix/federation/v1/state/{where}"))).body
    )
    assert sorted(ids["pdu_ids"]) == sorted((await a.state(room)).values())
    assert len(full["pdus"]) == len(ids["pdu_ids"])
    assert len(full["auth_chain"]) == len(ids["auth_chain_ids"])


async def test_missing_events_are_found_by_the_graph_beside_a_branch_that_came_late(
    pair: list[Homeserver], peer: EvilPeer
) -> None:
    a, _ = pair
    room = await a.creates_room(a.user("alice"))
    await _mallory_joins(a, peer, room)
    before = [tip.event_id for tip in (await a.rooms.room(room)).extremities.values()]
    late = await _pdu(a, peer, room, body="late")
    said = [await a.says(a.user("alice"), room, str(number)) for number in range(5)]
    await _send(a, peer, "t", {"pdus": [late]})
    branch = next(
        stored.event_id for stored in await a.timeline(room) if stored.sender == MALLORY and b"late" in stored.body
    )
    path = f"/_matrix/federation/v1/get_missing_events/{room.replace('!', '%21')}"

    async def missing(**asked: Any) -> list[str]:
        body = {"earliest_events": [*before, branch], "latest_events": [said[3]], "limit": 10, **asked}
        answer = await a.answer(peer.signed_request(a.name, "POST", path, body))
        return [pdu["content"]["body"] for pdu in orjson.loads(answer.body)["events"]]

    assert await missing() == ["0", "1", "2"]
    assert await missing(limit=2) == ["1", "2"]
    assert await missing(earliest_events=[said[1], branch]) == ["2"]
    assert await missing(latest_events=[said[0]]) == []


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
    status, _ = await _send(a, peer, "t", {"pdus": [], "edus": [5, {}, *edus, {"edu_type": "m.other", "content": {}}]})
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

        await eventually(all_have_all, within_s=10)
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
    assert (await _send(a, peer, "t", body))[0] == 503
    assert (await _send(a, peer, "t", body))[0] == 200
    assert heard == [{"n": 1}, {"n": 1}]


@pytest.mark.parametrize("version", ["11", "12"])
@pytest.mark.parametrize("kind", ["m.room.message", "m.room.create"])
async def test_an_event_without_parents_is_rejected(
    pair: list[Homeserver], peer: EvilPeer, version: str, kind: str
) -> None:
    a, _ = pair
    room = await a.creates_room(a.user("alice"), version=version)
    template = await a.federation.resident.make_join(peer.name, room, MALLORY, [version])
    head = await a.rooms.room(room)
    join_event = seal(template.event, head.rules, peer.key)
    await a.federation.resident.send_join(peer.name, room, join_event.event_id, dict(join_event.pdu))
    orphan = await _pdu(a, peer, room) | {"prev_events": [], "type": kind}
    event = seal({k: v for k, v in orphan.items() if k not in ("hashes", "signatures")}, head.rules, peer.key)
    before = await a.state(room)
    status, _ = await _send(a, peer, "t", {"pdus": [dict(event.pdu)]})
    stored = await a.events.by_id([event.event_id])  # a create event of version 12 is of another room, and dropped
    assert len(stored) == (0 if kind == "m.room.create" and version == "12" else 1)
    assert all(one.flags & REJECTED for one in stored)
    assert (status, await a.state(room)) == (200, before)


async def test_a_parent_in_another_room_lends_no_state(pair: list[Homeserver], peer: EvilPeer) -> None:
    a, _ = pair
    room, other = await a.creates_room(a.user("alice")), await a.creates_room(a.user("alice"))
    await _mallory_joins(a, peer, room)
    await _mallory_joins(a, peer, other)
    levels = {"users": {MALLORY: 100}, "invite": 0}
    await a.does(a.user("alice"), other, Draft("m.room.power_levels", levels, state_key=""))
    good = await _pdu(a, peer, room)
    elsewhere = [tip.event_id for tip in (await a.rooms.room(other)).extremities.values()]
    proto = {k: v for k, v in good.items() if k not in ("hashes", "signatures")} | {"prev_events": elsewhere}
    event = seal(
        proto | {"type": "m.room.topic", "state_key": "", "content": {"topic": "mine"}}, ROOM_VERSIONS["12"], peer.key
    )
    before = await a.state(room)
    await _send(a, peer, "t", {"pdus": [dict(event.pdu)]})
    assert await a.state(room) == before
    assert event.event_id not in {shown.event_id for shown in await a.timeline(room)}


async def test_an_event_at_the_greatest_depth_does_not_end_the_room(pair: list[Homeserver], peer: EvilPeer) -> None:
    a, _ = pair
    room = await a.creates_room(a.user("alice"))
    await _mallory_joins(a, peer, room)
    proto = {key: value for key, value in (await _pdu(a, peer, room)).items() if key not in ("hashes", "signatures")}
    deep = seal(proto | {"depth": 2**53 - 1}, ROOM_VERSIONS["12"], peer.key)
    await _send(a, peer, "t", {"pdus": [dict(deep.pdu)]})
    for text in ("still", "here"):
        await a.says(a.user("alice"), room, text)
    assert await a.texts(room) == ["x", "still", "here"]
    await a.federation.resident.make_join(peer.name, room, MALLORY, ["12"])


async def test_a_room_that_is_forked_often_costs_a_bounded_number_of_states(
    pair: list[Homeserver], peer: EvilPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, _ = pair
    room = await a.creates_room(a.user("alice"))
    await _mallory_joins(a, peer, room)
    base = {key: value for key, value in (await _pdu(a, peer, room)).items() if key not in ("hashes", "signatures")}
    rule = (await a.rooms.room(room)).event(("m.room.join_rules", ""))
    assert rule is not None
    base |= {"type": "m.room.member", "state_key": MALLORY, "auth_events": [*base["auth_events"], rule.event_id]}
    forks = [
        seal(base | {"content": {"membership": "join", "displayname": str(n)}}, ROOM_VERSIONS["12"], peer.key)
        for n in range(MAX_TIPS + 15)
    ]
    loaded: list[int] = []
    merge, state_at = Resolution.merge, StateTable.state_at

    async def counted(self: Resolution, *args: Any, **kwargs: Any) -> Any:
        loaded.append(0)
        return await merge(self, *args, **kwargs)

    async def count(self: StateTable, *args: Any) -> Any:
        if loaded:
            loaded[-1] += 1
        return await state_at(self, *args)

    monkeypatch.setattr(Resolution, "merge", counted)
    monkeypatch.setattr(StateTable, "state_at", count)
    for number, fork in enumerate(forks):
        await _send(a, peer, f"f{number}", {"pdus": [dict(fork.pdu)]})
    assert len((await a.rooms.room(room)).extremities) > MAX_TIPS
    assert 10 < max(loaded) <= MAX_TIPS + 6
    assert (await a.rooms.room(room)).membership(MALLORY) == "join"
    await a.says(a.user("alice"), room, "still")
