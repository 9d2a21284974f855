"""Publishing one's number as other clients do: proven at the identity server that this server is, then bound there.

Bound means found by one's contacts; the number has to be the account's already. Spec: Identity Service API,
Establishing associations.
"""

from collections.abc import Mapping
from typing import Any, Final

from homeserver.clock import Clock
from homeserver.errors import Forbidden, MatrixError, ThreepidNotFound
from homeserver.protocol.signing import SigningKey, sign_json
from homeserver.services.contacts import Contacts
from homeserver.services.discovery.contacts import ContactDiscovery
from homeserver.services.threepids.addresses import NUMBER, Addresses
from homeserver.services.threepids.verifications import Proof, ThreepidAuthFailed, Verifications, Wanted

BOUND_MS: Final = 10 * 365 * 24 * 3600 * 1000
"""How long an association says that it is good. Nobody is to keep it: lookups say what is so now."""


class NotValidated(MatrixError):
    """The number was not proven. Spec: Identity Service API, Standard error response."""

    default_errcode = "M_SESSION_NOT_VALIDATED"
    default_message = "This session is not validated"


class Binding:
    """Proves numbers for users of the identity server, and publishes them."""

    def __init__(
        self,
        *,
        contacts: Contacts,
        verifications: Verifications,
        addresses: Addresses,
        discovery: ContactDiscovery,
        key: SigningKey,
        clock: Clock,
    ) -> None:
        """`key` signs associations."""
        self._contacts = contacts
        self._verifications = verifications
        self._addresses = addresses
        self._discovery = discovery
        self._key = key
        self._clock = clock

    async def request(self, wanted: Wanted) -> str:
        """Have a code sent; the session's id. Raises as `Contacts.request`."""
        return await self._contacts.request(wanted)

    async def submit(self, sid: str, client_secret: str, code: str) -> bool:
        """Give the code back; whether it was right."""
        return await self._verifications.submit(sid, client_secret, code) is not None

    async def proof(self, user_id: str, sid: str, client_secret: str) -> Proof:
        """What a session of the user's has proven. Raises NotValidated."""
        try:
            credentials = {"sid": sid, "client_secret": client_secret}
            return await self._verifications.proven(credentials, "msisdn", "bind", user_id)
        except ThreepidAuthFailed as error:
            raise NotValidated from error

    async def bind(self, user_id: str, sid: str, client_secret: str) -> Mapping[str, Any]:
        """Let contacts find the user by the proven number; the signed association.

        Raises NotValidated, Forbidden (not the account's number, or nobody is found here).
        """
        proof = await self.proof(user_id, sid, client_secret)
        if await self._addresses.owner(proof.medium, proof.address) != user_id:
            raise Forbidden("Add the number to your account first.")
        await self._verifications.use(proof)
        await self._discovery.set_found(user_id, wanted=True)
        now = self._clock.now_ms()
        association = {
            "address": proof.address,
            "medium": proof.medium,
            "mxid": user_id,
            "not_before": now,
            "not_after": now + BOUND_MS,
            "ts": now,
        }
        return sign_json(association, self._key)

    async def unbind(self, user_id: str, medium: str, address: str) -> None:
        """Let nobody find the user by number. Raises ThreepidNotFound for a number that is not theirs."""
        if medium != NUMBER or await self._addresses.owner(medium, address) != user_id:
            raise ThreepidNotFound("Your account has no such number.")
        await self._discovery.set_found(user_id, wanted=False)
