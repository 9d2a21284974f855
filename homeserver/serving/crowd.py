"""How many connections an address has: a public one may not take all that this process can hold (S-17).

Addresses of private networks and trusted proxies are not counted, since behind them may be everybody.
"""

from collections import Counter
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

from homeserver.net.addresses import is_public

MOST: Final = 1_000
"""Of one address, or one /64: whole offices and towns share an address."""
_V6_PREFIX: Final = 64
_V6_BITS: Final = 128

Network = IPv4Network | IPv6Network


class Crowd:
    """Counts of a process, over all its listeners."""

    def __init__(self, trusted: Sequence[Network] = (), most: int = MOST) -> None:
        self._trusted = tuple(trusted)
        self._most = most
        self._counts: Counter[int] = Counter()

    def is_full(self, address: str | None) -> bool:
        """Whether the address has as many connections as it may."""
        key = self._key(address)
        return key is not None and self._counts[key] >= self._most

    def enter(self, address: str | None) -> None:
        """One connection more."""
        key = self._key(address)
        if key is not None:
            self._counts[key] += 1

    def leave(self, address: str | None) -> None:
        """One less."""
        key = self._key(address)
        if key is not None:
            self._counts[key] -= 1
            if self._counts[key] <= 0:
                del self._counts[key]

    def _key(self, address: str | None) -> int | None:
        """What is counted together; None for what is not counted."""
        try:
            parsed = ip_address(address or "")
        except ValueError:
            return None
        if not is_public(parsed) or any(parsed.version == one.version and parsed in one for one in self._trusted):
            return None
        # IPv4 has a range of its own: no public IPv6 address begins with 64 zeros.
        return int(parsed) if parsed.version == 4 else int(parsed) >> (_V6_BITS - _V6_PREFIX) << _V6_PREFIX
