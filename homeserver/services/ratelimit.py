"""Named token buckets: who asks too often is told when to come back. Spec: Client-Server API, Rate limiting."""

import ipaddress
import math

from homeserver.bus.bus import Bus, BusDown
from homeserver.config.rate_limits import Bucket, RateLimits
from homeserver.errors import LimitExceeded

BUCKETS: frozenset[str] = frozenset(RateLimits.__struct_fields__) - {"enabled"}


class Limits:
    """The buckets of the configuration, filled on the bus."""

    def __init__(self, config: RateLimits, bus: Bus) -> None:
        self._bus = bus
        self._enabled = config.enabled
        self._buckets: dict[str, Bucket] = {name: getattr(config, name) for name in BUCKETS}

    async def take(self, bucket: str, key: str, n: float = 1, *, rate: tuple[float, float] | None = None) -> None:
        """Take `n` tokens of `key` (a user id, an address, a server name); raises LimitExceeded.

        `rate`: tokens a second and at most, in place of the bucket's. A bus that is away limits nobody: staying open
        is worth more than the limit.
        """
        if not self._enabled:
            return
        size = self._buckets[bucket] if rate is None else Bucket(*rate)
        try:
            wait_s = await self._bus.take(bucket, key, n, size.per_second, size.burst)
        except BusDown:
            return
        if wait_s > 0:
            raise LimitExceeded(retry_after_ms=math.ceil(wait_s * 1000))


def address_key(ip: str) -> str:
    """The key of an address: a whole /64 for IPv6, since one subscriber owns it."""
    if ":" not in ip:
        return ip
    try:
        return str(ipaddress.IPv6Network((ip.partition("%")[0], 64), strict=False))
    except ValueError:
        return ip
