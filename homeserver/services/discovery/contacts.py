"""Finding people by number: only those who want it, who have the asker's number too, and few new ones a day.

Clients ask by hashes with a pepper of this server's; what is stored of them is blind (vault). Somebody who asks for a
number is taken to know it: that is what makes contacts mutual. Security: S-12. Spec: Identity Service API, Association
lookup.
"""

import base64
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final, Protocol

import structlog

from homeserver.clock import Clock
from homeserver.errors import Forbidden, InvalidParam, LimitExceeded, MatrixError
from homeserver.services.requester import Requester
from homeserver.services.threepids.addresses import NUMBER, Addresses
from homeserver.services.threepids.vault import Vault
from homeserver.storage.contact_lookups import DAY_MS, ContactLookups
from homeserver.storage.phone_accounts import PhoneAccount, PhoneAccounts

log = structlog.get_logger()

ALGORITHM: Final = "sha256"
NEW_A_DAY: Final = 20
MAX_ASKED: Final = 1_000
MAX_CONTACTS: Final = 5_000
MAX_HASH: Final = 64


class InvalidPepper(MatrixError):
    """The hashes were made with another pepper. Spec: Identity Service API, POST /lookup."""

    default_errcode = "M_INVALID_PEPPER"
    default_message = "Unknown or invalid pepper: ask for it again"


class Elsewhere(Protocol):
    """Paired servers."""

    async def lookup(self, finder: str, own: Sequence[str], wanted: Sequence[str]) -> Mapping[str, str]:
        """Who there has one of the wanted numbers (hashes) and knows one of the finder's; by hash. Raises nothing."""
        ...


class ContactDiscovery:
    """Answers who has a number."""

    def __init__(
        self,
        *,
        enabled: bool,
        pepper: str | None,
        lookups: ContactLookups,
        accounts: PhoneAccounts,
        addresses: Addresses,
        vault: Vault,
        clock: Clock,
    ) -> None:
        """`pepper` None: one of the server's own, made from its secret."""
        self.enabled = enabled
        self.pepper = pepper if pepper is not None else vault.index("lookup pepper").hex()
        self._lookups = lookups
        self._accounts = accounts
        self._addresses = addresses
        self._vault = vault
        self._clock = clock
        self._elsewhere: Elsewhere | None = None

    def ask_too(self, elsewhere: Elsewhere) -> None:
        """Have paired servers asked, too."""
        self._elsewhere = elsewhere

    async def settings(self, requester: Requester) -> PhoneAccount:
        """How the requester wants it."""
        return await self._accounts.read(requester.user_id)

    async def change(self, requester: Requester, *, is_found: bool | None, is_invitable: bool | None) -> None:
        """Change who finds and invites the requester by number; None: as it is. Raises Forbidden where it is off."""
        if is_found is not None:
            await self.set_found(requester.user_id, wanted=is_found)
        if is_invitable is not None:
            await self._accounts.set_invitable(requester.user_id, wanted=is_invitable)

    async def set_found(self, user_id: str, *, wanted: bool) -> None:
        """Let contacts find the user by number, or nobody any more. Raises Forbidden where it is off."""
        if not wanted:
            await self._lookups.set_hidden(user_id)
        elif self.enabled:
            await self._lookups.set_found(user_id, await self._numbers(user_id))
        else:
            raise Forbidden("Nobody is found by number on this server.")

    async def gained(self, user_id: str) -> None:
        """An account has a new number: it is found by it, too, if it is found at all."""
        if self.enabled:
            await self._lookups.index_numbers(user_id, await self._numbers(user_id))

    async def forget(self, requester: Requester) -> None:
        """Forget whom the requester knows."""
        await self._lookups.forget_contacts(requester.user_id)

    async def lookup(self, user_id: str, hashes: Sequence[str], algorithm: str, pepper: str) -> dict[str, str]:
        """User ids by hash, of those whom the user may find.

        Raises Forbidden (the user is not found either), InvalidPepper, InvalidParam, LimitExceeded (too many contacts).
        """
        if algorithm != ALGORITHM:
            raise InvalidParam(f"The algorithm is {ALGORITHM!r}.")
        if pepper != self.pepper:
            raise InvalidPepper
        if len(hashes) > MAX_ASKED or any(len(one) > MAX_HASH for one in hashes):
            raise InvalidParam(f"At most {MAX_ASKED} hashes of SHA-256 are looked up at once.")
        own = await self._lookups.own_indexes(user_id) if self.enabled else None
        if not own:
            raise Forbidden("Who finds others by number lets them find oneself, too: change it in your settings.")
        indexes = {self.index(one): one for one in hashes}
        if not await self._lookups.keep_contacts(user_id, indexes, MAX_CONTACTS):
            raise LimitExceeded(f"At most {MAX_CONTACTS} contacts are kept.", retry_after_ms=DAY_MS)
        found = await self._lookups.mutual(user_id, own, list(indexes))
        if self._elsewhere is not None:
            wanted = [one for index, one in indexes.items() if index not in found]
            known = await self._addresses.of_user(user_id)
            own_hashes = [self.hash_of(one.address) for one in known if one.medium == NUMBER]
            there = await self._elsewhere.lookup(user_id, own_hashes, wanted)
            found.update({self.index(one): who for one, who in there.items()})
        told = await self._lookups.admit(user_id, found, self._clock.now_ms(), NEW_A_DAY)
        return {indexes[index]: user_id for index, user_id in found.items() if index in told}

    def hash_of(self, number: str) -> str:
        """What a number (digits) is asked for by. Spec: Identity Service API, sha256."""
        digest = sha256(f"{number} {NUMBER} {self.pepper}".encode()).digest()
        return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")

    def index(self, hashed: str) -> bytes:
        """What is stored of a hash."""
        return self._vault.index("lookup", hashed)

    async def _numbers(self, user_id: str) -> list[tuple[str, bytes]]:
        own = [one.address for one in await self._addresses.of_user(user_id) if one.medium == NUMBER]
        return [(self._addresses.index(NUMBER, one), self.index(self.hash_of(one))) for one in own]
