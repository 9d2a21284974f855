"""Public keys that clients publish for end-to-end encryption: their form, and who must have signed them.

Nothing here is secret, and nothing is decrypted. Spec: Client-Server API, Device keys; Cross-signing.
"""

from collections.abc import Mapping
from typing import Any, Final

from homeserver.protocol.canonical_json import encode
from homeserver.protocol.errors import BadSignature, ProtocolError
from homeserver.protocol.hashes import decode_base64
from homeserver.protocol.signing import verify_json

MAX_KEYS_BYTES: Final = 16 * 1024
"""Of the keys of one device, or one key, with its signatures."""
USAGES: Final = ("master", "self_signing", "user_signing")
ED25519: Final = "ed25519:"
_KEY_BYTES: Final = 32

Json = Mapping[str, Any]


class BadKeys(ProtocolError, ValueError):
    """Keys are not of the form they must have."""


def check_device_keys(keys: Json, user_id: str, device_id: str) -> None:
    """Check the form of a device's identity keys, and that they are of this device. Raises BadKeys, BadJson."""
    if keys.get("user_id") != user_id or keys.get("device_id") != device_id:
        raise BadKeys("`user_id` and `device_id` must be those of the device")
    algorithms, own = keys.get("algorithms"), keys.get("keys")
    if not isinstance(algorithms, list) or not all(isinstance(name, str) for name in algorithms):
        raise BadKeys("`algorithms` must be a list of names")
    if not isinstance(own, dict) or not all(isinstance(key, str) for key in own.values()):
        raise BadKeys("`keys` must be an object of texts")
    _check_signatures(keys)
    if len(encode(keys)) > MAX_KEYS_BYTES:
        raise BadKeys(f"the keys of a device have at most {MAX_KEYS_BYTES} bytes")


def check_signed_by_device(signed: Json, device_keys: Json) -> None:
    """Raises BadSignature unless the device with these (checked) keys has signed. `signed` may be the keys."""
    user_id, key_id = device_keys["user_id"], ED25519 + device_keys["device_id"]
    key = device_keys["keys"].get(key_id)
    if key is None:
        raise BadSignature("the device has no signing key")
    verify_json(signed, user_id, key_id, public_key(key))


def same_identity(before: Json, after: Json) -> bool:
    """Whether a device kept the keys it is known by. Others distrust a device whose keys change."""
    return all(after["keys"].get(name) == key for name, key in before["keys"].items())


def check_cross_signing_key(key: Json, user_id: str, usage: str) -> str:
    """The public part of a cross-signing key of this usage. Raises BadKeys, BadJson."""
    usages = key.get("usage")
    if key.get("user_id") != user_id or not isinstance(usages, list) or usage not in usages:
        raise BadKeys(f"the {usage} key must name its user and its usage")
    own = key.get("keys")
    if not isinstance(own, dict) or len(own) != 1:
        raise BadKeys(f"the {usage} key must hold one key")
    [(key_id, text)] = own.items()
    if not isinstance(text, str) or key_id != ED25519 + text:
        raise BadKeys(f"the {usage} key must be named after its public part")
    try:
        public_key(text)
    except BadSignature as error:
        raise BadKeys(str(error)) from error
    _check_signatures(key)
    if len(encode(key)) > MAX_KEYS_BYTES:
        raise BadKeys(f"a key has at most {MAX_KEYS_BYTES} bytes")
    return text


def public_part(key: Json) -> str:
    """The public part of a checked cross-signing key."""
    part: str = next(iter(key["keys"].values()))
    return part


def check_signed_by_key(signed: Json, user_id: str, part: str) -> None:
    """Raises BadSignature unless the cross-signing key with this public part has signed in the name of `user_id`."""
    verify_json(signed, user_id, ED25519 + part, public_key(part))


def public_key(text: str) -> bytes:
    """32 bytes of an Ed25519 key in base64. Raises BadSignature."""
    try:
        raw = decode_base64(text)
    except ValueError as error:
        raise BadSignature("the key is not base64") from error
    if len(raw) != _KEY_BYTES:
        raise BadSignature("the key has the wrong length")
    return raw


def without_signatures(obj: Json) -> dict[str, Any]:
    """What is signed: everything but `signatures` and `unsigned`."""
    return {name: value for name, value in obj.items() if name not in {"signatures", "unsigned"}}


def signed_by_owner_alone(obj: Json, user_id: str) -> dict[str, Any]:
    """A copy with no signatures but those of its user."""
    own = (obj.get("signatures") or {}).get(user_id)
    return {**without_signatures(obj), **({"signatures": {user_id: own}} if own else {})}


def _check_signatures(obj: Json) -> None:
    signatures = obj.get("signatures", {})
    if not isinstance(signatures, dict):
        raise BadKeys("`signatures` must be an object")
    for by_user in signatures.values():
        if not isinstance(by_user, dict) or not all(isinstance(text, str) for text in by_user.values()):
            raise BadKeys("`signatures` must hold objects of texts")
