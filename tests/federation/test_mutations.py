"""What a hostile peer sends, in thousands of variants: no crash, no error of ours, nothing let in that may not be."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import orjson
import pytest

from homeserver.errors import MatrixError
from homeserver.federation.client.errors import FederationError
from homeserver.net.http import Answer, Request
from homeserver.net.testing import FakeNet
from homeserver.protocol.events import parse_pdu, seal
from homeserver.protocol.hashes import check_content_hash
from homeserver.protocol.identifiers import RoomId, UserId, server_of
from homeserver.protocol.room_versions import ROOM_VERSIONS
from homeserver.protocol.signing import verify_event
from homeserver.services.acceptance import event_of
from homeserver.services.intents import Draft
from homeserver.storage.rows import HIDDEN
from tests.support.evil_peer import EvilPeer
from tests.support.federation import Homeserver, homeservers
from tests.support.mutations import Mutator, made
from tests.support.postgres import Cluster

V1 = "/_matrix/federation/v1"
V2 = "/_matrix/federation/v2"
MALLORY = UserId("@mallory:evil.test:8448")
VERSIONS = ("1", "6", "11", "12")
STALL_S = 0.1

each_count = pytest.mark.parametrize("count", [1_000, pytest.param(20_000, marks=pytest.mark.full("federation"))])


class Scene(NamedTuple):
    a: Homeserver
    peer: EvilPeer
    rooms: dict[str, RoomId]


@pytest.fixture
async def scene(cluster: Cluster) -> AsyncIterator[Scene]:
    net = FakeNet()
    async with homeservers(cluster, net, "a.test") as (a,):
        peer = EvilPeer("evil.test", net)
        rooms: dict[str, RoomId] = {}
        for version in VERSIONS:
            room = rooms[version] = await a.creates_room(a.user("alice"), version=version)
            await a.says(a.user("alice"), room, "first")
            template = await a.federation.resident.make_join(peer.name, room, MALLORY, [version])
            join = seal(template.event, ROOM_VERSIONS[version], peer.key)
            await a.federation.resident.send_join(peer.name, room, join.event_id, dict(join.pdu))
        yield Scene(a, peer, rooms)


async def _seeds(scene: Scene, version: str) -> list[dict[str, Any]]:
    """Honest events of Mallory's on the head: what she may say, and what she may not."""
    room, rules = scene.rooms[version], ROOM_VERSIONS[version]
    head = await scene.a.rooms.room(room)
    kinds: list[tuple[str, str | None, dict[str, Any]]] = [
        ("m.room.message", None, {"msgtype": "m.text", "body": "x"}),
        ("m.reaction", None, {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$x", "key": "x"}}),
        ("m.room.member", MALLORY, {"membership": "join", "displayname": "M"}),
        ("m.room.member", scene.a.user("alice"), {"membership": "ban"}),
        ("m.room.power_levels", "", {"users": {MALLORY: 100}}),
        ("m.room.server_acl", "", {"allow": ["*"], "deny": ["a.test"]}),
        ("m.room.topic", "", {"topic": "x"}),
        ("m.room.redaction", None, {"redacts": "$x"}),
    ]  # fmt: skip
    wanted = [("m.room.create", ""), ("m.room.power_levels", ""), ("m.room.member", MALLORY)]
    found = [event for key in wanted if (event := head.event(key)) is not None]
    auth = [event.event_id for event in found if not (rules.create_is_room and event.type == "m.room.create")]
    tips = [tip.event_id for tip in head.extremities.values()]
    return [
        made(
            rules,
            scene.peer.key,
            room_id=room,
            sender=MALLORY,
            type=kind,
            state_key=state_key,
            content=content,
            prev_events=tips,
            auth_events=auth,
            depth=min(head.depth, 1_000) + 1,
            ts=scene.a.clock.now_ms(),
            hashes=dict.fromkeys([*auth, *tips], "A" * 43),
        )
        for kind, state_key, content in kinds
    ]


EDUS: list[dict[str, Any]] = [
    {"edu_type": "m.typing", "content": {"room_id": "!x", "user_id": MALLORY, "typing": True}},
    {"edu_type": "m.presence", "content": {"push": [{"user_id": MALLORY, "presence": "online", "last_active_ago": 5}]}},
    {"edu_type": "m.receipt", "content": {"!x": {"m.read": {MALLORY: {"event_ids": ["$x"], "data": {"ts": 5}}}}}},
    {"edu_type": "m.direct_to_device", "content": {"sender": MALLORY, "type": "x", "message_id": "1", "messages": {}}},
]


@each_count
@pytest.mark.timeout(900)
async def test_mutated_transactions_break_nothing_and_bring_nothing_in(scene: Scene, count: int) -> None:
    mutator, sent = Mutator(count), 0
    before = {version: await _state(scene, version) for version in VERSIONS}
    while sent < count:
        pdus: list[dict[str, Any]] = []
        for version in VERSIONS:
            seeds = await _seeds(scene, version)
            choices = [lambda seed=seed: seed for seed in seeds]  # type: ignore[misc]  # bound at once
            rules = ROOM_VERSIONS[version]
            pdus += [mutator.mutated_pdu(mutator.pick(list(choices)), rules, scene.peer.key) for _ in range(12)]
        edus = [mutator.mutated(edu) for edu in EDUS]
        status = await _send(scene, f"t{sent}", {"pdus": pdus, "edus": edus})
        assert status == 200, sent
        sent += len(pdus) + len(edus)
    for version in VERSIONS:
        assert await _state(scene, version) == before[version]
        assert await _check_accepted(scene, version) > 0  # what is still good in spite of its changes
    assert await scene.a.says(scene.a.user("alice"), scene.rooms["12"], "still here")


async def test_mutated_requests_are_refused_without_an_error_of_ours(scene: Scene) -> None:
    mutator = Mutator(7)
    seed = (await _seeds(scene, "12"))[1]
    room, event_id = scene.rooms["12"], parse_pdu(seed, ROOM_VERSIONS["12"]).event_id
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("PUT", f"{V2}/send_join/{room}/{event_id}", seed),
        ("PUT", f"{V2}/send_leave/{room}/{event_id}", seed),
        ("PUT", f"{V1}/send_knock/{room}/{event_id}", seed),
        ("PUT", f"{V1}/invite/{room}/{event_id}", seed),
        ("PUT", f"{V2}/invite/{room}/{event_id}", {"room_version": "12", "event": seed, "invite_room_state": [seed]}),
        ("PUT", f"{V1}/exchange_third_party_invite/{room}", seed),
        ("POST", f"{V1}/get_missing_events/{room}", {"earliest_events": [], "latest_events": [event_id], "limit": 5}),
        ("POST", f"{V1}/publicRooms", {"limit": 5, "since": "x", "filter": {"generic_search_term": "x"}}),
        ("PUT", f"{V1}/send/x", {"origin": "x", "pdus": [seed], "edus": EDUS}),
        ("PUT", f"{V1}/3pid/onbind", {"medium": "email", "address": "x", "mxid": "@alice:a.test:8448", "invites": []}),
    ]
    for number in range(300):
        method, path, body = requests[number % len(requests)]
        status = await _ask(scene, method, path.replace("send/x", f"send/{number}"), mutator.mutated(body))
        assert status < 500, (path, status)


@pytest.mark.parametrize("seed", [1, 2])
async def test_mutated_answers_of_a_resident_break_nothing(cluster: Cluster, seed: int) -> None:
    net = FakeNet()
    async with homeservers(cluster, net, "a.test", "b.test") as (a, b):
        mutator = Mutator(seed)
        room = await a.creates_room(a.user("alice"), version="11")
        await a.says(a.user("alice"), room, "hello")
        net.answers("a.test", 8448, _mutating(a, mutator))
        for number in range(40):
            user = b.user(f"u{number}")
            try:
                await b.federation.remote_join.join(user, room, [a.name], {})
            except (MatrixError, FederationError):
                continue
            head = await b.rooms.reload(room)
            assert head is not None
            assert head.power.of_user("@alice:a.test:8448") in (0, 100)
            assert all(server_of(name) in (a.name, b.name) for name in head.members)
            await b.says(user, room, "in")
            await b.does(user, room, Draft.member(user, "leave"))


def _mutating(server: Homeserver, mutator: Mutator) -> Any:
    async def answer(request: Request) -> Answer:
        honest = await server.answer(request)
        if honest.status != 200:
            return honest
        body = orjson.loads(honest.body)
        return Answer(honest.status, honest.headers, _text(mutator.mutated(body, changes=1)))

    return answer


def _text(body: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:
        return str(body).encode(errors="replace")


async def test_mutated_key_documents_break_nothing(scene: Scene) -> None:
    mutator = Mutator(11)
    keyring = scene.a.federation.keyring
    for number in range(200):
        peer = EvilPeer(f"k{number}.test", scene.a.net)
        document = mutator.mutated(peer.key_document())
        peer.replies["/_matrix/key/v2/server"] = Answer(200, {}, _text(document))
        peer.replies["/.well-known/"] = Answer(200, {}, _text(mutator.mutated({"m.server": peer.name})))
        await keyring.prepare({(peer.name, peer.key.key_id, scene.a.clock.now_ms())})
        request = peer.signed_request(scene.a.name, "GET", f"{V1}/query/profile?user_id=%40alice%3Aa.test%3A8448")
        assert (await scene.a.answer(request)).status in (200, 401)


@pytest.mark.full("federation")
async def test_the_loop_is_not_held_up_by_what_peers_send(scene: Scene) -> None:
    mutator, stalls, ends = Mutator(5), [], asyncio.Event()

    async def watch() -> None:
        while not ends.is_set():
            at = time.thread_time()  # what the loop's thread computes between two turns, however busy the machine is
            await asyncio.sleep(0.005)
            stalls.append(time.thread_time() - at)

    seeds = await _seeds(scene, "12")
    bodies = [
        {"pdus": [mutator.mutated_pdu(seed, ROOM_VERSIONS["12"], scene.peer.key) for seed in seeds * 7][:49]}
        for _ in range(200)
    ]
    gc.collect()
    gc.freeze()  # as `serve` does: what all tests before this one left is not the server's to walk through
    watching = asyncio.create_task(watch())
    for number, body in enumerate(bodies):
        assert await _send(scene, f"s{number}", body) == 200
    ends.set()
    await watching
    gc.unfreeze()
    assert sorted(stalls)[int(len(stalls) * 0.999)] < STALL_S


async def _send(scene: Scene, txn_id: str, body: dict[str, Any]) -> int:
    return await _ask(scene, "PUT", f"{V1}/send/{txn_id}", body)


async def _ask(scene: Scene, method: str, path: str, body: dict[str, Any]) -> int:
    path = path.replace("!", "%21").replace("$", "%24").replace(":", "%3A")
    answer = await scene.a.answer(scene.peer.signed_request(scene.a.name, method, path, body))
    return answer.status


async def _state(scene: Scene, version: str) -> dict[tuple[str, str], str]:
    """The state that Mallory has no power over."""
    state = await scene.a.state(scene.rooms[version])
    return {key: event_id for key, event_id in state.items() if key[1] != MALLORY and key[1] != server_of(MALLORY)}


async def _check_accepted(scene: Scene, version: str) -> int:
    """How much is shown of Mallory's; all of it is hers: her signature, her hash, a kind that she may send."""
    rules = ROOM_VERSIONS[version]
    shown = 0
    page = await scene.a.timeline(scene.rooms[version])
    for stored in await scene.a.events.by_id([event.event_id for event in page]):
        event = event_of(stored, rules)
        if event.sender == scene.a.user("alice") or stored.flags & HIDDEN:
            continue
        shown += 1
        assert event.sender == MALLORY
        assert event.room_id == scene.rooms[version]
        verify_event(event.pdu, rules, scene.peer.name, scene.peer.key.key_id, scene.peer.key.verify_key)
        assert parse_pdu(dict(event.pdu), rules).event_id == event.event_id
        assert check_content_hash(event.pdu, rules) or stored.redacted_by or not event.content or event.is_state
        assert event.state_key in (None, MALLORY, server_of(MALLORY))
    return shown
