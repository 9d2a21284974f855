"""Changing one's password. Spec: Client-Server API, Account management; POST /account/password."""

from collections.abc import Mapping
from typing import Any

from homeserver.errors import UnknownToken
from homeserver.services.confirmation import Confirmation
from homeserver.services.passwords import Passwords
from homeserver.services.requester import Requester
from homeserver.services.sessions import Sessions
from homeserver.storage.users import Users


class Credentials:
    """Changes what users log in with."""

    def __init__(self, *, users: Users, passwords: Passwords, sessions: Sessions, confirmation: Confirmation) -> None:
        self._users = users
        self._passwords = passwords
        self._sessions = sessions
        self._confirmation = confirmation

    async def change_password(
        self, requester: Requester, password: str, auth: Mapping[str, Any] | None, *, end_others: bool
    ) -> None:
        """Set a new password; `end_others` logs out every other device. Raises WeakPassword, ui_auth.Required."""
        self._passwords.check(password)
        # The new password is no part of what the session is bound to: not even a digest of it is kept.
        await self._confirmation.check(requester, "POST /account/password", {"logout_devices": end_others}, auth)
        if not await self._users.set_password(requester.user_id, await self._passwords.hash(password)):
            raise UnknownToken
        if end_others:
            await self._sessions.end_all(requester.user_id, but=requester)
