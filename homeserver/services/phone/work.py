"""A small proof of work, asked for before a second text message: nothing for one person, much for a thousand numbers.

The server keeps nothing: a challenge says what it is for and when it was made, and is sealed by a key of this process's
server. The proof is a text after it so that SHA-256 of both begins with zero bits. Security: S-16 (b).
"""

from hashlib import sha256
from hmac import compare_digest
from typing import Final

from homeserver.clock import Clock
from homeserver.errors import MatrixError
from homeserver.services.threepids.vault import Vault

BITS: Final = 18
"""About 260,000 digests: half a second in a browser."""
LIFE_MS: Final = 10 * 60 * 1000
MAX_PROOF: Final = 200


class WorkNeeded(MatrixError):
    """Comes with the challenge and its difficulty (leading zero bits)."""

    default_status = 403
    default_errcode = "APP.HEARTH.WORK_NEEDED"

    def __init__(self, challenge: str, bits: int) -> None:
        super().__init__("One more step is needed before another code is sent.")
        self._asked = {"app.hearth.challenge": challenge, "app.hearth.bits": bits}

    def body(self) -> dict[str, object]:
        return {**super().body(), **self._asked}


class Work:
    """Makes challenges and checks proofs: `challenge:text`."""

    def __init__(self, vault: Vault, clock: Clock, bits: int | None = None) -> None:
        self._vault = vault
        self._clock = clock
        self._bits = BITS if bits is None else bits

    def challenge(self, number: str) -> str:
        """A challenge for one number, of now."""
        made_at = format(self._clock.now_ms(), "x")
        return f"{made_at}.{self._vault.index('work', made_at, number).hex()}"

    def check(self, proof: str | None, number: str) -> None:
        """Raises WorkNeeded unless `proof` is one, for this number, of the last ten minutes."""
        if proof is None or not self._is_proof(proof, number):
            raise WorkNeeded(self.challenge(number), self._bits)

    def _is_proof(self, proof: str, number: str) -> bool:
        challenge, _, _text = proof.partition(":")
        made_at, _, seal = challenge.partition(".")
        if len(proof) > MAX_PROOF or not proof.isascii() or not made_at.isalnum():
            return False
        if not compare_digest(seal, self._vault.index("work", made_at, number).hex()):
            return False
        digest = int.from_bytes(sha256(proof.encode()).digest(), "big")
        return self._clock.now_ms() - int(made_at, 16) < LIFE_MS and digest >> (256 - self._bits) == 0
