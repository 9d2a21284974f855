"""Which servers may take part in a room, by its `m.room.server_acl` event. Compile once per event, ask many times.

Plain names and names behind one leading star are looked up, not tried one by one, so long lists stay cheap.
Spec: Client-Server API, Server Access Control Lists (ACLs) for rooms.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from homeserver.protocol.globs import Glob

MAX_GLOBS: Final = 1_000
"""Patterns of a list that need trying one by one; further ones are left out. Plain names and `*.name` do not count."""

MAX_NAME: Final = 255


@dataclass(frozen=True, slots=True)
class _Names:
    """One list of the event: whole names, endings (of `*` + ending), and the patterns that are neither."""

    plain: frozenset[str]
    endings: frozenset[str]
    globs: tuple[Glob, ...]

    @classmethod
    def of(cls, patterns: object) -> Self:
        """From what stands in the event; anything but a list of texts counts as empty."""
        listed = patterns if isinstance(patterns, list) else []
        unique = dict.fromkeys(pattern.lower() for pattern in listed if isinstance(pattern, str))
        possible = [pattern for pattern in unique if len(pattern.replace("*", "")) <= MAX_NAME]
        plain = frozenset(pattern for pattern in possible if not _is_glob(pattern))
        endings = frozenset(pattern[1:] for pattern in possible if _is_ending(pattern))
        others = [pattern for pattern in possible if _is_glob(pattern) and not _is_ending(pattern)]
        return cls(plain, endings, tuple(Glob(pattern) for pattern in others[:MAX_GLOBS]))

    def match(self, name: str) -> bool:
        if name in self.plain:
            return True
        if self.endings and any(name[start:] in self.endings for start in range(len(name) + 1)):
            return True
        return any(glob.matches(name) for glob in self.globs)


@dataclass(frozen=True, slots=True)
class ServerAcl:
    """The access list in force in a room."""

    _allow_ip_literals: bool
    _deny: _Names
    _allow: _Names

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """From the content of the event; values of other types than the text asks for count as absent."""
        return cls(
            content.get("allow_ip_literals") is not False,
            _Names.of(content.get("deny")),
            _Names.of(content.get("allow")),
        )

    def allows(self, server: str) -> bool:
        """Whether the server of this name, with or without a port, may take part."""
        host = host_of(server).lower()
        if not self._allow_ip_literals and is_ip_literal(host):
            return False
        if len(host) > MAX_NAME or self._deny.match(host):
            return False
        return self._allow.match(host)


def host_of(server: str) -> str:
    """A server name without its port. Spec: Appendices, Server Name."""
    host, colon, port = server.rpartition(":")
    return host if colon and port.isdecimal() and not host.endswith(":") else server


def is_ip_literal(host: str) -> bool:
    """Whether a host is an IPv4 address, or an IPv6 address in brackets."""
    try:
        if host.startswith("[") and host.endswith("]"):
            ipaddress.IPv6Address(host[1:-1])
        else:
            ipaddress.IPv4Address(host)
    except ipaddress.AddressValueError:
        return False
    return True


def _is_glob(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern


def _is_ending(pattern: str) -> bool:
    return pattern.startswith("*") and not _is_glob(pattern[1:])
