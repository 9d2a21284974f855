"""Application services at the gate: whose `as_token` it is, and whom it acts as.

Spec: Application Service API, Identity assertion.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from homeserver.clock import Clock
from homeserver.errors import Forbidden, MatrixError, UnknownToken, UserDeactivated
from homeserver.protocol.identifiers import DeviceId, UserId
from homeserver.services.appservices.registrations import Registration, Registrations
from homeserver.services.requester import Requester
from homeserver.storage.devices import Devices
from homeserver.storage.rows import RevocationRow, Row
from homeserver.storage.users import User, Users

Authenticate = Callable[[str], Awaitable[Requester]]
NO_SESSION = 0
CACHED = 50_000


class UnknownDevice(MatrixError):
    """The device that is to be acted as is not one of the user's."""

    default_errcode = "M_UNKNOWN_DEVICE"
    default_message = "The user has no such device"


class _Known(NamedTuple):
    user: User
    devices: dict[str, int]
    """Device id -> number, of those asked for."""


class Access:
    """Knows the tokens of application services beside those of sessions."""

    def __init__(
        self, registrations: Registrations, users: Users, devices: Devices, sessions: Authenticate, clock: Clock
    ) -> None:
        """`sessions`: finds whose token it is, where it is no application service's."""
        self._registrations = registrations
        self._users = users
        self._devices = devices
        self._sessions = sessions
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._revocations = 0
        self._on_contact: list[Callable[[str], None]] = []

    def on_contact(self, listener: Callable[[str], None]) -> None:
        """Have `listener` called with the id of an application service that has just asked for something."""
        self._on_contact.append(listener)

    async def start(self) -> None:
        """Have the accounts of the senders; to be called once, before anything is served [1 trip each]."""
        for one in self._registrations:
            await self._users.create(one.sender, password_hash=None, now_ms=self._clock.now_ms(), appservice_id=one.id)

    def appservice(self, token: str | None) -> Registration:
        """The application service whose token it is, where one is demanded. Raises UnknownToken."""
        found = self._registrations.of_token(token) if token is not None else None
        if found is None:
            raise UnknownToken("That is not the token of an application service.")
        return found

    def is_unlimited(self, token: str) -> bool:
        """Whether the token is that of an application service without limits of rate."""
        appservice = self._registrations.of_token(token)
        return appservice is not None and not appservice.rate_limited

    async def authenticate(self, token: str) -> Requester:
        """Whose token it is: a session's, or an application service's, which then is its sender.

        [0 trips known, 1 new] Raises UnknownToken, UserDeactivated.
        """
        appservice = self._registrations.of_token(token)
        if appservice is None:
            return await self._sessions(token)
        for listener in self._on_contact:
            listener(appservice.id)
        return self._requester(appservice, (await self._user(appservice.sender)).user, None, None)

    async def act_as(self, requester: Requester, user_id: str | None, device_id: str | None) -> Requester:
        """The user and device that an application service names, in place of its sender [0 trips known, 1 or 2 new].

        Raises Forbidden, UnknownDevice, UserDeactivated.
        """
        appservice = self._registrations.named(requester.appservice_id or "")
        if appservice is None or (user_id is None and device_id is None):
            return requester
        user_id = user_id if user_id is not None else requester.user_id
        if not self._registrations.is_local(user_id) or not appservice.has_user(user_id):
            raise Forbidden(f"The application service may not act as {user_id}.")
        known = await self._user(user_id)
        if device_id is None:
            return self._requester(appservice, known.user, None, None)
        return self._requester(appservice, known.user, device_id, await self._device(known, device_id))

    async def _user(self, user_id: str) -> _Known:
        known = self._known.get(user_id)
        if known is not None:
            return known
        before = self._revocations
        user = await self._users.read(user_id) if "\0" not in user_id else None
        if user is None:
            raise Forbidden(f"The application service has not registered {user_id}.")
        if user.is_deactivated:
            raise UserDeactivated
        known = _Known(user, {})
        if before == self._revocations:
            self._known[user_id] = known
            if len(self._known) > CACHED:
                self._known.popitem(last=False)
        return known

    async def _device(self, known: _Known, device_id: str) -> int:
        nid = known.devices.get(device_id)
        if nid is None:
            device = await self._devices.read(known.user.user_id, device_id) if "\0" not in device_id else None
            if device is None:
                raise UnknownDevice
            nid = known.devices[device_id] = device.device_nid
        return nid

    @staticmethod
    def _requester(appservice: Registration, user: User, device_id: str | None, device_nid: int | None) -> Requester:
        return Requester(
            user_id=UserId(user.user_id),
            device_id=DeviceId(device_id) if device_id is not None else None,
            user_nid=user.user_nid,
            device_nid=device_nid,
            session_nid=NO_SESSION,
            is_admin=user.is_admin,
            is_locked=user.is_locked,
            is_suspended=user.is_suspended,
            appservice_id=appservice.id,
            is_unlimited=not appservice.rate_limited or user.user_id == appservice.sender,
        )

    def apply(self, row: Row) -> None:
        """Follow the stream: forget what is no longer so."""
        if isinstance(row, RevocationRow):
            self._revocations += 1
            self._known.pop(row.user_id, None)
