"""The clients' half of end-to-end encryption for tests: a device with real Olm keys, a user with cross-signing keys.

Signed by vodozemac and PyNaCl over canonical JSON of another project, so that nothing here shares code with the server.
"""

import base64
from dataclasses import dataclass, field
from typing import Any

from canonicaljson import encode_canonical_json
from nacl.signing import SigningKey
from vodozemac import Account

from tests.support.client import Json, User

ALGORITHMS = ["m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"]
SIGNED = "signed_curve25519"


def canonical(obj: Json) -> bytes:
    """What is signed of an object."""
    return encode_canonical_json({k: v for k, v in obj.items() if k not in {"signatures", "unsigned"}})


def base64_of(raw: bytes) -> str:
    """Unpadded."""
    return base64.b64encode(raw).rstrip(b"=").decode()


@dataclass
class Device:
    """The keys of one device of `user`."""

    user: User
    account: Account = field(default_factory=Account)
    device_id: str = ""

    def __post_init__(self) -> None:
        self.device_id = self.device_id or self.user.device_id

    @property
    def key_id(self) -> str:
        return f"ed25519:{self.device_id}"

    def signed(self, obj: Json) -> Json:
        """`obj` with the device's signature added."""
        signature = self.account.sign(canonical(obj)).to_base64()
        signatures = {**obj.get("signatures", {})}
        signatures[self.user.user_id] = {**signatures.get(self.user.user_id, {}), self.key_id: signature}
        return {**obj, "signatures": signatures}

    @property
    def keys(self) -> Json:
        """The identity keys, signed."""
        return self.signed(
            {
                "user_id": self.user.user_id,
                "device_id": self.device_id,
                "algorithms": ALGORITHMS,
                "keys": {
                    f"curve25519:{self.device_id}": self.account.curve25519_key.to_base64(),
                    self.key_id: self.account.ed25519_key.to_base64(),
                },
            }
        )

    def one_time_keys(self, n: int) -> Json:
        """`n` new one-time keys, signed."""
        self.account.generate_one_time_keys(n)
        keys = {
            f"{SIGNED}:{key_id}": self.signed({"key": key.to_base64()})
            for key_id, key in self.account.one_time_keys.items()
        }
        self.account.mark_keys_as_published()
        return keys

    def fallback_key(self) -> Json:
        """A new fallback key, signed."""
        self.account.generate_fallback_key()  # type: ignore[attr-defined] # its types lack it
        keys = {
            f"{SIGNED}:{key_id}": self.signed({"key": key.to_base64(), "fallback": True})
            for key_id, key in self.account.fallback_key.items()  # type: ignore[attr-defined] # its types lack it
        }
        self.account.mark_keys_as_published()
        return keys

    async def uploads(self, n_one_time_keys: int = 0, *, fallback: bool = False) -> Json:
        """Publish the identity keys and new one-time keys; the counts."""
        body: Json = {"device_keys": self.keys, "one_time_keys": self.one_time_keys(n_one_time_keys)}
        if fallback:
            body["fallback_keys"] = self.fallback_key()
        counts: Json = (await self.user.call("POST", "/v3/keys/upload", body))["one_time_key_counts"]
        return counts


@dataclass
class Identity:
    """The cross-signing keys of a user."""

    user_id: str
    master: SigningKey = field(default_factory=SigningKey.generate)
    self_signing: SigningKey = field(default_factory=SigningKey.generate)
    user_signing: SigningKey = field(default_factory=SigningKey.generate)

    def signed(self, obj: Json, key: SigningKey) -> Json:
        """`obj` with a signature by one of the keys added."""
        signature = base64_of(key.sign(canonical(obj)).signature)
        signatures = {**obj.get("signatures", {})}
        signatures[self.user_id] = {**signatures.get(self.user_id, {}), f"ed25519:{public_part(key)}": signature}
        return {**obj, "signatures": signatures}

    def key(self, usage: str) -> Json:
        """A public key as it is uploaded, signed by the master key if it is another."""
        own: SigningKey = getattr(self, usage)
        part = public_part(own)
        obj: Json = {"user_id": self.user_id, "usage": [usage], "keys": {f"ed25519:{part}": part}}
        return obj if usage == "master" else self.signed(obj, self.master)

    @property
    def upload(self) -> Json:
        """The body of an upload of all keys."""
        return {f"{usage}_key": self.key(usage) for usage in ("master", "self_signing", "user_signing")}


def public_part(key: SigningKey) -> str:
    return base64_of(bytes(key.verify_key))


async def queried(user: User, *others: User, **more: Any) -> Json:
    """What `user` is shown of others' keys."""
    return await user.call("POST", "/v3/keys/query", {"device_keys": {one.user_id: [] for one in others}, **more})


async def claimed(user: User, device: Device) -> Json:
    """The one-time key that `user` gets of a device, with its name; empty when there is none."""
    wanted = {device.user.user_id: {device.device_id: SIGNED}}
    answer = await user.call("POST", "/v3/keys/claim", {"one_time_keys": wanted})
    keys: Json = answer["one_time_keys"].get(device.user.user_id, {}).get(device.device_id, {})
    return keys
