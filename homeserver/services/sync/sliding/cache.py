"""What the engine remembers between the answers of a connection; lost, it is found out again."""

from dataclasses import dataclass, field

from homeserver.services.sync.sliding.connection import Place
from homeserver.services.sync.sliding.extensions import Memory
from homeserver.services.sync.sliding.scope import Labels, Scope
from homeserver.services.sync.sliding.wanted import Subscription


@dataclass(slots=True)
class Cache:
    """Of one connection."""

    labels: Labels
    scope: Scope | None = None
    sub: Subscription | None = None
    scanned: Place | None = None
    """Up to here nothing concerned the client since the last answer."""
    memory: Memory = field(default_factory=Memory)
    lists: tuple[Scope, bytes] | None = None
    """The counts of lists as JSON, and the scope that they are of."""
