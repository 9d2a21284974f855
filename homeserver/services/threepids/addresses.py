"""The addresses of accounts, in clear on this side and as they may be stored on the other.

A phone number is stored as a blind index and sealed (S-16); a mail address as it is.
Spec: Client-Server API, Third-party identifiers.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from homeserver.clock import Clock
from homeserver.errors import ThreepidInUse
from homeserver.services.threepids.vault import Vault
from homeserver.services.threepids.verifications import Proof, Verifications
from homeserver.storage.users import Threepid, Threepids

NUMBER: Final = "msisdn"
Gained = Callable[[str], Awaitable[None]]


class Addresses:
    """Addresses by account and accounts by address; each in its one form (`Wanted.address`)."""

    def __init__(self, table: Threepids, vault: Vault, verifications: Verifications, clock: Clock) -> None:
        self._table = table
        self._vault = vault
        self._verifications = verifications
        self._clock = clock
        self._gained: list[Gained] = []

    def tell_by(self, gained: Gained) -> None:
        """Have `gained` told of accounts that have a new address, when they have it. It raises nothing."""
        self._gained.append(gained)

    async def gained(self, user_id: str) -> None:
        """An account has a new address, or an address a new account."""
        for gained in self._gained:
            await gained(user_id)

    async def of_user(self, user_id: str) -> list[Threepid]:
        """An account's addresses, the oldest first [1 trip]."""
        return [self._opened(one) for one in await self._table.of_user(user_id)]

    async def owner(self, medium: str, address: str) -> str | None:
        """The account that has the address [1 trip]."""
        return await self._table.owner(medium, self.index(medium, address))

    async def bind(self, proof: Proof, user_id: str) -> None:
        """Give a proven address to an account; the proof is used up [2 trips].

        Raises ThreepidInUse where another account has it, ThreepidAuthFailed where the proof was used before.
        """
        await self._verifications.use(proof)
        await self.add(Threepid(proof.medium, proof.address, user_id, proof.validated_ts, self._clock.now_ms()))

    async def add(self, threepid: Threepid) -> None:
        """Give an address to an account, as an admin or a proof says [1 trip]. Raises ThreepidInUse."""
        medium, address = threepid.medium, threepid.address
        sealed = self._vault.seal(address) if medium == NUMBER else None
        if not await self._table.add(threepid._replace(address=self.index(medium, address), sealed=sealed)):
            raise ThreepidInUse("Another account has this address.")
        await self.gained(threepid.user_id)

    async def replace(self, user_id: str, old: Threepid, proof: Proof) -> None:
        """Give an account a proven number in place of one that it has; the proof is used up [2 trips].

        Raises ThreepidInUse, ThreepidAuthFailed.
        """
        await self._verifications.use(proof)
        old_index = self.index(old.medium, old.address)
        new = Threepid(
            medium=proof.medium,
            address=self.index(proof.medium, proof.address),
            user_id=user_id,
            validated_ts=proof.validated_ts,
            added_ts=self._clock.now_ms(),
            sealed=self.sealed(proof),
        )
        await self.replace_stored(old_index, new)

    def sealed(self, proof: Proof) -> bytes:
        """A proven number as it may be stored."""
        return self._vault.seal(proof.address)

    def opened(self, sealed: bytes) -> str:
        """The number again."""
        return self._vault.open(sealed)

    async def replace_stored(self, old_index: str, new: Threepid) -> None:
        """The same of an address as it is stored [1 trip]. Raises ThreepidInUse."""
        if not await self._table.replace(old_index, new):
            raise ThreepidInUse("Another account has this address.")
        await self.gained(new.user_id)

    async def remove(self, user_id: str, medium: str, address: str) -> bool:
        """Release an address; False when the account did not have it [1 trip]."""
        return await self._table.remove(user_id, medium, self.index(medium, address))

    def index(self, medium: str, address: str) -> str:
        """By what the address is found: blind for a number."""
        return self._vault.index(medium, address).hex() if medium == NUMBER else address

    def _opened(self, threepid: Threepid) -> Threepid:
        if threepid.sealed is None:
            return threepid
        return threepid._replace(address=self._vault.open(threepid.sealed), sealed=None)
