"""Which public keys of clients are taken: their form, their owner, their signatures."""

from typing import Any

import pytest

from homeserver.protocol import device_keys
from homeserver.protocol.device_keys import MAX_KEYS_BYTES, BadKeys
from homeserver.protocol.errors import BadSignature
from homeserver.protocol.identifiers import ServerName
from homeserver.protocol.signing import SigningKey, sign_json

ALICE = "@alice:test"
PHONE = "PHONE"


def _key(seed: int, key_id: str = PHONE) -> SigningKey:
    """A key of Alice's."""
    return SigningKey(ServerName(ALICE), f"ed25519:{key_id}", bytes([seed]) * 32)


PUBLIC = _key(1).verify_key_base64
OTHER_PUBLIC = _key(2).verify_key_base64


def _device(**changes: Any) -> dict[str, Any]:
    own = {f"ed25519:{PHONE}": PUBLIC, f"curve25519:{PHONE}": OTHER_PUBLIC}
    return {"user_id": ALICE, "device_id": PHONE, "algorithms": ["m.olm.v1"], "keys": own, **changes}


def _master(**changes: Any) -> dict[str, Any]:
    return {"user_id": ALICE, "usage": ["master"], "keys": {f"ed25519:{PUBLIC}": PUBLIC}, **changes}


def test_keys_of_a_device_that_signed_them_are_taken() -> None:
    keys = sign_json(_device(), _key(1))
    device_keys.check_device_keys(keys, ALICE, PHONE)
    device_keys.check_signed_by_device(keys, keys)


@pytest.mark.parametrize(
    "changes",
    [
        {"user_id": "@bob:test"},
        {"device_id": "TABLET"},
        {"algorithms": "m.olm.v1"},
        {"algorithms": [1]},
        {"keys": []},
        {"keys": {"ed25519:PHONE": 1}},
        {"signatures": []},
        {"signatures": {ALICE: "x"}},
        {"signatures": {ALICE: {"ed25519:PHONE": 1}}},
        {"extra": "x" * MAX_KEYS_BYTES},
    ],
)
def test_device_keys_of_another_form_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadKeys):
        device_keys.check_device_keys(_device(**changes), ALICE, PHONE)


def test_keys_that_another_key_signed_are_refused() -> None:
    keys = sign_json(_device(), _key(2))
    with pytest.raises(BadSignature):
        device_keys.check_signed_by_device(keys, keys)


def test_a_device_without_a_signing_key_signs_nothing() -> None:
    with pytest.raises(BadSignature):
        device_keys.check_signed_by_device({}, _device(keys={}))


def test_a_device_is_the_same_while_no_key_of_it_changes() -> None:
    more = _device(keys={**_device()["keys"], "x:PHONE": "new"})
    assert device_keys.same_identity(_device(), more)
    assert not device_keys.same_identity(more, _device())
    assert not device_keys.same_identity(_device(), _device(keys={**_device()["keys"], f"ed25519:{PHONE}": "other"}))


def test_a_cross_signing_key_is_named_after_its_public_part() -> None:
    key = _master()
    assert device_keys.check_cross_signing_key(key, ALICE, "master") == PUBLIC == device_keys.public_part(key)


@pytest.mark.parametrize(
    "changes",
    [
        {"user_id": "@bob:test"},
        {"usage": "master"},
        {"usage": ["self_signing"]},
        {"keys": []},
        {"keys": {}},
        {"keys": {"ed25519:a": "a", "ed25519:b": "b"}},
        {"keys": {"ed25519:a": 1}},
        {"keys": {"ed25519:other": PUBLIC}},
        {"keys": {"ed25519:A": "A"}},
        {"keys": {"ed25519:AAAA": "AAAA"}},
        {"signatures": []},
        {"extra": "x" * MAX_KEYS_BYTES},
    ],
)
def test_cross_signing_keys_of_another_form_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadKeys):
        device_keys.check_cross_signing_key(_master(**changes), ALICE, "master")


def test_what_a_cross_signing_key_signed_is_told_from_what_another_did() -> None:
    device_keys.check_signed_by_key(sign_json(_device(), _key(1, PUBLIC)), ALICE, PUBLIC)
    with pytest.raises(BadSignature):
        device_keys.check_signed_by_key(sign_json(_device(), _key(2, PUBLIC)), ALICE, PUBLIC)


def test_others_signatures_are_left_out_of_what_an_owner_publishes() -> None:
    own = {ALICE: {"ed25519:x": "y"}}
    published = device_keys.signed_by_owner_alone(
        {"a": 1, "unsigned": {}, "signatures": {**own, "@bob:test": {}}}, ALICE
    )
    assert published == {"a": 1, "signatures": own}
    assert device_keys.signed_by_owner_alone({"a": 1, "signatures": {"@bob:test": {}}}, ALICE) == {"a": 1}
