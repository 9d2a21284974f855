"""Ed25519 signatures over JSON objects and events. Keys come in as arguments. Spec: Appendices, Signing JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import BadSignatureError

from homeserver.protocol.canonical_json import encode
from homeserver.protocol.errors import BadSignature
from homeserver.protocol.hashes import decode_base64, encode_base64, signed_form
from homeserver.protocol.identifiers import ServerName, server_of
from homeserver.protocol.room_versions import RoomVersion

_SIGNATURE_BYTES = 64
_PUBLIC_KEY_BYTES = 32


@dataclass(frozen=True)
class SigningKey:
    """One signing key of a server. `key_id` is `ed25519:` and a version; `seed` has 32 bytes."""

    server: ServerName
    key_id: str
    seed: bytes = field(repr=False)

    @cached_property
    def _pair(self) -> tuple[bytes, bytes]:
        public, secret = crypto_sign_seed_keypair(self.seed)
        return public, secret

    @property
    def verify_key(self) -> bytes:
        """The public half, 32 bytes."""
        return self._pair[0]

    @property
    def verify_key_base64(self) -> str:
        """The public half as it is published."""
        return encode_base64(self.verify_key)

    def sign(self, message: bytes) -> str:
        """The signature as unpadded base64."""
        signed: bytes = crypto_sign(message, self._pair[1])
        return encode_base64(signed[:_SIGNATURE_BYTES])


def verify(message: bytes, signature: str, public_key: bytes) -> None:
    """Raises BadSignature. `signature` is base64; `public_key` has 32 bytes."""
    try:
        raw = decode_base64(signature)
    except ValueError as error:
        raise BadSignature("the signature is not base64") from error
    if len(raw) != _SIGNATURE_BYTES or len(public_key) != _PUBLIC_KEY_BYTES:
        raise BadSignature("the signature or the key has the wrong length")
    try:
        crypto_sign_open(raw + message, public_key)
    except BadSignatureError as error:
        raise BadSignature("the signature does not match") from error


def sign_json(obj: Mapping[str, Any], key: SigningKey) -> dict[str, Any]:
    """A copy of `obj` with our signature added; `unsigned` and other signatures are kept. Raises BadJson."""
    return _with_signature(obj, key, _signed_bytes(obj))


def verify_json(obj: Mapping[str, Any], server: str, key_id: str, public_key: bytes) -> None:
    """Raises BadSignature, or BadJson where `obj` is not canonical JSON."""
    signature = signature_of(obj, server, key_id)
    verify(_signed_bytes(obj), signature, public_key)


def sign_event(pdu: Mapping[str, Any], rules: RoomVersion, key: SigningKey) -> dict[str, Any]:
    """A copy of a PDU (with `hashes`) with our signature added, e.g. to an invite or a restricted join of a peer's."""
    return _with_signature(pdu, key, signed_form(pdu, rules))


def verify_event(pdu: Mapping[str, Any], rules: RoomVersion, server: str, key_id: str, public_key: bytes) -> None:
    """Raises BadSignature."""
    signature = signature_of(pdu, server, key_id)
    verify(signed_form(pdu, rules), signature, public_key)


def signature_of(obj: Mapping[str, Any], server: str, key_id: str) -> str:
    """The text of a signature. Raises BadSignature where there is none."""
    signatures = obj.get("signatures")
    block = signatures.get(server) if isinstance(signatures, Mapping) else None
    signature = block.get(key_id) if isinstance(block, Mapping) else None
    if not isinstance(signature, str):
        raise BadSignature(f"not signed by {server} with {key_id}")
    return signature


def required_signers(pdu: Mapping[str, Any], rules: RoomVersion) -> set[ServerName]:
    """The servers that must have signed this PDU: the sender's, and of a restricted join the authorising user's.

    In versions 1 and 2 also the one that the event's id names. Peers ask for the authorising server on joins only, so
    we do too. The sender's has no need to sign a third-party invite: whichever server of the room learns of the new
    user makes that event, and the rules check what the identity server has signed.
    Spec: Room Version 12, Authorisation rules, 5.2; Server-Server API, Third-party invites.
    """
    signers = {server_of(pdu["sender"])}
    named = {server_of(pdu["event_id"])} if rules.ids_in_events else set()
    if pdu["type"] != "m.room.member":
        return signers | named
    content = pdu["content"]
    membership = content.get("membership")
    if membership == "invite" and "third_party_invite" in content:
        return named - signers
    if rules.restricted and membership == "join" and "join_authorised_via_users_server" in content:
        authorising = content["join_authorised_via_users_server"]
        # What is no user id has no server, and no server of an empty name has signed.
        signers.add(server_of(authorising) if isinstance(authorising, str) else ServerName(""))
    return signers | named


def _signed_bytes(obj: Mapping[str, Any]) -> bytes:
    return encode({k: v for k, v in obj.items() if k not in {"signatures", "unsigned"}})


def _with_signature(obj: Mapping[str, Any], key: SigningKey, message: bytes) -> dict[str, Any]:
    signatures = obj.get("signatures", {})
    ours = {**signatures.get(key.server, {}), key.key_id: key.sign(message)}
    return {**obj, "signatures": {**signatures, key.server: ours}}
