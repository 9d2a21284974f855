"""Who signed a request or an event: X-Matrix attacks, keys that expire or change, notaries that lie."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from homeserver.clock import SystemRng
from homeserver.net.http import Request
from homeserver.net.testing import FakeNet
from homeserver.protocol.errors import BadSignature
from homeserver.protocol.identifiers import ServerName
from homeserver.protocol.signing import SigningKey, sign_json
from homeserver.services.keyring import MAX_VALIDITY_MS, KeyUnknown, read_document
from homeserver.services.own_key import BadKeyFile, load_or_create
from tests.support.evil_peer import EvilPeer
from tests.support.federation import Homeserver, homeservers
from tests.support.postgres import Cluster

PROFILE = "/_matrix/federation/v1/query/profile?user_id=%40alice%3Aa.test%3A8448"


async def _status(server: Homeserver, request: Request) -> int:
    return (await server.answer(request)).status


async def test_a_signed_request_is_answered(a: Homeserver, peer: EvilPeer) -> None:
    answer = await a.answer(peer.signed_request(a.name, "GET", PROFILE))
    assert (answer.status, orjson.loads(answer.body)) == (200, {"displayname": "alice"})


async def test_who_has_no_profile_has_an_empty_one_and_who_does_not_exist_none(a: Homeserver, peer: EvilPeer) -> None:
    plain = await a.answer(peer.signed_request(a.name, "GET", PROFILE.replace("alice", "plain")))
    assert (plain.status, orjson.loads(plain.body)) == (200, {})
    nobody = await a.answer(peer.signed_request(a.name, "GET", PROFILE.replace("alice", "nobody")))
    assert nobody.status == 404


async def test_every_signed_route_refuses_a_stranger(a: Homeserver) -> None:
    openly = {"/version", "/3pid/onbind", "/openid/userinfo"}
    for route in a.federation.routes:
        if route.resource == "federation" and not route.path.endswith(tuple(openly)):
            path = route.path.replace("<", "%24").replace(">", "")
            assert await _status(a, Request(route.method, "a.test", 8448, path, body=b"{}")) == 401, route.path


ATTACKS = ["other uri", "other method", "other body", "no body", "other destination", "other origin", "other key"]


@pytest.mark.parametrize("attack", [*ATTACKS, "swapped query", "decoded path", "garbage"])
async def test_a_request_that_was_changed_on_its_way_is_refused(a: Homeserver, peer: EvilPeer, attack: str) -> None:
    uri = "/_matrix/federation/v1/send/t1?x=1&y=%2F"
    body: dict[str, Any] = {"pdus": [], "edus": []}
    good = peer.signed_request(a.name, "PUT", uri, body)
    header = good.headers["Authorization"]
    stranger = SigningKey(peer.name, peer.key.key_id, b"z" * 32)
    changed = {
        "other uri": Request("PUT", "a.test", 8448, uri.replace("t1", "t2"), good.headers, good.body),
        "other method": Request("POST", "a.test", 8448, PROFILE, good.headers, good.body),
        "other body": Request("PUT", "a.test", 8448, uri, good.headers, b'{"pdus":[],"edus":[],"z":1}'),
        "no body": Request("PUT", "a.test", 8448, uri, good.headers, None),
        "other destination": peer.signed_request("b.test:8448", "PUT", uri, body),
        "other origin": Request(
            "PUT", "a.test", 8448, uri, {"Authorization": header.replace("evil.test", "good.test")}, good.body
        ),
        "other key": Request(
            "PUT", "a.test", 8448, uri,
            {"Authorization": header.split("sig=")[0] + f'sig="{stranger.sign(b"x")}"'}, good.body,
        ),
        "swapped query": Request("PUT", "a.test", 8448, uri.replace("x=1&y=%2F", "y=%2F&x=1"), good.headers, good.body),
        "decoded path": Request("PUT", "a.test", 8448, uri.replace("%2F", "/"), good.headers, good.body),
        "garbage": Request("PUT", "a.test", 8448, uri, {"Authorization": "X-Matrix origin=,,"}, good.body),
    }  # fmt: skip
    request = changed[attack]
    if request.method == "POST":
        request = Request("GET", "a.test", 8448, uri.replace("send/t1", "event/t1"), good.headers, good.body)
    assert await _status(a, request) == 401
    assert await _status(a, good) == 200


async def test_a_request_in_our_own_name_is_refused(a: Homeserver, peer: EvilPeer) -> None:
    header = peer.signed_request(a.name, "GET", PROFILE).headers["Authorization"].replace("evil.test", "a.test")
    assert await _status(a, Request("GET", "a.test", 8448, PROFILE, {"Authorization": header})) == 403


async def test_an_expired_key_signs_no_requests(a: Homeserver, peer: EvilPeer) -> None:
    peer.replies["/_matrix/key/v2/server"] = lambda _: peer.key_document(valid_until_ts=a.clock.now_ms() - 60_000)
    assert await _status(a, peer.signed_request(a.name, "GET", PROFILE)) == 401


async def test_a_key_document_in_another_name_is_worth_nothing(a: Homeserver, peer: EvilPeer) -> None:
    peer.replies["/_matrix/key/v2/server"] = lambda _: peer.key_document(server_name="good.test")
    assert await _status(a, peer.signed_request(a.name, "GET", PROFILE)) == 401


async def test_a_known_key_id_never_changes_its_key(a: Homeserver, peer: EvilPeer, net: FakeNet) -> None:
    assert await _status(a, peer.signed_request(a.name, "GET", PROFILE)) == 200
    other = EvilPeer("evil.test", net)
    other.key = SigningKey(other.name, "ed25519:e", b"9" * 32)
    await a.federation.keyring.prepare({(other.name, "ed25519:new", 0)})
    assert await _status(a, other.signed_request(a.name, "GET", PROFILE)) == 401
    assert await _status(a, peer.signed_request(a.name, "GET", PROFILE)) == 200


async def test_keys_survive_a_restart(cluster: Cluster, net: FakeNet, a: Homeserver, peer: EvilPeer) -> None:
    await a.federation.keyring.request_key(peer.name, peer.key.key_id)
    a.federation.keyring._servers.clear()
    net.down.add("evil.test")
    assert await a.federation.keyring.request_key(peer.name, peer.key.key_id) == peer.key.verify_key


async def test_a_peer_that_does_not_answer_is_not_asked_with_every_request(a: Homeserver, net: FakeNet) -> None:
    for _ in range(5):
        with pytest.raises(KeyUnknown):
            await a.federation.keyring.request_key("dead.test:8448", "ed25519:1")
    assert sum(request.host == "dead.test" for request in net.sent) == 1


async def test_many_waiters_share_one_key_request(a: Homeserver, peer: EvilPeer) -> None:
    await asyncio.gather(*(a.federation.keyring.request_key(peer.name, "ed25519:e") for _ in range(20)))
    assert len(peer.requests) == 1


async def test_a_notary_cannot_make_up_keys(a: Homeserver, net: FakeNet) -> None:
    notary = EvilPeer("notary.test", net)
    made_up = SigningKey(ServerName("good.test:8448"), "ed25519:g", b"m" * 32)
    document = {
        "server_name": "good.test:8448",
        "valid_until_ts": 2**52,
        "verify_keys": {"ed25519:g": {"key": made_up.verify_key_base64}},
        "old_verify_keys": {},
    }
    honest, forged = sign_json(document, made_up), sign_json(document, notary.key)
    a.federation.keyring._notaries.append(notary.name)
    notary.replies["/_matrix/key/v2/query"] = {"server_keys": [sign_json(forged, notary.key), honest]}
    with pytest.raises(KeyUnknown):
        await a.federation.keyring.request_key("good.test:8448", "ed25519:g")
    notary.replies["/_matrix/key/v2/query"] = {"server_keys": [sign_json(honest, notary.key)]}
    assert await a.federation.keyring.request_key("good.test:8448", "ed25519:g") == made_up.verify_key


async def test_our_key_document_is_good_and_not_about_to_expire(a: Homeserver, net: FakeNet) -> None:
    answer = await a.answer(Request("GET", "a.test", 8448, "/_matrix/key/v2/server"))
    (record,) = read_document(a.name, orjson.loads(answer.body), a.clock.now_ms())
    assert record.verify_key == a.key.verify_key
    assert record.valid_until_ts > a.clock.now_ms() + 3600_000


async def test_as_a_notary_we_pass_on_what_the_server_signed_with_our_signature(a: Homeserver, peer: EvilPeer) -> None:
    body = orjson.dumps({"server_keys": {peer.name: {}, "dead.test": {}}})
    answer = await a.answer(Request("POST", "a.test", 8448, "/_matrix/key/v2/query", body=body))
    (document,) = orjson.loads(answer.body)["server_keys"]
    assert document["signatures"].keys() == {peer.name, a.name}
    assert read_document(peer.name, document, a.clock.now_ms())


def test_a_validity_of_years_counts_as_a_week(net: FakeNet) -> None:
    peer = EvilPeer("x.test", net)
    (record,) = read_document(peer.name, peer.key_document(), 1000)
    assert record.good_until == 1000 + MAX_VALIDITY_MS


def test_a_document_without_its_own_signature_is_refused(net: FakeNet) -> None:
    peer = EvilPeer("x.test", net)
    with pytest.raises(BadSignature):
        read_document(peer.name, peer.key_document() | {"signatures": {}}, 0)
    with pytest.raises(BadSignature):
        read_document(peer.name, peer.key_document() | {"valid_until_ts": 5}, 0)


def test_the_own_key_is_made_once_and_is_for_us_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "signing.key"
    first = load_or_create(path, ServerName("a.test"), SystemRng())
    assert load_or_create(path, ServerName("a.test"), SystemRng()) == first
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(BadKeyFile, match="chmod 600"):
        load_or_create(path, ServerName("a.test"), SystemRng())


@pytest.mark.parametrize(
    "text", ["", "ed25519 a", "ed25519 a !!!", "rsa a " + "A" * 43, "ed25519 a-b " + "Q" * 43, "ed25519 a " + "A" * 43]
)
def test_a_bad_or_guessable_key_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "signing.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(BadKeyFile):
        load_or_create(path, ServerName("a.test"), SystemRng())


async def test_a_denied_server_is_neither_asked_nor_answered(cluster: Cluster, net: FakeNet, peer: EvilPeer) -> None:
    async with homeservers(cluster, net, "a.test", deny=("evil.*",)) as (server,):
        assert await _status(server, peer.signed_request(server.name, "GET", PROFILE)) == 403
        assert peer.requests == []
