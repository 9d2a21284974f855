"""Signing up. Spec: Client-Server API, Account registration."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from homeserver.clock import Clock, Rng
from homeserver.config.accounts import Registration as Policy
from homeserver.errors import Exclusive, Forbidden, InvalidParam, InvalidUsername, UserInUse
from homeserver.protocol.identifiers import UserId, is_valid_localpart_for_new_user
from homeserver.services import ui_auth
from homeserver.services.login import AwaitingApproval
from homeserver.services.passwords import Passwords
from homeserver.services.ratelimit import Limits, address_key
from homeserver.services.sessions import Sessions, Tokens, check_device
from homeserver.services.ui_auth import Operation, UiAuth
from homeserver.storage.registration_tokens import RegistrationTokens
from homeserver.storage.rows import AccountRow, RevocationRow
from homeserver.storage.sessions import UiAuthSession
from homeserver.storage.stream import Stream
from homeserver.storage.users import User, Users

GENERATED_NAME_DIGITS = 8
MAX_USER_ID_BYTES = 255


class NewAccount(NamedTuple):
    """What a client asks for; `ip` is where it asks from."""

    username: str | None
    password: str | None
    device_id: str | None
    display_name: str | None
    inhibit_login: bool
    wants_refresh: bool
    auth: Mapping[str, Any] | None
    ip: str
    is_this_machine: bool
    guest_token: str | None = None
    """Of the guest whose account becomes this one; `username` is the guest's then."""


Bind = Callable[[UiAuthSession, UserId], Awaitable[None]]


def _nobody(_user_id: str) -> bool:
    return False


class Registration:
    """Makes accounts."""

    def __init__(
        self,
        *,
        server: str,
        policy: Policy,
        users: Users,
        tokens: RegistrationTokens,
        passwords: Passwords,
        sessions: Sessions,
        auth: UiAuth,
        stream: Stream,
        limits: Limits,
        clock: Clock,
        rng: Rng,
    ) -> None:
        self._server = server
        self._policy = policy
        self._users = users
        self._tokens = tokens
        self._passwords = passwords
        self._sessions = sessions
        self._auth = auth
        self._stream = stream
        self._limits = limits
        self._clock = clock
        self._rng = rng
        self._is_reserved: Callable[[str], bool] = _nobody
        self._bind: Bind | None = None
        auth.serve(ui_auth.TOKEN, self._check_token)

    def reserve_by(self, is_reserved: Callable[[str], bool]) -> None:
        """Keep user ids for application services."""
        self._is_reserved = is_reserved

    def bind_by(self, bind: Bind) -> None:
        """Give new accounts the addresses that were proven when signing up."""
        self._bind = bind

    async def check_open(self, *, is_this_machine: bool) -> None:
        """Raise Forbidden when nobody may sign up from there."""
        policy = self._policy
        if policy.enabled is None and self._server == "localhost" and is_this_machine:
            return
        if policy.enabled and (policy.without_verification or policy.tokens_required or policy.recaptcha.required):
            return
        raise Forbidden("Signing up is closed on this server: ask its admin for an account.")

    async def check_name(self, localpart: str) -> UserId:
        """The user id of a free name. Raises InvalidUsername, Exclusive, UserInUse."""
        user_id = UserId(f"@{localpart}:{self._server}")
        if not is_valid_localpart_for_new_user(localpart) or len(user_id) > MAX_USER_ID_BYTES:
            raise InvalidUsername("A user name has small letters a to z, digits, and . _ = - / + only.")
        if self._is_reserved(user_id):
            raise Exclusive("The name is reserved by an application service.")
        if await self._users.read(user_id) is not None:
            raise UserInUse("The name is taken.")
        return user_id

    async def register(self, new: NewAccount) -> Tokens | UserId:
        """Sign up; the tokens of the first device, or only the id where no login was wished.

        Raises Forbidden (closed), InvalidParam, InvalidUsername, UserInUse, WeakPassword, ui_auth.Required.
        """
        await self.check_open(is_this_machine=new.is_this_machine)
        check_device(new.device_id, new.display_name)
        localpart = new.username.lower() if new.username is not None else None
        guest = await self._guest(new.guest_token, localpart) if new.guest_token is not None else None
        if guest is not None:
            user_id = guest
        elif localpart is not None:
            user_id = await self.check_name(localpart)
        else:
            user_id = UserId(f"@{self._rng.digits(GENERATED_NAME_DIGITS)}:{self._server}")
        password_hash = await self._passwords.hash(new.password) if new.password is not None and new.auth else None
        session = await self._auth.check(
            Operation("POST /register", {"username": localpart}, guest),
            new.auth,
            flows=self._flows(),
        )
        await self._settle_token(session, new, user_id, password_hash)
        if self._bind is not None:
            await self._bind(session, user_id)
        if self._policy.approval_required:
            raise AwaitingApproval
        if new.inhibit_login:
            return user_id
        return await self._sessions.begin(
            user_id, device_id=new.device_id, display_name=new.display_name, wants_refresh=new.wants_refresh
        )

    async def register_guest(self, display_name: str | None) -> Tokens:
        """Make a guest. Raises Forbidden where there are none. Spec: Client-Server API, Guest Access."""
        if not self._policy.guests:
            raise Forbidden("This server has no guest accounts.")
        check_device(None, display_name)
        user_id = UserId(f"@{self._rng.digits(GENERATED_NAME_DIGITS)}:{self._server}")
        if await self._users.create(user_id, password_hash=None, now_ms=self._clock.now_ms(), is_guest=True) is None:
            raise UserInUse("The name is taken.")
        return await self._sessions.begin(user_id, device_id=None, display_name=display_name, wants_refresh=False)

    @property
    def approves_at_once(self) -> bool:
        """Whether new accounts need no admin to approve them."""
        return not self._policy.approval_required

    async def name_for_number(self, username: str | None) -> UserId:
        """A free user id for somebody who proved a phone number. Raises Forbidden, InvalidUsername, UserInUse."""
        if self._policy.enabled is False or (self._policy.enabled is None and self._server != "localhost"):
            raise Forbidden("Signing up is closed on this server: ask its admin for an account.")
        return await self.check_name(username.lower() if username else self._rng.digits(GENERATED_NAME_DIGITS))

    async def make_for_number(self, user_id: UserId) -> User:
        """Make the account; it has no password yet, and may have to be approved. Raises UserInUse."""
        user = await self._users.create(
            user_id,
            password_hash=None,
            now_ms=self._clock.now_ms(),
            is_approved=not self._policy.approval_required,
        )
        if user is None:
            raise UserInUse("The name is taken.")
        return user

    async def _guest(self, token: str, localpart: str | None) -> UserId:
        """The guest of this token, who must go by this name. Raises Forbidden, InvalidParam, UnknownToken."""
        requester = await self._sessions.authenticate(token)
        if not requester.is_guest:
            raise Forbidden("`guest_access_token` is not the token of a guest.")
        if localpart is None or requester.user_id != f"@{localpart}:{self._server}":
            raise InvalidParam("`username` is the local part of the guest's user id.")
        return requester.user_id

    async def _upgrade(self, user_id: UserId, password_hash: str | None) -> User | None:
        """Make a guest a user, with all they have."""
        await self._users.set_password(user_id, password_hash)
        await self._stream.write(
            AccountRow(user_id=user_id, is_guest=False, is_approved=not self._policy.approval_required),
            RevocationRow(user_id=user_id, kind="account"),
        )
        return await self._users.read(user_id)

    def _flows(self) -> Sequence[Sequence[str]]:
        policy = self._policy
        asked = {
            ui_auth.TOKEN: policy.tokens_required,
            ui_auth.RECAPTCHA: policy.recaptcha.required,
            ui_auth.TERMS: self._auth.serves(ui_auth.TERMS),
        }
        stages = [kind for kind, is_asked in asked.items() if is_asked]
        with_address = [[*stages, kind] for kind in ui_auth.ADDRESSES if self._auth.serves(kind)]
        return [stages or [ui_auth.DUMMY], *with_address]

    async def _settle_token(
        self, session: UiAuthSession, new: NewAccount, user_id: UserId, password_hash: str | None
    ) -> User:
        """Make the account; a registration token counts as used only when there is one."""
        token = ui_auth.text_of(new.auth or {}, "token") if ui_auth.TOKEN in session.completed else None
        if token is not None and not await self._tokens.reserve(token, self._clock.now_ms()):
            raise Forbidden("The registration token is used up.")
        if new.guest_token is not None:
            user = await self._upgrade(user_id, password_hash)
        else:
            user = await self._users.create(
                user_id,
                password_hash=password_hash,
                now_ms=self._clock.now_ms(),
                is_approved=not self._policy.approval_required,
            )
        if token is not None:
            await self._tokens.settle(token, used=user is not None)
        if user is None:
            raise UserInUse("The name is taken.")
        return user

    async def _check_token(self, auth: Mapping[str, Any], _session: UiAuthSession) -> None:
        if not await self.is_token_valid(ui_auth.text_of(auth, "token")):
            raise Forbidden("The registration token is not known, or used up.")

    async def is_token_valid(self, token: str) -> bool:
        """Whether the registration token could be used now."""
        return await self._tokens.is_valid(token, self._clock.now_ms())

    async def limit(self, ip: str) -> None:
        """Take from the bucket of sign-ups of this address."""
        await self._limits.take("registration", address_key(ip))
