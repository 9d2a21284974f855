"""By what a browser that signed out is known again when its user comes back with a code. Security: S-16 (d).

The server keeps nothing: a ticket says when it was made, and is sealed for one user. A device that is signed out from
another one gets no ticket.
"""

from hmac import compare_digest
from typing import Final

from homeserver.clock import Clock
from homeserver.services.threepids.vault import Vault

LIFE_MS: Final = 30 * 24 * 3600 * 1000


class Tickets:
    """Makes tickets and knows them again."""

    def __init__(self, vault: Vault, clock: Clock) -> None:
        self._vault = vault
        self._clock = clock

    def make(self, user_id: str) -> str:
        """A ticket of this user's, good for a month."""
        made_at = format(self._clock.now_ms(), "x")
        return f"{made_at}.{self._seal(made_at, user_id)}"

    def is_known(self, user_id: str, ticket: str | None) -> bool:
        """Whether it is a ticket of this user's that is not too old."""
        made_at, _, seal = (ticket or "").partition(".")
        if not seal.isascii() or not compare_digest(seal, self._seal(made_at, user_id)):
            return False
        return self._clock.now_ms() - int(made_at, 16) < LIFE_MS

    def _seal(self, made_at: str, user_id: str) -> str:
        return self._vault.index("return", made_at, user_id).hex()
