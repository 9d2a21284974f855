"""Tokens that let a new device in once, made by a device that is in.

Spec: Client-Server API, Token-based login; POST /login/get_token.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from homeserver.clock import Clock, Rng
from homeserver.errors import Forbidden
from homeserver.services.confirmation import Confirmation
from homeserver.services.login import Login
from homeserver.services.requester import Requester
from homeserver.services.sessions import Sessions, Tokens
from homeserver.storage.sessions import Sessions as SessionTable
from homeserver.storage.users import Users

LIFE_MS: Final = 2 * 60 * 1000
PREFIX: Final = "hel_"
TOKEN_BYTES: Final = 32


class LoginTokens:
    """Makes login tokens, and logs in by them."""

    def __init__(
        self,
        *,
        table: SessionTable,
        users: Users,
        login: Login,
        sessions: Sessions,
        confirmation: Confirmation,
        clock: Clock,
        rng: Rng,
    ) -> None:
        self._table = table
        self._users = users
        self._login = login
        self._sessions = sessions
        self._confirmation = confirmation
        self._clock = clock
        self._rng = rng

    async def issue(self, requester: Requester, auth: Mapping[str, Any] | None) -> tuple[str, int]:
        """(token, ms until it ends), for the requester's own account. Raises ui_auth.Required each time anew."""
        await self._confirmation.check(requester, "POST /login/get_token", {}, auth)
        return await self.issue_for(requester.user_id)

    async def issue_for(self, user_id: str, *, life_ms: int = LIFE_MS) -> tuple[str, int]:
        """A token for a user who has proven themselves elsewhere."""
        token = PREFIX + self._rng.token(TOKEN_BYTES)
        await self._table.create_login_token(_digest(token), user_id, self._clock.now_ms() + life_ms)
        return token, life_ms

    async def log_in(
        self, token: str, *, device_id: str | None, display_name: str | None, wants_refresh: bool
    ) -> Tokens:
        """Log in by a token, which is then used up. Raises Forbidden, UserDeactivated, UserLocked."""
        user_id = await self._table.take_login_token(_digest(token), self._clock.now_ms())
        user = await self._users.read(user_id) if user_id is not None else None
        if user is None:
            raise Forbidden("The login token is not known, or too old.")
        self._login.admit(user)
        return await self._sessions.begin(
            user.user_id, device_id=device_id, display_name=display_name, wants_refresh=wants_refresh
        )


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
