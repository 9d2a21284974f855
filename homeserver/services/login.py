"""Logging in. Spec: Client-Server API, Login."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from homeserver.clock import Clock
from homeserver.errors import Forbidden, InvalidParam, LimitExceeded, MatrixError, UserDeactivated, UserLocked
from homeserver.protocol.errors import BadIdentifier
from homeserver.protocol.identifiers import UserId, parse_user_id, server_of
from homeserver.services.passwords import Passwords
from homeserver.services.ratelimit import Limits
from homeserver.services.sessions import Sessions, Tokens
from homeserver.services.threepids import identifiers
from homeserver.services.threepids.addresses import Addresses
from homeserver.storage.users import User, Users

WRONG = "Wrong user name or password."
STEP_S: Final = 0.02
"""Who names an address hears of a refusal at whole steps of time: to read an account that is there takes longer."""


class Credentials(NamedTuple):
    """What a client shows: `identifier` as the spec has it, or the bare `user` of old clients."""

    identifier: Mapping[str, Any]
    password: str
    device_id: str | None
    display_name: str | None
    wants_refresh: bool


class AwaitingApproval(MatrixError):
    """An admin has not approved the account yet (MSC3866)."""

    default_status = 403
    default_errcode = "ORG.MATRIX.MSC3866_USER_AWAITING_APPROVAL"
    default_message = "An admin of this server has to approve your account first"

    def __init__(self) -> None:
        super().__init__(approval_notice_medium="org.matrix.msc3866.none")


class Login:
    """Begins sessions for those who prove who they are."""

    def __init__(
        self,
        *,
        server: str,
        users: Users,
        addresses: Addresses,
        passwords: Passwords,
        sessions: Sessions,
        limits: Limits,
        clock: Clock,
        enabled: bool,
    ) -> None:
        """`enabled`: whether passwords are accepted at all."""
        self._server = server
        self._users = users
        self._addresses = addresses
        self._passwords = passwords
        self._sessions = sessions
        self._limits = limits
        self._clock = clock
        self.enabled = enabled

    async def by_password(self, credentials: Credentials) -> Tokens:
        """Spec: Client-Server API, Password-based. Unknown names and wrong passwords look and last the same.

        Raises InvalidParam, Forbidden, UserDeactivated, UserLocked, LimitExceeded.
        """
        if not self.enabled:
            raise Forbidden("This server does not log in by password.")
        if credentials.identifier.get("type") in identifiers.KINDS:
            user = await self._check_address(credentials)
        else:
            user = await self.check(self.user_named(credentials.identifier), credentials.password)
        return await self._sessions.begin(
            user.user_id,
            device_id=credentials.device_id,
            display_name=credentials.display_name,
            wants_refresh=credentials.wants_refresh,
        )

    async def _check_address(self, credentials: Credentials) -> User:
        """The account of an address, if that is its password.

        Tries are counted for the address, as if nobody had it, and for its account. When only the account's are used up
        that is a wrong password to the asker: a limit that two names share would tell that they are of one account.
        """
        began = self._clock.monotonic()
        medium, address = identifiers.address_of(credentials.identifier)
        key = f"{medium} {self._addresses.index(medium, address)}"
        await self._limits.take("login_account", key, 0.1)
        owner = await self._addresses.owner(medium, address)
        try:
            # Without an owner the same steps are taken for a user that cannot be.
            return await self.check(UserId(owner or f"nobody of {key}"), credentials.password)
        except LimitExceeded as error:
            await self._passwords.matches(credentials.password, None)
            await self._refuse(key, began)
            raise Forbidden(WRONG) from error
        except Forbidden:
            await self._refuse(key, began)
            raise

    async def _refuse(self, key: str, began: float) -> None:
        """Count a wrong try for an address, and wait for the next step of time."""
        await self._limits.take("login_account", key)
        await self._clock.sleep(STEP_S - (self._clock.monotonic() - began) % STEP_S)

    async def user_by(self, identifier: Mapping[str, Any]) -> str | None:
        """The user that an identifier of any kind means; None: nobody has the address. Raises as `user_named` does."""
        if identifier.get("type") in identifiers.KINDS:
            return await self._addresses.owner(*identifiers.address_of(identifier))
        return self.user_named(identifier)

    async def check(self, user_id: UserId, password: str) -> User:
        """The account, if that is its password.

        Raises Forbidden, UserDeactivated, UserLocked, AwaitingApproval, LimitExceeded.
        """
        await self._limits.take("login_account", user_id, 0.1)
        user = await self._users.read(user_id)
        stored = user.password_hash if user is not None and not user.is_deactivated else None
        matches = await self._passwords.matches(password, stored)
        if user is not None and user.is_deactivated:
            raise UserDeactivated
        if user is None or not matches:
            await self._limits.take("login_account", user_id)
            raise Forbidden(WRONG)
        self.admit(user)
        return user

    @staticmethod
    def admit(user: User) -> None:
        """Raise UserDeactivated, UserLocked or AwaitingApproval for an account that nobody may log in to now."""
        if user.is_deactivated:
            raise UserDeactivated
        if user.is_locked:
            raise UserLocked
        if not user.is_approved:
            raise AwaitingApproval

    def user_named(self, identifier: Mapping[str, Any]) -> UserId:
        """The user id that `m.id.user` means: a whole id or its local part. Raises InvalidParam, Forbidden."""
        if identifier.get("type") != "m.id.user":
            raise InvalidParam("This server logs in by `m.id.user`.")
        name = identifier.get("user")
        if not isinstance(name, str):
            raise InvalidParam("`identifier.user` is missing.")
        try:
            user_id = parse_user_id(name if name.startswith("@") else f"@{name.lower()}:{self._server}")
        except BadIdentifier as bad:
            raise Forbidden(WRONG) from bad
        if server_of(user_id) != self._server:
            raise Forbidden(WRONG)
        return user_id
