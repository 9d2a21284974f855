"""Ed25519 signatures over JSON objects and events. Keys come in as arguments. Spec: Appendices, Signing JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from homeserver.protocol.identifiers import ServerName
from homeserver.protocol.room_versions import RoomVersion


@dataclass(frozen=True)
class SigningKey:
    """One signing key of a server. `key_id` is `ed25519:` and a version; `seed` has 32 bytes."""

    server: ServerName
    key_id: str
    seed: bytes

    @property
    def verify_key(self) -> bytes:
        raise NotImplementedError

    @property
    def verify_key_base64(self) -> str:
        raise NotImplementedError

    def sign(self, message: bytes) -> str:
        """The signature as unpadded base64."""
        raise NotImplementedError


def sign_json(obj: Mapping[str, Any], key: SigningKey) -> dict[str, Any]:
    """A copy of `obj` with our signature added; `unsigned` and other signatures are kept."""
    raise NotImplementedError


def verify_json(obj: Mapping[str, Any], server: str, key_id: str, public_key: bytes) -> None:
    """Raises BadSignature."""
    raise NotImplementedError


def sign_event(pdu: Mapping[str, Any], rules: RoomVersion, key: SigningKey) -> dict[str, Any]:
    """A copy of a PDU (with `hashes`) with our signature added, e.g. to an invite or a restricted join of a peer's."""
    raise NotImplementedError


def verify_event(pdu: Mapping[str, Any], rules: RoomVersion, server: str, key_id: str, public_key: bytes) -> None:
    """Raises BadSignature."""
    raise NotImplementedError


def required_signers(pdu: Mapping[str, Any], rules: RoomVersion) -> set[ServerName]:
    """The servers that must have signed this PDU: the sender's, and of a restricted join the authorising user's."""
    raise NotImplementedError
