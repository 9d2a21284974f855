"""Proving that an address is one's own: a session, a message with a code, the code given back, one use of the proof.

A session is bound for good to address, purpose, account and client secret; the answer to a request is the same whether
or not the address has an account.
Spec: Client-Server API, Adding Account Administrative Contact Information. Security: S-15.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from re import compile as pattern
from typing import Any, Final, Literal, NamedTuple, Protocol

from homeserver.clock import Clock, Rng
from homeserver.errors import InvalidParam, MatrixError, Unavailable
from homeserver.services.threepids.vault import Vault
from homeserver.storage.verifications import Verification
from homeserver.storage.verifications import Verifications as VerificationTable

LIFE_MS: Final = 15 * 60 * 1000
SID_BYTES: Final = 24
CODE_DIGITS: Final = 6
CLIENT_SECRET: Final = pattern(r"[0-9a-zA-Z.=_-]{1,255}")
MAX_ATTEMPT: Final = 2**31 - 1

Medium = Literal["email", "msisdn"]
Purpose = Literal["register", "password", "add", "login", "bind"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for. `address` in its one form; `user_id`: the account it is for, empty if there is none yet.

    `ip` and `device`: where it is asked from, for limits. `proof`: of work, where the carrier asked for it.
    """

    medium: Medium
    address: str
    purpose: Purpose
    client_secret: str
    send_attempt: int
    ip: str
    user_id: str = ""
    next_link: str | None = None
    device: str = ""
    proof: str | None = None


class Carrier(Protocol):
    """Who brings codes to addresses of one medium."""

    @property
    def keeps_codes(self) -> bool:
        """Whether the provider makes and checks the codes."""
        ...

    async def send(self, wanted: Wanted, sid: str, code: str) -> str | None:
        """Bring the code; what the provider calls the message. Raises MaybeSent, or MatrixError: it is not sent."""
        ...

    async def check(self, address: str, reference: str, code: str) -> bool:
        """Whether it is the code of that message; asked only where `keeps_codes`. Raises Unavailable."""
        ...

    async def completed(self, address: str) -> None:
        """A code that was brought there was given back."""
        ...


class Proof(NamedTuple):
    """A proven address, to be used once."""

    sid: str
    medium: str
    address: str
    validated_ts: int


class Delivery(NamedTuple):
    """A session, and the code that is still to be sent for it; None: nothing is."""

    sid: str
    code: str | None


class MaybeSent(Unavailable):
    """The provider failed in the middle: the message may be on its way and paid for. It is not sent again by itself."""


class ThreepidAuthFailed(MatrixError):
    """The address was not proven. Spec: Client-Server API, 3PID errors."""

    default_errcode = "M_THREEPID_AUTH_FAILED"


class Verifications:
    """Runs sessions; carriers are told by `carry`."""

    def __init__(self, table: VerificationTable, vault: Vault, clock: Clock, rng: Rng) -> None:
        self._table = table
        self._vault = vault
        self._clock = clock
        self._rng = rng
        self._carriers: dict[str, Carrier] = {}

    def carry(self, medium: Medium, carrier: Carrier) -> None:
        """Have codes for addresses of this medium brought by `carrier`."""
        self._carriers[medium] = carrier

    def carries(self, medium: str) -> bool:
        """Whether addresses of this medium can be proven here."""
        return medium in self._carriers

    async def request(self, wanted: Wanted) -> str:
        """The session's id; a code is on its way when this is a new press. Raises as `begin` and `deliver` do."""
        delivery = await self.begin(wanted)
        await self.deliver(wanted, delivery)
        return delivery.sid

    async def begin(self, wanted: Wanted, *, send: bool = True) -> Delivery:
        """The session, and the code that is to be delivered.

        `send=False`: nothing is to be sent, and nothing will ever be proven; the answer does not show it (S-12).
        Raises InvalidParam.
        """
        if not CLIENT_SECRET.fullmatch(wanted.client_secret):
            raise InvalidParam("`client_secret` has 1 to 255 letters, digits and . = _ -")
        if not 0 <= wanted.send_attempt <= MAX_ATTEMPT:
            raise InvalidParam("`send_attempt` must be a number from 0 on.")
        keeps_codes = self._carriers[wanted.medium].keeps_codes
        sid, code, now = self._rng.token(SID_BYTES), self._rng.digits(CODE_DIGITS), self._clock.now_ms()
        new = Verification(
            sid=sid,
            medium=wanted.medium,
            address_index=self._vault.index(wanted.medium, wanted.address),
            address=self._vault.seal(wanted.address),
            purpose=wanted.purpose,
            user_id=wanted.user_id,
            secret=_digest(wanted.client_secret),
            send_attempt=wanted.send_attempt,
            next_link=wanted.next_link,
            code=self._vault.index("code", code) if send and not keeps_codes else None,
            reference=None,
            created_ts=now,
            expires_ts=now + LIFE_MS,
        )
        session, is_new_press = await self._table.begin(new)
        return Delivery(session.sid, code if send and is_new_press else None)

    async def deliver(self, wanted: Wanted, delivery: Delivery) -> None:
        """Send the code, if there is one to send. Raises what the carrier raises."""
        if delivery.code is None:
            return
        try:
            reference = await self._carriers[wanted.medium].send(wanted, delivery.sid, delivery.code)
        except MaybeSent:
            raise
        except MatrixError:
            await self._table.unsent(delivery.sid)
            raise
        if reference is not None:
            await self._table.sent(delivery.sid, reference)

    async def submit(self, sid: str, client_secret: str, code: str) -> Verification | None:
        """Give the code back; the session if it was right. None says no more than that. Raises Unavailable."""
        session = await self._table.take_try(sid, _digest(client_secret), self._clock.now_ms())
        if session is None:
            return None
        carrier, address = self._carriers[session.medium], self._vault.open(session.address)
        if carrier.keeps_codes:
            is_right = session.reference is not None and await carrier.check(address, session.reference, code)
        else:
            is_right = session.code is not None and compare_digest(session.code, self._vault.index("code", code))
        if not is_right:
            return None
        await self._table.validate(session.sid, self._clock.now_ms())
        await carrier.completed(address)
        return session

    async def proven(
        self, credentials: Mapping[str, Any], medium: Medium, purpose: Purpose, user_id: str = ""
    ) -> Proof:
        """The proof that an object with `sid` and `client_secret` names. Raises InvalidParam, ThreepidAuthFailed."""
        sid, client_secret = credentials.get("sid"), credentials.get("client_secret")
        if not isinstance(sid, str) or not isinstance(client_secret, str):
            raise InvalidParam("`sid` and `client_secret` are missing.")
        session = await self._table.proven(sid, _digest(client_secret), self._clock.now_ms())
        if session is None or (session.medium, session.purpose, session.user_id) != (medium, purpose, user_id):
            raise ThreepidAuthFailed("The address was not proven, or too long ago: ask for a new code.")
        assert session.validated_ts is not None
        return Proof(session.sid, session.medium, self._vault.open(session.address), session.validated_ts)

    async def use(self, proof: Proof) -> None:
        """Use the proof up. Raises ThreepidAuthFailed when that was done before."""
        if not await self._table.use(proof.sid, self._clock.now_ms()):
            raise ThreepidAuthFailed("This proof was used before: ask for a new code.")

    async def spend(self, sid: str) -> None:
        """Let a proof be of no use any more."""
        await self._table.use(sid, self._clock.now_ms())


def _digest(client_secret: str) -> bytes:
    return sha256(client_secret.encode("utf-8", "surrogatepass")).digest()
