"""Signing in with a number and a code; a number that nobody has makes a new account. Security: S-16 (d), (e).

The code proves the phone, and the phone is not the person: on a device that the account does not know it takes more
(`approval`). A number whose account nobody used for three months may have been given to somebody else, who gets an
account of their own.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import structlog

from homeserver.clock import Clock
from homeserver.errors import InvalidParam, MatrixError
from homeserver.protocol.identifiers import UserId
from homeserver.services.confirmation import Confirmation
from homeserver.services.login import Login
from homeserver.services.phone.approval import Approval, ApprovalNeeded, Newcomer, Way, ways_in
from homeserver.services.phone.numbers import PhoneNumber, parse
from homeserver.services.phone.tickets import Tickets
from homeserver.services.registration import Registration
from homeserver.services.requester import Requester
from homeserver.services.sessions import Sessions, Tokens
from homeserver.services.threepids.addresses import Addresses
from homeserver.services.threepids.verifications import Proof, ThreepidAuthFailed, Verifications, Wanted
from homeserver.storage.phone_accounts import PhoneAccount, PhoneAccounts
from homeserver.storage.users import User, Users

log = structlog.get_logger()

LOGIN_TYPE: Final = "app.hearth.login.sms"
IDLE_MS: Final = 90 * 24 * 3600 * 1000
"""After so long a number may have another owner."""
WRONG_CODE: Final = "That is not the code, or it is too old: look again, or ask for a new one."


class NewNumber(MatrixError):
    """The code was right and nobody has the number: ask for a name, and come again with it."""

    default_status = 401
    default_errcode = "APP.HEARTH.NEW_NUMBER"
    default_message = "There is no account with this number yet"


class PasswordNeeded(MatrixError):
    """The code was right; only its password opens the account. `app.hearth.idle`: it may be somebody else's by now."""

    default_status = 401
    default_errcode = "APP.HEARTH.PASSWORD_NEEDED"
    default_message = "This account asks for its password too"

    def __init__(self, *, is_idle: bool) -> None:
        super().__init__(flows=[{"stages": [LOGIN_TYPE, "m.login.password"]}], completed=[LOGIN_TYPE])
        self._is_idle = is_idle

    def body(self) -> dict[str, object]:
        return {**super().body(), "app.hearth.idle": self._is_idle}


class Asked(NamedTuple):
    """Who asks for a code. `number` as people write it; `country`: two letters, for one without a prefix."""

    number: str
    country: str | None
    client_secret: str
    send_attempt: int
    ip: str
    device: str
    proof: str | None


class Attempt(NamedTuple):
    """Somebody who has a code. `code` None: it was given before, and proves the number for a quarter of an hour.

    `sign_up`: make an account, by name `username` if there is one; `begin_anew`: the account of the number is not mine;
    `recover`: I have nothing else, and wait; `ticket`: that this browser got when it signed out.
    """

    sid: str
    client_secret: str
    code: str | None
    password: str | None
    sign_up: bool
    username: str | None
    begin_anew: bool
    recover: bool
    ticket: str | None
    newcomer: Newcomer
    device_id: str | None
    display_name: str | None
    wants_refresh: bool


class SigningIn:
    """Signs people in by number."""

    def __init__(
        self,
        *,
        verifications: Verifications,
        addresses: Addresses,
        accounts: PhoneAccounts,
        users: Users,
        login: Login,
        confirmation: Confirmation,
        registration: Registration,
        sessions: Sessions,
        approval: Approval,
        tickets: Tickets,
        clock: Clock,
    ) -> None:
        self._verifications = verifications
        self._addresses = addresses
        self._accounts = accounts
        self._users = users
        self._login = login
        self._confirmation = confirmation
        self._registration = registration
        self._sessions = sessions
        self._approval = approval
        self._tickets = tickets
        self._clock = clock

    async def request_code(self, asked: Asked) -> tuple[str, PhoneNumber]:
        """Send a code, whether or not the number is known; the session's id, and the number as it was understood.

        Raises InvalidParam, ThreepidDenied, LimitExceeded, WorkNeeded, Unavailable.
        """
        number = parse(asked.number, asked.country)
        wanted = Wanted(
            medium="msisdn",
            address=number.msisdn,
            purpose="login",
            client_secret=asked.client_secret,
            send_attempt=asked.send_attempt,
            ip=asked.ip,
            device=asked.device,
            proof=asked.proof,
        )
        return await self._verifications.request(wanted), number

    async def log_in(self, attempt: Attempt) -> Tokens:
        """Begin a session for whoever has the code.

        Raises ThreepidAuthFailed (wrong code), NewNumber, PasswordNeeded, ApprovalNeeded, what `Login.check` and a bad
        name raise.
        """
        proof = await self._proof(attempt)
        user = await self._user(proof, attempt)
        if user is None:
            user = await self._sign_up(proof, attempt)
            self._login.admit(user)
        return await self._sessions.begin(
            user.user_id,
            device_id=attempt.device_id,
            display_name=attempt.display_name,
            wants_refresh=attempt.wants_refresh,
        )

    async def _proof(self, attempt: Attempt) -> Proof:
        if attempt.code is not None and (
            await self._verifications.submit(attempt.sid, attempt.client_secret, attempt.code) is None
        ):
            raise ThreepidAuthFailed(WRONG_CODE)
        credentials = {"sid": attempt.sid, "client_secret": attempt.client_secret}
        return await self._verifications.proven(credentials, "msisdn", "login")

    async def _user(self, proof: Proof, attempt: Attempt) -> User | None:
        """The account to sign in to; None where a new one is to be made."""
        owner = await self._addresses.owner(proof.medium, proof.address)
        user = await self._users.read(owner) if owner is not None else None
        if user is None or user.is_deactivated:
            return None
        account = await self._accounts.read(user.user_id)
        is_idle = self._is_idle(account)
        ways = self._ways(user, account, attempt)
        if is_idle and (attempt.begin_anew or not ways):
            log.info("a number changed hands", user=user.user_id)
            await self._addresses.remove(user.user_id, proof.medium, proof.address)
            return None
        self._login.admit(user)
        recovery = await self._approval.recovery(user.user_id) if "recovery" in ways else None
        by_waiting = self._approval.is_due(recovery)
        if ways and not by_waiting:
            await self._check(user, ways, proof, attempt, is_idle=is_idle)
        await self._verifications.use(proof)
        await self._approval.come_in(user.user_id, by_waiting=by_waiting)
        await self._accounts.drop_change(user.user_id)
        return user

    def _ways(self, user: User, account: PhoneAccount, attempt: Attempt) -> tuple[Way, ...]:
        has_password = user.password_hash is not None
        is_idle = self._is_idle(account)
        ways = ways_in(account, has_password=has_password, is_idle=is_idle, now_ms=self._clock.now_ms())
        if "recovery" in ways and self._tickets.is_known(user, account, attempt.ticket):
            return ()
        return ways

    async def _check(self, user: User, ways: tuple[Way, ...], proof: Proof, attempt: Attempt, *, is_idle: bool) -> None:
        """Return when one of the ways was gone. Raises PasswordNeeded, ApprovalNeeded, what `Login.check` raises."""
        if "password" in ways and attempt.password is not None:
            await self._login.check(UserId(user.user_id), attempt.password)
            return
        if ways == ("password",):
            raise PasswordNeeded(is_idle=is_idle)
        number = None
        if "approval" in ways:
            request = await self._approval.ask(user.user_id, proof, attempt.newcomer)
            if request.state == "approved":
                return
            number = request.number
        if "recovery" in ways and attempt.recover:
            await self._approval.recover(user.user_id, attempt.newcomer)
        recovery = await self._approval.recovery(user.user_id)
        due_ts = recovery.due_ts if recovery is not None else None
        raise ApprovalNeeded(ways, is_idle=is_idle, number=number, due_ts=due_ts)

    async def _sign_up(self, proof: Proof, attempt: Attempt) -> User:
        if not attempt.sign_up:
            raise NewNumber
        user_id = await self._registration.name_for_number(attempt.username)
        await self._addresses.bind(proof, user_id)
        try:
            user = await self._registration.make_for_number(user_id)
        except MatrixError:
            await self._addresses.remove(user_id, proof.medium, proof.address)
            raise
        await self._addresses.gained(user_id)
        return user

    def _is_idle(self, account: PhoneAccount) -> bool:
        return account.last_seen_ts is None or self._clock.now_ms() - account.last_seen_ts >= IDLE_MS

    async def is_idle(self, user_id: str) -> bool:
        """Whether nobody used the account for so long that its number may have another owner."""
        return self._is_idle(await self._accounts.read(user_id))

    async def number_opens(self, user_id: str) -> bool:
        """Whether the number alone gives somebody from outside a new password: as on a device that nobody knows."""
        user = await self._users.read(user_id)
        account = await self._accounts.read(user_id)
        if user is None or self._is_idle(account):
            return False
        has_password = user.password_hash is not None
        return not ways_in(account, has_password=has_password, is_idle=False, now_ms=self._clock.now_ms())

    async def number_suffices(self, user_id: str) -> bool:
        """Whether their number confirms what a user does on a device of theirs: not where there is a second factor."""
        return not (await self._accounts.read(user_id)).second_factor

    async def ticket(self, requester: Requester) -> str | None:
        """By what the requester's browser, which signs out, is known again [2 trips]."""
        user = await self._users.read(requester.user_id)
        if user is None:
            return None
        return self._tickets.make(user, await self._accounts.read(requester.user_id))

    async def second_factor(self, requester: Requester) -> bool:
        """Whether the user's password is asked for after the code."""
        return (await self._accounts.read(requester.user_id)).second_factor

    async def set_second_factor(self, requester: Requester, auth: Mapping[str, Any] | None, *, wanted: bool) -> None:
        """Ask for the password after the code from now on, or no longer, once it was given now.

        Raises InvalidParam where there is none, ui_auth.Required.
        """
        user = await self._users.read(requester.user_id)
        if user is None or user.password_hash is None:
            raise InvalidParam("Set a password first.")
        await self._confirmation.check(requester, "PUT second_factor", {"enabled": wanted}, auth)
        await self._accounts.set_second_factor(requester.user_id, wanted=wanted)
