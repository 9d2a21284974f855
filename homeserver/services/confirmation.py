"""Asking a logged-in user for their password once more, before what cannot be undone.

Spec: Client-Server API, User-Interactive Authentication API.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from homeserver.errors import Forbidden
from homeserver.protocol.identifiers import UserId
from homeserver.services import ui_auth
from homeserver.services.login import WRONG, Login
from homeserver.services.requester import Requester
from homeserver.services.ui_auth import Operation, UiAuth
from homeserver.storage.sessions import UiAuthSession

Json = Mapping[str, Any]


class Confirmation:
    """Lets an operation pass when its user has proven who they are."""

    def __init__(self, auth: UiAuth, login: Login) -> None:
        self._auth = auth
        self._login = login
        self._has_provider: Callable[[str], Awaitable[bool]] | None = None
        auth.serve(ui_auth.PASSWORD, self._password)

    def by_providers(self, has_provider: Callable[[str], Awaitable[bool]]) -> None:
        """Let those confirm by single sign-on who log in so."""
        self._has_provider = has_provider

    async def check(self, requester: Requester, name: str, body: Json, auth: Json | None) -> None:
        """Return when the user may go on. `name`: method and path; `body`: without `auth` and without secrets.

        Application services, whose users have no passwords, go on at once. Raises ui_auth.Required until the password
        was given, or a code from the user's phone, or their provider vouched for them; LimitExceeded.
        """
        if requester.appservice_id is not None:
            return
        flows = [[kind] for kind in (ui_auth.PASSWORD, ui_auth.MSISDN) if self._auth.serves(kind)]
        if self._has_provider is not None and await self._has_provider(requester.user_id):
            flows.append([ui_auth.SSO])
        await self._auth.check(Operation(name, body, requester.user_id), auth, flows=flows)

    async def _password(self, given: Json, session: UiAuthSession) -> None:
        """The password of the user whose session it is."""
        if session.user_id is None:
            raise Forbidden(WRONG)
        identifier = given.get("identifier")
        if not isinstance(identifier, dict):
            identifier = {"type": "m.id.user", "user": given.get("user", session.user_id)}
        if await self._login.user_by(identifier) != session.user_id:
            raise Forbidden(WRONG)
        await self._login.check(UserId(session.user_id), ui_auth.text_of(given, "password"))
