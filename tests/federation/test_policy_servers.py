"""Rooms with a policy server: what it signs is sent and shown, what it refuses is neither."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import orjson
import pytest

from homeserver.errors import MatrixError, Unavailable
from homeserver.net.http import Answer, Request
from homeserver.net.testing import FakeNet
from homeserver.protocol.events import parse_pdu, seal
from homeserver.protocol.identifiers import RoomId, ServerName, UserId
from homeserver.protocol.room_versions import ROOM_VERSIONS
from homeserver.protocol.signing import SigningKey, sign_event
from homeserver.services.intents import Draft
from homeserver.storage.rows import SOFT_FAILED
from tests.support.evil_peer import EvilPeer
from tests.support.federation import Homeserver, eventually, homeservers
from tests.support.postgres import Cluster

SIGN = "/_matrix/policy/v1/sign"
WARDEN = UserId("@warden:policy.test:8448")
RULES = ROOM_VERSIONS["12"]


class Scene(NamedTuple):
    a: Homeserver
    b: Homeserver
    policy: EvilPeer
    room: RoomId
    key: SigningKey

    def asked(self) -> int:
        return sum(request.target == SIGN for request in self.policy.requests)


def _signing(peer: EvilPeer, key: SigningKey) -> Any:
    """A policy server that refuses what says spam."""

    def answer(request: Request) -> Any:
        pdu = orjson.loads(request.body or b"{}")
        if "spam" in str(pdu["content"]):
            return Answer(400, {}, b'{"errcode":"M_FORBIDDEN","error":"No spam here"}')
        return {peer.name: sign_event(pdu, RULES, key)["signatures"][peer.name]}

    return answer


@pytest.fixture
async def scene(cluster: Cluster) -> AsyncIterator[Scene]:
    net = FakeNet()
    async with homeservers(cluster, net, "a.test", "b.test") as (a, b):
        policy = EvilPeer("policy.test", net)
        key = SigningKey(ServerName("policy.test:8448"), "ed25519:policy_server", b"p" * 32)
        room = await a.creates_room(a.user("alice"))
        template = await a.federation.resident.make_join(policy.name, room, WARDEN, ["12"])
        join = seal(template.event, RULES, policy.key)
        await a.federation.resident.send_join(policy.name, room, join.event_id, dict(join.pdu))
        await b.joins(b.user("bob"), room, a.name)
        policy.replies[SIGN] = _signing(policy, key)
        policy.replies["/_matrix/federation/v1/send/"] = {"pdus": {}}
        content = {"via": policy.name, "public_keys": {"ed25519": key.verify_key_base64}}
        await a.does(a.user("alice"), room, Draft("m.room.policy", content, state_key=""))

        async def is_known() -> bool:
            return ("m.room.policy", "") in (await b.rooms.room(room)).state

        await eventually(is_known)
        yield Scene(a, b, policy, room, key)


async def test_an_event_is_signed_by_the_policy_server_before_it_is_sent(scene: Scene) -> None:
    a, b = scene.a, scene.b
    assert scene.asked() == 0  # the event that names it is not for it to judge
    await a.says(a.user("alice"), scene.room, "hello")
    await eventually(lambda: _has(b, scene.room, ["hello"]))
    assert scene.asked() == 1
    await b.says(b.user("bob"), scene.room, "hello yourself")
    await eventually(lambda: _has(a, scene.room, ["hello", "hello yourself"]))
    assert scene.asked() == 2


async def test_what_it_refuses_is_not_sent_and_the_sender_hears_why(scene: Scene) -> None:
    with pytest.raises(MatrixError, match="No spam here") as refused:
        await scene.a.says(scene.a.user("alice"), scene.room, "spam")
    assert (refused.value.status, refused.value.errcode) == (400, "M_FORBIDDEN")
    assert await scene.a.texts(scene.room) == []


async def test_nothing_is_sent_while_it_is_away(scene: Scene) -> None:
    scene.a.net.down.add("policy.test")
    with pytest.raises(Unavailable):
        await scene.a.says(scene.a.user("alice"), scene.room, "hello")
    assert await scene.a.texts(scene.room) == []


async def test_events_of_others_without_its_signature_are_soft_failed(scene: Scene) -> None:
    event = await _unsigned_event(scene, "spam of mine")
    status = await _send(scene, event)
    (stored,) = await scene.a.events.by_id([parse_pdu(event, RULES).event_id])
    assert (status, bool(stored.flags & SOFT_FAILED)) == (200, True)
    assert await scene.a.texts(scene.room) == []


async def test_for_events_of_others_a_signature_is_asked_for(scene: Scene) -> None:
    await _send(scene, await _unsigned_event(scene, "harmless"))
    assert await scene.a.texts(scene.room) == ["harmless"]


async def test_a_signature_with_another_key_counts_for_nothing(scene: Scene) -> None:
    other = SigningKey(scene.policy.name, "ed25519:policy_server", b"q" * 32)
    scene.policy.replies[SIGN] = _signing(scene.policy, other)
    with pytest.raises(Unavailable):
        await scene.a.says(scene.a.user("alice"), scene.room, "hello")
    await _send(scene, sign_event(await _unsigned_event(scene, "forged"), RULES, other))
    assert await scene.a.texts(scene.room) == []


async def test_a_server_without_a_member_is_no_policy_server(scene: Scene) -> None:
    await scene.a.does(scene.a.user("alice"), scene.room, Draft.member(WARDEN, "leave"))
    before = scene.asked()
    await scene.a.says(scene.a.user("alice"), scene.room, "spam")
    assert (await scene.a.texts(scene.room), scene.asked()) == (["spam"], before)


async def _unsigned_event(scene: Scene, text: str) -> dict[str, Any]:
    """A message of the policy server's user, who did not ask."""
    head = await scene.a.rooms.room(scene.room)
    auth = [head.event(("m.room.power_levels", "")), head.event(("m.room.member", WARDEN))]
    proto = {
        "type": "m.room.message",
        "room_id": scene.room,
        "sender": WARDEN,
        "content": {"msgtype": "m.text", "body": text},
        "prev_events": [tip.event_id for tip in head.extremities.values()],
        "auth_events": [event.event_id for event in auth if event is not None],
        "depth": head.depth + 1,
        "origin_server_ts": scene.a.clock.now_ms(),
    }
    return dict(seal(proto, RULES, scene.policy.key).pdu)


async def _send(scene: Scene, pdu: dict[str, Any]) -> int:
    path = "/_matrix/federation/v1/send/t1"
    answer = await scene.a.answer(scene.policy.signed_request(scene.a.name, "PUT", path, {"pdus": [pdu]}))
    return answer.status


async def _has(server: Homeserver, room: str, texts: list[str]) -> bool:
    return await server.texts(room) == texts
