"""Accounts that application services make and log in as, and their devices.

Spec: Application Service API, Server admin style permissions.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from homeserver.clock import Clock
from homeserver.errors import Exclusive, Forbidden, InvalidUsername, UserDeactivated, UserInUse, UserLocked
from homeserver.protocol.identifiers import UserId, is_valid_localpart_for_new_user
from homeserver.services.appservices.access import Access
from homeserver.services.appservices.registrations import MAX_USER_ID_BYTES
from homeserver.services.login import Login
from homeserver.services.requester import Requester
from homeserver.services.sessions import Sessions, Tokens, check_device
from homeserver.storage.devices import Device, Devices
from homeserver.storage.users import Users

LOGIN = "m.login.application_service"
LOGIN_TYPES = (LOGIN, "uk.half-shot.msc2778.login.application_service")


class Wanted(NamedTuple):
    """The device of a new session."""

    device_id: str | None
    display_name: str | None
    wants_refresh: bool


class AppserviceAccounts:
    """Makes accounts in the namespaces of application services, without passwords."""

    def __init__(
        self,
        *,
        server: str,
        access: Access,
        users: Users,
        devices: Devices,
        sessions: Sessions,
        login: Login,
        clock: Clock,
    ) -> None:
        self._server = server
        self._access = access
        self._users = users
        self._devices = devices
        self._sessions = sessions
        self._login = login
        self._clock = clock

    async def register(
        self, token: str | None, username: str | None, wanted: Wanted, *, inhibit_login: bool
    ) -> Tokens | UserId:
        """Make an account; the tokens of its first device, or only the id where no login was wished.

        Raises UnknownToken, Exclusive (another's name), InvalidUsername, UserInUse.
        """
        appservice = self._access.appservice(token)
        if username is None:
            raise InvalidUsername("An application service names the user.")
        user_id = UserId(f"@{username}:{self._server}")
        if not is_valid_localpart_for_new_user(username) or len(user_id) > MAX_USER_ID_BYTES:
            raise InvalidUsername("A user name has small letters a to z, digits, and . _ = - / + only.")
        if not appservice.has_user(user_id):
            raise Exclusive("The name is not one of the application service's.")
        check_device(wanted.device_id, wanted.display_name)
        made = await self._users.create(
            user_id, password_hash=None, now_ms=self._clock.now_ms(), appservice_id=appservice.id
        )
        if made is None:
            raise UserInUse("The name is taken.")
        return user_id if inhibit_login else await self._begin(user_id, wanted)

    async def log_in(self, token: str | None, identifier: Mapping[str, Any], wanted: Wanted) -> Tokens:
        """Begin a session of a user of the application service.

        Raises UnknownToken, Exclusive, Forbidden, UserDeactivated, UserLocked.
        """
        appservice = self._access.appservice(token)
        user_id = self._login.user_named(identifier)
        if not appservice.has_user(user_id):
            raise Exclusive("The user is not one of the application service's.")
        user = await self._users.read(user_id)
        if user is None:
            raise Forbidden("There is no such user.")
        if user.is_deactivated:
            raise UserDeactivated
        if user.is_locked:
            raise UserLocked
        return await self._begin(user_id, wanted)

    async def _begin(self, user_id: UserId, wanted: Wanted) -> Tokens:
        return await self._sessions.begin(
            user_id,
            device_id=wanted.device_id,
            display_name=wanted.display_name,
            wants_refresh=wanted.wants_refresh,
        )

    async def make_device(self, requester: Requester, device_id: str, display_name: str | None) -> bool:
        """Have a device of the requester without a session; whether it is new [1 or 3 trips]. Raises InvalidParam."""
        check_device(device_id, display_name)
        if await self._devices.read(requester.user_id, device_id) is not None:
            return False
        device = Device(
            device_nid=await self._devices.number(),
            user_id=requester.user_id,
            device_id=device_id,
            display_name=display_name,
            created_ts=self._clock.now_ms(),
            last_seen_ts=None,
            last_seen_ip=None,
            user_agent=None,
        )
        await self._devices.create(device, requester.user_nid)
        return True
