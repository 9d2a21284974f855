"""By what a browser that signed out is known again when its user comes back with a code. Security: S-16 (d).

The server keeps nothing: a ticket says when it was made, and is sealed for one user with the password of that time, so
that a new password makes all tickets void; so does signing out everywhere. A device that is signed out from another one
gets none.
"""

from hmac import compare_digest
from typing import Final

from homeserver.clock import Clock
from homeserver.services.threepids.vault import Vault
from homeserver.storage.phone_accounts import PhoneAccount
from homeserver.storage.users import User

LIFE_MS: Final = 30 * 24 * 3600 * 1000


class Tickets:
    """Makes tickets and knows them again."""

    def __init__(self, vault: Vault, clock: Clock) -> None:
        self._vault = vault
        self._clock = clock

    def make(self, user: User, account: PhoneAccount) -> str:
        """A ticket of this user's, good for a month, or until the password changes or all devices are signed out."""
        made_at = format(self._clock.now_ms(), "x")
        return f"{made_at}.{self._seal(made_at, user, account)}"

    def is_known(self, user: User, account: PhoneAccount, ticket: str | None) -> bool:
        """Whether it is a ticket of this user's that is still good."""
        made_at, _, seal = (ticket or "").partition(".")
        if not seal.isascii() or not compare_digest(seal, self._seal(made_at, user, account)):
            return False
        return self._clock.now_ms() - int(made_at, 16) < LIFE_MS

    def _seal(self, made_at: str, user: User, account: PhoneAccount) -> str:
        sign_outs = str(account.sign_outs)
        return self._vault.index("return", made_at, user.user_id, user.password_hash or "", sign_outs).hex()
