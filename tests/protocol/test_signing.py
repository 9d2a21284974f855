"""Signatures against the specification's examples and another implementation."""

from hashlib import sha256
from typing import Any

import pytest
import signedjson.key
import signedjson.sign
from hypothesis import given
from hypothesis import strategies as st

from homeserver.protocol.errors import BadJson, BadSignature
from homeserver.protocol.events import Json
from homeserver.protocol.hashes import content_hash, decode_base64, encode_base64
from homeserver.protocol.identifiers import ServerName
from homeserver.protocol.room_versions import V3, V7, V8, V12
from homeserver.protocol.signing import (
    SigningKey,
    required_signers,
    sign_event,
    sign_json,
    signature_of,
    verify,
    verify_event,
    verify_json,
)
from tests.protocol.strategies import contents
from tests.support.spec import spec_json

KEY = SigningKey(ServerName("a.example"), "ed25519:1", sha256(b"a.example").digest())
MEMBER: Json = {"type": "m.room.member", "sender": "@a:a.example", "content": {"membership": "join"}}


@pytest.fixture
def examples() -> Json:
    examples: Json = spec_json("test-vectors.json")["signing"]
    return examples


def key_of(examples: Json) -> SigningKey:
    return SigningKey(examples["server_name"], examples["key_id"], decode_base64(examples["seed_base64"]))


def test_the_objects_of_the_specification_get_the_same_signatures(examples: Json) -> None:
    key = key_of(examples)
    for example in examples["json"]:
        assert sign_json(example["input"], key) == example["output"]
        verify_json(example["output"], key.server, key.key_id, key.verify_key)


def test_the_events_of_the_specification_get_the_same_hashes_and_signatures(examples: Json) -> None:
    # Its events are of version 1, whose ids are on the wire: the rules of version 3 redact them alike.
    for example in examples["event"]:
        hashes = {"sha256": encode_base64(content_hash(example["input"], V3))}
        assert hashes == example["output"]["hashes"]
        assert sign_event({**example["input"], "hashes": hashes}, V3, key_of(examples)) == example["output"]


@given(contents, st.binary(min_size=32, max_size=32))
def test_another_implementation_signs_alike_and_each_takes_the_other(value: Json, seed: bytes) -> None:
    key = SigningKey(ServerName("a.example"), "ed25519:x1", seed)
    value = {name: item for name, item in value.items() if name not in {"signatures", "unsigned"}}
    theirs: Any = signedjson.key.decode_signing_key_base64("ed25519", "x1", encode_base64(seed))
    signed = sign_json(value, key)
    assert signed == signedjson.sign.sign_json(dict(value), "a.example", theirs)
    verify_json(signed, "a.example", "ed25519:x1", theirs.verify_key.encode())
    signedjson.sign.verify_signed_json(signed, "a.example", signedjson.key.get_verify_key(theirs))


def test_signing_keeps_what_others_have_signed_and_what_is_unsigned() -> None:
    others = {"b.example": {"ed25519:2": "AAAA"}, "a.example": {"ed25519:0": "BBBB"}}
    signed = sign_json({"x": 1, "unsigned": {"age": 1.5}, "signatures": others}, KEY)
    assert signed["unsigned"] == {"age": 1.5}
    assert signed["signatures"]["b.example"] == others["b.example"]
    assert set(signed["signatures"]["a.example"]) == {"ed25519:0", "ed25519:1"}
    verify_json(signed, "a.example", "ed25519:1", KEY.verify_key)


def test_a_changed_object_does_not_verify() -> None:
    with pytest.raises(BadSignature):
        verify_json({**sign_json({"x": 1}, KEY), "x": 2}, "a.example", "ed25519:1", KEY.verify_key)


def test_only_canonical_json_is_signed() -> None:
    with pytest.raises(BadJson):
        sign_json({"x": 1.5}, KEY)


@pytest.mark.parametrize(
    "signatures", [None, [], {}, {"a.example": 5}, {"a.example": {}}, {"a.example": {"ed25519:1": 5}}], ids=str
)
def test_a_missing_signature_is_a_bad_one(signatures: object) -> None:
    with pytest.raises(BadSignature):
        signature_of({"signatures": signatures}, "a.example", "ed25519:1")


@pytest.mark.parametrize("signature", ["A", "", "AAAA", "A" * 86])
def test_a_signature_that_cannot_be_read_is_bad(signature: str) -> None:
    with pytest.raises(BadSignature):
        verify(b"message", signature, KEY.verify_key)


def test_a_key_of_the_wrong_length_verifies_nothing() -> None:
    with pytest.raises(BadSignature):
        verify(b"message", KEY.sign(b"message"), KEY.verify_key[:31])


def test_a_signature_outlives_the_redaction_of_its_event() -> None:
    pdu = {**MEMBER, "content": {"membership": "join", "displayname": "A"}, "hashes": {}}
    signed = sign_event(pdu, V12, KEY)
    verify_event({**signed, "content": {"membership": "join"}}, V12, KEY.server, KEY.key_id, KEY.verify_key)
    with pytest.raises(BadSignature):
        verify_event({**signed, "content": {}}, V12, KEY.server, KEY.key_id, KEY.verify_key)


def test_the_seed_is_not_printed() -> None:
    assert "seed" not in repr(KEY)
    assert decode_base64(KEY.verify_key_base64) == KEY.verify_key


@pytest.mark.parametrize(
    ("content", "signers"),
    [
        ({"membership": "join"}, {"a.example"}),
        ({"membership": "join", "join_authorised_via_users_server": "@b:b.example"}, {"a.example", "b.example"}),
        ({"membership": "join", "join_authorised_via_users_server": 5}, {"a.example", ""}),
        ({"membership": "leave", "join_authorised_via_users_server": "@b:b.example"}, {"a.example"}),
        ({"membership": "invite"}, {"a.example"}),
        ({"membership": "invite", "third_party_invite": {}}, set()),
    ],
)
def test_the_servers_that_must_sign_a_member_event(content: Json, signers: set[str]) -> None:
    assert required_signers({**MEMBER, "content": content}, V8) == signers


def test_only_restricted_joins_need_a_second_signer() -> None:
    content = {"membership": "join", "join_authorised_via_users_server": "@b:b.example"}
    assert required_signers({**MEMBER, "content": content}, V7) == {"a.example"}
    assert required_signers({**MEMBER, "content": content, "type": "m.room.message"}, V8) == {"a.example"}
