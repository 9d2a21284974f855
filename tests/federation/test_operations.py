"""Every server-server operation: it has a route, it answers, and it never serves one room for another."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from urllib.parse import quote

import orjson
import pytest

from homeserver.errors import Forbidden, MatrixError, NotFound
from homeserver.federation.server import (
    devices,
    directory,
    events,
    keys,
    media,
    openid,
    queries,
    rooms,
    rooms_v1,
    third_party,
    transactions,
)
from homeserver.federation.server.http import PeerTable
from homeserver.net.testing import FakeNet
from homeserver.protocol.events import seal
from homeserver.protocol.identifiers import EventId, RoomId, ServerName, UserId
from homeserver.protocol.room_versions import ROOM_VERSIONS
from homeserver.protocol.server_acl import ServerAcl
from homeserver.services.intents import Draft
from tests.support.evil_peer import EvilPeer
from tests.support.federation import Homeserver, homeservers
from tests.support.postgres import Cluster
from tests.support.spec import spec_file

V1 = "/_matrix/federation/v1"
V2 = "/_matrix/federation/v2"
MALLORY = UserId("@mallory:evil.test:8448")
ELSEWHERE = {
    ("GET", "/.well-known/matrix/server"): "with the other well-known files, in client_api/versions.py",
    ("POST", "/_matrix/policy/v1/sign"): "not answered: only a policy server has it, and this server is none",
}
SIGNATURE_OF_OLD_FORMS = {
    ("PUT", f"{V1}/send_join/<room_id>/<event_id>"),
    ("PUT", f"{V1}/send_leave/<room_id>/<event_id>"),
    ("GET", "/_matrix/key/v2/server/<key_id>"),
    ("GET", "/_matrix/key/v2/query/<server>/<key_id>"),
}


def _shape(path: str) -> str:
    """A path with its parameters nameless."""
    return "/".join("*" if part[:1] in ("{", "<") else part for part in path.split("/"))


def _routes() -> set[tuple[str, str]]:
    return {(route.method, _shape(route.path)) for route in _table().routes}


def _table() -> PeerTable:
    nothing: Any = None
    table = PeerTable(ServerName("a.test"), nothing, nothing, allowed=ServerAcl.of({"allow": ["*"]}), limits=nothing)
    devices.endpoints(table, ServerName("a.test"), nothing)
    directory.endpoints(table, nothing, nothing, is_public=True)
    events.endpoints(table, nothing, nothing, nothing)
    keys.endpoints(table, nothing, nothing)
    media.endpoints(table, nothing, nothing, nothing)
    openid.endpoints(table, nothing, nothing)
    queries.endpoints(table, ServerName("a.test"), nothing, nothing, nothing)
    rooms.endpoints(table, nothing, nothing)
    rooms_v1.endpoints(table, nothing, nothing)
    third_party.endpoints(table, nothing, nothing)
    transactions.endpoints(table, nothing)
    return table


def test_every_operation_of_the_specification_has_a_route() -> None:
    rows = [line.split("\t") for line in spec_file("endpoints.tsv").read_text().splitlines()]
    operations = {(row[1], row[2]) for row in rows if row[0] == "ss"}
    assert len(operations) == 36
    missing = {one for one in operations if (one[0], _shape(one[1])) not in _routes()}
    assert missing == set(ELSEWHERE)
    assert {(method, _shape(path)) for method, path in SIGNATURE_OF_OLD_FORMS} <= _routes()


class Scene(NamedTuple):
    """Mallory is in `room` with Alice; in `secret` and its event nobody of her server is."""

    a: Homeserver
    peer: EvilPeer
    room: RoomId
    event: EventId
    secret: RoomId
    secret_event: EventId

    async def asks(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        answer = await self.a.answer(self.peer.signed_request(self.a.name, method, path, body))
        return answer.status, orjson.loads(answer.body)


@pytest.fixture
async def scene(cluster: Cluster) -> AsyncIterator[Scene]:
    net = FakeNet()
    async with homeservers(cluster, net, "a.test") as (a,):
        peer = EvilPeer("evil.test", net)
        alice = a.user("alice")
        room, secret = await a.creates_room(alice), await a.creates_room(alice, join_rule="invite")
        template = await a.federation.resident.make_join(peer.name, room, MALLORY, ["12"])
        join = seal(template.event, ROOM_VERSIONS["12"], peer.key)
        await a.federation.resident.send_join(peer.name, room, join.event_id, dict(join.pdu))
        event, hidden = await a.says(alice, room, "hello"), await a.says(alice, secret, "canary")
        yield Scene(a, peer, room, event, secret, hidden)


def _of(room: str, event: str) -> dict[str, tuple[str, str, Any]]:
    """Every request that names a room or an event, for these."""
    r, e, m = quote(room, safe=""), quote(event, safe=""), quote(MALLORY, safe="")
    missing = {"earliest_events": [], "latest_events": [event], "limit": 10}
    member = {"type": "m.room.member", "sender": MALLORY, "state_key": MALLORY, "room_id": room}
    return {
        "event": ("GET", f"{V1}/event/{e}", None),
        "state": ("GET", f"{V1}/state/{r}?event_id={e}", None),
        "state_ids": ("GET", f"{V1}/state_ids/{r}?event_id={e}", None),
        "event_auth": ("GET", f"{V1}/event_auth/{r}/{e}", None),
        "backfill": ("GET", f"{V1}/backfill/{r}?v={e}&limit=10", None),
        "missing": ("POST", f"{V1}/get_missing_events/{r}", missing),
        "timestamp": ("GET", f"{V1}/timestamp_to_event/{r}?ts=9999999999999&dir=b", None),
        "hierarchy": ("GET", f"{V1}/hierarchy/{r}", None),
        "make_join": ("GET", f"{V1}/make_join/{r}/{m}?ver=12", None),
        "make_leave": ("GET", f"{V1}/make_leave/{r}/{m}", None),
        "make_knock": ("GET", f"{V1}/make_knock/{r}/{m}?ver=12", None),
        "send_join": ("PUT", f"{V2}/send_join/{r}/{e}", member),
        "send_join v1": ("PUT", f"{V1}/send_join/{r}/{e}", member),
        "send_leave": ("PUT", f"{V2}/send_leave/{r}/{e}", member),
        "send_leave v1": ("PUT", f"{V1}/send_leave/{r}/{e}", member),
        "send_knock": ("PUT", f"{V1}/send_knock/{r}/{e}", member),
        "invite": ("PUT", f"{V2}/invite/{r}/{e}", {"room_version": "12", "event": member}),
        "invite v1": ("PUT", f"{V1}/invite/{r}/{e}", member),
        "exchange": ("PUT", f"{V1}/exchange_third_party_invite/{r}", member | {"content": {}}),
    }


def test_every_route_that_names_a_room_or_an_event_is_tried() -> None:
    routes = {
        (route.method, _shape(route.path))
        for route in _table().routes
        if "<room_id>" in route.path or "<event_id>" in route.path
    }
    parameters = {"R", "E", quote(MALLORY, safe="")}
    tried = {
        (method, "/".join("*" if part in parameters else part for part in path.partition("?")[0].split("/")))
        for method, path, _ in _of("R", "E").values()
    }
    assert tried == routes


READS = ("event", "state", "state_ids", "event_auth", "backfill", "missing", "timestamp", "hierarchy", "make_leave")


async def test_what_a_member_asks_of_its_room_is_answered(scene: Scene) -> None:
    asked = _of(scene.room, scene.event)
    answers = {name: await scene.asks(*asked[name]) for name in READS}
    assert {name: status for name, (status, _) in answers.items()} == dict.fromkeys(READS, 200)
    assert answers["timestamp"][1]["event_id"] == scene.event
    assert answers["hierarchy"][1]["room"]["room_id"] == scene.room
    assert [pdu["content"]["body"] for pdu in answers["event"][1]["pdus"]] == ["hello"]


@pytest.mark.parametrize("which", ["room and event", "event", "room"])
async def test_no_room_is_served_for_another(scene: Scene, which: str) -> None:
    swapped = {
        "room and event": (scene.secret, scene.secret_event),
        "event": (scene.room, scene.secret_event),
        "room": (scene.secret, scene.event),
    }[which]
    # Without a second id in the request there is nothing to swap: what is asked is Mallory's to know.
    fair = {"room and event": set(), "room": {"event"}, "event": {"timestamp", "hierarchy", "make_join", "make_leave"}}
    secret = {scene.secret, scene.secret_event, "canary"} - ({swapped[0]} if which != "event" else set())
    for name, request in _of(*swapped).items():
        status, answer = await scene.asks(*request)
        text = orjson.dumps(answer).decode()
        assert not any(word in text for word in secret - {swapped[1]}), (name, text)
        empty = {"pdus": [], "events": [], "auth_chain": []}
        holds_nothing = status == 200 and not any(answer.get(key) for key in empty if key in answer)
        assert status in (400, 403, 404) or name in fair[which] or holds_nothing, (name, status, text)


async def test_a_server_that_the_room_denies_gets_nothing(scene: Scene) -> None:
    acl = {"allow": ["*"], "deny": ["evil.test"]}
    await scene.a.does(scene.a.user("alice"), scene.room, Draft("m.room.server_acl", acl, state_key=""))
    for name, request in _of(scene.room, scene.event).items():
        status, answer = await scene.asks(*request)
        assert status in (400, 403, 404), (name, answer)
        assert status != 400 or name in ("invite v1", "invite", "exchange", "send_knock"), (name, answer)


async def test_a_server_that_the_admin_does_not_allow_gets_nothing(cluster: Cluster) -> None:
    net = FakeNet()
    async with homeservers(cluster, net, "a.test", allow=("good.*",)) as (a,):
        peer = EvilPeer("evil.test", net)
        room = await a.creates_room(a.user("alice"))
        for name, request in _of(room, await a.says(a.user("alice"), room, "x")).items():
            answer = await a.answer(peer.signed_request(a.name, *request))
            assert answer.status == 403, name
        with pytest.raises(MatrixError):
            await a.federation.queries.profile("evil.test:8448", MALLORY)
        with pytest.raises(MatrixError):
            await a.joins(a.user("alice"), RoomId("!x:evil.test:8448"), "evil.test:8448")
        assert peer.requests == []


async def test_questions_about_users_and_rooms_are_asked_and_answered(cluster: Cluster) -> None:
    net = FakeNet()
    async with homeservers(cluster, net, "a.test", "b.test") as (a, b):
        ask = b.federation.queries
        room = await a.creates_room(a.user("alice"))
        await a.does(a.user("alice"), room, Draft("m.room.name", {"name": "Agora"}, state_key=""))
        await a.table.set_public((await a.rooms.room(room)).room_nid, is_public=True)
        page = await ask.public_rooms(a.name, {"filter": {"generic_search_term": "agora"}})
        assert [entry["room_id"] for entry in page["chunk"]] == [room]
        assert (await ask.hierarchy(a.name, room, suggested_only=False))["room"]["name"] == "Agora"
        assert await ask.openid_user(a.name, "alice") == a.user("alice")
        with pytest.raises(NotFound):
            await ask.openid_user(a.name, "expired")
        assert (await ask.version(a.name))[0] == "Hearth"
        await a.table.create_alias(f"#agora:{a.name}", room, a.user("alice"), 5)
        assert (await ask.directory(a.name, f"#agora:{a.name}")).room_id == room
        await b.joins(b.user("bob"), room, a.name)
        found = await ask.timestamp_to_event(a.name, room, ts=a.clock.now_ms() + 1000, backwards=True)
        assert found["event_id"] in {event.event_id for event in await a.timeline(room)}
        with pytest.raises((NotFound, Forbidden)):
            await ask.timestamp_to_event(a.name, room, ts=a.clock.now_ms() + 9000, backwards=False)


async def test_the_list_of_rooms_can_be_paged_by_get(scene: Scene) -> None:
    nid = (await scene.a.rooms.room(scene.room)).room_nid
    await scene.a.table.set_public(nid, is_public=True)
    status, page = await scene.asks("GET", f"{V1}/publicRooms?limit=5")
    assert (status, [entry["room_id"] for entry in page["chunk"]]) == (200, [scene.room])


async def test_there_are_no_other_queries(scene: Scene) -> None:
    status, answer = await scene.asks("GET", f"{V1}/query/fortune?of=alice")
    assert (status, answer["errcode"]) == (404, "M_UNRECOGNIZED")
