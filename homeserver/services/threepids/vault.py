"""Addresses kept so that a stolen database tells none of them.

An address is stored sealed (to show it to its owner) and as a blind index (to find it again); both need a secret of the
server's that is not in the database. Security: S-16 (f).
"""

from hashlib import blake2b
from typing import Final

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from homeserver.clock import Rng

SECRET_BYTES: Final = 32
INDEX_BYTES: Final = 16


class Vault:
    """Seals addresses and finds them again. `secret`: 32 bytes that are not in the database."""

    def __init__(self, secret: bytes, rng: Rng) -> None:
        self._box = SecretBox(_derived(secret, b"seal"))
        self._key = _derived(secret, b"index")
        self._seeds = _derived(secret, b"seeds")
        self._rng = rng

    def index(self, *texts: str) -> bytes:
        """16 bytes by which the same texts are found again; nobody makes them without the secret."""
        message = b"".join(len(text.encode()).to_bytes(4, "big") + text.encode() for text in texts)
        return blake2b(message, key=self._key, digest_size=INDEX_BYTES).digest()

    def seed(self, purpose: str) -> bytes:
        """32 secret bytes for one purpose, the same as long as the secret is."""
        return blake2b(purpose.encode(), key=self._seeds, digest_size=SECRET_BYTES).digest()

    def seal(self, address: str) -> bytes:
        """The address as it may be stored."""
        return bytes(self._box.encrypt(address.encode(), self._rng.bytes(SecretBox.NONCE_SIZE)))

    def open(self, sealed: bytes) -> str:
        """The address again. Raises ValueError where it was sealed by another secret."""
        try:
            return self._box.decrypt(sealed).decode()
        except CryptoError as error:
            raise ValueError("sealed by another secret: is this the address key of this server?") from error


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return blake2b(purpose, key=secret, digest_size=SECRET_BYTES).digest()
