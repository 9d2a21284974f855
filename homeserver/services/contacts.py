"""Addresses on accounts: proving one when signing up, adding and removing them, a new password by one that was proven.

Answers never tell whether an address has an account (S-12); a proof is good for what it was asked for, once (S-15).
Spec: Client-Server API, Adding Account Administrative Contact Information; Password management.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

import structlog

from homeserver.errors import MatrixError, MissingParam, MissingToken, NotFound, ThreepidInUse
from homeserver.protocol.identifiers import UserId
from homeserver.services import ui_auth
from homeserver.services.confirmation import Confirmation
from homeserver.services.passwords import Passwords
from homeserver.services.ratelimit import Limits, address_key
from homeserver.services.requester import Requester
from homeserver.services.sessions import Sessions
from homeserver.services.threepids.addresses import Addresses
from homeserver.services.threepids.mail import MailCarrier, canonical
from homeserver.services.threepids.verifications import (
    Delivery,
    Medium,
    Proof,
    Purpose,
    ThreepidAuthFailed,
    Verifications,
    Wanted,
)
from homeserver.services.ui_auth import Operation, UiAuth
from homeserver.storage.sessions import UiAuthSession
from homeserver.storage.users import Users

log = structlog.get_logger()

Json = Mapping[str, Any]
Asks = Callable[[str], Awaitable[bool]]
MayGo = Callable[[str, str, str], Awaitable[None]]
EMAIL: Final = "email"
MSISDN: Final = "msisdn"
MEDIUMS: Final[tuple[Medium, ...]] = (EMAIL, MSISDN)
KINDS: Final[Mapping[str, Medium]] = {ui_auth.EMAIL: EMAIL, ui_auth.MSISDN: MSISDN}
OF_STRANGERS: Final[tuple[Purpose, ...]] = ("register", "password")
RESET_SUBJECT: Final = "Your password was changed"
RESET: Final = (
    "The password of your account {user} was changed by {by}.\n\n"
    "If that was not you, write to the admin of the server.\n"
)


class MediumNotSupported(MatrixError):
    """Nothing is sent to such addresses here."""

    default_errcode = "M_THREEPID_MEDIUM_NOT_SUPPORTED"
    default_message = "This server sends nothing to such addresses"


class Contacts:
    """What users do with addresses."""

    def __init__(
        self,
        *,
        verifications: Verifications,
        addresses: Addresses,
        users: Users,
        passwords: Passwords,
        sessions: Sessions,
        confirmation: Confirmation,
        auth: UiAuth,
        limits: Limits,
        mail: MailCarrier | None,
    ) -> None:
        """`mail` None: this server sends none."""
        self._verifications = verifications
        self._addresses = addresses
        self._users = users
        self._passwords = passwords
        self._sessions = sessions
        self._confirmation = confirmation
        self._auth = auth
        self._limits = limits
        self._mail = mail
        self._number_suffices: Asks | None = None
        self._number_opens: Asks | None = None
        self._is_idle: Asks | None = None
        self._check_may_go: MayGo | None = None
        self._sending: set[asyncio.Task[None]] = set()
        if mail is not None:
            verifications.carry(EMAIL, mail)
            auth.serve(ui_auth.EMAIL, partial(self._prove, EMAIL))

    def serve_numbers(self, suffices: Asks, opens: Asks, is_idle: Asks, check_may_go: MayGo) -> None:
        """Let phone numbers be proven too.

        `suffices`: whether a number confirms what an account does where it is signed in; `opens`: whether it alone
        gives the account a new password; `is_idle`: whether the account was not used for so long that its number may
        be somebody else's; `check_may_go`: raises Forbidden for an address that an account cannot do without.
        """
        self._number_suffices = suffices
        self._number_opens = opens
        self._is_idle = is_idle
        self._check_may_go = check_may_go
        self._auth.serve(ui_auth.MSISDN, partial(self._prove, MSISDN))

    async def request(self, wanted: Wanted) -> str:
        """Have a code sent to the address, if it is one for this purpose; the session's id, in any case.

        Raises MediumNotSupported, InvalidParam, LimitExceeded, Unavailable.
        """
        if not self._verifications.carries(wanted.medium):
            raise MediumNotSupported
        wanted = _in_one_form(wanted)
        await self._limits.take("registration", address_key(wanted.ip))
        await self._limits.take("registration", f"{wanted.medium} {wanted.address}")
        if wanted.medium == MSISDN:
            # Every number gets its code, whoever has it: the same answer, after the same steps. What a code is good for
            # is only told to who holds the phone.
            return await self._verifications.request(wanted)
        owner = await self._addresses.owner(wanted.medium, wanted.address)
        is_for_it = (owner is not None) if wanted.purpose == "password" else (owner is None)
        delivery = await self._verifications.begin(wanted, send=is_for_it)
        if wanted.purpose not in OF_STRANGERS:
            await self._verifications.deliver(wanted, delivery)
        else:
            # Sent behind the answer's back: neither its words nor its time tell whether anything is.
            task = asyncio.create_task(self._deliver(wanted, delivery))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        return delivery.sid

    async def _deliver(self, wanted: Wanted, delivery: Delivery) -> None:
        try:
            await self._verifications.deliver(wanted, delivery)
        except MatrixError as error:
            log.warning("a code was not sent", medium=wanted.medium, purpose=wanted.purpose, why=error.errcode)

    async def submit(self, sid: str, client_secret: str, code: str) -> str | None:
        """Give a code back; where to go next, if that was said. Raises ThreepidAuthFailed."""
        session = await self._verifications.submit(sid, client_secret, code)
        if session is None:
            raise ThreepidAuthFailed("That is not the code, or it is too old: ask for a new one.")
        return session.next_link

    async def _prove(self, medium: Medium, auth: Json, session: UiAuthSession) -> Json:
        """`m.login.email.identity`, `m.login.msisdn`: a proven address, to sign up, for a new password, to confirm."""
        credentials = auth.get("threepid_creds", auth.get("threepidCreds"))
        if not isinstance(credentials, dict):
            raise MissingParam("`auth.threepid_creds` is missing.")
        for purpose in OF_STRANGERS:
            with contextlib.suppress(ThreepidAuthFailed):
                proof = await self._verifications.proven(credentials, medium, purpose)
                owner = await self._addresses.owner(medium, proof.address)
                if purpose == "register" and owner is not None and not await self._is_given_up(medium, owner):
                    raise ThreepidInUse("Another account has this address.")
                if session.user_id is not None:
                    await self._check_owner(proof, owner, session.user_id)
                return {**proof._asdict(), "purpose": purpose}
        raise ThreepidAuthFailed("The address was not proven: open the page of the mail, or give the code, then go on.")

    async def _check_owner(self, proof: Proof, owner: str | None, user_id: str) -> None:
        """Use up a proof with which somebody confirms what their account does. Raises ThreepidAuthFailed."""
        suffices = self._number_suffices
        if owner != user_id or suffices is None or not await suffices(user_id):
            raise ThreepidAuthFailed("That is not enough for this account: use its password.")
        await self._verifications.use(proof)

    async def bind_new(self, session: UiAuthSession, user_id: UserId) -> None:
        """Give an account just made the address that was proven for it."""
        for proof in _proofs_in(session, "register"):
            with contextlib.suppress(MatrixError):  # taken meanwhile: the account stands without it
                await self._bind(proof, user_id)

    async def reset_password(self, password: str, auth: Json | None, *, end_others: bool) -> None:
        """Set a new password for the account of a proven address; nobody is logged in.

        Raises MissingToken (nothing can be proven here), WeakPassword, ui_auth.Required, ThreepidAuthFailed.
        """
        flows = [[kind] for kind in ui_auth.ADDRESSES if self._auth.serves(kind)]
        if not flows:
            raise MissingToken
        self._passwords.check(password)
        operation = Operation("POST /account/password", {"logout_devices": end_others}, None)
        session = await self._auth.check(operation, auth, flows=flows)
        proof = next(iter(_proofs_in(session, "password")), None)
        owner = await self._addresses.owner(proof.medium, proof.address) if proof is not None else None
        if proof is None or owner is None:
            raise ThreepidAuthFailed("The address was not proven for this.")
        if proof.medium == MSISDN and (self._number_opens is None or not await self._number_opens(owner)):
            raise ThreepidAuthFailed("A phone number is not enough: use a mail address, or sign in by the number.")
        await self._verifications.use(proof)
        await self._users.set_password(owner, await self._passwords.hash(password))
        if end_others:
            await self._sessions.end_all(owner)
        await self._tell_of_reset(owner, proof)

    async def _tell_of_reset(self, owner: str, proof: Proof) -> None:
        by = proof.address if proof.medium == EMAIL else "a text message"
        for one in await self._addresses.of_user(owner):
            if one.medium == EMAIL and self._mail is not None:
                await self._mail.notify(one.address, RESET_SUBJECT, RESET.format(user=owner, by=by))

    # -- addresses of one's own ------------------------------------------------------------------------------------

    async def add(self, requester: Requester, credentials: Json, auth: Json | None) -> None:
        """Add a proven address. Raises ui_auth.Required, ThreepidAuthFailed, ThreepidInUse, InvalidParam."""
        await self._confirmation.check(requester, "POST /account/3pid/add", {"sid": credentials.get("sid")}, auth)
        await self.add_unconfirmed(requester, credentials)

    async def add_unconfirmed(self, requester: Requester, credentials: Json) -> None:
        """The same without asking for the password: the old way."""
        await self._bind(await self._own_proof(requester, credentials), requester.user_id)

    async def _bind(self, proof: Proof, user_id: str) -> None:
        """Give an account a proven address, even one whose number was another's that nobody uses any more."""
        owner = await self._addresses.owner(proof.medium, proof.address)
        if owner is not None and owner != user_id and await self._is_given_up(proof.medium, owner):
            log.info("a number changed hands", user=owner)
            await self._addresses.remove(owner, proof.medium, proof.address)
        await self._addresses.bind(proof, user_id)

    async def _is_given_up(self, medium: str, owner: str) -> bool:
        return medium == MSISDN and self._is_idle is not None and await self._is_idle(owner)

    async def _own_proof(self, requester: Requester, credentials: Json) -> Proof:
        """A proof that was asked for by this user, or by somebody without a token: clients ask so too."""
        for medium in MEDIUMS:
            for user_id in (requester.user_id, ""):
                with contextlib.suppress(ThreepidAuthFailed):
                    return await self._verifications.proven(credentials, medium, "add", user_id)
        raise ThreepidAuthFailed("The address was not proven, or too long ago: ask for a new code.")

    async def remove(self, requester: Requester, medium: str, address: str) -> None:
        """Take an address from one's account. Raises NotFound, Forbidden (the last way in)."""
        if self._check_may_go is not None:
            await self._check_may_go(requester.user_id, medium, address)
        if not await self._addresses.remove(requester.user_id, medium, address):
            raise NotFound("Your account has no such address.")


def _in_one_form(wanted: Wanted) -> Wanted:
    return replace(wanted, address=canonical(wanted.address)) if wanted.medium == EMAIL else wanted


def _proofs_in(session: UiAuthSession, purpose: Purpose) -> list[Proof]:
    found = (ui_auth.kept(session, kind) for kind in KINDS)
    return [
        Proof(one["sid"], one["medium"], one["address"], one["validated_ts"])
        for one in found
        if one is not None and one["purpose"] == purpose
    ]
