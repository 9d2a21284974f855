"""Which addresses we connect to: the public internet, and what the admin exempts by network. Pure.

Everything not listed as public is refused: for IPv6 only global unicast (2000::/3) is, less the networks inside it that
lead back into IPv4 or are not for use.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Self

Network = IPv4Network | IPv6Network

_PRIVATE_4: Final = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's machine agent, public by number only
        "169.254.0.0/16",  # link-local, metadata services
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_GLOBAL_6: Final = IPv6Network("2000::/3")
_PRIVATE_6: Final = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # Teredo, benchmarking, ORCHID and other protocol assignments
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)
_EVERYTHING: Final[tuple[Network, ...]] = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))

LOCAL_SERVICE_PORTS: Final = frozenset(
    {*range(140), 143, 161, 389, 445, 465, 514, 587, 631, 636, 873, 993, 995}
    | {1433, 1521, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 5060, 5432, 5433, 5672, 5900, 5984, 6379, 6443}
    | {9042, 9092, 9100, 9200, 9300, 10250, 11211, 27017}
) - {80}
"""Not dialled at an exempted inside address, whatever a stranger's discovery says: nothing there speaks HTTP for us."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether `address` is on the public internet."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _PRIVATE_4)
    return address in _GLOBAL_6 and not any(address in network for network in _PRIVATE_6)


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Where one purpose may connect to: everything public, and `exempt`."""

    exempt: tuple[Network, ...] = ()

    @classmethod
    def of(cls, allowed: bool | Sequence[str]) -> Self:
        """From the config: True opens every address, a list opens these networks (or single addresses)."""
        if isinstance(allowed, bool):
            return cls(_EVERYTHING if allowed else ())
        return cls(tuple(ip_network(text, strict=False) for text in allowed))

    def why_refused(self, address: str, port: int) -> str | None:
        """None when a socket may connect there; else the reason, for the log. `address` is numeric."""
        try:
            parsed = ip_address(address)
        except ValueError:
            return "not an address"
        if is_public(parsed):
            return None
        if isinstance(parsed, IPv6Address) and parsed.scope_id is not None:
            parsed = IPv6Address(int(parsed))
        if not any(parsed.version == network.version and parsed in network for network in self.exempt):
            return "not a public address"
        if port in LOCAL_SERVICE_PORTS:
            return "a port of local services"
        return None
